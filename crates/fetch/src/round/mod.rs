//! One look at a folder: finish what is unfinished, then fetch and deliver what is new.
//!
//! While one batch is sealed, noted and committed, the next one is being read; never more than
//! that is in hand. The ledger's floor moves with each batch, and only past messages that are in the
//! ledger or settled. New mail and the mail that was there before have a floor each.

mod delivery;
mod former;
mod reader;
mod settling;
mod suspect;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailgrant_mail::MailError;
use mailgrant_vault::{Account, Delivery, Floor, Folder, LedgerEntry, MessageState, Prepared};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::key::Keys;
use crate::lease::Lease;
use crate::metrics::Outcome;
use crate::routing::Routing;
use crate::shared::Shared;
use crate::sink::{Recovered, SinkDown, Staged};
use crate::source::Source;
use crate::{FetchError, Fetched};

use former::Doubt;
use reader::{End, News, Reader};
pub(crate) use settling::tells_until;
pub(crate) use suspect::{GivenUp, Suspect};

/// How many messages are asked for at once. Of those that were there before it are few at first, and
/// more as long as it goes quickly: a slow sink is not to hold new mail back.
const GROUP: usize = 1000;
const FIRST_GROUP: usize = 50;
/// How long another task or process may hold the mailbox.
const LEASE_PATIENCE: Duration = Duration::from_mins(2);

/// What a round did, or several.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How many messages.
    pub(crate) fetched: Fetched,
    /// When the next deferred message is due.
    pub(crate) next_due: Option<Timestamp>,
    /// What the server refused first: a folder, or what is to be done with delivered messages. That
    /// holds up nothing else, and is told when all is done.
    pub(crate) refused: Option<MailError>,
    /// It was stopped in the middle of a FETCH: the session is of no more use.
    pub(crate) cut_short: bool,
    /// What it was for and has left to the next round, ascending.
    pub(crate) untouched: Vec<u32>,
}

impl Done {
    /// This, and then that.
    pub(crate) fn and(mut self, then: Self) -> Self {
        self.untouched.extend(then.untouched);
        let earliest = match (self.next_due, then.next_due) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            fetched: self.fetched.and(then.fetched),
            next_due: earliest,
            refused: self.refused.or(then.refused),
            cut_short: self.cut_short || then.cut_short,
            untouched: self.untouched,
        }
    }
}

/// Which of a folder's messages a round is for.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// What is new.
    New,
    /// Some of what was there before: these, ascending.
    Past {
        uids: Vec<u32>,
        /// The floor once all of them are settled.
        then: u32,
        /// After this time the round ends with the group in hand.
        within: Duration,
    },
}

impl Part {
    fn within(&self) -> Option<Duration> {
        match self {
            Self::New => None,
            Self::Past { within, .. } => Some(*within),
        }
    }
}

/// One round over the folder that `source` has selected. When `stopping`, it finishes the messages in hand and ends.
pub(crate) async fn round(
    shared: &Arc<Shared>,
    account: &Account,
    source: &mut Source,
    folder: Folder,
    part: Part,
    suspect: &mut Suspect,
    stopping: &CancellationToken,
) -> Result<Done, FetchError> {
    let lease = Lease::take(&shared.settings.spool, account.id, LEASE_PATIENCE).await?;
    let lease = Arc::new(lease);
    let routing = Routing::open(shared, account, &folder.name, &lease).await?;
    let mut round = Round {
        shared,
        account,
        server: source.server(account).to_string(),
        routing: Arc::new(routing),
        lease,
        keys: Keys::of(account, source, &folder.name, folder.uid_validity),
        ceiling: folder.next_uid,
        folder,
        within: part.within(),
        seen_at: shared.now(),
        open: BTreeSet::new(),
        attempts: HashMap::new(),
        decided: BTreeSet::new(),
        doubts: HashMap::new(),
        next_due: None,
        fetched: Fetched::default(),
        in_vain: 0,
        refused: None,
        cut_short: false,
    };
    let again = round.recover(source).await?;
    let todo = round.todo(source, part, suspect, again).await?;
    let worked = round.work(source, &todo, suspect, stopping).await;
    round.tell();
    let mut untouched = worked?.to_vec();
    untouched.retain(|uid| round.open.contains(uid));
    untouched.sort_unstable();
    Ok(Done {
        untouched,
        fetched: round.fetched,
        next_due: round.next_due,
        refused: round.refused,
        cut_short: round.cut_short,
    })
}

