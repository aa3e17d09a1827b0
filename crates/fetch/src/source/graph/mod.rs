//! A mailbox read by Microsoft Graph.
//!
//! Its messages are named by immutable ids, which the vault numbers; what is new is asked for by a
//! delta query (Microsoft Learn, "message: delta" and "Get incremental changes to messages in a
//! folder"), whose link is the folder's place. Each message comes by a request of its own
//! (`messages/{id}/$value`, "Get message") and is handed on as it comes.

mod changes;
mod folders;
mod messages;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use mailgrant_base::Clock;
use mailgrant_mail::{MailError, MailServer, Search};
use mailgrant_vault::{AccountId, AfterDelivery, Numbered, Vault};
use reqwest::Response;

use super::api::{Api, no_folder};
use super::{Arrival, Selected};
use crate::FetchError;
use folders::{INBOX, Tree};

/// Immutable ids stay when a message is moved within its mailbox ("Obtain immutable identifiers for
/// Outlook resources"); that has to be asked for with each request. A page is as large as it may be.
pub(crate) const PREFER: &str = "IdType=\"ImmutableId\", odata.maxpagesize=500";

/// Everything about a mailbox that requests are made of.
pub(crate) struct Mailbox {
    pub(crate) api: Api,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) account: AccountId,
    /// Whose mailbox.
    pub(crate) address: String,
}

/// A mailbox, and the folder that is looked into.
pub(crate) struct GraphSource {
    mailbox: Mailbox,
    inbox: String,
    /// All folders, once somebody has asked for one besides the inbox.
    tree: Option<Tree>,
    opened: Option<Opened>,
    /// What has been asked for: numbers and ids.
    asked: VecDeque<(u32, String)>,
    /// The message that is being read.
    reading: Option<Response>,
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

impl GraphSource {
    /// Asks for the inbox, which proves the token.
    pub(crate) async fn open(mut mailbox: Mailbox) -> Result<Self, MailError> {
        let inbox = mailbox.inbox().await?;
        Ok(Self {
            mailbox,
            inbox,
            tree: None,
            opened: None,
            asked: VecDeque::new(),
            reading: None,
        })
    }

    pub(super) fn server(&self) -> &MailServer {
        self.mailbox.api.server()
    }

    pub(crate) async fn folders(&mut self) -> Result<Vec<String>, FetchError> {
        let tree = self.tree().await?;
        Ok(tree.names().map(str::to_owned).collect())
    }

    async fn tree(&mut self) -> Result<&Tree, FetchError> {
        let tree = match self.tree.take() {
            Some(tree) => tree,
            None => self.mailbox.tree(&self.inbox).await?,
        };
        Ok(self.tree.insert(tree))
    }

    /// The id of the folder of this name.
    async fn folder(&mut self, command: &str, name: &str) -> Result<String, FetchError> {
        if name.eq_ignore_ascii_case(INBOX) {
            return Ok(self.inbox.clone());
        }
        let found = self.tree().await?.id(name).map(str::to_owned);
        found.ok_or_else(|| no_folder(self.server(), command, name))
    }

    /// How many messages a folder has, for a test of the account: nothing is numbered.
    pub(crate) async fn count(&mut self, name: &str) -> Result<u64, FetchError> {
        let id = self.folder("SELECT", name).await?;
        self.mailbox.count(&id).await
    }

    /// Whether delivered mail can be moved there.
    pub(crate) async fn has_folder(&mut self, name: &str) -> Result<(), FetchError> {
        self.folder("MOVE to", name).await.map(drop)
    }

    pub(super) async fn select(&mut self, name: &str) -> Result<Selected, FetchError> {
        let id = self.folder("SELECT", name).await?;
        let numbered = self.mailbox.look(name, &id).await?;
        let Numbered {
            uid_validity,
            next_uid,
            ..
        } = numbered;
        self.opened = Some(Opened {
            name: name.to_owned(),
            id,
            epoch: uid_validity,
            next_uid,
            gone: BTreeSet::new(),
        });
        Ok(Selected {
            uid_validity,
            next_uid,
        })
    }

