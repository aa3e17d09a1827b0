//! A POP3 mailbox (RFC 1939): one folder, whose messages the vault numbers by their unique-ids.
//!
//! A session shows the mailbox as it was when it began, and what it deletes is gone when it has ended
//! well. So a session is ended whenever messages have been deleted, and the next one begins when
//! something is asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use mailgrant_mail::{MailError, MailServer, Pop3Message, Pop3Session, RetrieveEvent, Search};
use mailgrant_vault::{AccountId, Vault};

use super::{Arrival, Door, Selected};
use crate::FetchError;

/// No more of a header is looked at.
const LONGEST_HEADER: usize = 64 * 1024;

/// A mailbox, and the session through which it is seen.
pub(crate) struct Pop3Source {
    door: Door,
    vault: Vault,
    clock: std::sync::Arc<dyn mailgrant_base::Clock>,
    account: AccountId,
    session: Option<Pop3Session>,
    /// The folder's name once it has been selected.
    folder: String,
    /// What this session sees, by number.
    messages: BTreeMap<u32, Pop3Message>,
    /// The epoch in which the numbers hold.
    epoch: Option<u32>,
    /// What has been asked for, by the session's own numbers.
    asked: HashMap<u32, u32>,
}

impl Pop3Source {
    /// Opens a session: the login is proved.
    pub(crate) async fn open(
        door: Door,
        vault: Vault,
        clock: std::sync::Arc<dyn mailgrant_base::Clock>,
        account: AccountId,
    ) -> Result<Self, MailError> {
        let session = door.open_pop3().await?;
        Ok(Self {
            door,
            vault,
            clock,
            account,
            session: Some(session),
            folder: String::new(),
            messages: BTreeMap::new(),
            epoch: None,
            asked: HashMap::new(),
        })
    }

    pub(super) fn server(&self) -> &MailServer {
        &self.door.server
    }

