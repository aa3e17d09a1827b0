//! `mailgrant account sink …`: where an account's rules can send mail besides.

use mailgrant_vault::{Account, AccountForm, EventKind, Sink};

use super::account::audit;
use super::{account_named, wrong_flags};
use crate::args::{NewSink, OneSink, Show, SinkVerb};
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// Runs one of the sink commands.
pub(super) async fn run(house: &House, verb: SinkVerb) -> Result<(), Failure> {
    match verb {
        SinkVerb::Add(flags) => add(house, &flags).await,
        SinkVerb::List(flags) => list(house, &flags).await,
        SinkVerb::Change(flags) => change(house, &flags).await,
        SinkVerb::Remove(flags) => remove(house, &flags).await,
    }
}

async fn add(house: &House, NewSink { one, flags }: &NewSink) -> Result<(), Failure> {
    let account = account_named(&house.vault, &one.account).await?;
    if account.draft.sinks.get(&one.name).is_some() {
        let what = format!(
            "The account {} has a sink {} already.",
            one.account, one.name
        );
        let next = "Choose another name, or change that one: mailgrant account sink change.";
        return Err(Failure::operator(what, next));
    }
    let mut form = AccountForm {
        name: one.name.clone(),
        ..AccountForm::default()
    };
    flags.complete(&mut form)?;
    store(house, &account, &form, "was given the sink").await?;
    let (account, name) = (&one.account, &one.name);
    output::line(&format!("Added the sink {name} to account {account}."))?;
    output::line(&format!(
        "Test it: mailgrant account test {account} --sink {name} --send\n\
         Rules choose it with: sink {name}"
    ))
}

async fn change(house: &House, NewSink { one, flags }: &NewSink) -> Result<(), Failure> {
    let account = account_named(&house.vault, &one.account).await?;
    let mut form = AccountForm::of_sink(&one.name, named(&account, &one.name)?);
    flags.complete(&mut form)?;
    store(house, &account, &form, "has another setting for its sink").await?;
    let (account, name) = (&one.account, &one.name);
    output::line(&format!("Changed the sink {name} of account {account}."))
}

async fn store(
    house: &House,
    account: &Account,
    form: &AccountForm,
    done: &str,
) -> Result<(), Failure> {
    let checked = form.check_sink(&account.draft);
    let (name, sink) = checked.map_err(|errors| wrong_flags(&errors))?;
    let now = house.clock.now();
    house.vault.put_sink(account, &name, sink, now).await?;
    let done = format!("{done} {name}");
    audit(house, EventKind::AccountChanged, account, &done).await
}

async fn remove(house: &House, one: &OneSink) -> Result<(), Failure> {
    let account = account_named(&house.vault, &one.account).await?;
    named(&account, &one.name)?;
    let now = house.clock.now();
    house.vault.remove_sink(&account, &one.name, now).await?;
    let done = format!("lost its sink {}", one.name);
    audit(house, EventKind::AccountChanged, &account, &done).await?;
    let (account, name) = (&one.account, &one.name);
    output::line(&format!("Removed the sink {name} of account {account}."))
}

async fn list(house: &House, flags: &Show) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let draft = &account.draft;
    if flags.json {
        return output::json(&draft.sinks);
    }
    if draft.sinks.is_empty() {
        return output::line("There is no further sink.");
    }
    let rows = draft.sinks.iter().map(|(name, sink)| {
        let rules = draft.rules_that_choose(name);
        let rules: Vec<String> = rules.iter().map(usize::to_string).collect();
        vec![name.to_owned(), sink.to_string(), rules.join(", ")]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    output::table(&["name", "where", "rules"], &rows)
}

/// One of an account's further sinks.
pub(super) fn named<'a>(account: &'a Account, name: &str) -> Result<&'a Sink, Failure> {
    account.draft.sinks.get(name).ok_or_else(|| {
        let of = &account.draft.name;
        Failure::operator(
            format!("The account {of} has no further sink `{name}`."),
            format!("`mailgrant account sink list {of}` shows those that it has."),
        )
    })
}
