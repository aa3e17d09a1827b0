//! The commands that the server understands (RFC 3501, section 6).

use super::fetch::FetchItem;
use super::scanner::{Malformed, Scanner};
use super::search::SearchKey;
use super::sequence::SequenceSet;
use super::store::FlagChange;

/// A command with its tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) tag: String,
    pub(super) command: Result<Command, Malformed>,
}

/// Messages by sequence number or by UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Sequence,
    Uid,
}

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Append {
        folder: String,
        flags: Vec<String>,
        raw: Vec<u8>,
    },
    Authenticate {
        mechanism: String,
        response: Option<String>,
    },
    Capability,
    Check,
    Close,
    Copy(By, SequenceSet, String),
    Create(String),
    Enable,
    Expunge(Option<SequenceSet>),
    Fetch(By, SequenceSet, Vec<FetchItem>),
    Id,
    Idle,
    List {
        reference: String,
        patterns: Vec<String>,
        returns: Vec<ListReturn>,
    },
    Login,
    Logout,
    Move(By, SequenceSet, String),
    Noop,
    Notify(Option<NotifyFor>),
    Search(By, SearchKey),
    Select {
        folder: String,
        read_only: bool,
    },
    StartTls,
    Status {
        folder: String,
        items: Vec<String>,
    },
    Store {
        by: By,
        set: SequenceSet,
        change: FlagChange,
        silent: bool,
        flags: Vec<String>,
    },
    Unselect,
}

/// What LIST is to say besides (RFC 5258, section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListReturn {
    SpecialUse,
    Status(Vec<String>),
}

/// Of which folders NOTIFY is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotifyFor {
    Personal,
    Folders(Vec<String>),
}

impl Request {
    /// Reads a whole command; where not even its tag can be read, the tag is `*`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut scanner = Scanner::new(bytes);
        match scanner.atom() {
            Ok(tag) => Self {
                tag,
                command: Command::parse(&mut scanner),
            },
            Err(malformed) => Self {
                tag: "*".to_owned(),
                command: Err(malformed),
            },
        }
    }
}

impl Command {
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, Malformed> {
        scanner.space()?;
        let mut name = scanner.name()?;
        let by = match name.as_str() {
            "UID" => {
                scanner.space()?;
                name = scanner.name()?;
                By::Uid
            }
            _ => By::Sequence,
        };
        let command = match (name.as_str(), by) {
            ("COPY", _) => Self::Copy(by, set(scanner)?, folder(scanner)?),
            ("EXPUNGE", By::Uid) => Self::Expunge(Some(set(scanner)?)),
            ("FETCH", _) => {
                let set = set(scanner)?;
                scanner.space()?;
                Self::Fetch(by, set, FetchItem::parse_all(scanner)?)
            }
            ("MOVE", _) => Self::Move(by, set(scanner)?, folder(scanner)?),
            ("SEARCH", _) => Self::Search(by, SearchKey::parse_all(scanner)?),
            ("STORE", _) => store(scanner, by)?,
            (_, By::Uid) => return Err(Malformed("Unknown command")),
            ("APPEND", _) => append(scanner)?,
            ("AUTHENTICATE", _) => {
                scanner.space()?;
                let mechanism = scanner.atom()?;
                let mut response = None;
                if scanner.peek().is_some() {
                    scanner.space()?;
                    response = Some(scanner.atom()?);
                }
                Self::Authenticate {
                    mechanism,
                    response,
                }
            }
            ("CAPABILITY", _) => Self::Capability,
            ("CHECK", _) => Self::Check,
            ("CLOSE", _) => Self::Close,
            ("CREATE", _) => Self::Create(folder(scanner)?),
            ("ENABLE", _) => return Ok(Self::Enable),
            ("EXPUNGE", _) => Self::Expunge(None),
            ("EXAMINE" | "SELECT", _) => Self::Select {
                folder: folder(scanner)?,
                read_only: name == "EXAMINE",
            },
            ("ID", _) => return Ok(Self::Id),
            ("IDLE", _) => Self::Idle,
            ("LIST" | "LSUB", _) => list(scanner)?,
            ("LOGIN", _) => return Ok(Self::Login),
            ("LOGOUT", _) => Self::Logout,
            ("NOOP", _) => Self::Noop,
            ("NOTIFY", _) => Self::Notify(notify(scanner)?),
            ("STARTTLS", _) => Self::StartTls,
            ("STATUS", _) => {
                let folder = folder(scanner)?;
                scanner.space()?;
                let items = scanner.list(Scanner::name)?;
                Self::Status { folder, items }
            }
            ("UNSELECT", _) => Self::Unselect,
            _ => return Err(Malformed("Unknown command")),
        };
        scanner.end()?;
        Ok(command)
    }
}

