//! `mailgrant account …`

use mailgrant_fetch::TestTo;
use mailgrant_oauth::catalogue;
use mailgrant_vault::{Account, AccountForm, EventKind, OWN_SINK, Provider, VaultError};
use secrecy::ExposeSecret as _;

use super::{ACTOR, account_named, authorize, invite, report, sink, wrong_change, wrong_flags};
use crate::args::{AccountFlags, AccountVerb, Change, TestFlags, WebhookSecretFlags};
use crate::failure::Failure;
use crate::house::{House, Subject};
use crate::output;
use crate::settings::Config;
use crate::view::AccountView;

/// Runs one of the account commands.
pub(crate) async fn run(house: &House, verb: AccountVerb, config: &Config) -> Result<(), Failure> {
    match verb {
        AccountVerb::Add(flags) => add(house, &flags).await,
        AccountVerb::List(flags) => list(house, flags.json).await,
        AccountVerb::Show(flags) => show(house, &flags.name, flags.json).await,
        AccountVerb::Change(flags) => change(house, &flags).await,
        AccountVerb::Authorize(flags) => authorize::authorize(house, config, &flags).await,
        AccountVerb::Invite(flags) => invite::invite(house, config, &flags).await,
        AccountVerb::Test(flags) => test(house, &flags).await,
        AccountVerb::Sink(verb) => sink::run(house, verb).await,
        AccountVerb::Pause(flags) => pause(house, &flags.name, true).await,
        AccountVerb::Resume(flags) => pause(house, &flags.name, false).await,
        AccountVerb::Backfill(flags) => super::backfill::backfill(house, &flags).await,
        AccountVerb::AppPassword(verb) => super::app_password::run(house, config, &verb).await,
        AccountVerb::WebhookSecret(flags) => webhook_secret(house, &flags).await,
        AccountVerb::Revoke(flags) => revoke(house, &flags.name).await,
        AccountVerb::Remove(flags) => remove(house, &flags.name).await,
    }
}

async fn test(house: &House, flags: &TestFlags) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let to = TestTo::read(flags.sink.as_deref());
    let mut steps = match &to {
        TestTo::Named(name) => {
            sink::named(&account, name)?;
            house.fetcher.check_sink(account.id, name).await.steps
        }
        TestTo::Rules | TestTo::Own => house.fetcher.check(account.id).await.steps,
    };
    if flags.send && steps.iter().all(|(_, outcome)| outcome.is_ok()) {
        steps.extend(house.fetcher.hand_over_test(account.id, &to).await.steps);
    }
    report(steps)
}

async fn add(house: &House, flags: &AccountFlags) -> Result<(), Failure> {
    let mut form = AccountForm {
        name: flags.name.clone(),
        ..AccountForm::default()
    };
    flags.fill(&mut form);
    flags.complete(&mut form)?;
    let providers = house.vault.providers().await?;
    let draft = form
        .check(&providers)
        .map_err(|errors| wrong_flags(&errors))?;
    let account = house.vault.add_account(&draft, house.clock.now()).await?;
    audit(house, EventKind::AccountAdded, &account, "was added").await?;
    let name = &account.draft.name;
    output::line(&format!("Added account {name}."))?;
    output::line(&format!(
        "Now authorise it: mailgrant account authorize {name}"
    ))
}

async fn change(house: &House, change: &Change<AccountFlags>) -> Result<(), Failure> {
    let Change { rename, flags } = change;
    let account = account_named(&house.vault, &flags.name).await?;
    let providers = house.vault.providers().await?;
    let mut form = AccountForm::of(&account, provider_name(&providers, &account));
    flags.fill(&mut form);
    if let Some(new) = rename {
        form.name.clone_from(new);
    }
    flags.complete(&mut form)?;
    let draft = form
        .check(&providers)
        .map_err(|errors| wrong_change(&errors))?;
    let now = house.clock.now();
    let changed = house
        .vault
        .change_account(account.id, account.version, &draft, now)
        .await?;
    audit(house, EventKind::AccountChanged, &changed, "was changed").await?;
    output::line(&format!("Changed account {}.", changed.draft.name))
}

async fn list(house: &House, json: bool) -> Result<(), Failure> {
    let accounts = house.vault.accounts().await?;
    show_all(house, &accounts, json).await
}

