//! What each mailbox is doing now, for the pages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mailgrant_base::Diagnosis;
use mailgrant_vault::AccountId;
use tokio::sync::watch;

use crate::FetcherMetrics;

/// What a mailbox's worker is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Connecting and logging in.
    Connecting,
    /// Fetching and delivering.
    Fetching,
    /// Waiting for the server's notice (IDLE).
    Listening,
    /// Waiting until the next look.
    Polling,
    /// Waiting after a failure, until the given time.
    Retrying(Timestamp),
    /// Waiting for a person (authorization, setting) or for the provider profile to be mended.
    Held,
}

impl Activity {
    /// All there are, as metrics name them.
    pub(crate) const NAMES: [&'static str; 6] = [
        "connecting",
        "fetching",
        "listening",
        "polling",
        "retrying",
        "held",
    ];

    /// The activity as one word, for metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Fetching => "fetching",
            Self::Listening => "listening",
            Self::Polling => "polling",
            Self::Retrying(_) => "retrying",
            Self::Held => "held",
        }
    }
}

/// A mailbox's worker as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub activity: Activity,
    /// Since when.
    pub since: Timestamp,
    /// Since when the worker is there.
    pub begun: Timestamp,
    /// When a round was last completed without an error.
    pub last_completed: Option<Timestamp>,
    /// What is wrong, if anything.
    pub trouble: Option<Diagnosis>,
}

/// The status of all mailboxes, written by their workers.
#[derive(Debug)]
pub(crate) struct Board {
    mailboxes: watch::Sender<BTreeMap<AccountId, Status>>,
    metrics: FetcherMetrics,
}

impl Board {
    pub(crate) fn new(metrics: FetcherMetrics) -> Self {
        Self {
            mailboxes: watch::Sender::default(),
            metrics,
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<BTreeMap<AccountId, Status>> {
        self.mailboxes.subscribe()
    }

    /// The mailbox does something else now; its trouble stays until a round is completed.
    pub(crate) fn doing(&self, account: AccountId, activity: Activity, now: Timestamp) {
        self.update(account, now, |status| {
            if status.activity != activity {
                status.activity = activity;
                status.since = now;
            }
        });
    }

    /// Something is wrong, and this is what the mailbox does about it. Says whether that is news.
    pub(crate) fn troubled(
        &self,
        account: AccountId,
        trouble: Diagnosis,
        activity: Activity,
        now: Timestamp,
    ) -> bool {
        let mut news = false;
        self.update(account, now, |status| {
            news = status
                .trouble
                .as_ref()
                .is_none_or(|before| before.what != trouble.what);
            status.trouble = Some(trouble);
            status.activity = activity;
            status.since = now;
        });
        news
    }

    /// A round was completed without an error.
    pub(crate) fn completed(&self, account: AccountId, now: Timestamp) {
        self.update(account, now, |status| {
            status.last_completed = Some(now);
            status.trouble = None;
        });
    }

    /// Nobody works on the mailbox any more.
    pub(crate) fn gone(&self, account: AccountId) {
        self.mailboxes.send_modify(|all| {
            if let Some(status) = all.remove(&account) {
                self.metrics.mailbox(status.activity.as_str()).dec();
            }
        });
    }

    fn update(&self, account: AccountId, now: Timestamp, change: impl FnOnce(&mut Status)) {
        self.mailboxes.send_modify(|all| {
            let status = all.entry(account).or_insert_with(|| {
                self.metrics.mailbox(Activity::Connecting.as_str()).inc();
                Status {
                    activity: Activity::Connecting,
                    since: now,
                    begun: now,
                    last_completed: None,
                    trouble: None,
                }
            });
            let before = status.activity.as_str();
            change(status);
            self.metrics.mailbox(before).dec();
            self.metrics.mailbox(status.activity.as_str()).inc();
        });
    }
}
