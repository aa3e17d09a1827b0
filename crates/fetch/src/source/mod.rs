//! Where mail is read. Whatever the source, its messages have numbers that rise, as UIDs do, and a
//! number for the epoch in which they hold, as UIDVALIDITY does.

mod api;
mod door;
mod gmail;
mod graph;
mod imap;
mod pop3;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use mailgrant_mail::{
    FolderMark, IdleEvent, ListedFolder, MailError, MailServer, News, Protocol, Search,
};
use mailgrant_vault::{Account, AfterDelivery};

use crate::FetchError;

pub(crate) use api::{Api, ApiSource, Apis, Mailbox, Service};
pub(crate) use door::Door;
pub(crate) use gmail::Gmail;
pub(crate) use graph::{Graph, PREFER};
pub(crate) use imap::ImapSource;
pub(crate) use pop3::Pop3Source;

/// An open source.
pub(crate) enum Source {
    /// An IMAP mailbox.
    Imap(Box<ImapSource>),
    /// A POP3 mailbox.
    Pop3(Box<Pop3Source>),
    /// A mailbox by Microsoft Graph.
    Graph(Box<ApiSource<Graph>>),
    /// A mailbox by the Gmail API.
    Gmail(Box<ApiSource<Gmail>>),
}

/// What a source says of a folder when it is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selected {
    pub(crate) uid_validity: u32,
    /// The UID that its next message will have.
    pub(crate) next_uid: u32,
    /// How it looked from outside, where the source shows that.
    pub(crate) mark: Option<FolderMark>,
}

/// What came of listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listened {
    /// Something has happened in some folder.
    News,
    /// The time is over.
    Nothing,
}

/// A part of a message that is read.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A message begins.
    Start {
        uid: u32,
        /// How many bytes follow, where the source knows exactly.
        size: Option<u64>,
        /// About how many follow; 0 where nobody knows.
        about: u64,
    },
    /// Its next bytes.
    Chunk(Bytes),
    /// It is complete.
    End,
}

