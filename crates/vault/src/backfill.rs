//! What a folder held before it was first seen: fetched beside its new mail, and never before it.

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::account::GONE;
use crate::column::{micros, number, time, time_if};
use crate::store::Answer;
use crate::{AccountId, FolderId, StartFrom, Vault, VaultError};

/// A folder at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSight {
    /// The UID that its next message will have; what is below was there before.
    pub next_uid: u32,
    /// What of that is wanted.
    pub start: StartFrom,
}

/// What of the mail that was there before is still to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// All UIDs below this one are settled or in the ledger.
    pub next_uid: u32,
    /// This UID and those above it are new mail.
    pub until: u32,
    /// Which of them are wanted.
    pub wanted: Wanted,
    /// It has to wait.
    pub paused: bool,
}

/// Which of the messages that were there before are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    All,
    /// What nobody has read.
    Unseen,
    /// What arrived on this day or later.
    Since(Date),
    /// Both: what arrived on this day or later, and what nobody has read.
    SinceOrUnseen(Date),
}

/// A floor that rises as messages come into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// That of new mail.
    New(u32),
    /// That of the mail that was there before.
    Past(u32),
}

/// How far a folder's earlier mail has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backfill {
    /// Which folder.
    pub folder: String,
    /// How many messages there were to fetch when it began.
    pub total: u64,
    /// How many are left.
    pub left: u64,
    /// When it began.
    pub since: Timestamp,
    /// When `left` was counted.
    pub as_of: Timestamp,
    /// How many messages an hour come, by the last slices; pauses are not counted.
    pub per_hour: Option<u64>,
    /// It waits because an administrator said so.
    pub paused: bool,
}

/// The columns of a folder's back-fill.
#[derive(Debug, sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "each is its column's name")]
pub(crate) struct FillRow {
    pub(crate) fill_next: i64,
    pub(crate) fill_until: i64,
    pub(crate) fill_since: Option<i64>,
    pub(crate) fill_unseen: bool,
    pub(crate) fill_paused: bool,
}

/// A folder at first sight, as it is stored.
#[derive(Debug)]
pub(crate) struct FirstFields {
    pub(crate) next_uid: i64,
    /// Whether anything of what is there is wanted.
    pub(crate) fills: bool,
    pub(crate) since: Option<i64>,
    pub(crate) unseen: bool,
}

/// How far a folder's earlier mail has come.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct BackfillRow {
    pub(crate) name: String,
    pub(crate) fill_total: i64,
    pub(crate) fill_left: i64,
    pub(crate) fill_began_at: i64,
    pub(crate) fill_told_at: i64,
    pub(crate) fill_per_hour: Option<i64>,
    pub(crate) fill_paused: bool,
}

/// The back-fill's columns in `folders` and `accounts`.
#[async_trait]
pub(crate) trait BackfillStore: Send + Sync {
    /// `false` means that the folder is gone. Without a rate the one that is there stays.
    async fn note_fill(
        &self,
        folder: i64,
        next_uid: i64,
        left: i64,
        per_hour: Option<i64>,
        now: i64,
    ) -> Answer<bool>;
    async fn backfills(&self, account: i64) -> Answer<Vec<BackfillRow>>;
    /// Says whether the account is there.
    async fn pause_fill(&self, account: i64, paused: bool) -> Answer<bool>;
    /// Folders of other names are no longer present.
    async fn keep_folders(&self, account: i64, names: &[String]) -> Answer<()>;
}

impl Vault {
    /// The earlier mail of a folder is settled below `next_uid`, and so many messages are left; so
    /// many come in an hour, where that is known.
    pub async fn note_fill(
        &self,
        folder: FolderId,
        next_uid: u32,
        left: u64,
        per_hour: Option<u64>,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let (left, per_hour) = (number(left)?, per_hour.map(number).transpose()?);
        let store = self.store();
        let noted = store.note_fill(folder.0, next_uid.into(), left, per_hour, micros(now));
        self.told_of_folder(noted.await)
    }

    /// The folders of an account whose earlier mail is still being fetched, as far as it has been
    /// counted.
    pub async fn backfills(&self, account: AccountId) -> Result<Vec<Backfill>, VaultError> {
        let rows = self.told(self.store().backfills(account.0).await)?;
        rows.into_iter()
            .map(|row| {
                Ok(Backfill {
                    folder: row.name,
                    total: number(row.fill_total)?,
                    left: number(row.fill_left)?,
                    since: time(row.fill_began_at)?,
                    as_of: time(row.fill_told_at)?,
                    per_hour: row.fill_per_hour.map(number).transpose()?,
                    paused: row.fill_paused,
                })
            })
            .collect()
    }

    /// Has the earlier mail of an account wait, or go on. New mail comes in any case.
    pub async fn pause_fill(&self, account: AccountId, paused: bool) -> Result<(), VaultError> {
        let there = self.told(self.store().pause_fill(account.0, paused).await)?;
        there.then_some(()).ok_or(GONE)
    }

