//! Identity providers.

pub(crate) mod certificate;
mod credential;
mod credentials;
pub(crate) mod edit;
pub(crate) mod form;
pub(crate) mod guide;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod pause;
pub(crate) mod remove;
pub(crate) mod test;

use mailgrant_vault::{EventKind, NewEvent, Provider, ProviderId};

use crate::app::Site;
use crate::problem::Problem;
use crate::summary::{State, Tone};

/// The provider of a link.
async fn find(site: &Site, id: i64) -> Result<Provider, Problem> {
    let provider = site.vault.provider(ProviderId(id)).await?;
    provider.ok_or_else(|| Problem::gone("provider"))
}

/// Records what an administrator did to a provider.
async fn note(
    site: &Site,
    kind: EventKind,
    actor: &str,
    provider: &Provider,
    did: &str,
) -> Result<(), Problem> {
    let event = NewEvent {
        kind,
        actor: actor.to_owned(),
        provider: Some(provider.id),
        account: None,
        text: format!("{actor} {did} provider {}.", provider.name),
    };
    Ok(site.vault.record(event, site.clock.now()).await?)
}

/// A provider's state in words.
fn state(provider: &Provider) -> State {
    let (tone, words) = if provider.paused {
        (Tone::Off, "Paused")
    } else if provider.trouble.is_some() {
        (Tone::Attention, "Refuses Mailgrant's registration")
    } else {
        (Tone::Good, "In use")
    };
    State { tone, words }
}
