//! The commands on folders: LIST, STATUS, CREATE, SELECT, APPEND.

use std::io;

use bytes::Bytes;

use super::super::command::ListReturn;
use super::super::fault::ImapFault;
use super::super::handle::now;
use super::super::scanner::quote;
use super::super::store::{Folder, SYSTEM_FLAGS};
use super::selected::Selected;
use super::{Session, Verdict};

const NO_FOLDER: &str = "[NONEXISTENT] No such folder";
const TRY_CREATE: &str = "[TRYCREATE] No such folder";
const GARBAGE: &[u8] = b"\x00\xff* )(}{99999999999999999999} SELECT\r\n\x80\x80 =?\r\n";

impl Session {
    pub(super) async fn list(
        &mut self,
        mailbox: &str,
        reference: &str,
        patterns: &[String],
        returns: &[ListReturn],
    ) -> io::Result<Verdict> {
        if !returns.is_empty() && !self.options().list_status {
            return Verdict::bad("Too many arguments");
        }
        if patterns.iter().all(String::is_empty) {
            self.connection
                .send("* LIST (\\Noselect) \"/\" \"\"")
                .await?;
            return Verdict::ok("LIST completed");
        }
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| match format!("{reference}{pattern}") {
                inbox if inbox.eq_ignore_ascii_case("INBOX") => "INBOX".to_owned(),
                pattern => pattern,
            })
            .collect();
        let fits = |name: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| matches_pattern(pattern.as_bytes(), name.as_bytes()))
        };
        let names: Vec<String> = self.server.store.mailbox(mailbox, |mailbox| {
            let names = mailbox.names().filter(|name| fits(name));
            names.map(str::to_owned).collect()
        });
        for name in names {
            let special = self.options().special_use.iter();
            let uses: Vec<&str> = special
                .filter(|(marked, _)| *marked == name && returns.contains(&ListReturn::SpecialUse))
                .map(|(_, mark)| mark.as_str())
                .collect();
            let line = format!("* LIST ({}) \"/\" {}", uses.join(" "), quote(&name));
            self.connection.send(line).await?;
            for wanted in returns {
                if let ListReturn::Status(items) = wanted {
                    self.status(mailbox, &name, items).await?;
                }
            }
        }
        Verdict::ok("LIST completed")
    }

    pub(super) async fn status(
        &mut self,
        mailbox: &str,
        name: &str,
        items: &[String],
    ) -> io::Result<Verdict> {
        let condstore = self.options().condstore;
        let mut values = self.server.store.folder(mailbox, name, |folder| {
            status_values(folder, items, condstore)
        });
        let said = self.faults().take(|fault| match fault {
            ImapFault::FalseStatus(items) => Some(items.clone()),
            _ => None,
        });
        if said.is_some() {
            values = Some(said);
        }
        match values {
            None => Verdict::no(NO_FOLDER),
            Some(None) => Verdict::bad("Unknown status item"),
            Some(Some(values)) => {
                let line = format!("* STATUS {} ({values})", quote(name));
                self.connection.send(line).await?;
                Verdict::ok("STATUS completed")
            }
        }
    }

    pub(super) fn create(&self, mailbox: &str, name: &str) -> io::Result<Verdict> {
        let name = name.trim_end_matches('/');
        if name.is_empty() || name.contains(|c: char| c.is_control() || "*%".contains(c)) {
            return Verdict::no("[CANNOT] Not a name for a folder");
        }
        let created = self
            .server
            .store
            .mailbox(mailbox, |mailbox| mailbox.create(name).is_some());
        if created {
            Verdict::ok("CREATE completed")
        } else {
            Verdict::no("[ALREADYEXISTS] There is a folder of that name")
        }
    }

    pub(super) async fn select(
        &mut self,
        mailbox: &str,
        name: &str,
        read_only: bool,
    ) -> io::Result<Verdict> {
        self.selected = None;
        if self.faults().strikes(&ImapFault::Garbage) {
            self.connection.raw(GARBAGE).await?;
            return Ok(Verdict::Unsaid);
        }
        if self.faults().strikes(&ImapFault::NewUidValidity) {
            self.server
                .store
                .mailbox(mailbox, |mailbox| mailbox.renumber(name));
        }
        let condstore = self.options().condstore;
        let opened = self.server.store.folder(mailbox, name, |folder| {
            let selected = Selected::new(mailbox, name, read_only, folder);
            (selected, select_answers(folder, read_only, condstore))
        });
        let Some((selected, answers)) = opened else {
            return Verdict::no(NO_FOLDER);
        };
        self.selected = Some(selected);
        for answer in answers {
            self.connection.send(answer).await?;
        }
        if read_only {
            Verdict::ok("[READ-ONLY] EXAMINE completed")
        } else {
            Verdict::ok("[READ-WRITE] SELECT completed")
        }
    }

    pub(super) async fn append(
        &mut self,
        mailbox: &str,
        name: &str,
        flags: Vec<String>,
        raw: Vec<u8>,
    ) -> io::Result<Verdict> {
        if let Some(refusal) = self.faults().take(super::refusal_of_append) {
            return Ok(Verdict::Exactly(refusal));
        }
        let hangs_up = self.faults().take(|fault| match fault {
            ImapFault::HangUpAppend { keeps, then } => Some((*keeps, then.clone())),
            _ => None,
        });
        let hangs_up = hangs_up.map(|(keeps, then)| {
            if let Some(then) = then {
                self.faults().add(*then, None);
            }
            keeps
        });
        if hangs_up == Some(false) {
            self.ended = true;
            return Ok(Verdict::Unsaid);
        }
        let appended = self.server.store.folder(mailbox, name, |folder| {
            (
                folder.uid_validity,
                folder.append(Bytes::from(raw), flags, now()),
            )
        });
        let Some((uid_validity, uid)) = appended else {
            return Verdict::no(TRY_CREATE);
        };
        if hangs_up.is_some() {
            self.ended = true;
            return Ok(Verdict::Unsaid);
        }
        self.report_changes(true).await?;
        if self.options().r#move {
            Verdict::ok(format!("[APPENDUID {uid_validity} {uid}] APPEND completed"))
        } else {
            Verdict::ok("APPEND completed")
        }
    }
}

