//! `mailgrant account app-password …`: what an application logs in to the proxy with.

use mailgrant_base::Protocol;
use mailgrant_vault::{AppPassword, AppPasswordForm, AppPasswordId, EventKind};
use secrecy::ExposeSecret as _;

use super::account::audit;
use super::{ACTOR, account_named, wrong_flags};
use crate::args::{AddAppPassword, AppPasswordVerb, RevokeAppPassword, Show};
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

/// Runs one of them.
pub(super) async fn run(
    house: &House,
    config: &Config,
    verb: &AppPasswordVerb,
) -> Result<(), Failure> {
    match verb {
        AppPasswordVerb::Add(flags) => add(house, config, flags).await,
        AppPasswordVerb::List(flags) => list(house, flags).await,
        AppPasswordVerb::Revoke(flags) => revoke(house, flags).await,
    }
}

/// Standard output has the password alone, so that a script can take it.
async fn add(house: &House, config: &Config, flags: &AddAppPassword) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let form = AppPasswordForm {
        label: flags.label.clone(),
        protocols: flags.protocols.clone().unwrap_or_default(),
        networks: flags.networks.clone().unwrap_or_default(),
    };
    let draft = form.check().map_err(|errors| wrong_flags(&errors))?;
    let now = house.clock.now();
    let made = house.vault.add_app_password(account.id, &draft, ACTOR, now);
    let (made, secret) = made.await?;
    let done = format!("was given the app password \"{}\"", made.draft.label);
    audit(house, EventKind::AppPasswordMade, &account, &done).await?;
    output::aside(&format!(
        "The user name is {} or {}. This is the password; it is shown only now:",
        account.draft.address, account.draft.name
    ));
    output::line(secret.expose_secret())?;
    if config.proxy.is_empty() {
        output::aside(
            "The proxy listens nowhere yet: set `proxy_listen`, and start `mailgrant serve` again.",
        );
    }
    Ok(())
}

async fn list(house: &House, flags: &Show) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let all = house.vault.app_passwords(account.id).await?;
    if flags.json {
        return output::json(&all);
    }
    if all.is_empty() {
        return output::line(&format!("{} has no app password.", flags.name));
    }
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let heading = [
        "number",
        "label",
        "protocols",
        "networks",
        "made",
        "last used",
    ];
    output::table(&heading, &rows)
}

fn row(password: &AppPassword) -> Vec<String> {
    let draft = &password.draft;
    let protocols: Vec<&str> = draft
        .protocols
        .iter()
        .map(|one| Protocol::word(*one))
        .collect();
    let networks: Vec<String> = draft.networks.iter().map(ToString::to_string).collect();
    let used = password
        .last_used
        .as_ref()
        .map_or("never".to_owned(), |last| {
            format!("{:.0} from {} ({})", last.at, last.from, last.protocol)
        });
    vec![
        password.id.0.to_string(),
        draft.label.clone(),
        protocols.join(","),
        if networks.is_empty() {
            "everywhere".to_owned()
        } else {
            networks.join(",")
        },
        format!("{:.0}", password.created_at),
        used,
    ]
}

async fn revoke(house: &House, flags: &RevokeAppPassword) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let id = AppPasswordId(flags.number);
    let all = house.vault.app_passwords(account.id).await?;
    let gone = house.vault.revoke_app_password(account.id, id).await?;
    let Some(found) = all.into_iter().find(|password| gone && password.id == id) else {
        return Err(Failure::operator(
            format!("{} has no app password {}.", flags.name, flags.number),
            format!(
                "`mailgrant account app-password list {}` shows them with their numbers.",
                flags.name
            ),
        ));
    };
    let label = found.draft.label;
    let done = format!("lost the app password \"{label}\"");
    audit(house, EventKind::AppPasswordRevoked, &account, &done).await?;
    output::line(&format!(
        "Revoked the app password \"{label}\": nobody logs in with it any more."
    ))
}