    /// These are the folders of an account that are fetched now: what waits in others waits until
    /// they are fetched again, and is not counted.
    pub async fn keep_folders(
        &self,
        account: AccountId,
        names: &[String],
    ) -> Result<(), VaultError> {
        self.told(self.store().keep_folders(account.0, names).await)
    }
}

impl Backfill {
    /// How many messages are settled.
    pub fn done(&self) -> u64 {
        self.total.saturating_sub(self.left)
    }

    /// How long the rest takes if it goes on as fast, pauses not counted; `None` before a slice of it
    /// has come.
    pub fn time_left(&self) -> Option<SignedDuration> {
        let per_hour = self.per_hour.filter(|per_hour| *per_hour > 0)?;
        let seconds = self.left.checked_mul(3600)?.div_ceil(per_hour);
        Some(SignedDuration::from_secs(seconds.try_into().ok()?))
    }

    /// How much is done, of 100; never 100 while something is left.
    pub fn percent(&self) -> u64 {
        match self.done().saturating_mul(100).checked_div(self.total) {
            Some(percent) => percent.min(if self.left > 0 { 99 } else { 100 }),
            None => 0,
        }
    }

    /// `120 of 500 messages, 40 a minute, about 10 min left`.
    pub fn in_words(&self) -> String {
        let so_far = format!("{} of {} messages", self.done(), self.total);
        if self.paused {
            return format!("{so_far}, paused");
        }
        let rate = match self.per_hour {
            None | Some(0) => return so_far,
            Some(per_hour @ 1..120) => format!("{per_hour} an hour"),
            Some(per_hour) => format!("{} a minute", per_hour / 60),
        };
        let left = match self.time_left().map(|left| left.as_secs()) {
            None => return so_far,
            Some(seconds @ 0..120) => format!("{seconds} s"),
            Some(seconds @ 120..7200) => format!("{} min", seconds / 60),
            Some(seconds @ 7200..172_800) => format!("{} h", seconds / 3600),
            Some(seconds) => format!("{} days", seconds / 86_400),
        };
        format!("{so_far}, {rate}, about {left} left")
    }
}

impl FirstSight {
    /// A folder without mail.
    pub const EMPTY: Self = Self {
        next_uid: 1,
        start: StartFrom::Everything,
    };
}

/// What is wanted (columns `fill_since` and `fill_unseen`) in a later epoch of a folder, of which that
/// was wanted in the first one, made at `created_at`: all that has arrived since then besides. Who had
/// only unread mail fetched may have had it read meanwhile.
pub(crate) fn wanted_again(since: Option<i64>, unseen: bool, created_at: i64) -> Option<i64> {
    match (since, unseen) {
        (None, true) => {
            let created_at = Timestamp::from_microsecond(created_at).unwrap_or(Timestamp::MIN);
            Some(micros(midnight(day_before(created_at))))
        }
        _ => since,
    }
}

impl FirstFields {
    pub(crate) fn of(first: FirstSight, now: Timestamp) -> Self {
        let (fills, since, unseen) = match first.start {
            StartFrom::Everything => (true, None, false),
            StartFrom::Unseen => (true, None, true),
            StartFrom::Since(day) => (true, Some(day), false),
            StartFrom::OnlyNew => (false, Some(day_before(now)), false),
        };
        Self {
            next_uid: first.next_uid.into(),
            fills: fills && first.next_uid > 1,
            since: since.map(|day| micros(midnight(day))),
            unseen,
        }
    }
}

impl Fill {
    pub(crate) fn read(row: &FillRow) -> Result<Option<Self>, VaultError> {
        if row.fill_next >= row.fill_until {
            return Ok(None);
        }
        let since = time_if(row.fill_since)?;
        let since = since.map(|midnight| TimeZone::UTC.to_datetime(midnight).date());
        Ok(Some(Self {
            next_uid: number(row.fill_next)?,
            until: number(row.fill_until)?,
            paused: row.fill_paused,
            wanted: match (since, row.fill_unseen) {
                (None, false) => Wanted::All,
                (None, true) => Wanted::Unseen,
                (Some(day), false) => Wanted::Since(day),
                (Some(day), true) => Wanted::SinceOrUnseen(day),
            },
        }))
    }
}

/// The day before, at least by the server's calendar: it searches by the days of its own time zone.
/// Where UIDs begin anew, rather a few messages too many than one too few.
fn day_before(time: Timestamp) -> Date {
    let today = TimeZone::UTC.to_datetime(time).date();
    today.yesterday().unwrap_or(today)
}

/// The beginning of a day, as it is stored.
fn midnight(day: Date) -> Timestamp {
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.unwrap_or(Timestamp::MIN)
}