fn select_answers(folder: &Folder, read_only: bool, condstore: bool) -> Vec<String> {
    let flags = SYSTEM_FLAGS.join(" ");
    let permanent = if read_only {
        String::new()
    } else {
        format!("{flags} \\*")
    };
    let mut answers = vec![
        format!("* FLAGS ({flags})"),
        format!("* OK [PERMANENTFLAGS ({permanent})] Flags permitted"),
        format!("* {} EXISTS", folder.messages().len()),
        "* 0 RECENT".to_owned(),
        format!("* OK [UIDVALIDITY {}] UIDs valid", folder.uid_validity),
        format!("* OK [UIDNEXT {}] Next UID", folder.uid_next),
    ];
    if condstore {
        let highest = folder.version().max(1);
        answers.push(format!("* OK [HIGHESTMODSEQ {highest}] Highest"));
    }
    let unseen = folder
        .messages()
        .iter()
        .position(|message| !message.has_flag("\\Seen"));
    if let Some(place) = unseen {
        answers.push(format!("* OK [UNSEEN {}] First unseen", place + 1));
    }
    answers
}

/// `None` where an item is unknown.
fn status_values(folder: &Folder, items: &[String], condstore: bool) -> Option<String> {
    let messages = folder.messages();
    let values: Option<Vec<String>> = items
        .iter()
        .map(|item| {
            let value = match item.as_str() {
                "HIGHESTMODSEQ" if condstore => folder.version().max(1).to_string(),
                "MESSAGES" => messages.len().to_string(),
                "RECENT" => "0".to_owned(),
                "UIDNEXT" => folder.uid_next.to_string(),
                "UIDVALIDITY" => folder.uid_validity.to_string(),
                "UNSEEN" => {
                    let unseen = messages
                        .iter()
                        .filter(|message| !message.has_flag("\\Seen"));
                    unseen.count().to_string()
                }
                _ => return None,
            };
            Some(format!("{item} {value}"))
        })
        .collect();
    Some(values?.join(" "))
}

/// LIST's patterns: `*` is anything, `%` anything up to the next `/`.
fn matches_pattern(pattern: &[u8], name: &[u8]) -> bool {
    // Where the last wildcard stood, and from where in the name it may take one byte more.
    let (mut at, mut place) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(at), name.get(place)) {
            (None, None) => return true,
            (Some(b'*' | b'%'), _) => {
                retry = Some((at, place));
                at += 1;
            }
            (Some(wanted), Some(found)) if wanted == found => {
                at += 1;
                place += 1;
            }
            _ => match retry {
                Some((wildcard, from))
                    if from < name.len() && (pattern[wildcard] == b'*' || name[from] != b'/') =>
                {
                    retry = Some((wildcard, from + 1));
                    at = wildcard + 1;
                    place = from + 1;
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_rfc_3501_says() {
        let matches =
            |pattern: &str, name: &str| matches_pattern(pattern.as_bytes(), name.as_bytes());
        assert!(matches("*", "Tickets/New"));
        assert!(matches("%", "Tickets"));
        assert!(!matches("%", "Tickets/New"));
        assert!(matches("Tickets/%", "Tickets/New"));
        assert!(matches("*New", "Tickets/New"));
        assert!(matches("%/%", "a/b"));
        assert!(!matches("INBOX", "INBOX2"));
        assert!(!matches("INBOX2", "INBOX"));
    }
}
