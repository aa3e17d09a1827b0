//! A mailbox that is read by an API. What the APIs have in common is here: names that are no UIDs,
//! which the vault numbers, a place from which changes are asked for, and a request of its own for
//! each message. What each of them says on the wire is its [`Service`].

mod client;
mod mailbox;
mod refusal;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use mailgrant_mail::{MailError, MailServer, Search};
use mailgrant_vault::{AfterDelivery, Numbered};

pub(super) use client::Answer;
pub(crate) use client::{Api, Apis};
pub(crate) use mailbox::Mailbox;
pub(super) use refusal::Refused;

use super::{Arrival, Selected};
use crate::FetchError;

/// The inbox's name, whatever it is called in the mailbox owner's language.
pub(super) const INBOX: &str = "INBOX";
/// No listing has more pages; where one seems to, it goes in circles.
pub(super) const MOST_PAGES: usize = 20_000;

/// One API's words for what a mailbox is asked. Folders and messages go by its own ids.
pub(crate) trait Service: Sized {
    /// A message that is being read.
    type Reading;

    fn mailbox(&self) -> &Mailbox;

    /// Proves the token; the inbox's id.
    async fn inbox(&mut self) -> Result<String, MailError>;

    /// The ids of all folders by their names.
    async fn folders(&mut self, inbox: &str) -> Result<BTreeMap<String, String>, FetchError>;

    /// How many messages a folder has.
    async fn count(&mut self, folder: &str) -> Result<u64, FetchError>;

    /// All that is in a folder.
    async fn everything(&mut self, folder: &str) -> Result<Changes, FetchError>;

    /// What has come into a folder since a place; `None` where the server no longer knows that.
    async fn changes(&mut self, folder: &str, since: &str) -> Result<Option<Changes>, FetchError>;

    /// Those messages that are looked for by day or by what has been read.
    async fn found(&mut self, folder: &str, search: &Search) -> Result<Vec<String>, FetchError>;

    /// A message, and its size where that is known; `None` where it has gone from the folder.
    async fn message(
        &mut self,
        folder: &str,
        id: &str,
    ) -> Result<Option<(Self::Reading, Option<u64>)>, MailError>;

    /// The message's next bytes; `None` where it is complete.
    async fn next(&mut self, reading: &mut Self::Reading) -> Result<Option<Bytes>, MailError>;

    /// Does one thing with a delivered message. One that has gone needs nothing more.
    async fn tell(&mut self, folder: &str, id: &str, what: &Told) -> Result<(), MailError>;
}

/// What a listing has brought.
pub(crate) struct Changes {
    /// The ids of messages, the oldest first.
    pub(super) ids: Vec<String>,
    /// Where the next one begins.
    pub(super) place: String,
}

/// What is done with a delivered message.
pub(crate) enum Told {
    /// It is marked as read.
    Seen,
    /// It is moved to the folder with this id.
    Moved(String),
    /// It goes where deleted messages go. Not away for good: it can be got back as when a person
    /// has deleted it, and the company's rules of retention see it.
    Deleted,
}

/// A mailbox, and the folder that is looked into.
pub(crate) struct ApiSource<S: Service> {
    service: S,
    inbox: String,
    /// All folders, once somebody has asked for one besides the inbox.
    folders: Option<BTreeMap<String, String>>,
    opened: Option<Opened>,
    /// What has been asked for: numbers and ids.
    asked: VecDeque<(u32, String)>,
    reading: Option<S::Reading>,
}

/// The folder that was selected.
struct Opened {
    name: String,
    id: String,
    /// The epoch in which the numbers hold.
    epoch: u32,
    next_uid: u32,
    /// Numbers of messages that are known to have gone.
    gone: BTreeSet<u32>,
}

impl<S: Service> ApiSource<S> {
    /// Asks for the inbox, which proves the token.
    pub(crate) async fn open(mut service: S) -> Result<Self, MailError> {
        let inbox = service.inbox().await?;
        Ok(Self {
            service,
            inbox,
            folders: None,
            opened: None,
            asked: VecDeque::new(),
            reading: None,
        })
    }

    pub(super) fn server(&self) -> &MailServer {
        self.service.mailbox().api.server()
    }

