//! Mailboxes, folders and messages in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;

/// A message in a folder.
#[derive(Debug, Clone)]
pub struct StoredMessage {
    /// Its id, which it keeps when an API moves it.
    pub id: u64,
    /// Its UID.
    pub uid: u32,
    /// Its flags: `\Seen`, `\Deleted`, `$Forwarded`…
    pub flags: Vec<String>,
    /// Its bytes.
    pub raw: Bytes,
    /// When it came (INTERNALDATE).
    pub received: Timestamp,
    /// The folder's version in which its flags changed last.
    pub(super) changed: u64,
    /// It has come here out of another folder by an API.
    pub(super) moved: bool,
}

impl StoredMessage {
    /// Whether it has a flag, in whatever case.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own.eq_ignore_ascii_case(flag))
    }
}

/// All mailboxes.
#[derive(Debug, Default)]
pub(super) struct Store {
    mailboxes: Mutex<HashMap<String, Mailbox>>,
}

impl Store {
    /// Works on a mailbox, which is made where it is missing.
    pub(super) fn mailbox<T>(&self, name: &str, work: impl FnOnce(&mut Mailbox) -> T) -> T {
        let mut mailboxes = self
            .mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        work(mailboxes.entry(name.to_lowercase()).or_default())
    }

    /// Works on a folder, if there is one of that name.
    pub(super) fn folder<T>(
        &self,
        mailbox: &str,
        name: &str,
        work: impl FnOnce(&mut Folder) -> T,
    ) -> Option<T> {
        self.mailbox(mailbox, |mailbox| mailbox.folder(name).map(work))
    }
}

/// A mailbox: its folders by name. INBOX is always there.
#[derive(Debug)]
pub(super) struct Mailbox {
    folders: BTreeMap<String, Folder>,
    next_uid_validity: u32,
    /// Wakes whoever waits for a change of any folder.
    changes: watch::Sender<u64>,
}

impl Default for Mailbox {
    fn default() -> Self {
        let mut mailbox = Self {
            folders: BTreeMap::new(),
            next_uid_validity: 1,
            changes: watch::Sender::new(0),
        };
        mailbox.create("INBOX");
        mailbox
    }
}

impl Mailbox {
    pub(super) fn folder(&mut self, name: &str) -> Option<&mut Folder> {
        self.folders.get_mut(canonical(name))
    }

    /// Makes a folder; `None` where there is one of that name.
    pub(super) fn create(&mut self, name: &str) -> Option<&mut Folder> {
        let name = canonical(name);
        if self.folders.contains_key(name) {
            return None;
        }
        let uid_validity = self.take_uid_validity();
        let folder = self.folders.entry(name.to_owned());
        Some(folder.or_insert_with(|| Folder::new(uid_validity, self.changes.clone())))
    }

    pub(super) fn folder_or_create(&mut self, name: &str) -> &mut Folder {
        let uid_validity = if self.folders.contains_key(canonical(name)) {
            0
        } else {
            self.take_uid_validity()
        };
        self.folders
            .entry(canonical(name).to_owned())
            .or_insert_with(|| Folder::new(uid_validity, self.changes.clone()))
    }

    /// Gives a folder a new UIDVALIDITY and its messages new UIDs.
    pub(super) fn renumber(&mut self, name: &str) {
        let uid_validity = self.take_uid_validity();
        if let Some(folder) = self.folder(name) {
            folder.renumber(uid_validity);
        }
    }

    /// Wakes with every change of any folder from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// All folders and their names.
    pub(super) fn folders(&mut self) -> impl Iterator<Item = (&str, &mut Folder)> {
        let folders = self.folders.iter_mut();
        folders.map(|(name, folder)| (name.as_str(), folder))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.folders.keys().map(String::as_str)
    }

    fn take_uid_validity(&mut self) -> u32 {
        let taken = self.next_uid_validity;
        self.next_uid_validity += 1;
        taken
    }
}

/// INBOX is INBOX in whatever case (RFC 3501, section 5.1).
fn canonical(name: &str) -> &str {
    if name.eq_ignore_ascii_case("INBOX") {
        "INBOX"
    } else {
        name
    }
}

/// A folder: its messages, ascending by UID.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) uid_validity: u32,
    pub(super) uid_next: u32,
    /// The version before which nothing is known any more.
    pub(super) known_since: u64,
    messages: Vec<StoredMessage>,
    /// Rises with every change, and wakes whoever waits for one.
    version: watch::Sender<u64>,
    /// That of the whole mailbox.
    mailbox_version: watch::Sender<u64>,
}

/// How STORE changes flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagChange {
    Add,
    Remove,
    Replace,
}

impl Folder {
    fn new(uid_validity: u32, mailbox_version: watch::Sender<u64>) -> Self {
        Self {
            uid_validity,
            uid_next: 1,
            known_since: 0,
            messages: Vec::new(),
            version: watch::Sender::new(0),
            mailbox_version,
        }
    }

