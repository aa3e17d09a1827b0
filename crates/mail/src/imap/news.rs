//! What a server says unasked of folders that are not selected (NOTIFY, RFC 5465).

use std::collections::BTreeSet;

use super::names;
use super::response::Untagged;

/// More folders than these are not told apart: then there is news of all of them.
const MOST: usize = 2_000;
/// No folder has a longer name, in bytes.
const LONGEST_NAME: usize = 2_000;

/// News of folders since somebody last took it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct News {
    /// In these something has come or gone; `INBOX` in capitals.
    pub folders: BTreeSet<String>,
    /// There may have been news of any folder.
    pub any: bool,
    /// The server tells no more from here on (`NOTIFICATIONOVERFLOW`).
    pub over: bool,
}

/// A folder's name as news have it.
pub(super) fn in_news(name: &str) -> &str {
    if name.eq_ignore_ascii_case("INBOX") {
        "INBOX"
    } else {
        name
    }
}

impl News {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.folders.is_empty() && !self.any && !self.over
    }

    /// Whether there may be news of this folder, named in UTF-8.
    pub fn tells_of(&self, folder: &str) -> bool {
        self.any || self.folders.contains(in_news(folder))
    }

    pub(super) fn take_in(&mut self, untagged: &Untagged) {
        match untagged {
            Untagged::FolderStatus(name, _) => {
                if name.len() > LONGEST_NAME || self.folders.len() >= MOST {
                    self.any = true;
                } else if let Some(name) = names::decode(name) {
                    self.folders.insert(name);
                }
            }
            Untagged::Status(status) if status.has_code("NOTIFICATIONOVERFLOW") => {
                self.any = true;
                self.over = true;
            }
            _ => {}
        }
    }
}
