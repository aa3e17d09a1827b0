//! `mailgrant account authorize NAME`: the ways in which somebody can sign in.
//!
//! | way | the person's browser | the provider answers |
//! | --- | --- | --- |
//! | `link` | opens a link of ours, anywhere | a server of ours, at the registered redirect URI |
//! | `here` | on this machine | a loopback address of this command (RFC 8252) |
//! | `paste` | anywhere | whatever the redirect URI is; the person copies the address back |

mod answer;
mod here;
mod link;
mod paste;

use crate::args::Authorize;
use crate::failure::Failure;
use crate::house::House;
use crate::settings::Config;

pub(super) use link::server_is_running;

/// Lets somebody sign in, in the way that was asked for, and waits for it.
pub(crate) async fn authorize(
    house: &House,
    config: &Config,
    flags: &Authorize,
) -> Result<(), Failure> {
    let account = super::account_named(&house.vault, &flags.name).await?;
    if flags.way.here {
        here::authorize(house, &account).await
    } else if flags.way.paste {
        paste::authorize(house, config, &account, flags.redirect_uri.as_deref()).await
    } else {
        link::authorize(house, config, &account).await
    }
}
