//! `mailgrant token ACCOUNT`: a valid access token, for scripts and mail programs.

use mailgrant_oauth::{Resource, catalogue};
use mailgrant_vault::{Account, EventKind};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::account_named;
use crate::args::Token;
use crate::failure::Failure;
use crate::house::{House, Subject};
use crate::output;

/// Prints the token, and nothing else.
pub(crate) async fn token(house: &House, flags: &Token) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.account).await?;
    let resource = flags.resource.into();
    require_resource(house, &account, resource).await?;
    let token = house.keeper.access_token(account.id, resource).await?;
    let text = format!("An access token of {} was printed.", account.draft.name);
    house
        .audit(
            EventKind::TokenHandedOut,
            Subject::Account(account.id),
            text,
        )
        .await?;
    let secret = token.token.expose_secret();
    if flags.json {
        output::json(&json!({ "access_token": secret, "expires_at": token.expires_at }))
    } else {
        output::line(secret)
    }
}

/// One refresh token can serve several resources, where the provider has them.
async fn require_resource(
    house: &House,
    account: &Account,
    resource: Resource,
) -> Result<(), Failure> {
    let provider = house.vault.provider(account.draft.provider).await?;
    let Some(provider) = provider.filter(|_| resource != Resource::Mail) else {
        return Ok(());
    };
    let row = catalogue::row(provider.profile.kind);
    if row.scopes.iter().any(|(of, _)| *of == resource) {
        return Ok(());
    }
    Err(Failure::operator(
        format!("{} has no such resource.", row.label),
        "Leave --resource out for the mail servers; graph is Microsoft's, and gmail Google's.",
    ))
}