    pub(super) fn mechanism(&self) -> &'static str {
        let session = self.session.as_ref();
        session.map_or("", |session| session.opened().mechanism.name())
    }

    /// How many messages are there, for a test of the account: nothing is numbered.
    pub(crate) async fn count(&mut self) -> Result<usize, FetchError> {
        let listed = match &mut self.session {
            Some(session) => session.list().await?,
            None => Vec::new(),
        };
        Ok(listed.len())
    }

    pub(super) async fn select(&mut self, folder: &str) -> Result<Selected, FetchError> {
        folder.clone_into(&mut self.folder);
        self.look().await
    }

    /// Finds a message that has a number of this epoch, and numbers nothing; `false` where the epoch is
    /// over, or the message has gone.
    pub(super) async fn reopen(
        &mut self,
        folder: &str,
        epoch: u32,
        uid: u32,
    ) -> Result<bool, FetchError> {
        let (vault, account) = (&self.vault, self.account);
        let names = vault.names_of(account, folder, epoch, &[uid]).await?;
        let Some((_, known)) = names.and_then(|names| names.into_iter().next()) else {
            return Ok(false);
        };
        let session = match self.session.take() {
            Some(session) => session,
            None => self.door.open_pop3().await?,
        };
        let listed = self.session.insert(session).list().await?;
        let found = listed.into_iter().find(|message| name(message).0 == known);
        folder.clone_into(&mut self.folder);
        self.epoch = Some(epoch);
        self.messages = found.into_iter().map(|message| (uid, message)).collect();
        Ok(!self.messages.is_empty())
    }

    /// Lists what is there and has it numbered.
    async fn look(&mut self) -> Result<Selected, FetchError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.door.open_pop3().await?,
        };
        let session = self.session.insert(session);
        let listed = session.list().await?;
        let names: Vec<(String, u64)> = listed.iter().map(name).collect();
        let now = self.clock.now();
        let numbered = self
            .vault
            .number_all_sized(self.account, &self.folder, &names, now);
        let numbered = numbered.await?;
        self.messages = numbered.uids.into_iter().zip(listed).collect();
        self.epoch = Some(numbered.uid_validity);
        Ok(Selected {
            uid_validity: numbered.uid_validity,
            next_uid: numbered.next_uid,
            mark: None,
        })
    }

    /// The session; a new one where the last one was ended to delete messages.
    async fn session(&mut self) -> Result<&mut Pop3Session, FetchError> {
        if self.session.is_none() {
            let before = self.epoch;
            self.look().await?;
            if before.is_some() && self.epoch != before {
                return Err(MailError::Closed {
                    server: self.door.server.to_string(),
                    why: "all its messages have other names than before".to_owned(),
                    token_ended: false,
                }
                .into());
            }
        }
        self.session.as_mut().ok_or_else(|| {
            let server = self.door.server.to_string();
            let why = "there is no session".to_owned();
            MailError::Protocol { server, why }.into()
        })
    }

    pub(super) async fn search(&mut self, search: &Search) -> Result<Vec<u32>, FetchError> {
        self.session().await?;
        let to = search.to.unwrap_or(u32::MAX);
        if search.from > to {
            return Ok(Vec::new());
        }
        let range = self.messages.range(search.from..=to);
        let uids: Vec<u32> = range.map(|(uid, _)| *uid).collect();
        match search.since {
            Some(day) => self.arrived_since(day, uids).await,
            None => Ok(uids),
        }
    }

    /// Those of these messages that arrived on this day or later, as far as their headers say (`TOP`):
    /// the topmost `Received` is of the server that has them. Where none does, nobody knows.
    async fn arrived_since(&mut self, day: Date, uids: Vec<u32>) -> Result<Vec<u32>, FetchError> {
        let there = |uid: &u32| Some((self.messages.get(uid)?.number, *uid));
        let by_number: HashMap<u32, u32> = uids.iter().filter_map(there).collect();
        let messages = uids
            .iter()
            .filter_map(|uid| self.messages.get(uid).cloned());
        let messages: Vec<Pop3Message> = messages.collect();
        let session = self.session().await?;
        session.start_headers(&messages).await?;
        let (mut before, mut reading) = (BTreeSet::new(), None);
        let mut header = Vec::new();
        while let Some(event) = session.next_retrieved().await? {
            match event {
                RetrieveEvent::Start { number, .. } => {
                    reading = by_number.get(&number).copied();
                    header.clear();
                }
                RetrieveEvent::Chunk(bytes) if header.len() < LONGEST_HEADER => {
                    header.extend_from_slice(&bytes);
                }
                RetrieveEvent::End => {
                    if arrived(&header).is_some_and(|arrived| arrived < day) {
                        before.extend(reading.take());
                    }
                }
                RetrieveEvent::Chunk(_) | RetrieveEvent::Refused { .. } => {}
            }
        }
        Ok(uids
            .into_iter()
            .filter(|uid| !before.contains(uid))
            .collect())
    }

    pub(super) async fn start_fetch(&mut self, uids: &[u32]) -> Result<(), FetchError> {
        self.session().await?;
        let wanted = |uid: &u32| Some((*uid, self.messages.get(uid)?.clone()));
        let wanted: Vec<(u32, Pop3Message)> = uids.iter().filter_map(wanted).collect();
        self.asked = wanted
            .iter()
            .map(|(uid, message)| (message.number, *uid))
            .collect();
        let messages: Vec<Pop3Message> = wanted.into_iter().map(|(_, message)| message).collect();
        self.session().await?.start_retrieve(&messages).await?;
        Ok(())
    }

    pub(super) async fn next_arrival(&mut self) -> Result<Option<Arrival>, MailError> {
        let Some(session) = &mut self.session else {
            return Ok(None);
        };
        loop {
            return Ok(match session.next_retrieved().await? {
                None => None,
                Some(RetrieveEvent::Start { number, size }) => {
                    let uid = self.asked.get(&number).copied().unwrap_or_default();
                    // LIST only estimates; that it is complete is told at its end.
                    Some(Arrival::Start {
                        uid,
                        size: None,
                        about: size,
                    })
                }
                Some(RetrieveEvent::Chunk(bytes)) => Some(Arrival::Chunk(bytes)),
                Some(RetrieveEvent::End) => Some(Arrival::End),
                // It has not come, and is still there: it waits and is asked for again.
                Some(RetrieveEvent::Refused { number, error }) => {
                    tracing::debug!(number, %error, "the server does not give a message out");
                    continue;
                }
            });
        }
    }

    /// Deletes these and ends the session, for only then they are gone; gives those that are. Of copies
    /// that share a unique-id none is deleted before all are to be: the others would go by its name.
    pub(super) async fn delete(&mut self, uids: &[u32]) -> Result<Vec<u32>, FetchError> {
        self.session().await?;
        let wanted: BTreeSet<u32> = uids.iter().copied().collect();
        let kept = self
            .messages
            .iter()
            .filter(|(uid, _)| !wanted.contains(uid));
        let kept: BTreeSet<&str> = kept
            .map(|(_, message)| message.unique_id.as_str())
            .collect();
        let can_go = |uid: &u32| {
            let message = self.messages.get(uid);
            message.is_none_or(|message| !kept.contains(message.unique_id.as_str()))
        };
        let uids: Vec<u32> = uids.iter().copied().filter(can_go).collect();
        let number = |uid: &u32| Some(self.messages.get(uid)?.number);
        let numbers: Vec<u32> = uids.iter().filter_map(number).collect();
        if numbers.is_empty() {
            return Ok(uids);
        }
        // First, for whether they are gone may never be heard. Were they thought to be there still, and
        // were there new messages alone the next time, all would seem to have new names.
        let (folder, now) = (&self.folder, self.clock.now());
        self.vault.leave(self.account, folder, &uids, now).await?;
        let session = self.session().await?;
        for number in numbers {
            session.delete(number).await?;
        }
        if let Some(session) = self.session.take() {
            session.commit().await?;
        }
        for uid in &uids {
            self.messages.remove(uid);
        }
        self.vault.left(self.account, &self.folder, &uids).await?;
        Ok(uids)
    }

    pub(super) async fn close(self) {
        if let Some(session) = self.session {
            session.quit().await;
        }
    }
}

/// The day on which a message arrived, in UTC.
fn arrived(header: &[u8]) -> Option<Date> {
    let message = MessageParser::new().parse_headers(header)?;
    let date = message.received_all().next()?.date()?;
    let at = Timestamp::from_second(date.to_timestamp()).ok()?;
    Some(TimeZone::UTC.to_datetime(at).date())
}

/// A message's name, which is its unique-id and which of those with the same one it is, and its size.
fn name(message: &Pop3Message) -> (String, u64) {
    let name = match message.same_id_before {
        0 => message.unique_id.clone(),
        before => format!("{} {before}", message.unique_id),
    };
    (name, message.size)
}
