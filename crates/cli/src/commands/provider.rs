//! `mailgrant provider …`

use mailgrant_oauth::Access;
use mailgrant_vault::{EventKind, Provider, ProviderForm};

use super::provider_credential::{fill, new_certificate};
use super::{provider_guide, provider_named, report, wrong_change, wrong_flags};
use crate::args::{Change, ProviderFlags, ProviderVerb};
use crate::failure::Failure;
use crate::house::{House, Subject};
use crate::output;
use crate::settings::Config;
use crate::view::ProviderView;

/// Runs one of the provider commands.
pub(crate) async fn run(house: &House, verb: ProviderVerb, config: &Config) -> Result<(), Failure> {
    match verb {
        ProviderVerb::Add(flags) => add(house, config, &flags).await,
        ProviderVerb::List(flags) => list(house, flags.json).await,
        ProviderVerb::Show(flags) => show(house, config, &flags.name, flags.json).await,
        ProviderVerb::Change(flags) => change(house, &flags).await,
        ProviderVerb::NewCertificate(flags) => new_certificate(house, &flags).await,
        ProviderVerb::Test(flags) => {
            let provider = provider_named(&house.vault, &flags.name).await?;
            report(house.keeper.check_provider(&provider).await.steps)
        }
        ProviderVerb::Pause(flags) => pause(house, &flags.name, true).await,
        ProviderVerb::Resume(flags) => pause(house, &flags.name, false).await,
        ProviderVerb::Remove(flags) => remove(house, &flags.name).await,
        ProviderVerb::Guide(flags) => provider_guide::guide(config, &flags),
    }
}

async fn add(house: &House, config: &Config, flags: &ProviderFlags) -> Result<(), Failure> {
    let mut form = ProviderForm {
        name: flags.name.clone(),
        ..ProviderForm::default()
    };
    let given = fill(flags, &mut form)?;
    if !given && !form.no_client_secret && form.access.trim() == "application" {
        return Err(Failure::operator(
            "No client credential was given, and as an application Mailgrant needs one.",
            "Give a secret with --client-secret-file FILE (- for standard input), or a certificate's \
             key or the JSON file of a Google service account with --client-key-file FILE; nothing \
             was changed.",
        ));
    }
    if !given && !form.no_client_secret {
        return Err(Failure::operator(
            "No client secret was given.",
            "Give it with --client-secret-file FILE (- for standard input), a key in its place with \
             --client-key-file, or say --no-client-secret for a public client; nothing was changed.",
        ));
    }
    let draft = form.check(None).map_err(|errors| wrong_flags(&errors))?;
    let provider = house.vault.add_provider(&draft, house.clock.now()).await?;
    audit(house, EventKind::ProviderAdded, &provider, "was added").await?;
    output::line(&format!("Added provider {}.", provider.name))?;
    if provider.profile.access == Access::Application {
        return output::line(&format!(
            "Nobody signs in. See that it works: mailgrant provider test {}",
            provider.name
        ));
    }
    output::line(&format!(
        "Register this redirect URI with it: {}",
        config.redirect_uri
    ))
}

async fn change(house: &House, change: &Change<ProviderFlags>) -> Result<(), Failure> {
    let Change { rename, flags } = change;
    let provider = provider_named(&house.vault, &flags.name).await?;
    let mut form = ProviderForm::of(&provider);
    if let Some(new) = rename {
        form.name.clone_from(new);
    }
    fill(flags, &mut form)?;
    let draft = form
        .check(Some(&provider))
        .map_err(|errors| wrong_change(&errors))?;
    let now = house.clock.now();
    let changed = house
        .vault
        .change_provider(provider.id, provider.version, &draft, now)
        .await?;
    audit(house, EventKind::ProviderChanged, &changed, "was changed").await?;
    output::line(&format!("Changed provider {}.", changed.name))
}

async fn list(house: &House, json: bool) -> Result<(), Failure> {
    let providers = house.vault.providers().await?;
    let views: Vec<ProviderView<'_>> = providers.iter().map(ProviderView::of).collect();
    if json {
        return output::json(&views);
    }
    let rows: Vec<Vec<String>> = views.iter().map(ProviderView::row).collect();
    output::table(&ProviderView::HEADING, &rows)
}

async fn show(house: &House, config: &Config, name: &str, json: bool) -> Result<(), Failure> {
    let provider = provider_named(&house.vault, name).await?;
    let view = ProviderView::of(&provider);
    if json {
        return output::json(&view);
    }
    output::table(&ProviderView::HEADING, &[view.row()])?;
    for line in view.credentials() {
        output::line(&line)?;
    }
    if let Some(trouble) = &provider.trouble {
        output::line(&format!("Since {}: {}", trouble.since, trouble.reason))?;
    }
    output::line(&format!("Redirect URI: {}", config.redirect_uri))
}

async fn pause(house: &House, name: &str, paused: bool) -> Result<(), Failure> {
    let provider = provider_named(&house.vault, name).await?;
    house.vault.pause_provider(provider.id, paused).await?;
    let (kind, done, word) = if paused {
        (EventKind::ProviderPaused, "was paused", "Paused")
    } else {
        (EventKind::ProviderResumed, "was resumed", "Resumed")
    };
    audit(house, kind, &provider, done).await?;
    output::line(&format!("{word} provider {name}."))
}

async fn remove(house: &House, name: &str) -> Result<(), Failure> {
    let provider = provider_named(&house.vault, name).await?;
    house.vault.remove_provider(provider.id).await?;
    audit(house, EventKind::ProviderRemoved, &provider, "was removed").await?;
    output::line(&format!("Removed provider {name}."))
}

pub(super) async fn audit(
    house: &House,
    kind: EventKind,
    provider: &Provider,
    done: &str,
) -> Result<(), Failure> {
    let text = format!("Provider {} {done}.", provider.name);
    house
        .audit(kind, Subject::Provider(provider.id), text)
        .await
}
