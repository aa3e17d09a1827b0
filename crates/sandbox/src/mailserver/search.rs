//! SEARCH (RFC 3501, section 6.4.4); of the dates, SINCE alone.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::scanner::{Malformed, Scanner};
use super::sequence::SequenceSet;
use super::store::StoredMessage;

/// What a message has to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SearchKey {
    All(Vec<SearchKey>),
    Flag(String),
    Header(String, Vec<u8>),
    Larger(u32),
    Not(Box<SearchKey>),
    Or(Box<SearchKey>, Box<SearchKey>),
    Sequence(SequenceSet),
    /// By the days of UTC.
    Since(Date),
    Smaller(u32),
    Text(Vec<u8>),
    Uid(SequenceSet),
}

/// How deep keys may be nested.
const DEPTH: u8 = 20;

/// Which message is looked at, in which folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) message: &'a StoredMessage,
    pub(super) sequence: u32,
    pub(super) greatest_sequence: u32,
    pub(super) greatest_uid: u32,
}

impl SearchKey {
    /// All keys up to the end of the command; they all have to match.
    pub(super) fn parse_all(scanner: &mut Scanner<'_>) -> Result<Self, Malformed> {
        let mut keys = Vec::new();
        while scanner.peek().is_some() {
            scanner.space()?;
            keys.push(Self::parse(scanner, DEPTH)?);
        }
        if keys.is_empty() {
            Err(Malformed("Missing search key"))
        } else {
            Ok(Self::All(keys))
        }
    }

    fn parse(scanner: &mut Scanner<'_>, depth: u8) -> Result<Self, Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed("Nested too deep"))?;
        match scanner.peek() {
            Some(b'(') => {
                let keys = scanner.list(|scanner| Self::parse(scanner, depth))?;
                return Ok(Self::All(keys));
            }
            Some(b'0'..=b'9' | b'*') => {
                return SequenceSet::parse(&scanner.atom()?).map(Self::Sequence);
            }
            _ => {}
        }
        let flag = |name: &str| Self::Flag(name.to_owned());
        let not = |key| Self::Not(Box::new(key));
        let name = scanner.name()?;
        Ok(match name.as_str() {
            "ALL" | "OLD" => Self::All(Vec::new()),
            "ANSWERED" => flag("\\Answered"),
            "DELETED" => flag("\\Deleted"),
            "DRAFT" => flag("\\Draft"),
            "FLAGGED" => flag("\\Flagged"),
            "SEEN" => flag("\\Seen"),
            "NEW" | "RECENT" => not(Self::All(Vec::new())),
            "UNANSWERED" => not(flag("\\Answered")),
            "UNDELETED" => not(flag("\\Deleted")),
            "UNDRAFT" => not(flag("\\Draft")),
            "UNFLAGGED" => not(flag("\\Flagged")),
            "UNSEEN" => not(flag("\\Seen")),
            "CHARSET" => {
                argument(scanner)?;
                scanner.space()?;
                Self::parse(scanner, depth)?
            }
            "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => Self::Header(name, argument(scanner)?),
            "BODY" | "TEXT" => Self::Text(argument(scanner)?),
            "HEADER" => {
                let field = String::from_utf8_lossy(&argument(scanner)?).into_owned();
                Self::Header(field, argument(scanner)?)
            }
            "KEYWORD" => Self::Flag(keyword(scanner)?),
            "UNKEYWORD" => not(Self::Flag(keyword(scanner)?)),
            "LARGER" => Self::Larger(number(scanner)?),
            "SINCE" => Self::Since(day(scanner)?),
            "SMALLER" => Self::Smaller(number(scanner)?),
            "NOT" => {
                scanner.space()?;
                not(Self::parse(scanner, depth)?)
            }
            "OR" => {
                scanner.space()?;
                let one = Self::parse(scanner, depth)?;
                scanner.space()?;
                Self::Or(Box::new(one), Box::new(Self::parse(scanner, depth)?))
            }
            "UID" => Self::Uid(SequenceSet::parse(&keyword(scanner)?)?),
            _ => return Err(Malformed("Unknown search key")),
        })
    }