fn set(scanner: &mut Scanner<'_>) -> Result<SequenceSet, Malformed> {
    scanner.space()?;
    SequenceSet::parse(&scanner.atom()?)
}

fn folder(scanner: &mut Scanner<'_>) -> Result<String, Malformed> {
    scanner.space()?;
    scanner.astring()
}

fn list(scanner: &mut Scanner<'_>) -> Result<Command, Malformed> {
    let reference = folder(scanner)?;
    scanner.space()?;
    let patterns = match scanner.peek() {
        Some(b'(') => scanner.list(Scanner::astring)?,
        _ => vec![scanner.astring()?],
    };
    let mut returns = Vec::new();
    if scanner.peek().is_some() {
        scanner.space()?;
        if scanner.name()? != "RETURN" {
            return Err(Malformed("Too many arguments"));
        }
        scanner.space()?;
        returns = scanner.list(
            |scanner| match scanner.atom()?.to_ascii_uppercase().as_str() {
                "SPECIAL-USE" => Ok(ListReturn::SpecialUse),
                "STATUS" => {
                    scanner.space()?;
                    Ok(ListReturn::Status(scanner.list(Scanner::name)?))
                }
                _ => Err(Malformed("Unknown return option")),
            },
        )?;
    }
    Ok(Command::List {
        reference,
        patterns,
        returns,
    })
}

/// `SET (selected (…)) (mailboxes (a b) (…))`; `None` for `NONE`. Which events are asked for is
/// checked (both or none, RFC 5465, section 5), and always both are told.
fn notify(scanner: &mut Scanner<'_>) -> Result<Option<NotifyFor>, Malformed> {
    scanner.space()?;
    if scanner.name()? == "NONE" {
        return Ok(None);
    }
    let mut told = NotifyFor::Folders(Vec::new());
    while scanner.peek().is_some() {
        scanner.space()?;
        scanner.expect(b'(', "Missing event group")?;
        match scanner.atom()?.to_ascii_uppercase().as_str() {
            "SELECTED" | "SELECTED-DELAYED" => {}
            "PERSONAL" => told = NotifyFor::Personal,
            "MAILBOXES" => {
                scanner.space()?;
                told = NotifyFor::Folders(scanner.list(Scanner::astring)?);
            }
            _ => return Err(Malformed("Unknown filter")),
        }
        scanner.space()?;
        let events = scanner.list(Scanner::name)?;
        if events.len() != 2 || !events.contains(&"MESSAGENEW".to_owned()) {
            return Err(Malformed("MessageNew goes with MessageExpunge"));
        }
        scanner.expect(b')', "Event group without end")?;
    }
    Ok(Some(told))
}

fn append(scanner: &mut Scanner<'_>) -> Result<Command, Malformed> {
    let folder = folder(scanner)?;
    scanner.space()?;
    let mut flags = Vec::new();
    if scanner.peek() == Some(b'(') {
        flags = scanner.list(Scanner::atom)?;
        scanner.space()?;
    }
    if scanner.peek() == Some(b'"') {
        scanner.string()?;
        scanner.space()?;
    }
    let raw = scanner.literal()?.to_vec();
    Ok(Command::Append { folder, flags, raw })
}

