//! The history: where each message is, when it came there, and what a person recognises it by.
//!
//! It is the ledger's table, read by people: nothing here moves mail, except that a message in
//! quarantine can be tried again or dropped. What is personal in it is cleared after a while
//! ([`Vault::prune_history`]); what the ledger needs to know a message again stays.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use jiff::Timestamp;
use mailgrant_base::is_treacherous;
use serde::{Serialize, Serializer};

use crate::column::{micros, number, time, time_if};
use crate::event::EventRow;
use crate::store::Answer;
use crate::{AccountId, EventKind, FolderId, MessageState, NewEvent, Vault, VaultError};

/// The longest part of a header that is kept, in characters.
const LONGEST_HEAD: usize = 250;
/// The most messages on one page.
const MOST: u32 = 500;

/// A message's place in the history: its folder's row and its UID, written `7-42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId {
    folder: FolderId,
    uid: u32,
}

/// What a person recognises a message by. `None` is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MessageHead {
    /// Its Message-ID, without the angle brackets.
    pub message_id: Option<String>,
    /// The address that it is from.
    pub sender: Option<String>,
    /// Its subject, decoded.
    pub subject: Option<String>,
}

/// A message's way so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Its place in the history.
    pub id: MessageId,
    /// Whose mailbox it came into.
    pub account: AccountId,
    /// Into which folder.
    pub folder: String,
    /// Its UID there.
    pub uid: u32,
    /// The folder is fetched, and the UID is of its present epoch.
    pub present: bool,
    /// Where it stands.
    pub state: MessageState,
    /// Since when.
    pub since: Timestamp,
    /// What a person recognises it by.
    #[serde(flatten)]
    pub head: MessageHead,
    /// What a person recognises it by, and the answer, were removed because of their age.
    pub cleared: bool,
    /// Its size in bytes, once it was fetched.
    pub size: Option<u64>,
    /// When the source first showed it.
    pub seen_at: Timestamp,
    /// When it was last fetched.
    pub fetched_at: Option<Timestamp>,
    /// When the sink took it.
    pub delivered_at: Option<Timestamp>,
    /// When the source was told.
    pub acknowledged_at: Option<Timestamp>,
    /// What the sink said last.
    pub answer: Option<String>,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
}

/// Where a message is, for people: a few states make one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    /// The sink does not have it yet.
    Waiting,
    /// The sink has it.
    Delivered,
    /// The sink refuses it for good.
    Quarantined,
    /// An administrator threw it away.
    Dropped,
}

/// Which messages are looked for; what is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct MessageSearch {
    /// Of which account.
    pub account: Option<AccountId>,
    /// Part of the Message-ID, the sender or the subject, in any case. The whole of a Message-ID
    /// finds that message alone.
    pub text: Option<String>,
    /// Where they are.
    pub whereabouts: Option<Whereabouts>,
    /// First seen at this time or later.
    pub since: Option<Timestamp>,
    /// How many at most.
    pub limit: u32,
    /// Only those behind this place: [`MessagePage::next`] of the page before.
    pub before: Option<MessageCursor>,
}

/// Messages, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<MessageCursor>,
}

/// A place in the list of messages, written as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageCursor {
    seen_at: Timestamp,
    id: MessageId,
}

/// A head as it is stored.
#[derive(Debug)]
pub(crate) struct HeadFields {
    pub(crate) message_id: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) subject: Option<String>,
    /// All of it in lower case, one in a line.
    pub(crate) found_by: String,
}

/// A search as it is stored.
#[derive(Debug)]
pub(crate) struct SearchFields {
    pub(crate) account: Option<i64>,
    /// A pattern for `LIKE`, in which `\` takes a character for itself.
    pub(crate) pattern: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) whereabouts: Option<Whereabouts>,
    pub(crate) since: Option<i64>,
    pub(crate) before: Option<(i64, i64, i64)>,
    pub(crate) limit: i64,
}