    pub(super) fn messages(&self) -> &[StoredMessage] {
        &self.messages
    }

    pub(super) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Wakes with every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(super) fn message(&self, uid: u32) -> Option<&StoredMessage> {
        self.position(uid).map(|place| &self.messages[place])
    }

    pub(super) fn append(&mut self, raw: Bytes, flags: Vec<String>, received: Timestamp) -> u32 {
        self.take_in(StoredMessage {
            id: fresh_number(),
            uid: 0,
            flags: flags.into_iter().map(canonical_flag).collect(),
            raw,
            received,
            changed: 0,
            moved: false,
        })
    }

    /// Takes in a message that was elsewhere; says its UID here.
    pub(super) fn take_in(&mut self, message: StoredMessage) -> u32 {
        let uid = self.uid_next;
        self.uid_next += 1;
        let changed = self.bump();
        self.messages.push(StoredMessage {
            uid,
            changed,
            ..message
        });
        uid
    }

    /// Changes the flags of one message; says whether it is there.
    pub(super) fn change_flags(&mut self, uid: u32, change: FlagChange, flags: &[String]) -> bool {
        let Some(place) = self.position(uid) else {
            return false;
        };
        let old = &self.messages[place];
        let mut new = match change {
            FlagChange::Replace => Vec::new(),
            FlagChange::Add | FlagChange::Remove => old.flags.clone(),
        };
        for flag in flags {
            let had = new.iter().position(|own| own.eq_ignore_ascii_case(flag));
            match (change, had) {
                (FlagChange::Remove, Some(place)) => drop(new.remove(place)),
                (FlagChange::Add | FlagChange::Replace, None) => {
                    new.push(canonical_flag(flag.clone()));
                }
                _ => {}
            }
        }
        if new != old.flags {
            let changed = self.bump();
            let message = &mut self.messages[place];
            message.flags = new;
            message.changed = changed;
        }
        true
    }

    /// Takes out the messages that `unwanted` picks.
    pub(super) fn expunge(&mut self, unwanted: impl Fn(&StoredMessage) -> bool) {
        let before = self.messages.len();
        self.messages.retain(|message| !unwanted(message));
        if self.messages.len() != before {
            self.bump();
        }
    }

    fn renumber(&mut self, uid_validity: u32) {
        self.uid_validity = uid_validity;
        self.uid_next = 1;
        for message in &mut self.messages {
            message.id = fresh_number();
            message.uid = self.uid_next;
            self.uid_next += 1;
        }
        self.known_since = self.bump();
    }

    fn position(&self, uid: u32) -> Option<usize> {
        self.messages
            .binary_search_by_key(&uid, |message| message.uid)
            .ok()
    }

    fn bump(&mut self) -> u64 {
        let version = fresh_number();
        self.version.send_replace(version);
        self.mailbox_version.send_replace(version);
        version
    }
}

/// A number that is greater than all before: an id that no message has had, a version that no folder
/// of any mailbox has had.
fn fresh_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// System flags in the spelling of RFC 3501, section 2.3.2; keywords as they come.
fn canonical_flag(flag: String) -> String {
    SYSTEM_FLAGS
        .iter()
        .find(|system| system.eq_ignore_ascii_case(&flag))
        .map_or(flag, |system| (*system).to_owned())
}

/// The flags that every folder has.
pub(super) const SYSTEM_FLAGS: [&str; 5] =
    ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_never_given_twice() {
        let store = Store::default();
        store.folder("Ann@Example.org", "inbox", |folder| {
            let raw = Bytes::from_static(b"x");
            assert_eq!(folder.append(raw.clone(), vec![], Timestamp::UNIX_EPOCH), 1);
            assert_eq!(folder.append(raw.clone(), vec![], Timestamp::UNIX_EPOCH), 2);
            folder.expunge(|message| message.uid == 2);
            assert_eq!(folder.append(raw, vec![], Timestamp::UNIX_EPOCH), 3);
        });
        let uids = store.folder("ann@example.org", "INBOX", |folder| {
            folder.messages().iter().map(|m| m.uid).collect::<Vec<_>>()
        });
        assert_eq!(uids, Some(vec![1, 3]));
    }

    #[test]
    fn flags_change_once_in_whatever_case() {
        let mut folder = Folder::new(1, watch::Sender::new(0));
        folder.append(Bytes::new(), vec!["\\SEEN".into()], Timestamp::UNIX_EPOCH);
        let before = folder.version();
        assert!(folder.change_flags(1, FlagChange::Add, &["\\seen".into()]));
        assert_eq!(folder.version(), before);
        assert!(folder.change_flags(1, FlagChange::Add, &["Work".into()]));
        assert!(folder.change_flags(1, FlagChange::Remove, &["\\sEEN".into()]));
        assert_eq!(folder.messages()[0].flags, ["Work"]);
        assert!(!folder.change_flags(2, FlagChange::Add, &["Work".into()]));
    }
}