impl Source {
    /// Whose mailbox this is, as the server was told; `account` is the one that it belongs to.
    pub(crate) fn user<'a>(&self, account: &'a Account) -> &'a str {
        match self {
            Self::Imap(_) => account.user(Protocol::Imap),
            Self::Pop3(_) => account.user(Protocol::Pop3),
            Self::Graph(_) | Self::Gmail(_) => &account.draft.address,
        }
    }

    /// Where it is; `account` is the one whose mailbox this is.
    pub(crate) fn server<'a>(&'a self, account: &'a Account) -> &'a MailServer {
        match self {
            Self::Imap(_) => &account.draft.imap,
            Self::Pop3(mailbox) => mailbox.server(),
            Self::Graph(mailbox) => mailbox.server(),
            Self::Gmail(mailbox) => mailbox.server(),
        }
    }

    /// By which mechanism somebody has logged in.
    pub(crate) fn mechanism(&self) -> &'static str {
        match self {
            Self::Imap(mailbox) => mailbox.session.opened().mechanism.name(),
            Self::Pop3(mailbox) => mailbox.mechanism(),
            Self::Graph(_) | Self::Gmail(_) => "bearer token",
        }
    }

    /// All folders.
    pub(crate) async fn folders(&mut self) -> Result<Vec<ListedFolder>, FetchError> {
        let names = match self {
            Self::Imap(mailbox) => return Ok(mailbox.session.folders().await?),
            Self::Pop3(_) => vec!["INBOX".to_owned()],
            Self::Graph(mailbox) => mailbox.folders().await?,
            Self::Gmail(mailbox) => mailbox.folders().await?,
        };
        Ok(names.into_iter().map(ListedFolder::from).collect())
    }

    /// Asks to be told of these folders whichever is selected; says whether the source will.
    pub(crate) async fn notify(&mut self, folders: &[String]) -> Result<bool, MailError> {
        match self {
            Self::Imap(mailbox) => mailbox.session.notify(folders).await,
            Self::Pop3(_) | Self::Graph(_) | Self::Gmail(_) => Ok(false),
        }
    }

    /// What it has told of folders since this was last asked.
    pub(crate) fn take_news(&mut self) -> News {
        match self {
            Self::Imap(mailbox) => mailbox.take_news(),
            Self::Pop3(_) | Self::Graph(_) | Self::Gmail(_) => News::default(),
        }
    }

    /// How these folders look from outside, without opening them; `None` for those of which nothing
    /// is known.
    pub(crate) async fn marks(
        &mut self,
        folders: &[String],
    ) -> Result<Vec<Option<FolderMark>>, MailError> {
        match self {
            Self::Imap(mailbox) => mailbox.session.marks(folders).await,
            Self::Pop3(_) | Self::Graph(_) | Self::Gmail(_) => Ok(vec![None; folders.len()]),
        }
    }

    /// Opens a folder; everything below is about this one.
    pub(crate) async fn select(&mut self, folder: &str) -> Result<Selected, FetchError> {
        match self {
            Self::Imap(mailbox) => Ok(mailbox.select(folder).await?),
            Self::Pop3(mailbox) => mailbox.select(folder).await,
            Self::Graph(mailbox) => mailbox.select(folder).await,
            Self::Gmail(mailbox) => mailbox.select(folder).await,
        }
    }

    /// Opens a folder for reading one message whose UID is of this epoch, and changes nothing that
    /// anybody keeps of the folder; `false` where the UID means nothing any more.
    pub(crate) async fn reopen(
        &mut self,
        folder: &str,
        uid_validity: u32,
        uid: u32,
    ) -> Result<bool, FetchError> {
        match self {
            Self::Imap(session) => Ok(session.select(folder).await?.uid_validity == uid_validity),
            Self::Pop3(mailbox) => mailbox.reopen(folder, uid_validity, uid).await,
            Self::Graph(mailbox) => mailbox.reopen(folder, uid_validity).await,
            Self::Gmail(mailbox) => mailbox.reopen(folder, uid_validity).await,
        }
    }

    /// The UIDs from `first` on, ascending.
    pub(crate) async fn uids_from(&mut self, first: u32) -> Result<Vec<u32>, FetchError> {
        self.search(&Search::from(first)).await
    }

    /// The UIDs of those messages that are looked for, ascending. POP3 does not know what has been
    /// read, and the day of arrival only where its servers give headers: in doubt it finds a message.
    pub(crate) async fn search(&mut self, search: &Search) -> Result<Vec<u32>, FetchError> {
        match self {
            Self::Imap(mailbox) => Ok(mailbox.session.search(search).await?),
            Self::Pop3(mailbox) => mailbox.search(search).await,
            Self::Graph(mailbox) => mailbox.search(search).await,
            Self::Gmail(mailbox) => mailbox.search(search).await,
        }
    }

    /// Asks for these messages, whole; read with [`next_arrival`](Self::next_arrival) until that
    /// says `None`. What has gone is not answered.
    pub(crate) async fn start_fetch(&mut self, uids: &[u32]) -> Result<(), FetchError> {
        match self {
            Self::Imap(mailbox) => Ok(mailbox.start_fetch(uids).await?),
            Self::Pop3(mailbox) => mailbox.start_fetch(uids).await,
            Self::Graph(mailbox) => mailbox.start_fetch(uids).await,
            Self::Gmail(mailbox) => mailbox.start_fetch(uids).await,
        }
    }

    /// The next part of what was asked for; reading slowly holds the source back.
    pub(crate) async fn next_arrival(&mut self) -> Result<Option<Arrival>, MailError> {
        match self {
            Self::Imap(mailbox) => mailbox.next_arrival().await,
            Self::Pop3(mailbox) => mailbox.next_arrival().await,
            Self::Graph(mailbox) => mailbox.next_arrival().await,
            Self::Gmail(mailbox) => mailbox.next_arrival().await,
        }
    }

    /// Whether delivered messages may be told of while others are still to come. POP3 has to end
    /// its session for it.
    pub(crate) fn is_told_in_passing(&self) -> bool {
        !matches!(self, Self::Pop3(_))
    }

    /// Does with these messages what is to be done after their delivery. Gives those with which it is
    /// done, and what the source refused first.
    pub(crate) async fn tell(
        &mut self,
        after: &AfterDelivery,
        uids: &[u32],
    ) -> Result<(Vec<u32>, Option<MailError>), FetchError> {
        match self {
            Self::Graph(mailbox) => return mailbox.tell(after, uids).await,
            Self::Gmail(mailbox) => return mailbox.tell(after, uids).await,
            Self::Imap(_) | Self::Pop3(_) => {}
        }
        match self.tell_all(after, uids).await {
            Ok(told) => Ok((told, None)),
            Err(FetchError::Mail(refused @ MailError::Refused { .. })) => {
                Ok((Vec::new(), Some(refused)))
            }
            Err(error) => Err(error),
        }
    }

    /// The same where a refusal is about all of them.
    async fn tell_all(
        &mut self,
        after: &AfterDelivery,
        uids: &[u32],
    ) -> Result<Vec<u32>, FetchError> {
        match self {
            Self::Imap(mailbox) => match after {
                AfterDelivery::Keep => {}
                AfterDelivery::MarkSeen => mailbox.session.mark_seen(uids).await?,
                AfterDelivery::Move { folder } => mailbox.session.move_to(uids, folder).await?,
                AfterDelivery::Delete | AfterDelivery::DeleteAfter { .. } => {
                    mailbox.session.delete(uids).await?;
                }
            },
            Self::Pop3(mailbox) => match after {
                AfterDelivery::Delete | AfterDelivery::DeleteAfter { .. } => {
                    return mailbox.delete(uids).await;
                }
                // The form lets nothing else in; there is nothing that POP3 could do.
                AfterDelivery::Keep | AfterDelivery::MarkSeen | AfterDelivery::Move { .. } => {}
            },
            // They tell of one message at a time, above.
            Self::Graph(_) | Self::Gmail(_) => {}
        }
        Ok(uids.to_vec())
    }

    /// Whether it tells when something comes.
    pub(crate) fn can_listen(&self) -> bool {
        match self {
            Self::Imap(mailbox) => mailbox.session.opened().capabilities.idle,
            Self::Pop3(_) | Self::Graph(_) | Self::Gmail(_) => false,
        }
    }

    /// Waits for news of the selected folder, or of others that are told of, at most so long; or until
    /// somebody else has some.
    pub(crate) async fn listen(
        &mut self,
        at_most: Duration,
        others: impl Future<Output = ()>,
    ) -> Result<Listened, MailError> {
        match self {
            Self::Imap(mailbox) => match mailbox.session.idle_or(at_most, others).await? {
                IdleEvent::Changed | IdleEvent::Interrupted => Ok(Listened::News),
                IdleEvent::TimeOver => Ok(Listened::Nothing),
            },
            Self::Pop3(_) | Self::Graph(_) | Self::Gmail(_) => {
                tokio::time::sleep(at_most).await;
                Ok(Listened::Nothing)
            }
        }
    }

    /// Ends it politely; errors no longer matter.
    pub(crate) async fn close(self) {
        match self {
            Self::Imap(mailbox) => mailbox.session.logout().await,
            Self::Pop3(mailbox) => mailbox.close().await,
            Self::Graph(_) | Self::Gmail(_) => {}
        }
    }
}
