//! One session's way through an account's folders: new mail in all of them first, then a slice of
//! what was there before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_mail::{FolderMark, MailError, Search};
use mailgrant_vault::{Account, Fill, FirstSight, Folder, FolderId, Wanted};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::FetchError;
use crate::listeners::Heard;
use crate::pace::Pace;
use crate::round::{Done, Part, Suspect, round, tells_until};
use crate::shared::Shared;
use crate::source::{Selected, Source};

/// How many messages of those that were there before are fetched at most before new mail is looked
/// for; and how long that may take.
pub(crate) const SLICE: usize = 1000;
const TURN: Duration = Duration::from_secs(3);
/// How often all folders are asked about while earlier mail is fetched.
const LOOK_WHILE_FILLING: Duration = Duration::from_secs(15);
/// How often all folders are asked about, whoever is to tell of them.
pub(crate) const SAFETY: Duration = Duration::from_mins(10);
/// How long a folder may go unopened because the server says that nothing has changed in it.
const FULL_CHECK: SignedDuration = SignedDuration::from_hours(1);

/// What is remembered of a mailbox from one session to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The messages at which fetching breaks off, by folder.
    suspects: HashMap<String, Suspect>,
    /// The folders in which nothing was left to be done.
    settled: HashMap<String, Settled>,
}

/// A folder in which nothing was left to be done.
#[derive(Debug)]
struct Settled {
    folder: FolderId,
    /// How it looked from outside before anybody looked into it.
    mark: FolderMark,
    at: Timestamp,
}

/// One session's way through an account's folders.
pub(crate) struct Visit<'a> {
    shared: &'a Arc<Shared>,
    account: &'a Account,
    source: &'a mut Source,
    memory: &'a mut Memory,
    stopping: &'a CancellationToken,
    folders: Vec<Visited>,
    selected: Option<(usize, Selected)>,
    /// When the folders were asked about that nobody tells of, and when all were.
    asked: Option<Instant>,
    asked_all: Option<Instant>,
    /// The source tells of all folders.
    notified: bool,
    heard: Arc<Heard>,
    /// What the account wants and the server has marked no folder with.
    not_marked: Option<FetchError>,
    /// How long earlier mail may be fetched at a time.
    pub(crate) turn: Duration,
    pace: Pace,
}