    /// The selected folder, and what has come into it meanwhile is numbered.
    async fn refreshed(&mut self) -> Result<(&mut Mailbox, &mut Opened), FetchError> {
        let Some(opened) = &mut self.opened else {
            return Err(self
                .mailbox
                .api
                .broke_protocol("no folder is selected")
                .into());
        };
        let numbered = self.mailbox.look(&opened.name, &opened.id).await?;
        if numbered.uid_validity != opened.epoch {
            return Err(MailError::Closed {
                server: self.mailbox.api.server().to_string(),
                why: "all its messages have other names than before".to_owned(),
                token_ended: false,
            }
            .into());
        }
        opened.next_uid = numbered.next_uid;
        Ok((&mut self.mailbox, opened))
    }

    /// Where nothing more is asked than a range, its numbers are said to be there until a message
    /// is asked for and has gone: to learn that of each one beforehand would take all of the folder.
    pub(super) async fn search(&mut self, search: &Search) -> Result<Vec<u32>, FetchError> {
        let (mailbox, opened) = self.refreshed().await?;
        let end = search.to.map_or(u32::MAX, |to| to.saturating_add(1));
        let range = search.from..end.min(opened.next_uid);
        if !search.unseen && search.since.is_none() {
            let there = range.filter(|uid| !opened.gone.contains(uid));
            return Ok(there.collect());
        }
        let ids = mailbox.found(&opened.id, search).await?;
        let now = mailbox.clock.now();
        let numbered = mailbox
            .vault
            .number_some(mailbox.account, &opened.name, &ids, now)
            .await?;
        let mut uids = numbered.uids;
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

    /// The ids of these numbers. What has none has gone.
    async fn named(&mut self, uids: &[u32]) -> Result<Vec<(u32, String)>, FetchError> {
        let Some(opened) = &mut self.opened else {
            return Ok(Vec::new());
        };
        let Mailbox { vault, account, .. } = &self.mailbox;
        let named = vault.names_of(*account, &opened.name, uids).await?;
        let known: BTreeSet<u32> = named.iter().map(|(uid, _)| *uid).collect();
        let unknown = uids.iter().filter(|uid| !known.contains(uid));
        opened.gone.extend(unknown);
        Ok(named)
    }

    pub(super) async fn next_arrival(&mut self) -> Result<Option<Arrival>, MailError> {
        if let Some(response) = &mut self.reading {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| self.mailbox.api.broken(&error))?;
            if chunk.is_none() {
                self.reading = None;
            }
            return Ok(Some(chunk.map_or(Arrival::End, Arrival::Chunk)));
        }
        while let (Some((uid, id)), Some(opened)) = (self.asked.pop_front(), &mut self.opened) {
            let Some(response) = self.mailbox.message(&opened.id, &id).await? else {
                opened.gone.insert(uid);
                continue;
            };
            let size = response.content_length();
            self.reading = Some(response);
            return Ok(Some(Arrival::Start { uid, size }));
        }
        Ok(None)
    }

    /// Does with these messages what is to be done after their delivery. Whatever has gone from the
    /// folder meanwhile needs nothing more.
    pub(super) async fn tell(
        &mut self,
        after: &AfterDelivery,
        uids: &[u32],
    ) -> Result<(), FetchError> {
        let target = match after {
            AfterDelivery::Move { folder } => self.folder("MOVE to", folder).await?,
            AfterDelivery::Delete | AfterDelivery::DeleteAfter { .. } => messages::BIN.to_owned(),
            AfterDelivery::Keep | AfterDelivery::MarkSeen => String::new(),
        };
        let named = self.named(uids).await?;
        let Some(opened) = &self.opened else {
            return Ok(());
        };
        for (_, id) in named {
            match after {
                AfterDelivery::Keep => {}
                AfterDelivery::MarkSeen => self.mailbox.mark_seen(&opened.id, &id).await?,
                AfterDelivery::Move { .. }
                | AfterDelivery::Delete
                | AfterDelivery::DeleteAfter { .. } => {
                    self.mailbox.move_to(&opened.id, &id, &target).await?;
                }
            }
        }
        Ok(())
    }
}