    pub(super) fn matches(&self, candidate: Candidate<'_>) -> bool {
        let Candidate { message, .. } = candidate;
        match self {
            Self::All(keys) => keys.iter().all(|key| key.matches(candidate)),
            Self::Flag(flag) => message.has_flag(flag),
            Self::Header(field, text) => super::fetch::header_fields(&message.raw)
                .filter(|(name, _)| name.eq_ignore_ascii_case(field.as_bytes()))
                .any(|(_, whole)| contains(&whole[field.len()..], text)),
            Self::Larger(size) => message.raw.len() > *size as usize,
            Self::Not(key) => !key.matches(candidate),
            Self::Or(one, other) => one.matches(candidate) || other.matches(candidate),
            Self::Sequence(set) => set
                .resolve(candidate.greatest_sequence)
                .contains(candidate.sequence),
            Self::Since(day) => TimeZone::UTC.to_datetime(message.received).date() >= *day,
            Self::Smaller(size) => message.raw.len() < *size as usize,
            Self::Text(text) => contains(&message.raw, text),
            Self::Uid(set) => set.resolve(candidate.greatest_uid).contains(message.uid),
        }
    }
}

fn argument(scanner: &mut Scanner<'_>) -> Result<Vec<u8>, Malformed> {
    scanner.space()?;
    match scanner.peek() {
        Some(b'"' | b'{') => scanner.string(),
        _ => scanner.atom().map(String::into_bytes),
    }
}

fn keyword(scanner: &mut Scanner<'_>) -> Result<String, Malformed> {
    scanner.space()?;
    scanner.atom()
}

fn number(scanner: &mut Scanner<'_>) -> Result<u32, Malformed> {
    scanner.space()?;
    scanner.number()
}

fn day(scanner: &mut Scanner<'_>) -> Result<Date, Malformed> {
    let text = argument(scanner)?;
    let text = String::from_utf8_lossy(&text);
    Date::strptime("%d-%b-%Y", &*text).map_err(|_| Malformed("Malformed date"))
}

/// Whether `text` stands in `bytes`, in whatever case.
fn contains(bytes: &[u8], text: &[u8]) -> bool {
    text.is_empty()
        || bytes
            .windows(text.len())
            .any(|window| window.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;

    fn found(keys: &str) -> bool {
        let message = StoredMessage {
            id: 1,
            uid: 17,
            flags: vec!["\\Seen".to_owned(), "Work".to_owned()],
            raw: Bytes::from_static(b"Subject: Broken printer\r\nX: y\r\n\r\nIt smokes.\r\n"),
            received: Timestamp::UNIX_EPOCH,
            changed: 0,
            moved: false,
        };
        let candidate = Candidate {
            message: &message,
            sequence: 2,
            greatest_sequence: 2,
            greatest_uid: 17,
        };
        SearchKey::parse_all(&mut Scanner::new(format!(" {keys}").as_bytes()))
            .unwrap()
            .matches(candidate)
    }

    #[test]
    fn keys_match_what_they_say() {
        for keys in [
            "ALL",
            "UID 10:*",
            "UID 99:*",
            "2",
            "SEEN UNDELETED",
            "KEYWORD work",
            "OR DELETED (SEEN LARGER 10)",
            "NOT SMALLER 10",
            "SUBJECT printer",
            "HEADER X \"\"",
            "CHARSET UTF-8 TEXT {6}\r\nsmokes",
        ] {
            assert!(found(keys), "{keys}");
        }
        for keys in [
            "UNSEEN",
            "UID 1:16",
            "1",
            "DELETED",
            "SUBJECT smokes",
            "HEADER Y \"\"",
        ] {
            assert!(!found(keys), "{keys}");
        }
    }

    #[test]
    fn keys_nested_without_end_are_refused() {
        let deep = format!(" {}ALL", "NOT ".repeat(10_000));
        assert!(SearchKey::parse_all(&mut Scanner::new(deep.as_bytes())).is_err());
    }
}