struct Round<'a> {
    shared: &'a Arc<Shared>,
    account: &'a Account,
    /// The source's server, for people.
    server: String,
    routing: Arc<Routing>,
    /// The mailbox's.
    lease: Arc<Lease>,
    keys: Keys,
    folder: Folder,
    /// How long it may take, if it is for messages that were there before.
    within: Option<Duration>,
    /// When the source was asked what there is.
    seen_at: Timestamp,
    /// Messages of this round that are not in the ledger yet.
    open: BTreeSet<u32>,
    /// The floor once there are none.
    ceiling: u32,
    /// How often delivery of a message failed before.
    attempts: HashMap<u32, u32>,
    /// Messages that were let through before, by the rules or by a person.
    decided: BTreeSet<u32>,
    /// Messages that somebody may have already.
    doubts: HashMap<u32, Doubt>,
    next_due: Option<Timestamp>,
    fetched: Fetched,
    /// How many messages in a row the sink has put off.
    in_vain: u32,
    /// The server refuses what is to be done after delivery.
    refused: Option<MailError>,
    cut_short: bool,
}

impl Round<'_> {
    /// Finishes what an earlier round began; gives back what must be delivered (again).
    async fn recover(&mut self, source: &mut Source) -> Result<Vec<u32>, FetchError> {
        let now = self.shared.now();
        let due = self.tells_until(now);
        let unfinished = self.shared.vault.unfinished(self.folder.id, due).await?;
        self.attempts = unfinished
            .iter()
            .map(|entry| (entry.uid, entry.attempts))
            .collect();
        self.decided = unfinished
            .iter()
            .filter(|entry| entry.attempts > 0 && !entry.key.is_empty())
            .map(uid)
            .collect();

        let in_state = |state| unfinished.iter().filter(move |entry| entry.state == state);
        let mut delivered: Vec<u32> = in_state(MessageState::Delivered).map(uid).collect();
        let prepared: Vec<&LedgerEntry> = in_state(MessageState::Prepared).collect();
        let keys: Vec<String> = prepared.iter().map(|entry| entry.key.clone()).collect();
        let mut again = Vec::new();
        let mut taken = Vec::new();
        let mut recovered = self.routing.recover(&keys, &self.keys).await?;
        let is_due = |entry: &&LedgerEntry| entry.retry_at.is_none_or(|at| at <= now);
        let waiting = in_state(MessageState::Waiting);
        let (waiting, later): (Vec<&LedgerEntry>, Vec<&LedgerEntry>) = waiting.partition(is_due);
        let asked = self.ask_former_places(&prepared, &waiting, &mut recovered);
        let untold = asked.await?;
        for (entry, recovered) in prepared.into_iter().zip(recovered) {
            match recovered {
                _ if untold.contains(&entry.uid) => {}
                Recovered::Taken => taken.push(Delivery {
                    uid: entry.uid,
                    answer: "delivered before an interruption".to_owned(),
                }),
                Recovered::Again => again.push(entry.uid),
            }
        }
        if !taken.is_empty() {
            self.power()?;
            self.shared
                .vault
                .note_delivered(self.folder.id, &taken, now)
                .await?;
            self.fetched.delivered += taken.len() as u64;
            self.shared
                .metrics
                .count(Outcome::Delivered, taken.len() as u64);
            if !self.tells_later() {
                delivered.extend(taken.iter().map(|delivery| delivery.uid));
            }
        }
        self.tell_source(source, &mut delivered).await?;

        again.extend(waiting.into_iter().map(uid));
        for at in later.into_iter().filter_map(|entry| entry.retry_at) {
            self.due(at);
        }
        Ok(again)
    }

    /// All that is to be fetched, in the order in which it is asked for.
    async fn todo(
        &mut self,
        source: &mut Source,
        part: Part,
        suspect: &mut Suspect,
        again: Vec<u32>,
    ) -> Result<Vec<u32>, FetchError> {
        let first = self.folder.next_uid;
        let (listed, ceiling) = match part {
            Part::New => (source.uids_from(first).await?, None),
            Part::Past { uids, then, .. } => (uids, Some(then)),
        };
        // The floor cannot pass the last UID of all, so it would be delivered at every look; a server
        // that has come to it has to begin anew with another UIDVALIDITY.
        let mut open: BTreeSet<u32> = listed.into_iter().filter(|uid| *uid < u32::MAX).collect();
        if let (Some(least), Some(most)) = (open.first(), open.last()) {
            let vault = &self.shared.vault;
            let known = vault.known(self.folder.id, *least, most.saturating_add(1));
            for uid in known.await? {
                open.remove(&uid);
            }
        }
        self.open = open;
        self.ceiling = ceiling.unwrap_or_else(|| {
            let last = self.open.last();
            last.map_or(first, |last| last.saturating_add(1))
        });

        let mut todo: BTreeSet<u32> = self.open.iter().copied().chain(again).collect();
        if let Some(given_up) = suspect.given_up(&todo) {
            let uid = self.put_aside(given_up).await?;
            todo.remove(&uid);
            self.open.remove(&uid);
        }
        Ok(suspect.in_order(todo))
    }

    /// Gives back what it has left to the next round.
    async fn work<'t>(
        &mut self,
        source: &mut Source,
        mut todo: &'t [u32],
        suspect: &mut Suspect,
        stopping: &CancellationToken,
    ) -> Result<&'t [u32], FetchError> {
        let begun = Instant::now();
        let mut most = if self.within.is_some() {
            FIRST_GROUP
        } else {
            GROUP
        };
        let mut ready = Vec::new();
        let mut delivered = Vec::new();
        let mut outcome = Ok(());
        while outcome.is_ok()
            && !todo.is_empty()
            && !stopping.is_cancelled()
            && self
                .within
                .is_none_or(|within| most == FIRST_GROUP || begun.elapsed() < within)
        {
            let (group, rest) = todo.split_at(suspect.group(todo, most));
            todo = rest;
            most = GROUP.min(2 * most);
            outcome = self
                .group(source, group, &mut ready, &mut delivered, suspect, stopping)
                .await;
        }
        match outcome {
            // What was read ahead is not in hand yet: after a stop nothing new is begun.
            Ok(()) if stopping.is_cancelled() => ready.iter().for_each(Staged::discard),
            // Whole messages are delivered even if the connection is gone.
            Ok(()) | Err(FetchError::Mail(_)) => {
                delivered.extend(self.deliver(ready).await?);
                outcome?;
            }
            Err(error) => {
                if self.power().is_ok() {
                    ready.iter().for_each(Staged::discard);
                }
                return Err(error);
            }
        }
        if self.cut_short {
            // The ledger remembers what has to be acknowledged.
            return Ok(todo);
        }
        self.acknowledge(source, &mut delivered).await?;
        Ok(todo)
    }

    /// Reads one group of messages, and delivers the batch before while the next one is read.
    async fn group(
        &mut self,
        source: &mut Source,
        group: &[u32],
        ready: &mut Vec<Staged>,
        delivered: &mut Vec<u32>,
        suspect: &mut Suspect,
        stopping: &CancellationToken,
    ) -> Result<(), FetchError> {
        source.start_fetch(group).await?;
        let server = self.server.clone();
        let routing = Arc::clone(&self.routing);
        let news = News {
            undecided: self.undecided(group),
            past: self.within.is_some(),
            folder: self.folder.id,
            now: self.shared.now(),
        };
        let keys = self.keys.clone();
        let mut reader = Reader::new(&routing, &keys, server, group, news);
        loop {
            let batch = std::mem::take(ready);
            let (read, taken) = tokio::join!(reader.batch(source, suspect), self.deliver(batch));
            *ready = read.batch;
            delivered.extend(taken?);
            match read.end {
                End::Full if stopping.is_cancelled() => {
                    self.cut_short = true;
                    return Ok(());
                }
                End::Full => {}
                End::Over => break,
                End::Broken(error) => return Err(error),
            }
        }
        self.look_for(source, reader.missing()).await?;
        if source.is_told_in_passing() {
            self.acknowledge(source, delivered).await?;
        }
        Ok(())
    }

    /// Those of which nobody has decided yet whether they are held. What the server has only left out
    /// so far, or broken off at, has been seen by nobody.
    fn undecided(&self, group: &[u32]) -> BTreeSet<u32> {
        let group = group.iter().copied();
        group.filter(|uid| !self.decided.contains(uid)).collect()
    }

    /// The floor once these are in the ledger.
    fn floor_without(&mut self, messages: &[Prepared]) -> Floor {
        for message in messages {
            self.open.remove(&message.uid);
        }
        let floor = self.open.first().copied().unwrap_or(self.ceiling);
        if self.within.is_some() {
            Floor::Past(floor)
        } else {
            Floor::New(floor)
        }
    }

    fn due(&mut self, at: Timestamp) {
        self.next_due = Some(self.next_due.map_or(at, |due| due.min(at)));
    }

    fn power(&self) -> Result<(), FetchError> {
        self.shared.plug.power().map_err(|error| {
            SinkDown {
                sink: self.routing.own().name(),
                why: error.to_string(),
            }
            .into()
        })
    }

    fn tell(&self) {
        let Fetched {
            delivered,
            deferred,
            quarantined,
        } = self.fetched;
        if delivered + deferred + quarantined > 0 {
            let account = &self.account.draft.name;
            info!(account, delivered, deferred, quarantined, "fetched mail");
        }
    }
}

fn uid(entry: &LedgerEntry) -> u32 {
    entry.uid
}