/// A row of `messages`, with its folder.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub(crate) folder_id: i64,
    pub(crate) uid: i64,
    pub(crate) account_id: i64,
    pub(crate) name: String,
    pub(crate) present: bool,
    pub(crate) state: i64,
    pub(crate) changed_at: i64,
    pub(crate) message_id: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) cleared: bool,
    pub(crate) size: Option<i64>,
    pub(crate) first_seen_at: i64,
    pub(crate) fetched_at: Option<i64>,
    pub(crate) delivered_at: Option<i64>,
    pub(crate) acknowledged_at: Option<i64>,
    pub(crate) note: Option<String>,
    pub(crate) attempts: i64,
    pub(crate) retry_at: Option<i64>,
}

/// The history's columns in `messages`.
#[async_trait]
pub(crate) trait HistoryStore: Send + Sync {
    async fn has_message_id(&self, message_id: &str) -> Answer<bool>;
    /// Newest first.
    async fn find_messages(&self, search: &SearchFields) -> Answer<Vec<MessageRow>>;
    async fn message(&self, folder: i64, uid: i64) -> Answer<Option<MessageRow>>;
    /// Moves a quarantined message of a folder's present epoch to `state`, and records the event;
    /// says whether there was one.
    async fn leave_quarantine(
        &self,
        folder: i64,
        uid: i64,
        state: i64,
        event: &EventRow,
        now: i64,
    ) -> Answer<bool>;
    /// When new mail last came, no canary and nothing that was there before.
    async fn last_mail(&self, account: i64) -> Answer<Option<i64>>;
    /// In which parts of the time since then, each `part` long, such mail came.
    async fn times_of_mail(&self, account: i64, since: i64, part: i64) -> Answer<Vec<i64>>;
    /// Clears what is personal of settled messages; says of how many.
    async fn prune_history(&self, older_than: i64, limit: i64) -> Answer<u64>;
}

impl Vault {
    /// When new mail last came into an account's mailbox: no canary, and nothing that was there before
    /// the folder was first seen.
    pub async fn last_mail(&self, account: AccountId) -> Result<Option<Timestamp>, VaultError> {
        time_if(self.told(self.store().last_mail(account.0).await)?)
    }

    /// The hours since then in which such mail came, ascending, counted since 1970.
    pub async fn hours_with_mail(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> Result<Vec<i64>, VaultError> {
        const HOUR: i64 = 3600 * 1_000_000;
        let store = self.store();
        self.told(store.times_of_mail(account.0, micros(since), HOUR).await)
    }

    /// One page of the messages that are looked for, newest first.
    pub async fn find_messages(&self, search: &MessageSearch) -> Result<MessagePage, VaultError> {
        let mut fields = SearchFields::of(search);
        if let Some(message_id) = &fields.message_id {
            // An index finds a whole Message-ID; a part of one has to be looked for in all rows.
            if self.told(self.store().has_message_id(message_id).await)? {
                fields.pattern = None;
            } else {
                fields.message_id = None;
            }
        }
        let limit = search.limit.clamp(1, MOST);
        // One more than asked for shows whether there is another page.
        fields.limit = i64::from(limit) + 1;
        let rows = self.told(self.store().find_messages(&fields).await)?;
        let mut messages: Vec<Message> = rows
            .into_iter()
            .map(Message::read)
            .collect::<Result<_, _>>()?;
        let more = messages.len() > limit as usize;
        messages.truncate(limit as usize);
        let next = messages.last().filter(|_| more).map(|last| MessageCursor {
            seen_at: last.seen_at,
            id: last.id,
        });
        Ok(MessagePage { messages, next })
    }

    /// A message's way so far.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, VaultError> {
        let row = self.store().message(id.folder.0, id.uid.into()).await;
        self.told(row)?.map(Message::read).transpose()
    }

    /// Lets a message in quarantine be tried again, at once. `actor` says who wants it.
    pub async fn retry_message(
        &self,
        id: MessageId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.leave_quarantine(id, MessageState::Waiting, actor, now)
            .await
    }

    /// Throws a message in quarantine away: it is not fetched again, and stays as it is at the
    /// source. `actor` says who wants it.
    pub async fn drop_message(
        &self,
        id: MessageId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.leave_quarantine(id, MessageState::Dropped, actor, now)
            .await
    }

