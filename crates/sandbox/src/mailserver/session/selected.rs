//! What a session knows of the folder that it has selected.

use tokio::sync::watch;

use super::super::command::By;
use super::super::sequence::SequenceSet;
use super::super::store::Folder;

/// The selected folder as the client sees it: it changes only where the protocol lets the server
/// say so, whatever others do to the folder meanwhile.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) mailbox: String,
    pub(super) folder: String,
    pub(super) read_only: bool,
    pub(super) changes: watch::Receiver<u64>,
    uid_validity: u32,
    /// The UID of each message, by sequence number.
    view: Vec<u32>,
    /// The folder's version that the client knows.
    version: u64,
}

/// The folder is no longer the one that was selected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Renumbered;

impl Selected {
    pub(super) fn new(mailbox: &str, name: &str, read_only: bool, folder: &Folder) -> Self {
        Self {
            mailbox: mailbox.to_owned(),
            folder: name.to_owned(),
            read_only,
            changes: folder.changes(),
            uid_validity: folder.uid_validity,
            view: folder
                .messages()
                .iter()
                .map(|message| message.uid)
                .collect(),
            version: folder.version(),
        }
    }

    pub(super) fn exists(&self) -> u32 {
        u32::try_from(self.view.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn greatest_uid(&self) -> u32 {
        self.view.last().copied().unwrap_or(0)
    }

    /// Sequence number and UID of each message that the client knows.
    pub(super) fn messages(&self) -> impl Iterator<Item = (u32, u32)> {
        (1..).zip(self.view.iter().copied())
    }

    /// Sequence number and UID of the messages in a set; `None` where it names a sequence number
    /// that is not there.
    pub(super) fn pick(&self, by: By, set: &SequenceSet) -> Option<Vec<(u32, u32)>> {
        match by {
            By::Uid => {
                let ranges = set.resolve(self.greatest_uid());
                let picked = self.messages().filter(|&(_, uid)| ranges.contains(uid));
                Some(picked.collect())
            }
            By::Sequence => {
                let ranges = set.resolve(self.exists());
                let known = ranges.greatest().is_some_and(|last| last <= self.exists());
                let picked = self
                    .messages()
                    .filter(|&(number, _)| ranges.contains(number));
                known.then(|| picked.collect())
            }
        }
    }

    /// The client has been told of a change that it made itself: from the first version to the
    /// second. Where others were faster, it is told once more with their changes.
    pub(super) fn knows(&mut self, before: u64, after: u64) {
        if self.version == before {
            self.version = after;
        }
    }

    /// What the client has to be told; EXPUNGE only where it is allowed (RFC 3501, section 7.4.1).
    pub(super) fn catch_up(
        &mut self,
        folder: &Folder,
        may_expunge: bool,
    ) -> Result<Vec<String>, Renumbered> {
        if folder.uid_validity != self.uid_validity {
            return Err(Renumbered);
        }
        if folder.version() == self.version {
            return Ok(Vec::new());
        }
        let mut told = Vec::new();
        let gone: Vec<usize> = (0..self.view.len())
            .filter(|&place| folder.message(self.view[place]).is_none())
            .collect();
        let still_to_tell = !gone.is_empty() && !may_expunge;
        if may_expunge && !gone.is_empty() {
            // From the end, so that each number is right when it is said.
            told.extend(
                gone.iter()
                    .rev()
                    .map(|place| format!("* {} EXPUNGE", place + 1)),
            );
            self.view.retain(|&uid| folder.message(uid).is_some());
        }
        for (number, uid) in self.messages() {
            if let Some(message) = folder.message(uid)
                && message.changed > self.version
            {
                let flags = message.flags.join(" ");
                told.push(format!("* {number} FETCH (UID {uid} FLAGS ({flags}))"));
            }
        }
        let known = self.greatest_uid();
        let before = self.view.len();
        let new = folder.messages().iter().map(|message| message.uid);
        self.view.extend(new.filter(|&uid| uid > known));
        if self.view.len() > before {
            told.push(format!("* {} EXISTS", self.view.len()));
        }
        if !still_to_tell {
            self.version = folder.version();
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::super::super::store::{FlagChange, Store};
    use super::*;

    #[test]
    fn a_client_is_told_of_changes_in_an_order_that_keeps_numbers_right() {
        let store = Store::default();
        store.folder("m", "INBOX", |folder| {
            for _ in 0..4 {
                folder.append(Bytes::new(), vec![], Timestamp::UNIX_EPOCH);
            }
            let mut selected = Selected::new("m", "INBOX", false, folder);
            assert_eq!(selected.catch_up(folder, true), Ok(vec![]));
            folder.expunge(|message| message.uid == 1 || message.uid == 3);
            folder.change_flags(4, FlagChange::Add, &["\\Seen".to_owned()]);
            folder.append(Bytes::new(), vec![], Timestamp::UNIX_EPOCH);
            assert_eq!(
                selected.catch_up(folder, true),
                Ok(vec![
                    "* 3 EXPUNGE".to_owned(),
                    "* 1 EXPUNGE".to_owned(),
                    "* 2 FETCH (UID 4 FLAGS (\\Seen))".to_owned(),
                    "* 3 EXISTS".to_owned(),
                ])
            );
            assert_eq!(selected.catch_up(folder, true), Ok(vec![]));
        });
    }

    #[test]
    fn a_message_that_is_gone_keeps_its_number_until_expunge_may_be_told() {
        let store = Store::default();
        store.folder("m", "INBOX", |folder| {
            for _ in 0..2 {
                folder.append(Bytes::new(), vec![], Timestamp::UNIX_EPOCH);
            }
            let mut selected = Selected::new("m", "INBOX", false, folder);
            folder.expunge(|message| message.uid == 1);
            folder.append(Bytes::new(), vec![], Timestamp::UNIX_EPOCH);
            let told = selected.catch_up(folder, false);
            assert_eq!(told, Ok(vec!["* 3 EXISTS".to_owned()]));
            let told = selected.catch_up(folder, true).unwrap();
            assert_eq!(told[0], "* 1 EXPUNGE");
            assert_eq!(selected.messages().collect::<Vec<_>>(), [(1, 2), (2, 3)]);
        });
    }
}