/// A folder and what is known of it.
struct Visited {
    name: String,
    /// Its epoch when it was last opened. In another one `past` means nothing.
    epoch: Option<FolderId>,
    past: Past,
    /// There may be something in it.
    has_news: bool,
    /// The server has refused something in this session: it is not known whether anything is left.
    refused: bool,
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
        memory: &'a mut Memory,
        stopping: &'a CancellationToken,
    ) -> Result<Self, FetchError> {
        let draft = &account.draft;
        let all = if draft.folders.are_exact() {
            Vec::new()
        } else {
            source.folders().await?
        };
        let names = draft.fetched_folders(&all);
        let not_marked = draft.folders.unmarked(&all).into_iter().next();
        let not_marked = not_marked.map(|wanted| FetchError::NotMarked {
            account: draft.name.clone(),
            wanted,
        });
        if names.is_empty() {
            return Err(not_marked.unwrap_or_else(|| FetchError::NoFolder {
                account: draft.name.clone(),
                folders: draft.folders.to_string(),
            }));
        }
        shared.vault.keep_folders(account.id, &names).await?;
        memory.settled.retain(|name, _| names.contains(name));
        let folders = names
            .into_iter()
            .map(|name| Visited {
                name,
                epoch: None,
                past: Past::Unknown,
                has_news: false,
                refused: false,
            })
            .collect();
        Ok(Self {
            shared,
            account,
            source,
            memory,
            stopping,
            folders,
            selected: None,
            asked: None,
            asked_all: None,
            notified: false,
            heard: Arc::default(),
            not_marked,
            turn: TURN,
            pace: Pace::default(),
        })
    }

    /// Has the source tell of all folders from now on, where there are several and it can. To be
    /// called before anything is looked at: what comes in between would be told by nobody.
    pub(crate) async fn watch(&mut self) -> Result<(), FetchError> {
        if self.folders.len() > 1 && self.source.can_listen() {
            self.notified = self.source.notify(&self.names(0)).await?;
        }
        Ok(())
    }

    /// The folders that nobody tells of besides the one that is listened to, and where those who
    /// listen to them tell what they hear.
    pub(crate) fn unwatched(&self) -> (Vec<String>, &Arc<Heard>) {
        let names = if self.notified || !self.source.can_listen() {
            Vec::new()
        } else {
            self.names(1)
        };
        (names, &self.heard)
    }

    /// Fetches what is new, then what was there before, and ends with the first folder selected: that
    /// is the one to listen to.
    pub(crate) async fn fetch(&mut self) -> Result<Done, FetchError> {
        self.pace.pause();
        let mut done = self.look(self.shared.settings.poll).await?;
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
        match self.not_marked.take() {
            // It holds back none of the others, and is told when all is done.
            Some(error) if done.refused.is_none() && self.goes_on(&done) => Err(error),
            _ => Ok(done),
        }
    }

    /// The source, for listening to the selected folder, and whoever has heard of others.
    pub(crate) fn listening(&mut self) -> (&mut Source, &Heard) {
        (self.source, &self.heard)
    }

    /// How long it may be listened until folders have to be asked about.
    pub(crate) fn patience(&self) -> Duration {
        let others = 1..self.folders.len();
        let left = |interval: Duration, asked: Option<Instant>| {
            let since = asked.map(|asked| asked.elapsed()).unwrap_or_default();
            interval.saturating_sub(since)
        };
        if others.is_empty() {
            return SAFETY;
        }
        let all = left(SAFETY, self.asked_all);
        if others.into_iter().all(|at| self.is_told_of(at)) {
            return all;
        }
        all.min(left(self.shared.settings.poll, self.asked))
    }

    /// The folders' names from this one on.
    fn names(&self, first: usize) -> Vec<String> {
        let folders = self.folders.iter().skip(first);
        folders.map(|folder| folder.name.clone()).collect()
    }

    fn is_told_of(&self, at: usize) -> bool {
        self.notified || self.heard.listens_to(&self.folders[at].name)
    }

    fn goes_on(&self, done: &Done) -> bool {
        !done.cut_short && !self.stopping.is_cancelled()
    }

    /// Fetches what is new. The first folder is always looked into; the others where there is news of
    /// them, or where the server says that they have changed: it is asked every so often.
    async fn look(&mut self, every: Duration) -> Result<Done, FetchError> {
        self.hear();
        self.ask_around(every).await?;
        let mut done = Done::default();
        // The first one comes last: it is the one that is listened to.
        for at in (0..self.folders.len()).rev() {
            if at > 0 && !std::mem::take(&mut self.folders[at].has_news) {
                continue;
            }
            let found = self.look_into(at).await;
            let found = self.unless_refused(at, found)?;
            self.settle(at, &found);
            done = done.and(found);
            if !self.goes_on(&done) {
                break;
            }
        }
        Ok(done)
    }

    /// Takes note of what was told.
    fn hear(&mut self) {
        let (told, heard) = (self.source.take_news(), self.heard.take());
        self.notified &= !told.over;
        for folder in &mut self.folders {
            folder.has_news |= told.tells_of(&folder.name) || heard.contains(&folder.name);
        }
    }

    /// Asks about the folders of which nobody has told for so long, all of them at once.
    async fn ask_around(&mut self, every: Duration) -> Result<(), FetchError> {
        let is_due = |asked: Option<Instant>, every: Duration| {
            asked.is_none_or(|asked| asked.elapsed() >= every)
        };
        let (due, all_due) = (is_due(self.asked, every), is_due(self.asked_all, SAFETY));
        let others = 1..self.folders.len();
        let asked: Vec<usize> = others
            .filter(|&at| !self.folders[at].has_news)
            .filter(|&at| all_due || (due && !self.is_told_of(at)))
            .collect();
        let now = Some(Instant::now());
        if due || all_due {
            self.asked = now;
        }
        if all_due {
            self.asked_all = now;
        }
        if asked.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = asked
            .iter()
            .map(|&at| self.folders[at].name.clone())
            .collect();
        let marks = self.source.marks(&names).await?;
        for (at, mark) in asked.into_iter().zip(marks) {
            self.folders[at].has_news = !self.is_settled(at, mark).await?;
        }
        Ok(())
    }

    /// Whether there is nothing to do in a folder that looks so from outside: it looks as it did when
    /// nothing was left to be done, and nothing has become due since. That is believed for a while, and
    /// no longer.
    async fn is_settled(
        &mut self,
        at: usize,
        mark: Option<FolderMark>,
    ) -> Result<bool, FetchError> {
        let visited = &mut self.folders[at];
        let (Some(mark), Some(settled)) = (mark, self.memory.settled.get(&visited.name)) else {
            return Ok(false);
        };
        let now = self.shared.now();
        let age = now.duration_since(settled.at);
        if !mark.is_as(&settled.mark) || age >= FULL_CHECK || age.is_negative() {
            return Ok(false);
        }
        let (vault, folder) = (&self.shared.vault, settled.folder);
        let until = tells_until(&self.account.draft.after, now);
        if !vault.unfinished(folder, until).await?.is_empty() {
            return Ok(false);
        }
        visited.epoch = Some(folder);
        visited.past = Past::Over;
        Ok(true)
    }

    /// Remembers how a folder looked in which nothing is left to be done.
    fn settle(&mut self, at: usize, done: &Done) {
        let visited = &self.folders[at];
        let mark = match self.selected {
            Some((selected, Selected { mark, .. })) if selected == at => mark,
            _ => None,
        };
        let is_over = matches!(visited.past, Past::Over) && !visited.refused;
        let is_over = is_over && done.refused.is_none();
        let settled = match (mark, visited.epoch) {
            (Some(mark), Some(folder)) if is_over && self.goes_on(done) => Some(Settled {
                folder,
                mark,
                at: self.shared.now(),
            }),
            _ => None,
        };
        let settled_before = &mut self.memory.settled;
        match settled {
            Some(settled) => settled_before.insert(visited.name.clone(), settled),
            None => settled_before.remove(&visited.name),
        };
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
                    .asked
                    .is_none_or(|asked| asked.elapsed() >= LOOK_WHILE_FILLING);
            if due && self.goes_on(&done) {
                return Ok(Some(done.and(self.look(LOOK_WHILE_FILLING).await?)));
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
                self.folders[at].refused = true;
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
            self.note(id, fill.next_uid, wanted.len(), None).await?;
            self.folders[at].past = Past::Left(wanted.into());
        }
        let Past::Left(left) = &mut self.folders[at].past else {
            return Ok(None);
        };
        let uids: Vec<u32> = left.drain(..left.len().min(SLICE)).collect();
        let (mut then, mut left) = (left.front().copied().unwrap_or(fill.until), left.len());
        let mut count = uids.len();
        self.pace.begin();
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
                count -= untouched.len();
            }
        }
        // What is below stands in the ledger now, or has gone from the server.
        let per_hour = (count > 0).then(|| self.pace.slice(count)).flatten();
        self.note(id, then, left, per_hour).await?;
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
        let suspects = &mut self.memory.suspects;
        let suspect = suspects.entry(folder.name.clone()).or_default();
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
            ..
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

    async fn note(
        &self,
        folder: FolderId,
        next_uid: u32,
        left: usize,
        per_hour: Option<u64>,
    ) -> Result<(), FetchError> {
        let (vault, now) = (&self.shared.vault, self.shared.now());
        let noted = vault.note_fill(folder, next_uid, left as u64, per_hour, now);
        noted.await?;
        Ok(())
    }
}