async fn show(house: &House, name: &str, json: bool) -> Result<(), Failure> {
    let account = account_named(&house.vault, name).await?;
    let grant = house.vault.grant(account.id).await?.ok_or_else(gone)?;
    let providers = house.vault.providers().await?;
    let counts = house.vault.counts(account.id).await?;
    let alarms = house.vault.alarms().await?;
    let earlier = house.vault.backfills(account.id).await?;
    let canaries = house.vault.canaries(account.id, 1).await?;
    let view = AccountView::of(
        &account,
        provider_name(&providers, &account),
        &grant,
        counts,
        &alarms,
    )
    .with(&earlier, canaries.first());
    if json {
        return output::json(&view);
    }
    output::table(&AccountView::HEADING, &[view.row()])?;
    for alarm in view.alarms() {
        output::line(&format!("Alarm: {} {}", alarm.what, alarm.next))?;
    }
    let facts = [
        ("Signed in", grant.signed_in),
        ("Reason", grant.reason),
        ("Last failure", grant.last_failure),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            output::line(&format!("{name}: {fact}"))?;
        }
    }
    for (name, sink) in account.draft.sinks.iter() {
        output::line(&format!("Further sink {name}: {sink}"))?;
    }
    for folder in &earlier {
        let (name, words) = (&folder.folder, folder.in_words());
        output::line(&format!("Earlier mail of {name}: {words}"))?;
    }
    if let Some(canary) = canaries.first() {
        let (at, words) = (canary.sent_at, canary.in_words());
        output::line(&format!("Canary sent {at}: {words}"))?;
    }
    for message in house.vault.quarantine(account.id, 20).await? {
        output::line(&format!(
            "In quarantine: message {} of {} since {}: {}",
            message.id, message.folder, message.since, message.reason
        ))?;
    }
    Ok(())
}

async fn show_all(house: &House, accounts: &[Account], json: bool) -> Result<(), Failure> {
    let providers = house.vault.providers().await?;
    let grants = house.vault.grants().await?;
    let counts = house.vault.all_counts().await?;
    let alarms = house.vault.alarms().await?;
    let views: Vec<AccountView<'_>> = accounts
        .iter()
        .filter_map(|account| {
            let grant = grants.iter().find(|grant| grant.account == account.id)?;
            let mail = counts.iter().find(|(id, _)| *id == account.id);
            let mail = mail.map(|(_, counts)| *counts).unwrap_or_default();
            Some(AccountView::of(
                account,
                provider_name(&providers, account),
                grant,
                mail,
                &alarms,
            ))
        })
        .collect();
    if json {
        return output::json(&views);
    }
    let rows: Vec<Vec<String>> = views.iter().map(AccountView::row).collect();
    output::table(&AccountView::HEADING, &rows)
}

async fn pause(house: &House, name: &str, paused: bool) -> Result<(), Failure> {
    let account = account_named(&house.vault, name).await?;
    house.vault.pause_account(account.id, paused).await?;
    let (kind, done, word) = if paused {
        (EventKind::AccountPaused, "was paused", "Paused")
    } else {
        (EventKind::AccountResumed, "was resumed", "Resumed")
    };
    audit(house, kind, &account, done).await?;
    output::line(&format!("{word} account {name}."))
}

async fn webhook_secret(house: &House, flags: &WebhookSecretFlags) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let of_sink = flags.sink.as_deref().filter(|name| *name != OWN_SINK);
    if let Some(name) = of_sink {
        sink::named(&account, name)?;
    }
    let secret = if flags.new {
        let secret = house
            .vault
            .renew_webhook_secret(account.id, of_sink)
            .await?;
        let mut done = "was given another webhook secret".to_owned();
        if let Some(name) = of_sink {
            done = format!("{done} for its sink {name}");
        }
        audit(house, EventKind::AccountChanged, &account, &done).await?;
        secret
    } else {
        house.vault.webhook_secret(account.id, of_sink).await?
    };
    output::line(secret.expose_secret())
}

async fn revoke(house: &House, name: &str) -> Result<(), Failure> {
    let account = account_named(&house.vault, name).await?;
    let told = house.keeper.revoke(account.id, ACTOR).await?;
    output::line(&format!("Ended the grant of {name}."))?;
    if told {
        return output::line("The identity provider has ended it too.");
    }
    output::line(
        "The identity provider was not told: it has no place for that, or gave no answer. \
         Remove Mailgrant's access in the provider's own pages as well.",
    )?;
    let provider = house.vault.provider(account.draft.provider).await?;
    let kind = provider.map(|provider| provider.profile.kind);
    for elsewhere in kind.map_or(&[][..], |kind| catalogue::row(kind).revoke_elsewhere) {
        output::line(&format!("{} {}", elsewhere.text, elsewhere.place))?;
    }
    Ok(())
}

async fn remove(house: &House, name: &str) -> Result<(), Failure> {
    let account = account_named(&house.vault, name).await?;
    house.keeper.remove(account.id, ACTOR).await?;
    audit(house, EventKind::AccountRemoved, &account, "was removed").await?;
    output::line(&format!("Removed account {name}."))
}

fn provider_name<'a>(providers: &'a [Provider], account: &Account) -> &'a str {
    providers
        .iter()
        .find(|provider| provider.id == account.draft.provider)
        .map_or("?", |provider| provider.name.as_str())
}

pub(super) fn gone() -> Failure {
    Failure::from(VaultError::Stale {
        what: "the account",
    })
}

pub(super) async fn audit(
    house: &House,
    kind: EventKind,
    account: &Account,
    done: &str,
) -> Result<(), Failure> {
    let text = format!("Account {} {done}.", account.draft.name);
    house.audit(kind, Subject::Account(account.id), text).await
}
