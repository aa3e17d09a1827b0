//! `mailgrant account authorize NAME`: the ways in which somebody can sign in.
//!
//! | way | the person's browser | the provider answers |
//! | --- | --- | --- |
//! | `link` | opens a link of ours, anywhere | a server of ours, at the registered redirect URI |
//! | `here` | on this machine | a loopback address of this command (RFC 8252) |
//! | `device` | anywhere, where a code is typed | nobody: this command asks whether it was typed |
//! | `paste` | anywhere | whatever the redirect URI is; the person copies the address back |
//!
//! Where the provider gives access to the application itself, nobody signs in.

mod answer;
mod device;
mod here;
mod link;
mod paste;

use mailgrant_base::Diagnose as _;
use mailgrant_oauth::Access;

use crate::args::Authorize;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

pub(super) use link::server_is_running;

/// Lets somebody sign in, in the way that was asked for, and waits for it.
pub(crate) async fn authorize(
    house: &House,
    config: &Config,
    flags: &Authorize,
) -> Result<(), Failure> {
    let account = super::account_named(&house.vault, &flags.name).await?;
    let provider = house.vault.provider(account.draft.provider).await?;
    let profile = provider.ok_or_else(super::account::gone)?.profile;
    if profile.access == Access::Application {
        let connected = house.keeper.connect(account.id, super::ACTOR).await;
        connected.map_err(|error| Failure::of(error.diagnosis()))?;
        return output::line("Connected: Mailgrant has access in its own name, nobody signs in.");
    }
    if flags.way.device {
        device::authorize(house, &account).await
    } else if flags.way.here {
        here::authorize(house, &account, profile.kind).await
    } else if flags.way.paste {
        paste::authorize(house, config, &account, flags.redirect_uri.as_deref()).await
    } else {
        link::authorize(house, config, &account).await
    }
}
