//! Where each message of a folder goes: into the account's own sink, into that of a rule, or aside.

mod aside;
mod circles;
mod explain;
mod traits;

use std::sync::Arc;

use jiff::Timestamp;
use mailgrant_vault::{
    Account, AccountId, Action, CommandSink, FolderId, Guard, MaildirSink, MessageHead, Rules,
    Vault, VaultError,
};

use crate::key::Keys;
use crate::lease::Lease;
use crate::shared::Shared;
use crate::sink::{self, Recovered, Sink, SinkDown};
use crate::{FetchError, canary};

use aside::Aside;
pub(crate) use circles::Circles;
pub use explain::explain_route;
use traits::Beginning;

/// The sinks of an account for the messages of a folder, and what chooses among them.
pub(crate) struct Routing {
    /// The account's own, then those of rules, then the two that are none.
    sinks: Vec<Arc<dyn Sink>>,
    /// The place of each rule's sink.
    of_rule: Vec<usize>,
    dropped: usize,
    held: usize,
    rules: Rules,
    guard: Guard,
    folder: String,
    address: String,
    account: AccountId,
    circles: Circles,
    vault: Vault,
}

/// Where a message goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// The sink's place in [`Routing`].
    pub(crate) sink: usize,
    /// Why it goes aside.
    pub(crate) why: String,
    /// Nobody will read its bytes.
    pub(crate) unread: bool,
}

/// What is known of a message before it has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announced<'a> {
    /// Its UID.
    pub(crate) uid: u32,
    /// Its header, or what has come of it.
    pub(crate) beginning: &'a [u8],
    /// Its size in bytes, at least about.
    pub(crate) size: u64,
    /// Nobody has decided about it yet: it may be held.
    pub(crate) is_undecided: bool,
    /// It was there when the folder was first seen.
    pub(crate) is_past: bool,
}

/// Where a rule sends a message: to a sink that is there already, or to one of its own.
enum Goes {
    To(usize),
    Elsewhere(mailgrant_vault::Sink),
}

impl Routing {
    /// Opens every sink that a message may go to.
    pub(crate) async fn open(
        shared: &Arc<Shared>,
        account: &Account,
        folder: &str,
        lease: &Arc<Lease>,
    ) -> Result<Self, FetchError> {
        let draft = &account.draft;
        let own = draft.sink.as_ref().ok_or_else(|| FetchError::NoSink {
            account: draft.name.clone(),
        })?;
        let mut sinks = vec![sink::open(shared, account, folder, own, lease).await?];
        let mut of_rule = Vec::new();
        let (own_place, dropped, held) = (0, 1, 2);
        sinks.push(Arc::new(Aside::dropped(shared, account.id, lease)));
        sinks.push(Arc::new(Aside::held(shared, account.id, lease)));
        for rule in draft.rules.iter() {
            let other = match &rule.action {
                Action::Deliver => Goes::To(own_place),
                Action::Drop => Goes::To(dropped),
                Action::Hold => Goes::To(held),
                Action::Maildir(path) => {
                    Goes::Elsewhere(mailgrant_vault::Sink::Maildir(MaildirSink {
                        path: path.clone(),
                    }))
                }
                Action::Command(argv) => Goes::Elsewhere(like_command(own, argv)),
                Action::Recipients(recipients) => Goes::Elsewhere(for_recipients(own, recipients)),
            };
            of_rule.push(match other {
                Goes::To(place) => place,
                Goes::Elsewhere(other) => {
                    sinks.push(sink::open(shared, account, folder, &other, lease).await?);
                    sinks.len() - 1
                }
            });
        }
        Ok(Self {
            sinks,
            of_rule,
            dropped,
            held,
            rules: draft.rules.clone(),
            guard: draft.guard,
            folder: folder.to_owned(),
            address: draft.address.clone(),
            account: account.id,
            circles: shared.circles.clone(),
            vault: shared.vault.clone(),
        })
    }

    /// The account's own sink.
    pub(crate) fn own(&self) -> &Arc<dyn Sink> {
        &self.sinks[0]
    }

