//! An account's further sinks, each under the name by which rules choose it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Account, AccountDraft, Action, Sink, Vault, VaultError};

/// An account's further sinks, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sinks(BTreeMap<String, Sink>);

impl Sinks {
    /// The sink of this name.
    pub fn get(&self, name: &str) -> Option<&Sink> {
        self.0.get(name)
    }

    /// Names and sinks, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Sink)> {
        self.0.iter().map(|(name, sink)| (name.as_str(), sink))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, for people.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.join(", ")
    }

    /// Puts a sink under this name, in the place of the one that was there.
    pub fn put(&mut self, name: &str, sink: Sink) {
        self.0.insert(name.to_owned(), sink);
    }
}

impl AccountDraft {
    /// The rules that choose the sink of this name, counted from 1.
    pub fn rules_that_choose(&self, sink: &str) -> Vec<usize> {
        let rules = (1..).zip(self.rules.iter());
        rules
            .filter(|(_, rule)| matches!(&rule.action, Action::Sink(name) if name == sink))
            .map(|(number, _)| number)
            .collect()
    }
}

impl Vault {
    /// Gives an account a further sink, or changes the one of this name; if the account is still as it
    /// was read.
    pub async fn put_sink(
        &self,
        account: &Account,
        name: &str,
        sink: Sink,
        now: Timestamp,
    ) -> Result<Account, VaultError> {
        let mut draft = account.draft.clone();
        draft.sinks.put(name, sink);
        self.change_account(account.id, account.version, &draft, now)
            .await
    }

    /// Takes a further sink away that no rule chooses, if the account is still as it was read.
    pub async fn remove_sink(
        &self,
        account: &Account,
        name: &str,
        now: Timestamp,
    ) -> Result<Account, VaultError> {
        let rules = account.draft.rules_that_choose(name);
        if !rules.is_empty() {
            let name = name.to_owned();
            return Err(VaultError::SinkChosen { name, rules });
        }
        let mut draft = account.draft.clone();
        if draft.sinks.0.remove(name).is_none() {
            return Err(VaultError::Stale { what: "the sink" });
        }
        let changed = self.change_account(account.id, account.version, &draft, now);
        let changed = changed.await?;
        self.forget_webhook_secret(account.id, name).await?;
        Ok(changed)
    }
}
