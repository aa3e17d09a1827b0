//! One session's way through an account's folders: new mail in all of them first, then a slice of
//! what was there before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mailgrant_mail::{MailError, Search};
use mailgrant_vault::{Account, Fill, FirstSight, Folder, FolderId, Wanted};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::FetchError;
use crate::round::{Done, Part, Suspect, round};
use crate::shared::Shared;
use crate::source::{Selected, Source};

/// How many messages of those that were there before are fetched at most before new mail is looked
/// for; and how long that may take.
pub(crate) const SLICE: usize = 1000;
const TURN: Duration = Duration::from_secs(3);
/// How often all folders are looked into while earlier mail is fetched.
const LOOK_WHILE_FILLING: Duration = Duration::from_secs(15);

/// The messages at which fetching breaks off, by folder.
pub(crate) type Suspects = HashMap<String, Suspect>;

/// One session's way through an account's folders.
pub(crate) struct Visit<'a> {
    shared: &'a Arc<Shared>,
    account: &'a Account,
    source: &'a mut Source,
    suspects: &'a mut Suspects,
    stopping: &'a CancellationToken,
    folders: Vec<Visited>,
    selected: Option<(usize, Selected)>,
    looked: Option<Instant>,
    /// How long earlier mail may be fetched at a time.
    pub(crate) turn: Duration,
}

