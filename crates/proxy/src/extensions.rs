//! Which extensions of SMTP are announced.
//!
//! A client asks once, before it logs in, and it must get what the server will offer that its mail goes
//! to, which nobody knows yet: so all servers of all accounts are asked beforehand, and what they have
//! in common is announced. With one provider that is exactly what its server offers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailgrant_base::Protocol;
use mailgrant_mail::{Limits, MailServer, Offers, Trust, smtp_offers};
use mailgrant_vault::{Vault, VaultError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Those that concern what comes after the login and that mean the same at every server.
const PASSED_ON: [&str; 12] = [
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "DELIVERBY",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "FUTURERELEASE",
    "MT-PRIORITY",
    "PIPELINING",
    "REQUIRETLS",
    "SIZE",
    "SMTPUTF8",
];

/// What is taken for offered by a server that has not answered yet: every server has it that takes
/// OAuth logins.
const UNTIL_THEN: [&str; 3] = ["8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING"];

/// A server that did not answer is asked again after this time.
const ASK_AGAIN: Duration = Duration::from_mins(10);
/// How long after a change the accounts are looked at: many changes at once are looked at once.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a server may take to say what it offers.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(20),
    opening: Duration::from_secs(30),
    line: 4096,
};

/// What is known of the servers of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    known: Mutex<Known>,
    learned: Notify,
}

#[derive(Debug, Default)]
struct Known {
    offers: BTreeMap<String, Offers>,
    announced: Option<Vec<String>>,
}

impl Extensions {
    /// What is announced now.
    pub(crate) fn announced(&self) -> Vec<String> {
        let known = self.lock();
        known.announced.clone().unwrap_or_else(|| common([None]))
    }

    /// A server has said what it offers.
    pub(crate) fn learn(&self, server: &MailServer, offers: &Offers) {
        let before = self
            .lock()
            .offers
            .insert(server.to_string(), offers.clone());
        if before.as_ref() != Some(offers) {
            self.learned.notify_one();
        }
    }

    /// Asks the servers of all accounts that have not been asked, as accounts come and go.
    pub(crate) async fn keep(&self, vault: Vault, trust: Trust, stopping: CancellationToken) {
        let mut changes = vault.changes();
        while !stopping.is_cancelled() {
            let looked = async {
                match servers(&vault).await {
                    Ok(servers) => self.ask(servers, &trust).await,
                    Err(failure) => debug!(%failure, "the accounts' SMTP servers are not known"),
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = looked => {}
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.learned.notified() => {}
                () = tokio::time::sleep(ASK_AGAIN) => {}
                () = changes.changed() => tokio::time::sleep(SETTLE).await,
            }
        }
    }

    async fn ask(&self, servers: BTreeMap<String, MailServer>, trust: &Trust) {
        for (name, server) in &servers {
            if self.lock().offers.contains_key(name) {
                continue;
            }
            match smtp_offers(server, trust, LIMITS).await {
                Ok(offers) => {
                    self.lock().offers.insert(name.clone(), offers);
                }
                Err(failure) => debug!(%failure, "an SMTP server does not say what it offers"),
            }
        }
        let names: BTreeSet<&String> = servers.keys().collect();
        let mut known = self.lock();
        known.offers.retain(|name, _| names.contains(name));
        let offers = names.iter().map(|name| known.offers.get(*name));
        known.announced = Some(common(offers.collect::<Vec<_>>()));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The SMTP servers of all accounts, each once.
async fn servers(vault: &Vault) -> Result<BTreeMap<String, MailServer>, VaultError> {
    let providers = vault.providers().await?;
    let accounts = vault.accounts().await?;
    let servers = accounts.iter().filter_map(|account| {
        let provider = account.draft.provider;
        let provider = providers.iter().find(|found| found.id == provider)?;
        let server = account.server(Protocol::Smtp, provider.profile.kind)?;
        Some((server.to_string(), server))
    });
    Ok(servers.collect())
}

/// What all of them offer; `None` is a server that has not answered yet.
fn common<'a>(offers: impl IntoIterator<Item = Option<&'a Offers>>) -> Vec<String> {
    let mut offers: Vec<_> = offers.into_iter().collect();
    if offers.is_empty() {
        offers.push(None);
    }
    let has = |name: &str| {
        offers.iter().all(|offers| match offers {
            Some(offers) => offers.has(name),
            None => UNTIL_THEN.contains(&name),
        })
    };
    let shown = |name: &&str| match *name {
        "SIZE" => size(&offers),
        name => name.to_owned(),
    };
    PASSED_ON
        .iter()
        .filter(|name| has(name))
        .map(shown)
        .collect()
}

/// The smallest of their limits.
fn size(offers: &[Option<&Offers>]) -> String {
    let sizes = offers.iter().flatten().filter_map(|offers| {
        let size: u64 = offers.parameters("SIZE")?.trim().parse().ok()?;
        // 0 means that there is no fixed limit (RFC 1870, section 4).
        Some(size).filter(|size| *size > 0)
    });
    match sizes.min() {
        Some(size) => format!("SIZE {size}"),
        None => "SIZE".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(lines: &[&str]) -> Offers {
        Offers {
            extensions: lines.iter().map(|line| (*line).to_owned()).collect(),
            mechanisms: Vec::new(),
        }
    }

    #[test]
    fn one_servers_extensions_are_announced_as_they_are_but_for_what_ends_with_the_login() {
        let server = offers(&[
            "SIZE 157286400",
            "PIPELINING",
            "DSN",
            "STARTTLS",
            "AUTH XOAUTH2",
            "XTAG",
        ]);
        assert_eq!(
            common([Some(&server)]),
            ["DSN", "PIPELINING", "SIZE 157286400"]
        );
    }

    #[test]
    fn of_several_servers_what_all_of_them_have_and_the_smallest_size() {
        let one = offers(&["size 100", "CHUNKING", "8BITMIME"]);
        let other = offers(&["SIZE 0", "8BITMIME", "DSN"]);
        assert_eq!(common([Some(&one), Some(&other)]), ["8BITMIME", "SIZE 100"]);
        assert_eq!(common([Some(&other)]), ["8BITMIME", "DSN", "SIZE"]);
        assert_eq!(common([Some(&one), None]), ["8BITMIME"]);
    }

    #[test]
    fn before_anybody_has_answered_it_is_what_everybody_has() {
        assert_eq!(Extensions::default().announced(), UNTIL_THEN);
        assert_eq!(common([]), UNTIL_THEN);
    }
}