    /// The names of all folders.
    pub(crate) async fn folders(&mut self) -> Result<Vec<String>, FetchError> {
        Ok(self.tree().await?.keys().cloned().collect())
    }

    async fn tree(&mut self) -> Result<&BTreeMap<String, String>, FetchError> {
        let folders = match self.folders.take() {
            Some(folders) => folders,
            None => self.service.folders(&self.inbox).await?,
        };
        Ok(self.folders.insert(folders))
    }

    /// The id of the folder of this name.
    async fn folder(&mut self, command: &str, name: &str) -> Result<String, FetchError> {
        if name.eq_ignore_ascii_case(INBOX) {
            return Ok(self.inbox.clone());
        }
        let found = self.tree().await?.get(name).cloned();
        found.ok_or_else(|| {
            MailError::Refused {
                server: self.server().to_string(),
                command: format!("{command} \"{name}\""),
                said: format!("no folder is called {name}"),
            }
            .into()
        })
    }

    /// How many messages a folder has, for a test of the account: nothing is numbered.
    pub(crate) async fn count(&mut self, name: &str) -> Result<u64, FetchError> {
        let id = self.folder("SELECT", name).await?;
        self.service.count(&id).await
    }

    /// Whether delivered mail can be moved there.
    pub(crate) async fn has_folder(&mut self, name: &str) -> Result<(), FetchError> {
        self.folder("MOVE to", name).await.map(drop)
    }

    pub(super) async fn select(&mut self, name: &str) -> Result<Selected, FetchError> {
        let id = self.folder("SELECT", name).await?;
        let numbered = self.look(name, &id).await?;
        self.opened = Some(Opened {
            name: name.to_owned(),
            id,
            epoch: numbered.uid_validity,
            next_uid: numbered.next_uid,
            gone: BTreeSet::new(),
        });
        Ok(Selected {
            uid_validity: numbered.uid_validity,
            next_uid: numbered.next_uid,
            mark: None,
        })
    }

    fn renamed(&self) -> FetchError {
        MailError::Closed {
            server: self.server().to_string(),
            why: "all its messages have other names than before".to_owned(),
            token_ended: false,
        }
        .into()
    }

    /// Opens a folder for reading messages that have numbers of this epoch, and numbers nothing;
    /// `false` where the epoch is over.
    pub(super) async fn reopen(&mut self, name: &str, epoch: u32) -> Result<bool, FetchError> {
        let id = self.folder("SELECT", name).await?;
        let Some(numbered) = self.service.mailbox().numbered(name).await? else {
            return Ok(false);
        };
        self.opened = Some(Opened {
            name: name.to_owned(),
            id,
            epoch,
            next_uid: numbered.next_uid,
            gone: BTreeSet::new(),
        });
        Ok(numbered.uid_validity == epoch)
    }

    /// Numbers what has come into a folder since it was last looked into.
    async fn look(&mut self, name: &str, id: &str) -> Result<Numbered, FetchError> {
        if let Some(place) = self.service.mailbox().place(name, id).await?
            && let Some(changes) = self.service.changes(id, &place).await?
            && let Some(numbered) = self.service.mailbox().numbered(name).await?
        {
            let mailbox = self.service.mailbox();
            let numbered = match changes.ids.as_slice() {
                [] => numbered,
                ids => mailbox.number_some(name, ids).await?,
            };
            if changes.place != place {
                mailbox.keep_place(name, id, &changes.place).await?;
            }
            return Ok(numbered);
        }
        // At first, and where the server no longer knows the place: all that is there. Whatever had
        // a number before keeps it, so nothing is new that was there.
        let changes = self.service.everything(id).await?;
        let mailbox = self.service.mailbox();
        let numbered = mailbox.number_all(name, &changes.ids).await?;
        mailbox.keep_place(name, id, &changes.place).await?;
        Ok(numbered)
    }

    /// Numbers what has come into the selected folder meanwhile.
    async fn refresh(&mut self) -> Result<(), FetchError> {
        let Some(opened) = &self.opened else {
            return Ok(());
        };
        let (name, id, epoch) = (opened.name.clone(), opened.id.clone(), opened.epoch);
        let numbered = self.look(&name, &id).await?;
        if numbered.uid_validity != epoch {
            return Err(self.renamed());
        }
        if let Some(opened) = &mut self.opened {
            opened.next_uid = numbered.next_uid;
        }
        Ok(())
    }