fn store(scanner: &mut Scanner<'_>, by: By) -> Result<Command, Malformed> {
    let set = set(scanner)?;
    scanner.space()?;
    let change = match (scanner.eat(b'+'), scanner.eat(b'-')) {
        (true, false) => FlagChange::Add,
        (false, true) => FlagChange::Remove,
        _ => FlagChange::Replace,
    };
    let silent = match scanner.name()?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(Malformed("Unknown item to store")),
    };
    scanner.space()?;
    let flags = match scanner.peek() {
        Some(b'(') => scanner.list(Scanner::atom)?,
        _ => vec![scanner.atom()?],
    };
    Ok(Command::Store {
        by,
        set,
        change,
        silent,
        flags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Command, Malformed> {
        Request::parse(text.as_bytes()).command
    }

    #[test]
    fn commands_are_read_in_whatever_case() {
        assert_eq!(parse("a NoOp"), Ok(Command::Noop));
        assert_eq!(parse("a uid expunge 3"), {
            Ok(Command::Expunge(Some(SequenceSet::parse("3").unwrap())))
        });
        assert_eq!(
            parse("a examine \"Tickets/New ones\""),
            Ok(Command::Select {
                folder: "Tickets/New ones".to_owned(),
                read_only: true
            })
        );
        assert_eq!(
            parse("a append Sent (\\Seen) \"01-Jan-2026 00:00:00 +0000\" {3+}\r\na\r\n"),
            Ok(Command::Append {
                folder: "Sent".to_owned(),
                flags: vec!["\\Seen".to_owned()],
                raw: b"a\r\n".to_vec()
            })
        );
        assert_eq!(
            parse("a uid store 1:* -flags.silent \\Seen"),
            Ok(Command::Store {
                by: By::Uid,
                set: SequenceSet::parse("1:*").unwrap(),
                change: FlagChange::Remove,
                silent: true,
                flags: vec!["\\Seen".to_owned()]
            })
        );
    }

    #[test]
    fn lists_and_notices_have_options() {
        assert_eq!(
            parse("a list \"\" (INBOX \"b c\") return (special-use status (uidnext messages))"),
            Ok(Command::List {
                reference: String::new(),
                patterns: vec!["INBOX".to_owned(), "b c".to_owned()],
                returns: vec![
                    ListReturn::SpecialUse,
                    ListReturn::Status(vec!["UIDNEXT".to_owned(), "MESSAGES".to_owned()]),
                ],
            })
        );
        let both = "(MessageNew MessageExpunge)";
        assert_eq!(
            parse(&format!(
                "a NOTIFY SET (selected {both}) (mailboxes (a \"b c\") {both})"
            )),
            Ok(Command::Notify(Some(NotifyFor::Folders(vec![
                "a".to_owned(),
                "b c".to_owned()
            ]))))
        );
        assert_eq!(parse("a NOTIFY NONE"), Ok(Command::Notify(None)));
        assert!(parse("a NOTIFY SET (personal (MessageNew))").is_err());
    }

    #[test]
    fn what_is_no_command_is_malformed_and_keeps_its_tag() {
        for text in [
            "a7",
            "a7 ",
            "a7 XYZZY",
            "a7 UID NOOP",
            "a7 SELECT",
            "a7 NOOP now",
            "a7 FETCH 1",
            "a7 STORE 1 +FLAGS",
            "a7 STATUS INBOX MESSAGES",
        ] {
            let request = Request::parse(text.as_bytes());
            assert_eq!(request.tag, "a7");
            assert!(request.command.is_err(), "{text}");
        }
        assert_eq!(Request::parse(b"").tag, "*");
        assert!(Request::parse(b"\xff\x00 NOOP").command.is_err());
    }
}
