//! Removing a provider.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_vault::{EventKind, Provider, VaultError};

use super::{find, note};
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::notice::{Notice, see_other_with};
use crate::pages::confirm::Confirm;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// Asks first.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    let title = format!("Remove provider {}?", provider.name);
    Ok(page(&Confirm {
        layout: Layout::signed_in(title, &visitor).section("providers"),
        consequences: vec![
            "Its client id and secret are deleted here. The registration at the provider stays."
                .to_owned(),
            "It can only be removed while no account uses it.".to_owned(),
        ],
        action: format!("/providers/{id}/remove"),
        button: "Remove provider",
        back: format!("/providers/{id}"),
    }))
}

/// Removes it.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    match site.vault.remove_provider(provider.id).await {
        Ok(()) => {}
        Err(VaultError::InUse { accounts }) => return Err(in_use(&provider, accounts)),
        Err(error) => return Err(error.into()),
    }
    note(
        &site,
        EventKind::ProviderRemoved,
        &visitor.name,
        &provider,
        "removed",
    )
    .await?;
    Ok(see_other_with(&site, "/providers", Notice::ProviderRemoved))
}

fn in_use(provider: &Provider, accounts: u64) -> Problem {
    let users = match accounts {
        1 => "1 account uses".to_owned(),
        many => format!("{many} accounts use"),
    };
    Problem::new(
        StatusCode::CONFLICT,
        Diagnosis::new(
            Fault::Owner,
            format!("Provider {} was not removed: {users} it.", provider.name),
            "Remove its accounts or give them another provider first.",
        ),
    )
}