    /// Where nothing more is asked than a range, its numbers are said to be there until a message
    /// is asked for and has gone: to learn that of each one beforehand would take all of the folder.
    pub(super) async fn search(&mut self, search: &Search) -> Result<Vec<u32>, FetchError> {
        self.refresh().await?;
        let Some(opened) = &self.opened else {
            return Ok(Vec::new());
        };
        let end = search.to.map_or(u32::MAX, |to| to.saturating_add(1));
        let range = search.from..end.min(opened.next_uid);
        if !search.unseen && search.since.is_none() {
            let there = range.filter(|uid| !opened.gone.contains(uid));
            return Ok(there.collect());
        }
        let ids = self.service.found(&opened.id, search).await?;
        let mailbox = self.service.mailbox();
        let mut uids = mailbox.number_some(&opened.name, &ids).await?.uids;
        uids.retain(|uid| range.contains(uid));
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    pub(super) async fn start_fetch(&mut self, uids: &[u32]) -> Result<(), FetchError> {
        self.reading = None;
        self.asked = self.named(uids).await?.into();
        Ok(())
    }

    /// The ids of these numbers. What has none has gone; where numbers mean others by now, nothing has.
    async fn named(&mut self, uids: &[u32]) -> Result<Vec<(u32, String)>, FetchError> {
        let Some(opened) = &self.opened else {
            return Ok(Vec::new());
        };
        let mailbox = self.service.mailbox();
        let named = mailbox.names_of(&opened.name, opened.epoch, uids).await?;
        let named = named.ok_or_else(|| self.renamed())?;
        let Some(opened) = &mut self.opened else {
            return Ok(Vec::new());
        };
        let known: BTreeSet<u32> = named.iter().map(|(uid, _)| *uid).collect();
        let unknown = uids.iter().filter(|uid| !known.contains(uid));
        opened.gone.extend(unknown);
        Ok(named)
    }

    pub(super) async fn next_arrival(&mut self) -> Result<Option<Arrival>, MailError> {
        if let Some(reading) = &mut self.reading {
            let chunk = self.service.next(reading).await?;
            if chunk.is_none() {
                self.reading = None;
            }
            return Ok(Some(chunk.map_or(Arrival::End, Arrival::Chunk)));
        }
        while let (Some((uid, id)), Some(opened)) = (self.asked.pop_front(), &mut self.opened) {
            let Some((reading, size)) = self.service.message(&opened.id, &id).await? else {
                opened.gone.insert(uid);
                continue;
            };
            self.reading = Some(reading);
            return Ok(Some(Arrival::Start {
                uid,
                size,
                about: size.unwrap_or(0),
            }));
        }
        Ok(None)
    }

    /// Does with these messages what is to be done after their delivery.
    pub(super) async fn tell(
        &mut self,
        after: &AfterDelivery,
        uids: &[u32],
    ) -> Result<(Vec<u32>, Option<MailError>), FetchError> {
        let what = match after {
            AfterDelivery::Keep => return Ok((uids.to_vec(), None)),
            AfterDelivery::MarkSeen => Told::Seen,
            AfterDelivery::Move { folder } => Told::Moved(self.folder("MOVE to", folder).await?),
            AfterDelivery::Delete | AfterDelivery::DeleteAfter { .. } => Told::Deleted,
        };
        let named = self.named(uids).await?;
        let (mut told, mut refused) = (uids.to_vec(), None);
        if let Some(opened) = &self.opened {
            for (uid, id) in named {
                match self.service.tell(&opened.id, &id, &what).await {
                    Ok(()) => {}
                    // One message that it fails at holds up neither the others nor new mail.
                    Err(
                        error @ (MailError::Refused { .. }
                        | MailError::Later {
                            retry_after: None, ..
                        }),
                    ) => {
                        told.retain(|known| *known != uid);
                        refused.get_or_insert(error);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok((told, refused))
    }
}
