//! An INBOX as POP3 shows it (RFC 1939): as it was at login, until the session ends.

use bytes::Bytes;

use super::options::UniqueIds;
use super::store::Store;
use super::words::POP3;

/// What a mailbox's INBOX held when somebody logged in, and what has been marked as deleted since.
#[derive(Debug)]
pub(super) struct Maildrop {
    mailbox: String,
    uid_validity: u32,
    unique_ids: UniqueIds,
    messages: Vec<Message>,
}

#[derive(Debug)]
struct Message {
    uid: u32,
    raw: Bytes,
    deleted: bool,
}

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Line(String),
    /// A first line, and those of a list behind it.
    List(String, Vec<String>),
    /// A first line, and a message's bytes behind it.
    Message(String, Bytes),
}

impl Maildrop {
    pub(super) fn open(store: &Store, mailbox: &str, unique_ids: UniqueIds) -> Self {
        let opened = store.folder(mailbox, "INBOX", |folder| {
            let message = |stored: &super::StoredMessage| Message {
                uid: stored.uid,
                raw: stored.raw.clone(),
                deleted: false,
            };
            let messages = folder.messages().iter().map(message).collect();
            (folder.uid_validity, messages)
        });
        let (uid_validity, messages) = opened.unwrap_or_default();
        Self {
            mailbox: mailbox.to_owned(),
            uid_validity,
            unique_ids,
            messages,
        }
    }

    /// Carries out a command of the transaction state; `argument` is empty where there is none.
    pub(super) fn answer(&mut self, verb: &str, argument: &str) -> Answer {
        match verb {
            "STAT" => {
                let (count, bytes) = self.size();
                Answer::Line(format!("+OK {count} {bytes}"))
            }
            "LIST" => self.list(argument, |_, message| message.size().to_string()),
            "UIDL" => {
                let (uid_validity, kind) = (self.uid_validity, self.unique_ids);
                self.list(argument, |number, message| match kind {
                    UniqueIds::Own => message.unique_id(uid_validity),
                    UniqueIds::Places => number.to_string(),
                    UniqueIds::Contents => message.content_id(),
                })
            }
            "RETR" => match self.message(argument) {
                Some(message) => {
                    let first = format!("+OK {} octets", message.size());
                    Answer::Message(first, message.raw.clone())
                }
                None => no_such_message(),
            },
            "TOP" => {
                let (number, lines) = argument.split_once(' ').unwrap_or_default();
                match (self.message(number), lines.parse()) {
                    (Some(message), Ok(lines)) => {
                        Answer::Message("+OK".to_owned(), message.top(lines))
                    }
                    _ => no_such_message(),
                }
            }
            "DELE" => match self.message(argument) {
                Some(message) => {
                    message.deleted = true;
                    Answer::Line("+OK Marked to be deleted".to_owned())
                }
                None => no_such_message(),
            },
            "RSET" => {
                for message in &mut self.messages {
                    message.deleted = false;
                }
                Answer::Line(POP3.done.to_owned())
            }
            "NOOP" => Answer::Line(POP3.done.to_owned()),
            _ => Answer::Line(POP3.unknown.to_owned()),
        }
    }

    /// Deletes what has been marked: only QUIT does. Where UIDVALIDITY has changed meanwhile, nothing
    /// is what it was, and all stays.
    pub(super) fn commit(&self, store: &Store) {
        let marked = |uid: u32| {
            let messages = &self.messages;
            let place = messages.binary_search_by_key(&uid, |message| message.uid);
            place.is_ok_and(|place| messages[place].deleted)
        };
        store.folder(&self.mailbox, "INBOX", |folder| {
            if folder.uid_validity == self.uid_validity {
                folder.expunge(|message| marked(message.uid));
            }
        });
    }

    /// How many messages there are, and their bytes together.
    fn size(&self) -> (usize, usize) {
        let there = || self.messages.iter().filter(|message| !message.deleted);
        (there().count(), there().map(Message::size).sum())
    }

    /// A line of all messages, or of the one that is asked for.
    fn list(&mut self, argument: &str, shown: impl Fn(&str, &Message) -> String) -> Answer {
        if !argument.is_empty() {
            return match self.message(argument) {
                Some(message) => {
                    Answer::Line(format!("+OK {argument} {}", shown(argument, message)))
                }
                None => no_such_message(),
            };
        }
        let (count, bytes) = self.size();
        let numbered = (1_usize..).zip(&self.messages);
        let lines = numbered
            .filter(|(_, message)| !message.deleted)
            .map(|(number, message)| {
                let number = number.to_string();
                format!("{number} {}", shown(&number, message))
            });
        let first = format!("+OK {count} messages ({bytes} octets)");
        Answer::List(first, lines.collect())
    }

    /// The message of this number, unless it is marked as deleted.
    fn message(&mut self, number: &str) -> Option<&mut Message> {
        let place = number.parse::<usize>().ok()?.checked_sub(1)?;
        let message = self.messages.get_mut(place)?;
        (!message.deleted).then_some(message)
    }
}

impl Message {
    /// Its bytes as they are sent, the dots before lines that begin with one not counted.
    fn size(&self) -> usize {
        let ends = self.raw.ends_with(b"\r\n");
        self.raw.len() + if ends { 0 } else { 2 }
    }

    /// Its header, and so many lines behind it.
    fn top(&self, lines: usize) -> Bytes {
        let raw = &self.raw;
        let header = raw.windows(4).position(|four| four == b"\r\n\r\n");
        let body = header.map_or(raw.len(), |end| end + 4);
        let ends = raw[body..].iter().enumerate();
        let mut ends = ends.filter_map(|(at, byte)| (*byte == b'\n').then_some(body + at + 1));
        let end = match lines {
            0 => body,
            lines => ends.nth(lines - 1).unwrap_or(raw.len()),
        };
        raw.slice(..end)
    }

    fn content_id(&self) -> String {
        let mut hasher = std::hash::DefaultHasher::new();
        std::hash::Hash::hash(&self.raw, &mut hasher);
        format!("{:x}", std::hash::Hasher::finish(&hasher))
    }

    fn unique_id(&self, uid_validity: u32) -> String {
        format!("{uid_validity}.{}", self.uid)
    }
}

fn no_such_message() -> Answer {
    Answer::Line("-ERR No such message".to_owned())
}

/// A message as it goes over the wire, in pieces of a size that is fit to be written: with one more dot
/// before each line that begins with one, a line end behind it where it has none, and the dot that
/// ends it.
pub(super) fn stuffed(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    const PIECE: usize = 64 * 1024;
    let mut rest = raw;
    let lines = std::iter::from_fn(move || {
        // A line and its end; only CRLF ends one.
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let (line, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 2));
        rest = behind;
        (!line.is_empty()).then_some(line)
    });
    let dotted = lines.flat_map(|line| {
        let dot: &[u8] = if line.starts_with(b".") { b"." } else { b"" };
        [dot, line]
    });
    let end: &[u8] = if raw.ends_with(b"\r\n") {
        b".\r\n"
    } else {
        b"\r\n.\r\n"
    };
    dotted
        .flat_map(|part| part.chunks(PIECE))
        .chain(std::iter::once(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_sent_so_that_its_end_is_known() {
        for (raw, sent) in [
            ("", "\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"),
            ("a\n.\r\n", "a\n.\r\n.\r\n"),
        ] {
            let pieces: Vec<&[u8]> = stuffed(raw.as_bytes()).collect();
            assert_eq!(pieces.concat(), sent.as_bytes(), "{raw:?}");
        }
    }
}