/// A folder and what is known of it.
struct Visited {
    name: String,
    /// Its epoch when it was last opened. In another one `past` means nothing.
    epoch: Option<FolderId>,
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
        shared: &'a Arc<Shared>,
        account: &'a Account,
        source: &'a mut Source,
        suspects: &'a mut Suspects,
        stopping: &'a CancellationToken,
    ) -> Result<Self, FetchError> {
        let draft = &account.draft;
        let all = if draft.folders.are_exact() {
            Vec::new()
        } else {
            source.folders().await?
        };
        let names = draft.fetched_folders(&all);
        if names.is_empty() {
            return Err(FetchError::NoFolder {
                account: draft.name.clone(),
                folders: draft.folders.to_string(),
            });
        }
        shared.vault.keep_folders(account.id, &names).await?;
        let folders = names
            .into_iter()
            .map(|name| Visited {
                name,
                epoch: None,
                past: Past::Unknown,
            })
            .collect();
        Ok(Self {
            shared,
            account,
            source,
            suspects,
            stopping,
            folders,
            selected: None,
            looked: None,
            turn: TURN,
        })
    }

    /// Fetches what is new, then what was there before, and ends with the first folder selected: that
    /// is the one to listen to.
    pub(crate) async fn fetch(&mut self) -> Result<Done, FetchError> {
        let mut done = self.look().await?;
        while self.goes_on(&done)
            && let Some(more) = self.fill().await?
        {
            done = done.and(more);
            if done.refused.is_none() {
                // Earlier mail may take days; each slice of it is an end of its own.
                let (board, now) = (&self.shared.board, self.shared.now());
                board.completed(self.account.id, now);
            }
        }
        if self.goes_on(&done) {
            done = done.and(self.come_home().await?);
        }
        Ok(done)
    }

    /// The source, for listening to the selected folder; `true` where there are others of which it
    /// tells nothing.
    pub(crate) fn listening(&mut self) -> (&mut Source, bool) {
        (self.source, self.folders.len() > 1)
    }

    fn goes_on(&self, done: &Done) -> bool {
        !done.cut_short && !self.stopping.is_cancelled()
    }

    /// Fetches what is new in all folders.
    async fn look(&mut self) -> Result<Done, FetchError> {
        let mut done = Done::default();
        // The first one comes last: it is the one that is listened to.
        for at in (0..self.folders.len()).rev() {
            let found = self.look_into(at).await;
            done = done.and(self.unless_refused(at, found)?);
            if !self.goes_on(&done) {
                break;
            }
        }
        self.looked = Some(Instant::now());
        Ok(done)
    }

    /// Fetches a slice of the mail that was there before, and what is new meanwhile; `None` when
    /// there is no more of it, or when it has to wait.
    pub(crate) async fn fill(&mut self) -> Result<Option<Done>, FetchError> {
        for at in 0..self.folders.len() {
            if matches!(self.folders[at].past, Past::Over) {
                continue;
            }
            let Some(filled) = self.fill_one(at).await.transpose() else {
                continue;
            };
            let done = self.unless_refused(at, filled)?;
            let due = self.folders.len() == 1
                || self
                    .looked
                    .is_none_or(|looked| looked.elapsed() >= LOOK_WHILE_FILLING);
            if due && self.goes_on(&done) {
                return Ok(Some(done.and(self.look().await?)));
            }
            return Ok(Some(done));
        }
        Ok(None)
    }

    /// Goes back to the folder that is listened to, and fetches what has come there meanwhile.
    pub(crate) async fn come_home(&mut self) -> Result<Done, FetchError> {
        if matches!(self.selected, Some((0, _))) {
            return Ok(Done::default());
        }
        let found = self.look_into(0).await;
        self.unless_refused(0, found)
    }

    /// A folder that the server refuses holds back none of the others.
    fn unless_refused(
        &mut self,
        at: usize,
        found: Result<Done, FetchError>,
    ) -> Result<Done, FetchError> {
        match found {
            Err(FetchError::Mail(error @ MailError::Refused { .. })) => {
                self.folders[at].past = Past::Over;
                Ok(Done {
                    refused: Some(error),
                    ..Done::default()
                })
            }
            found => found,
        }
    }

    async fn look_into(&mut self, at: usize) -> Result<Done, FetchError> {
        let folder = self.open(at).await?;
        self.round(folder, Part::New).await
    }

    async fn fill_one(&mut self, at: usize) -> Result<Option<Done>, FetchError> {
        let folder = self.open(at).await?;
        let Some(fill) = folder.fill.clone().filter(|fill| !fill.paused) else {
            return Ok(None);
        };
        let id = folder.id;
        if matches!(self.folders[at].past, Past::Unknown) {
            let wanted = self.wanted(&fill).await?;
            self.note(id, fill.next_uid, wanted.len()).await?;
            self.folders[at].past = Past::Left(wanted.into());
        }
        let Past::Left(left) = &mut self.folders[at].past else {
            return Ok(None);
        };
        let uids: Vec<u32> = left.drain(..left.len().min(SLICE)).collect();
        let (mut then, mut left) = (left.front().copied().unwrap_or(fill.until), left.len());
        let mut done = None;
        if !uids.is_empty() {
            let within = self.turn;
            let part = Part::Past { uids, then, within };
            let mut round = self.round(folder, part).await?;
            let untouched = std::mem::take(&mut round.untouched);
            if !self.goes_on(&round) {
                return Ok(Some(round));
            }
            done = Some(round);
            if let (Some(first), Past::Left(rest)) = (untouched.first(), &mut self.folders[at].past)
            {
                then = *first;
                untouched.iter().rev().for_each(|uid| rest.push_front(*uid));
                left = rest.len();
            }
        }
        // What is below stands in the ledger now, or has gone from the server.
        self.note(id, then, left).await?;
        if left == 0 {
            self.folders[at].past = Past::Over;
        }
        Ok(done)
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
        let source = &mut *self.source;
        Ok(match fill.wanted {
            Wanted::All => source.search(&all).await?,
            Wanted::Unseen => source.search(&unseen).await?,
            Wanted::Since(day) => source.search(&since(day)).await?,
            Wanted::SinceOrUnseen(day) => {
                let mut both = source.search(&since(day)).await?;
                both.extend(source.search(&unseen).await?);
                both.sort_unstable();
                both.dedup();
                both
            }
        })
    }

    async fn round(&mut self, folder: Folder, part: Part) -> Result<Done, FetchError> {
        let suspect = self.suspects.entry(folder.name.clone()).or_default();
        round(
            self.shared,
            self.account,
            self.source,
            folder,
            part,
            suspect,
            self.stopping,
        )
        .await
    }

    /// Selects a folder, and opens it in the ledger.
    async fn open(&mut self, at: usize) -> Result<Folder, FetchError> {
        let Selected {
            uid_validity,
            next_uid,
        } = self.select(at).await?;
        let first = FirstSight {
            next_uid,
            start: self.account.draft.start,
        };
        let visited = &mut self.folders[at];
        let (vault, now) = (&self.shared.vault, self.shared.now());
        let folder = vault
            .open_folder(self.account.id, &visited.name, uid_validity, first, now)
            .await?;
        if visited.epoch.replace(folder.id) != Some(folder.id) {
            visited.past = Past::Unknown;
        }
        if folder.fill.is_none() {
            visited.past = Past::Over;
        }
        Ok(folder)
    }

    async fn select(&mut self, at: usize) -> Result<Selected, FetchError> {
        if let Some((_, known)) = self.selected.filter(|(selected, _)| *selected == at) {
            return Ok(known);
        }
        self.selected = None;
        let selected = self.source.select(&self.folders[at].name).await?;
        self.selected = Some((at, selected));
        Ok(selected)
    }

    async fn note(&self, folder: FolderId, next_uid: u32, left: usize) -> Result<(), FetchError> {
        let (vault, now) = (&self.shared.vault, self.shared.now());
        vault.note_fill(folder, next_uid, left as u64, now).await?;
        Ok(())
    }
}
