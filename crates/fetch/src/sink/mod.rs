//! Where mail is delivered.
//!
//! Every sink works in two phases. What is *sealed* is safe against a crash but nobody sees it yet;
//! what is *committed* is the application's. The ledger writes `Prepared` in between, so that after
//! a crash [`Sink::recover`] can say of each message whether it has to be delivered again.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mailgrant_vault::Account;

use crate::FetchError;
use crate::lease::Lease;
use crate::shared::Shared;

mod alike;
mod append;
mod command;
mod content;
mod half_delivered;
mod header;
mod maildir;
mod mark;
mod program;
mod relay;
mod spool;
mod staged;
mod sysexits;
mod webhook;
mod whole_disk;

pub(crate) use half_delivered::HalfDelivered;
pub(crate) use spool::Spool;
pub(crate) use staged::{Body, Staged, Staging, remove_quietly};
pub(crate) use webhook::Couriers;

/// A sink that takes no mail now; nothing of what it was given is visible, or the ledger still
/// calls it `Prepared`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{sink} takes no mail now: {why}")]
pub(crate) struct SinkDown {
    /// Which sink, for people.
    pub(crate) sink: String,
    /// What happened.
    pub(crate) why: String,
}

/// How much is handed to a sink at once. A batch is full as soon as it reaches either.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimit {
    /// So many messages.
    pub(crate) messages: usize,
    /// So many bytes.
    pub(crate) bytes: u64,
}

impl BatchLimit {
    /// So many messages, and no more bytes than memory is meant for.
    pub(crate) fn messages(messages: usize) -> Self {
        Self {
            messages,
            bytes: 4 << 20,
        }
    }
}

/// What a sink says about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has it, durably; with its words.
    Taken(String),
    /// Not now.
    Later {
        /// Why.
        why: String,
        /// How long the sink asks to be left alone.
        after: Option<Duration>,
    },
    /// Never; why.
    Never(String),
}

impl Verdict {
    /// With the sink's name in front, where messages go to several.
    pub(crate) fn of(self, sink: Option<&str>) -> Self {
        let Some(sink) = sink else {
            return self;
        };
        let named = |said: String| format!("{sink}: {said}");
        match self {
            Self::Taken(said) => Self::Taken(named(said)),
            Self::Later { why, after } => Self::Later {
                why: named(why),
                after,
            },
            Self::Never(why) => Self::Never(named(why)),
        }
    }

    /// Not now, and nobody said when.
    pub(crate) fn later(why: impl Into<String>) -> Self {
        Self::Later {
            why: why.into(),
            after: None,
        }
    }
}

/// What became of a message that was about to be handed over when Mailgrant was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovered {
    /// The sink has it.
    Taken,
    /// To be fetched and handed over again, under the same key.
    Again,
}

/// What a sink says of a message that it may have already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It has it; in its words.
    There(String),
    /// It has not.
    NotThere,
    /// The place itself is gone, and nobody can tell; why.
    Gone(String),
}

/// A place where mail goes.
#[async_trait]
pub(crate) trait Sink: Send + Sync + fmt::Debug {
    /// Which sink, for people: `Maildir /var/spool/tickets`.
    fn name(&self) -> String;

    /// How much it takes at once.
    fn batch(&self) -> BatchLimit;

    /// A message's idempotency key, as this sink spells it.
    fn key(&self, message: &str) -> String {
        message.to_owned()
    }

    /// Where a message goes that is too large for memory until it is sealed.
    fn staging_path(&self, key: &str) -> PathBuf;

    /// Proves that mail could be delivered now; says how in words.
    async fn check(&self) -> Result<String, SinkDown>;

    /// Looks what became of messages whose hand-over was interrupted, in the order of their keys, and
    /// makes what is missing. Then removes what earlier runs left half done of other messages whose
    /// keys begin with `sweep`: these must be all that the ledger calls prepared of them.
    async fn recover(
        &self,
        keys: Vec<String>,
        sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown>;

    /// Whether it has this message, whose hand-over under that key was interrupted, where it could not
    /// tell by the key alone.
    async fn has(&self, _key: &str, _message: &Staged) -> Result<Asked, SinkDown> {
        Ok(Asked::NotThere)
    }

    /// Makes a batch safe against a crash without showing it to anybody. Where this fails, nothing
    /// of the batch is left behind.
    ///
    /// A sink that keeps nothing itself has nothing to do: the source still has the message, and after
    /// a crash it is fetched again.
    async fn seal(&self, batch: Vec<Staged>) -> Result<Vec<Staged>, SinkDown> {
        Ok(batch)
    }

    /// Hands a sealed batch over; one verdict for each message, in order. After an error any part
    /// of the batch may have been handed over: [`recover`](Self::recover) finds out.
    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown>;
}

/// A sink of an account for the messages of a folder, its own or the one of this name. It keeps `lease` alive for as long as any of its
/// work goes on.
pub(crate) async fn open(
    shared: &Arc<Shared>,
    account: &Account,
    folder: &str,
    (name, settings): (Option<&str>, &mailgrant_vault::Sink),
    lease: &Arc<Lease>,
) -> Result<Arc<dyn Sink>, FetchError> {
    use mailgrant_vault::Sink::{Append, Command, Lmtp, Maildir, Smtp, Webhook};
    let (place, plug) = (&shared.settings.spool, shared.plug.clone());
    let spool = || Spool::new(place, account.id, plug.clone(), Arc::clone(lease));
    let relay = |settings, tongue| -> Arc<dyn Sink> {
        let relay = relay::Relay::new(shared, account, folder, settings, tongue, spool());
        Arc::new(relay)
    };
    Ok(match settings {
        Maildir(settings) => {
            let (path, lease) = (&settings.path, Arc::clone(lease));
            let means = (Arc::clone(&shared.random), plug.clone());
            Arc::new(maildir::Maildir::new(account.id, path, place, lease, means))
        }
        Command(settings) => Arc::new(command::Command::new(account, folder, settings, spool())),
        Webhook(settings) => {
            let webhook =
                webhook::Webhook::open(shared, account, folder, (name, settings), spool());
            Arc::new(webhook.await?)
        }
        Lmtp(settings) => relay(settings, relay::Tongue::Lmtp),
        Smtp(settings) => relay(settings, relay::Tongue::Smtp),
        Append(settings) => {
            let append = append::OtherMailbox::new(shared, account, settings, spool());
            Arc::new(append)
        }
    })
}