    /// All sinks that mail can be delivered to.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn Sink>> {
        self.sinks.iter()
    }

    /// The sink of a route.
    pub(crate) fn sink(&self, place: usize) -> &Arc<dyn Sink> {
        self.sinks.get(place).unwrap_or(&self.sinks[0])
    }

    /// Where a message goes that begins like this, and what a person recognises it by.
    pub(crate) fn route(&self, message: Announced<'_>, now: Timestamp) -> (Route, MessageHead) {
        let beginning = Beginning::read(message.beginning, now);
        (self.decide(message, &beginning), beginning.head())
    }

    fn decide(&self, message: Announced<'_>, beginning: &Beginning<'_>) -> Route {
        if message.is_undecided
            && let Some(route) = self.holds_for_size(message.size)
        {
            return route;
        }
        let traits = beginning.traits(&self.folder, message.size);
        let mut route = Route::default();
        if let Some((place, rule)) = self.rules.decide(&traits) {
            route.sink = self.of_rule.get(place).copied().unwrap_or(0);
            route.why = format!("rule {}: {rule}", place + 1);
            if rule.action == Action::Drop {
                return route;
            }
            if route.sink == self.held && message.is_undecided {
                route.why = format!("held by {}. Try it again to have it delivered.", route.why);
                return route;
            }
            if route.sink == self.held {
                // Whoever lets a held message be tried again has decided that it is delivered.
                route = Route::default();
            }
        }
        if message.is_undecided
            && !message.is_past
            && let Some(why) = self.goes_in_circles(beginning, message.uid)
        {
            return Route {
                sink: self.held,
                why,
                unread: false,
            };
        }
        route
    }

    /// Where a canary of Mailgrant's own goes: nowhere. `None` for any other message.
    pub(crate) async fn of_canary(
        &self,
        beginning: &[u8],
        message: (FolderId, u32),
        now: Timestamp,
    ) -> Result<Option<Route>, VaultError> {
        let Some(secret) = canary::secret_in(beginning) else {
            return Ok(None);
        };
        let seen = self.vault.canary_seen(self.account, &secret, message, now);
        Ok(seen.await?.then(|| Route {
            sink: self.dropped,
            why: "Mailgrant, whose canary it is".to_owned(),
            unread: false,
        }))
    }

    /// Where a message of this size goes, if it is too large to be delivered.
    pub(crate) fn holds_for_size(&self, size: u64) -> Option<Route> {
        self.too_much(size).map(|why| Route {
            sink: self.held,
            why,
            unread: true,
        })
    }

    fn too_much(&self, size: u64) -> Option<String> {
        let largest = self.guard.largest;
        (largest > 0 && size > largest).then(|| {
            format!(
                "held: it has {} MB, and the account takes messages of up to {} MB. Try it again to \
                 have it delivered all the same.",
                size.div_ceil(1 << 20),
                largest >> 20
            )
        })
    }

    fn goes_in_circles(&self, message: &Beginning<'_>, uid: u32) -> Option<String> {
        if message.has_passed(&self.address) {
            return Some(format!(
                "held: it has been through {} before (its X-Loop says so). Try it again to have it \
                 delivered.",
                self.address
            ));
        }
        let sender = message.sender()?;
        if message.is_own_robot(&self.address) {
            return Some(
                "held: a machine sent it from the mailbox's own address (Auto-Submitted), as \
                 happens when two robots answer each other. Try it again to have it delivered."
                    .to_owned(),
            );
        }
        let most = self.guard.per_sender;
        let name = format!("{}/{uid}", self.folder);
        let too_many = self
            .circles
            .too_many(self.account, sender, message.at(), name, most);
        too_many.then(|| {
            format!(
                "held: more than {most} messages came from {sender} within an hour, as mail does \
                 that goes round in circles. Try it again to have it delivered."
            )
        })
    }

    /// What became of all interrupted messages of the folder; any of the sinks may have them.
    pub(crate) async fn recover(
        &self,
        keys: &[String],
        folder: &Keys,
    ) -> Result<Vec<Recovered>, SinkDown> {
        let mut all = vec![Recovered::Again; keys.len()];
        for sink in &self.sinks {
            let recovered = sink.recover(keys.to_vec(), Some(folder.begin())).await?;
            for (known, found) in all.iter_mut().zip(recovered) {
                if found == Recovered::Taken {
                    *known = found;
                }
            }
        }
        Ok(all)
    }
}

/// Another program, with the limits of the account's own where that is one.
fn like_command(own: &mailgrant_vault::Sink, argv: &[String]) -> mailgrant_vault::Sink {
    let usual = CommandSink {
        argv: argv.to_vec(),
        time_limit: std::time::Duration::from_mins(1),
        at_once: 1,
    };
    mailgrant_vault::Sink::Command(match own {
        mailgrant_vault::Sink::Command(own) => CommandSink {
            argv: usual.argv,
            ..own.clone()
        },
        _ => usual,
    })
}

/// The account's own server with other recipients. The form lets such a rule in for these alone.
fn for_recipients(own: &mailgrant_vault::Sink, recipients: &[String]) -> mailgrant_vault::Sink {
    let mut other = own.clone();
    if let mailgrant_vault::Sink::Lmtp(relay) | mailgrant_vault::Sink::Smtp(relay) = &mut other {
        relay.recipients = recipients.to_vec();
    }
    other
}
