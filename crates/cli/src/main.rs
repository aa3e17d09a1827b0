//! `mailgrant`: the server with its pages, and the command line beside it.
//!
//! [`args`] says what can be typed, [`settings`] what can be set, [`house`] puts the crates
//! together, `commands/` has one file per command, [`failure`] is the one table from an error to
//! what is printed and to the exit status.

mod args;
mod commands;
mod failure;
mod house;
mod logging;
mod output;
mod progress;
mod pruning;
mod settings;
mod view;

use std::process::ExitCode;

use crate::args::{Cli, Verb};
use crate::failure::Failure;
use crate::settings::Config;

fn main() -> ExitCode {
    let (cli, matches) = Cli::read();
    let variable = |name: &str| std::env::var(name).ok();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let outcome = settings::refuse_unknown(names)
        .and_then(|()| settings::gather(&matches, &variable))
        .and_then(|layers| Config::read(&layers, &variable))
        .map_err(Failure::from)
        .and_then(|config| run(cli.verb, config));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.print(),
    }
}

fn run(verb: Verb, config: Config) -> Result<(), Failure> {
    let service = matches!(verb, Verb::Serve | Verb::Demo(_));
    logging::start(&config, service && !matches!(verb, Verb::Demo(_)));
    let mut runtime = if service {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build().map_err(Failure::no_runtime)?;
    runtime.block_on(commands::run(verb, config))
}