    async fn leave_quarantine(
        &self,
        id: MessageId,
        to: MessageState,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let gone = VaultError::Stale {
            what: "the message",
        };
        let Some(message) = self.message(id).await? else {
            return Err(gone);
        };
        let Some(account) = self.account(message.account).await? else {
            return Err(gone);
        };
        let (kind, done) = match to {
            MessageState::Dropped => (EventKind::MessageDropped, "is dropped"),
            _ => (EventKind::QuarantineRetried, "is tried again"),
        };
        let (name, uid, folder) = (&account.draft.name, message.uid, &message.folder);
        let event = NewEvent {
            kind,
            actor: actor.to_owned(),
            provider: None,
            account: Some(account.id),
            text: format!("{name}: message {uid} of {folder}, from quarantine, {done}"),
        };
        let event = EventRow::of(&event, now)?;
        let (store, state) = (self.store(), to as i64);
        let moved = store.leave_quarantine(id.folder.0, uid.into(), state, &event, micros(now));
        if self.told(moved.await)? {
            return Ok(());
        }
        Err(match self.message(id).await? {
            None => gone,
            Some(Message {
                state: MessageState::Quarantined,
                present: false,
                ..
            }) => VaultError::OlderEpoch,
            Some(message) => VaultError::NotQuarantined {
                where_it_is: message.state.in_a_clause(),
            },
        })
    }

    /// Removes what is personal (the head and the sink's answer) of at most `limit` messages that
    /// have been settled since before `older_than`; says of how many. What the ledger knows a
    /// message by stays.
    pub async fn prune_history(
        &self,
        older_than: Timestamp,
        limit: u32,
    ) -> Result<u64, VaultError> {
        let store = self.store();
        self.told(store.prune_history(micros(older_than), limit.into()).await)
    }
}

impl MessageId {
    /// The folder, in the epoch of its UIDs in which the message was seen.
    pub fn folder(self) -> FolderId {
        self.folder
    }

    pub(crate) fn new(folder: FolderId, uid: u32) -> Self {
        Self { folder, uid }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.folder.0, self.uid)
    }
}

impl FromStr for MessageId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (folder, uid) = text.split_once('-')?;
            Some(Self::new(FolderId(folder.parse().ok()?), uid.parse().ok()?))
        };
        read().ok_or_else(|| "is no message's id, which looks like `7-42`".to_owned())
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for MessageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", micros(self.seen_at), self.id)
    }
}

impl FromStr for MessageCursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (seen_at, id) = text.split_once('.')?;
            Some(Self {
                seen_at: time(seen_at.parse().ok()?).ok()?,
                id: id.parse().ok()?,
            })
        };
        read().ok_or_else(|| "is no place in the list of messages".to_owned())
    }
}

impl MessageState {
    /// Where a message is, for people.
    pub fn whereabouts(self) -> Whereabouts {
        match self {
            Self::Waiting | Self::Prepared => Whereabouts::Waiting,
            Self::Delivered | Self::Acknowledged => Whereabouts::Delivered,
            Self::Quarantined => Whereabouts::Quarantined,
            Self::Dropped => Whereabouts::Dropped,
        }
    }

    /// Where a message stands, in a few words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Waiting => "waits to be tried again",
            Self::Prepared => "is being delivered",
            Self::Delivered => "delivered, source not told yet",
            Self::Acknowledged => "delivered",
            Self::Quarantined => "in quarantine",
            Self::Dropped => "dropped",
        }
    }

    fn in_a_clause(self) -> &'static str {
        match self {
            Self::Waiting => "it waits to be tried again",
            Self::Prepared => "it is being delivered",
            Self::Delivered | Self::Acknowledged => "it has been delivered",
            Self::Quarantined => "it has come there just now",
            Self::Dropped => "it has been dropped",
        }
    }
}

impl Whereabouts {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::Waiting,
        Self::Delivered,
        Self::Quarantined,
        Self::Dropped,
    ];

    /// One word for it, as it is written and read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Quarantined => "quarantined",
            Self::Dropped => "dropped",
        }
    }

    /// What a word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// The states that it is made of, for SQL.
    pub(crate) fn states(self) -> &'static str {
        match self {
            Self::Waiting => "(0, 1)",
            Self::Delivered => "(2, 3)",
            Self::Quarantined => "(4)",
            Self::Dropped => "(5)",
        }
    }
}

