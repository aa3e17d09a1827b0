//! How an authorization ends: as this command finishes it, where it is itself the browser that left,
//! or as somebody else records it.

use std::io::{BufRead as _, IsTerminal as _};

use mailgrant_base::{Diagnose as _, Diagnosis, Fault};
use mailgrant_keeper::Arrival;
use mailgrant_vault::{Account, AuthorizationId, AuthorizationOutcome};
use secrecy::SecretString;

use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// Finishes an authorization with the query that came back. Whoever signed in unexpectedly is used
/// only if the person at the terminal says so.
pub(super) async fn finish(
    house: &House,
    query: &str,
    browser: &SecretString,
) -> Result<(), Failure> {
    let arrival = Arrival {
        query,
        browser: Some(browser),
    };
    let arrived = house.keeper.finish(arrival).await;
    let finished = arrived.map_err(|error| Failure::of(error.diagnosis()))?;
    match finished.outcome {
        AuthorizationOutcome::Granted(who) => granted(who.as_deref()),
        AuthorizationOutcome::OtherIdentity {
            expected,
            signed_in,
        } => {
            if !agrees(&expected, &signed_in)? {
                return Err(Failure::of(Diagnosis::new(
                    Fault::Owner,
                    format!("{signed_in} signed in, but {expected} was expected."),
                    "Nothing was changed. Sign out at the provider and run the command again.",
                )));
            }
            let accepted = house.keeper.accept_identity(finished.id, browser).await;
            accepted.map_err(|error| Failure::of(error.diagnosis()))?;
            granted(Some(&signed_in))
        }
        AuthorizationOutcome::Failed(why) => Err(Failure::of(Diagnosis::new(
            Fault::Owner,
            why,
            "Run the command again.",
        ))),
    }
}

/// Says that it is done.
pub(super) fn granted(who: Option<&str>) -> Result<(), Failure> {
    let who = who.map(|who| format!(" {who} signed in."));
    output::line(&format!("Authorised.{}", who.unwrap_or_default()))
}

fn agrees(expected: &str, signed_in: &str) -> Result<bool, Failure> {
    output::line(&format!(
        "{signed_in} signed in, but {expected} was expected. If {signed_in} has access to this \
         mailbox (a shared mailbox, or another name of the same person), answer yes."
    ))?;
    if !std::io::stdin().is_terminal() {
        output::line("There is nobody at this terminal to answer, so the answer is no.")?;
        return Ok(false);
    }
    output::line("Use this sign-in? [yes/no]")?;
    let mut answer = String::new();
    // What cannot be read is no yes.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "yes" | "y"
    ))
}

/// Waits for an outcome that somebody else records, and tells it.
pub(super) async fn outcome(house: &House, id: AuthorizationId) -> Result<(), Failure> {
    let mut changes = house.vault.changes();
    let mut asked = false;
    loop {
        let authorization = house.vault.authorization(id).await?;
        match authorization.and_then(|authorization| authorization.outcome) {
            Some(AuthorizationOutcome::Granted(who)) => {
                return granted(who.as_deref());
            }
            Some(AuthorizationOutcome::Failed(why)) => {
                return Err(Failure::of(Diagnosis::new(
                    Fault::Owner,
                    why,
                    "Run the command again.",
                )));
            }
            Some(AuthorizationOutcome::OtherIdentity {
                expected,
                signed_in,
            }) if !asked => {
                asked = true;
                output::line(&format!(
                    "{signed_in} signed in, but {expected} was expected. The page in the browser \
                     asks whether to use this sign-in; waiting for the answer."
                ))?;
            }
            Some(AuthorizationOutcome::OtherIdentity { .. }) | None => {}
        }
        changes.changed().await;
    }
}

/// Nobody has come; nothing was changed.
pub(super) fn nobody_yet(account: &Account) -> Failure {
    Failure::of(Diagnosis::new(
        Fault::Owner,
        format!("Nobody has authorised {} yet.", account.draft.name),
        "Run the command again; what was there before is untouched.",
    ))
}
