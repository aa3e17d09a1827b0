//! `mailgrant provider guide`: how to register Mailgrant with a provider.

use mailgrant_oauth::guide::{Installation, guide as guide_of, text};

use crate::args::Guide;
use crate::failure::Failure;
use crate::output;
use crate::settings::Config;

/// Prints the guide with this installation's own values; it needs no database.
pub(crate) fn guide(config: &Config, flags: &Guide) -> Result<(), Failure> {
    let installation = Installation {
        redirect_uri: config.redirect_uri.as_str(),
        application: flags.application,
        name: &flags.name,
        protocols: &flags.protocols,
    };
    let guide = guide_of(flags.kind, &installation);
    if flags.json {
        output::json(&guide)
    } else {
        output::line(text(&guide).trim_end())
    }
}