impl HeadFields {
    pub(crate) fn of(head: &MessageHead) -> Self {
        let one = |text: &Option<String>| text.as_deref().and_then(one_line);
        let (message_id, sender, subject) =
            (one(&head.message_id), one(&head.sender), one(&head.subject));
        let all: Vec<&str> = [&message_id, &sender, &subject]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        Self {
            found_by: all.join("\n").to_lowercase(),
            message_id,
            sender,
            subject,
        }
    }
}

impl SearchFields {
    fn of(search: &MessageSearch) -> Self {
        let text = search.text.as_deref().and_then(one_line);
        let message_id = text.as_deref().filter(|text| text.contains('@'));
        let message_id = message_id.map(|text| {
            let inner = text
                .strip_prefix('<')
                .and_then(|text| text.strip_suffix('>'));
            inner.unwrap_or(text).to_owned()
        });
        let looked_for = message_id.as_deref().or(text.as_deref());
        Self {
            account: search.account.map(|id| id.0),
            pattern: looked_for.map(contains),
            message_id,
            whereabouts: search.whereabouts,
            since: search.since.map(micros),
            before: search
                .before
                .map(|at| (micros(at.seen_at), at.id.folder.0, at.id.uid.into())),
            limit: 0,
        }
    }
}

/// A pattern that fits whatever contains the text.
fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Somebody else's words as one line, fit to be shown; `None` where nothing is left of them.
fn one_line(text: &str) -> Option<String> {
    let visible: String = text
        .chars()
        .map(|c| if is_treacherous(c) { ' ' } else { c })
        .collect();
    let mut line: String = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST_HEAD) {
        line.truncate(end);
    }
    (!line.is_empty()).then_some(line)
}

impl Message {
    fn read(row: MessageRow) -> Result<Self, VaultError> {
        let uid = number(row.uid)?;
        Ok(Self {
            id: MessageId::new(FolderId(row.folder_id), uid),
            account: AccountId(row.account_id),
            folder: row.name,
            uid,
            present: row.present,
            state: MessageState::read(row.state)?,
            since: time(row.changed_at)?,
            head: MessageHead {
                message_id: row.message_id,
                sender: row.sender,
                subject: row.subject,
            },
            cleared: row.cleared,
            size: row.size.map(number).transpose()?,
            seen_at: time(row.first_seen_at)?,
            fetched_at: time_if(row.fetched_at)?,
            delivered_at: time_if(row.delivered_at)?,
            acknowledged_at: time_if(row.acknowledged_at)?,
            answer: row.note,
            attempts: number(row.attempts)?,
            retry_at: time_if(row.retry_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_header_is_one_short_visible_line() {
        assert_eq!(one_line(" a\r\n\tb\0\u{202e}c "), Some("a b c".to_owned()));
        assert_eq!(one_line("\u{200b}\n"), None);
        let long = one_line(&"é".repeat(10_000)).unwrap();
        assert_eq!(long.chars().count(), LONGEST_HEAD);
    }

    #[test]
    fn ids_and_places_are_read_as_they_were_written() {
        let id = MessageId::new(FolderId(7), u32::MAX);
        assert_eq!(id.to_string(), "7-4294967295");
        assert_eq!(id.to_string().parse(), Ok(id));
        let place = MessageCursor {
            seen_at: Timestamp::constant(1_767_225_600, 123_456_000),
            id,
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for nonsense in ["", "7", "7-", "-7", "7-x", "7-4294967296", "1.7", "."] {
            assert!(nonsense.parse::<MessageId>().is_err(), "{nonsense}");
            assert!(nonsense.parse::<MessageCursor>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_word_stands_for_one_whereabouts() {
        for one in Whereabouts::ALL {
            assert_eq!(Whereabouts::of_word(one.word()), Some(one));
        }
        assert_eq!(Whereabouts::of_word("nowhere"), None);
    }
}
