//! One file per command.

mod account;
mod app_password;
mod authorize;
mod backfill;
mod demo;
mod doctor;
mod fetch;
mod invite;
mod message;
mod provider;
mod provider_credential;
mod provider_guide;
mod serve;
mod setup_link;
mod sink;
mod token;

use mailgrant_base::Diagnosis;
use mailgrant_vault::{Account, FormErrors, Provider, Vault};

use crate::args::{ProviderVerb, Verb};
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

/// Who the audit trail names for what is done from here.
const ACTOR: &str = "command line";

/// Runs a command to its end.
pub(crate) async fn run(verb: Verb, config: Config) -> Result<(), Failure> {
    let config = &config;
    match verb {
        Verb::Serve => serve::serve(config).await,
        Verb::Demo(flags) => demo::demo(config, &flags).await,
        // Whoever reads how to begin need not have begun.
        Verb::Provider(ProviderVerb::Guide(flags)) => provider_guide::guide(config, &flags),
        Verb::Provider(verb) => {
            in_house(config, async |house| {
                provider::run(house, verb, config).await
            })
            .await
        }
        Verb::Account(verb) => {
            in_house(config, async |house| {
                account::run(house, verb, config).await
            })
            .await
        }
        Verb::Message(verb) => {
            in_house(config, async |house| message::run(house, verb).await).await
        }
        Verb::Doctor(flags) => {
            in_house(config, async |house| doctor::doctor(house, &flags).await).await
        }
        Verb::Token(flags) => {
            in_house(config, async |house| token::token(house, &flags).await).await
        }
        Verb::Fetch(flags) => {
            in_house(config, async |house| fetch::fetch(house, &flags).await).await
        }
        Verb::SetupLink => {
            in_house(config, async |house| setup_link::offer(house, config).await).await
        }
    }
}

/// Opens the house for one command, and leaves it in good order: whoever opens the database next
/// finds nothing to take up.
async fn in_house(
    config: &Config,
    command: impl AsyncFnOnce(&House) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let house = House::open(config).await?;
    let outcome = command(&house).await;
    house.keeper.settled().await;
    house.vault.close().await;
    outcome
}

async fn account_named(vault: &Vault, name: &str) -> Result<Account, Failure> {
    vault.account_named(name).await?.ok_or_else(|| {
        Failure::operator(
            format!("There is no account `{name}`."),
            "`mailgrant account list` shows the accounts.",
        )
    })
}

async fn provider_named(vault: &Vault, name: &str) -> Result<Provider, Failure> {
    vault.provider_named(name).await?.ok_or_else(|| {
        Failure::operator(
            format!("There is no provider `{name}`."),
            "`mailgrant provider list` shows the providers.",
        )
    })
}

/// What is wrong with a form, flag by flag.
fn wrong_flags(errors: &FormErrors) -> Failure {
    wrong("NAME", errors)
}

/// The same for a change, where a new name is a flag too.
fn wrong_change(errors: &FormErrors) -> Failure {
    wrong("--rename", errors)
}

fn wrong(name: &str, errors: &FormErrors) -> Failure {
    let lines: Vec<String> = errors
        .0
        .iter()
        .map(|error| match error.field {
            "name" => format!("{name} {}", error.problem),
            "client_secret" => format!("--client-secret-file {}", error.problem),
            flag => format!("--{} {}", flag.replace('_', "-"), error.problem),
        })
        .collect();
    Failure::operator(
        lines.join("\n       "),
        "Correct this and try again; nothing was changed.",
    )
}

/// Prints the steps of a test; the first failure is the command's.
fn report(steps: Vec<(String, Result<String, Diagnosis>)>) -> Result<(), Failure> {
    let mut failed = None;
    for (name, outcome) in steps {
        match outcome {
            Ok(words) => output::line(&format!("ok      {name}: {words}"))?,
            Err(diagnosis) => {
                output::line(&format!("failed  {name}"))?;
                failed = failed.or(Some(diagnosis));
            }
        }
    }
    failed.map_or(Ok(()), |diagnosis| Err(Failure::of(diagnosis)))
}
