//! Mail accounts.

pub(crate) mod app_passwords;
pub(crate) mod authorize;
pub(crate) mod backfill;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod form;
pub(crate) mod invite;
pub(crate) mod new;
pub(crate) mod pause;
pub(crate) mod remove;
pub(crate) mod retry;
pub(crate) mod revoke;
pub(crate) mod route;
pub(crate) mod show;
pub(crate) mod sink;
pub(crate) mod test;

use mailgrant_vault::{Account, AccountId, EventKind, NewEvent};

use crate::app::Site;
use crate::problem::Problem;

/// The account of a link.
pub(super) async fn find(site: &Site, id: i64) -> Result<Account, Problem> {
    let account = site.vault.account(AccountId(id)).await?;
    account.ok_or_else(|| Problem::gone("account"))
}

/// Records what an administrator did to an account.
async fn note(
    site: &Site,
    kind: EventKind,
    actor: &str,
    account: &Account,
    did: &str,
) -> Result<(), Problem> {
    let event = NewEvent {
        kind,
        actor: actor.to_owned(),
        provider: None,
        account: Some(account.id),
        text: format!("{actor} {did} account {}.", account.draft.name),
    };
    Ok(site.vault.record(event, site.clock.now()).await?)
}
