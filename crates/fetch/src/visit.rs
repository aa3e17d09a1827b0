//! One session's way through an account's folders: new mail in all of them first, then a slice of
//! what was there before.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use mailgrant_mail::{FolderStatus, ImapSession, MailError, Search};
use mailgrant_vault::{Account, AfterDelivery, Fill, FirstSight, Folder, Wanted};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::FetchError;
use crate::round::{Done, Part, Selected, Suspect, round};
use crate::shared::Shared;

/// How many messages of those that were there before are fetched before new mail is looked for.
const SLICE: usize = 1000;
/// How often all folders are looked into while earlier mail is fetched.
const LOOK_WHILE_FILLING: Duration = Duration::from_secs(15);

/// The messages at which fetching breaks off, by folder.
pub(crate) type Suspects = HashMap<String, Suspect>;

/// One session's way through an account's folders.
pub(crate) struct Visit<'a> {
    shared: &'a Shared,
    account: &'a Account,
    session: &'a mut ImapSession,
    suspects: &'a mut Suspects,
    stopping: &'a CancellationToken,
    folders: Vec<Visited>,
    selected: Option<(usize, FolderStatus)>,
    looked: Option<Instant>,
    refused: Option<MailError>,
}

/// A folder and what is known of it.
struct Visited {
    name: String,
    past: Past,
}

/// The mail that was there before.
enum Past {
    /// Nobody has looked in this session.
    Unknown,
    /// These are left, ascending.
    Left(VecDeque<u32>),
    /// There is none, or no more.
    Over,
}

impl<'a> Visit<'a> {
    /// Finds the account's folders.
    pub(crate) async fn begin(
        shared: &'a Shared,
        account: &'a Account,
        session: &'a mut ImapSession,
        suspects: &'a mut Suspects,
        stopping: &'a CancellationToken,
    ) -> Result<Self, FetchError> {
        let folders = &account.draft.folders;
        let mut names = match folders.exact() {
            Some(names) => names.to_vec(),
            None => folders.among(&session.folders().await?),
        };
        // Mail that was delivered and then moved would be new mail there.
        if let AfterDelivery::Move { folder } = &account.draft.after {
            names.retain(|name| name != folder);
        }
        if names.is_empty() {
            return Err(FetchError::NoFolder {
                account: account.draft.name.clone(),
                folders: folders.to_string(),
            });
        }
        shared.vault.keep_folders(account.id, &names).await?;
        let folders = names
            .into_iter()
            .map(|name| Visited {
                name,
                past: Past::Unknown,
            })
            .collect();
        Ok(Self {
            shared,
            account,
            session,
            suspects,
            stopping,
            folders,
            selected: None,
            looked: None,
            refused: None,
        })
    }

    /// Fetches what is new in all folders.
    pub(crate) async fn look(&mut self) -> Result<Done, FetchError> {
        let mut done = Done::default();
        // The first one comes last: it is the one that is listened to.
        for at in (0..self.folders.len()).rev() {
            let found = self.look_into(at).await;
            if let Some(found) = self.unless_refused(at, found)? {
                done = done.and(found);
            }
            if done.cut_short || self.stopping.is_cancelled() {
                break;
            }
        }
        self.looked = Some(Instant::now());
        Ok(done)
    }

    /// What the server refused, if anything: a folder that is not there, what is to be done with
    /// delivered messages. It holds back nothing else, and is to be told when that is done.
    pub(crate) fn refusal(&mut self) -> Result<(), FetchError> {
        self.refused
            .take()
            .map_or(Ok(()), |refused| Err(refused.into()))
    }

    /// Fetches a slice of the mail that was there before; `None` when there is no more of it, or
    /// when it has to wait.
    pub(crate) async fn fill(&mut self) -> Result<Option<Done>, FetchError> {
        for at in 0..self.folders.len() {
            if matches!(self.folders[at].past, Past::Over) {
                continue;
            }
            let filled = self.fill_one(at).await;
            if let Some(Some(done)) = self.unless_refused(at, filled)? {
                let one = self.folders.len() == 1;
                let due = self
                    .looked
                    .is_none_or(|looked| one || looked.elapsed() >= LOOK_WHILE_FILLING);
                if due && !done.cut_short && !self.stopping.is_cancelled() {
                    return Ok(Some(done.and(self.look().await?)));
                }
                return Ok(Some(done));
            }
        }
        Ok(None)
    }

    /// Goes back to the folder that is listened to, and fetches what has come there meanwhile.
    pub(crate) async fn come_home(&mut self) -> Result<Done, FetchError> {
        if matches!(self.selected, Some((0, _))) {
            return Ok(Done::default());
        }
        let found = self.look_into(0).await;
        Ok(self.unless_refused(0, found)?.unwrap_or_default())
    }

