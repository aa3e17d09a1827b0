//! `mailgrant demo --unattended`: plays the newcomer, prints each step, and compares every byte.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mailgrant_base::{Diagnosis, Fault, files};
use mailgrant_sandbox::{Browser, Page};
use mailgrant_vault::Account;
use url::Url;

use super::stage::{ADDRESS, MAILDIR, PASSWORD, Stage};
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// How long the mail may take to arrive, on a slow machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// Plays the whole path; fails unless every message arrived byte for byte.
pub(super) async fn play(
    house: &House,
    stage: &Stage,
    account: &Account,
    link: &str,
    folder: &Path,
) -> Result<(), Failure> {
    let mut person = Newcomer {
        browser: Browser::default(),
    };
    step(1, "The newcomer opens the link")?;
    let overview = person.open(link).await?;
    let page = person.open(&account_page(&overview.url, account)?).await?;

    step(
        2,
        "presses Authorize; Mailgrant sends the browser to the identity provider",
    )?;
    let away = person.press(&page, "authorize", &[]).await?;
    let login = person
        .open(away.leads_to.as_ref().ok_or_else(|| stuck(&away))?.as_str())
        .await?;

    step(
        3,
        &format!("signs in as {ADDRESS} on the provider's own page, and consents"),
    )?;
    let typed = [("address", ADDRESS), ("password", PASSWORD)];
    let consent = person.press(&login, "sign-in", &typed).await?;
    let back = person.press(&consent, "allow", &[]).await?;

    step(
        4,
        "comes back with a code; Mailgrant redeems it and stores the grant",
    )?;
    let done = person
        .open(back.leads_to.as_ref().ok_or_else(|| stuck(&back))?.as_str())
        .await?;
    if !done.status.is_success() {
        return Err(stuck(&done));
    }
    told("What the provider was asked:", &stage.provider.requests())?;

    let waiting = stage.messages.len();
    step(5, &format!("watches {waiting} messages arrive"))?;
    arrived(house, account, waiting).await?;
    step(
        6,
        "sends one more, which the server announces while Mailgrant listens (IDLE)",
    )?;
    if let Some(message) = stage.messages.first() {
        stage.deliver(message);
    }
    arrived(house, account, waiting + 1).await?;
    told(
        "What was said to the mail server:",
        &stage.server.transcript(),
    )?;

    step(7, "compares every byte")?;
    compare(stage, &folder.join(MAILDIR))?;
    output::line(&format!(
        "\nAll {} messages arrived, byte for byte.",
        waiting + 1
    ))
}

struct Newcomer {
    browser: Browser,
}

impl Newcomer {
    async fn open(&mut self, url: &str) -> Result<Page, Failure> {
        let page = self.browser.open(url).await.map_err(Failure::no_sandbox)?;
        seen("GET", url, &page)?;
        Ok(page)
    }

    async fn press(
        &mut self,
        page: &Page,
        button: &str,
        typed: &[(&str, &str)],
    ) -> Result<Page, Failure> {
        let next = self
            .browser
            .press(page, button, typed)
            .await
            .map_err(Failure::no_sandbox)?;
        seen(&format!("press #{button} on"), page.url.as_str(), &next)?;
        Ok(next)
    }
}

fn account_page(overview: &Url, account: &Account) -> Result<String, Failure> {
    overview
        .join(&format!("/accounts/{}", account.id.0))
        .map(String::from)
        .map_err(|error| Failure::operator(error.to_string(), "Please report this."))
}

/// Waits until so many messages are delivered; the ledger knows.
async fn arrived(house: &House, account: &Account, wanted: usize) -> Result<(), Failure> {
    let mut status = house.fetcher.status();
    let wait = async {
        loop {
            let counts = house.vault.counts(account.id).await?;
            if counts.delivered >= wanted as u64 {
                return Ok(counts);
            }
            // The status changes with each step of the worker; the second is for a step between
            // the count and this line.
            let _ = tokio::time::timeout(Duration::from_secs(1), status.changed()).await;
        }
    };
    let counts: Result<_, Failure> = tokio::time::timeout(PATIENCE, wait).await.map_err(|_| {
        let trouble = house.fetcher.status().borrow().get(&account.id).cloned();
        Failure::of(
            Diagnosis::new(
                Fault::Bug,
                "Not all messages arrived in time.",
                "Please report this.",
            )
            .said(format!("{trouble:?}")),
        )
    })?;
    output::line(&format!("    {} delivered", counts?.delivered))
}

fn compare(stage: &Stage, maildir: &Path) -> Result<(), Failure> {
    let mut expected: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    for (_, _, raw) in stage.server.contents(ADDRESS, "INBOX") {
        *expected.entry(raw).or_default() += 1;
    }
    let new = maildir.join("new");
    let entries = std::fs::read_dir(&new).map_err(Failure::no_folder)?;
    for entry in entries {
        let raw = files::read(&entry.map_err(Failure::no_folder)?.path())?;
        *expected.entry(raw).or_default() -= 1;
    }
    let missing: i64 = expected.values().filter(|left| **left > 0).sum();
    let doubled: i64 = -expected.values().filter(|left| **left < 0).sum::<i64>();
    if missing == 0 && doubled == 0 {
        return Ok(());
    }
    Err(Failure::of(Diagnosis::new(
        Fault::Bug,
        format!("{missing} messages are missing or differ, {doubled} are too many."),
        "Please report this.",
    )))
}

fn step(number: u32, what: &str) -> Result<(), Failure> {
    output::line(&format!("\n{number}. {what}"))
}

/// Prints what was said; of many lines that differ in their numbers alone, the first.
fn told(heading: &str, lines: &[String]) -> Result<(), Failure> {
    let same = |one: &String, other: &String| {
        let words = |line: &String| line.replace(|c: char| c.is_ascii_digit(), "");
        words(one) == words(other)
    };
    output::line(&format!("    {heading}"))?;
    for run in lines.chunk_by(same) {
        let Some(first) = run.first() else { continue };
        output::line(&format!("      {first}"))?;
        if let Some(more @ 1..) = run.len().checked_sub(1) {
            output::line(&format!("      … and {more} like it"))?;
        }
    }
    Ok(())
}

fn seen(how: &str, url: &str, page: &Page) -> Result<(), Failure> {
    output::line(&format!("    {how} {}", place(url)))?;
    let status = page.status.as_u16();
    match &page.leads_to {
        None => output::line(&format!("    ← {status} {}", place(page.url.as_str()))),
        Some(next) => {
            output::line(&format!("    ← {status} go to {}", place(next.as_str())))?;
            next.query_pairs().try_for_each(|(name, value)| {
                output::line(&format!("          {name} = {}", shortened(&value)))
            })
        }
    }
}

/// An address without its query; what stands there is told where it is sent.
fn place(url: &str) -> String {
    let path = url.split('?').next().unwrap_or(url);
    let parts: Vec<String> = path.split('/').map(shortened).collect();
    parts.join("/")
}

/// A one-time secret shows its first characters alone.
fn shortened(value: &str) -> String {
    if value.len() > 24 && !value.contains(['.', ':', ' ']) {
        value.chars().take(6).chain(['…']).collect()
    } else {
        value.to_owned()
    }
}

fn stuck(page: &Page) -> Failure {
    let what = format!("The newcomer is stuck on {} ({}).", page.url, page.status);
    let body: String = page.body.chars().take(2000).collect();
    Failure::of(Diagnosis::new(Fault::Bug, what, "Please report this.").said(body))
}
