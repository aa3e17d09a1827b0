//! `mailgrant token ACCOUNT`: a valid access token, for scripts and mail programs.

use mailgrant_oauth::Resource;
use mailgrant_vault::EventKind;
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
    let token = house
        .keeper
        .access_token(account.id, Resource::Mail)
        .await?;
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