    /// The session, for listening to the selected folder; `true` where there are others of which it
    /// tells nothing.
    pub(crate) fn listening(&mut self) -> (&mut ImapSession, bool) {
        (self.session, self.folders.len() > 1)
    }

    /// Remembers a refusal, after which nothing more is asked of that folder's earlier mail.
    fn unless_refused<T>(
        &mut self,
        at: usize,
        found: Result<T, FetchError>,
    ) -> Result<Option<T>, FetchError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(FetchError::Mail(error @ MailError::Refused { .. })) => {
                self.folders[at].past = Past::Over;
                self.refused.get_or_insert(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn look_into(&mut self, at: usize) -> Result<Done, FetchError> {
        let status = self.select(at).await?;
        let folder = self.open(at, &status).await?;
        self.round(at, &status, folder, Part::New).await
    }

    async fn fill_one(&mut self, at: usize) -> Result<Option<Done>, FetchError> {
        let status = self.select(at).await?;
        let folder = self.open(at, &status).await?;
        let Some(fill) = folder.fill.clone() else {
            self.folders[at].past = Past::Over;
            return Ok(None);
        };
        if fill.paused {
            return Ok(None);
        }
        if matches!(self.folders[at].past, Past::Unknown) {
            let wanted = self.wanted(&fill).await?;
            self.note(&folder, fill.next_uid, wanted.len()).await?;
            self.folders[at].past = Past::Left(wanted.into());
        }
        let Past::Left(left) = &mut self.folders[at].past else {
            return Ok(None);
        };
        let uids: Vec<u32> = left.drain(..left.len().min(SLICE)).collect();
        let (then, remain) = (left.front().copied().unwrap_or(fill.until), left.len());
        let last = uids.is_empty();
        let (folder_again, part) = (folder.clone(), Part::Past { uids, then });
        let done = if last {
            Done::default()
        } else {
            self.round(at, &status, folder, part).await?
        };
        if done.cut_short || self.stopping.is_cancelled() {
            return Ok(Some(done));
        }
        // All of the slice stands in the ledger now, or has gone from the server.
        self.note(&folder_again, then, remain).await?;
        if remain == 0 {
            self.folders[at].past = Past::Over;
        }
        Ok((!last).then_some(done))
    }

    /// The messages that were there before and are wanted, ascending.
    async fn wanted(&mut self, fill: &Fill) -> Result<Vec<u32>, FetchError> {
        let all = Search {
            from: fill.next_uid,
            to: Some(fill.until.saturating_sub(1)),
            ..Search::default()
        };
        let unseen = Search {
            unseen: true,
            ..all
        };
        let since = |day| Search {
            since: Some(day),
            ..all
        };
        let session = &mut *self.session;
        Ok(match fill.wanted {
            Wanted::All => session.search(&all).await?,
            Wanted::Unseen => session.search(&unseen).await?,
            Wanted::Since(day) => session.search(&since(day)).await?,
            Wanted::SinceOrUnseen(day) => {
                let mut both = session.search(&since(day)).await?;
                both.extend(session.search(&unseen).await?);
                both.sort_unstable();
                both.dedup();
                both
            }
        })
    }

    async fn round(
        &mut self,
        at: usize,
        status: &FolderStatus,
        folder: Folder,
        part: Part,
    ) -> Result<Done, FetchError> {
        let name = self.folders[at].name.as_str();
        let selected = Selected {
            name,
            uid_validity: status.uid_validity,
        };
        let suspect = self.suspects.entry(name.to_owned()).or_default();
        round(
            self.shared,
            self.account,
            self.session,
            (selected, folder),
            part,
            suspect,
            self.stopping,
        )
        .await
    }

    async fn select(&mut self, at: usize) -> Result<FolderStatus, FetchError> {
        match &self.selected {
            Some((selected, status)) if *selected == at => Ok(*status),
            _ => {
                self.selected = None;
                let status = self.session.select(&self.folders[at].name).await?;
                self.selected = Some((at, status));
                Ok(status)
            }
        }
    }

    /// The folder in the ledger.
    async fn open(&mut self, at: usize, status: &FolderStatus) -> Result<Folder, FetchError> {
        let next_uid = if let Some(next) = status.uid_next {
            next
        } else {
            let last = self.session.uids_from(1).await?.last().copied();
            last.unwrap_or(0).saturating_add(1)
        };
        let first = FirstSight {
            next_uid,
            start: self.account.draft.start,
        };
        let (vault, name) = (&self.shared.vault, &self.folders[at].name);
        let opened = vault.open_folder(
            self.account.id,
            name,
            status.uid_validity,
            first,
            self.shared.now(),
        );
        Ok(opened.await?)
    }

    async fn note(&self, folder: &Folder, next_uid: u32, left: usize) -> Result<(), FetchError> {
        let (vault, now) = (&self.shared.vault, self.shared.now());
        vault
            .note_fill(folder.id, next_uid, left as u64, now)
            .await?;
        Ok(())
    }
}
