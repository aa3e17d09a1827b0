//! The log: structured lines on standard error.

use std::io::IsTerminal as _;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::{Config, LogFormat};

/// Starts logging. A server says what it does, one JSON object a line; a command only what went
/// wrong.
pub(crate) fn start(config: &Config, server: bool) {
    let level = config
        .log
        .unwrap_or(if server { Level::INFO } else { Level::WARN });
    // Other people's crates log bytes and headers at their lower levels: from them only warnings.
    let targets = Targets::new()
        .with_default(LevelFilter::from_level(level.min(Level::WARN)))
        .with_targets(OURS.map(|name| (name, level)))
        // What it logs as an error is our own error's text a moment later.
        .with_target("rustls_platform_verifier", LevelFilter::OFF);
    let registry = tracing_subscriber::registry().with(targets);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let default = if server {
        LogFormat::Json
    } else {
        LogFormat::Text
    };
    match config.log_format.unwrap_or(default) {
        LogFormat::Json => {
            registry
                .with(lines.json().flatten_event(true).with_span_list(false))
                .init();
        }
        LogFormat::Text => registry.with(lines.with_target(false)).init(),
    }
}

const OURS: [&str; 8] = [
    "mailgrant",
    "mailgrant_base",
    "mailgrant_oauth",
    "mailgrant_mail",
    "mailgrant_vault",
    "mailgrant_keeper",
    "mailgrant_fetch",
    "mailgrant_web",
];
