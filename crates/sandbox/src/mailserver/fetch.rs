//! FETCH (RFC 3501, section 6.4.5): its items, and the answer for one message.

use bytes::Bytes;

use super::connection::Answer;
use super::scanner::{Malformed, Scanner};
use super::store::StoredMessage;

/// One thing that is asked for. ENVELOPE and BODYSTRUCTURE are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FetchItem {
    Body {
        section: Section,
        /// Leaves `\Seen` alone.
        peek: bool,
        /// First byte and how many at most.
        partial: Option<(u32, u32)>,
    },
    Flags,
    InternalDate,
    /// RFC822, RFC822.HEADER or RFC822.TEXT, answered under its own name.
    Rfc822(Section),
    Size,
    Uid,
}

/// Which bytes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Section {
    Whole,
    Header,
    HeaderFields { names: Vec<String>, others: bool },
    Text,
}

impl FetchItem {
    /// One item, a macro, or a list in parentheses.
    pub(super) fn parse_all(scanner: &mut Scanner<'_>) -> Result<Vec<Self>, Malformed> {
        match scanner.peek() {
            Some(b'(') => scanner.list(|scanner| {
                let name = scanner.name()?;
                Self::parse(&name, scanner)
            }),
            _ => match scanner.name()?.as_str() {
                "FAST" => Ok(vec![Self::Flags, Self::InternalDate, Self::Size]),
                name => Self::parse(name, scanner).map(|item| vec![item]),
            },
        }
    }

    fn parse(name: &str, scanner: &mut Scanner<'_>) -> Result<Self, Malformed> {
        Ok(match name {
            "BODY" | "BODY.PEEK" => Self::Body {
                section: Section::parse(scanner)?,
                peek: name == "BODY.PEEK",
                partial: partial(scanner)?,
            },
            "FLAGS" => Self::Flags,
            "INTERNALDATE" => Self::InternalDate,
            "RFC822" => Self::Rfc822(Section::Whole),
            "RFC822.HEADER" => Self::Rfc822(Section::Header),
            "RFC822.SIZE" => Self::Size,
            "RFC822.TEXT" => Self::Rfc822(Section::Text),
            "UID" => Self::Uid,
            _ => return Err(Malformed("Unknown item to fetch")),
        })
    }

    /// Whether fetching it marks the message as seen.
    pub(super) fn marks_seen(&self) -> bool {
        match self {
            Self::Body { peek, .. } => !peek,
            Self::Rfc822(section) => *section != Section::Header,
            _ => false,
        }
    }

    /// `name value` for one message.
    fn answer(&self, message: &StoredMessage, answer: Answer) -> Answer {
        match self {
            Self::Body {
                section, partial, ..
            } => {
                let bytes = section.of(&message.raw);
                let origin = partial.map_or(String::new(), |(first, _)| format!("<{first}>"));
                let bytes = partial.map_or(bytes.clone(), |(first, count)| {
                    let first = (first as usize).min(bytes.len());
                    bytes.slice(first..bytes.len().min(first.saturating_add(count as usize)))
                });
                answer
                    .text(format!("BODY[{}]{origin} ", section.name()))
                    .literal(bytes)
            }
            Self::Flags => answer.text(format!("FLAGS ({})", message.flags.join(" "))),
            Self::InternalDate => {
                let date = message.received.strftime("%d-%b-%Y %H:%M:%S +0000");
                answer.text(format!("INTERNALDATE \"{date}\""))
            }
            Self::Rfc822(section) => {
                let name = match section {
                    Section::Header => "RFC822.HEADER ",
                    Section::Text => "RFC822.TEXT ",
                    Section::Whole | Section::HeaderFields { .. } => "RFC822 ",
                };
                answer.text(name).literal(section.of(&message.raw))
            }
            Self::Size => answer.text(format!("RFC822.SIZE {}", message.raw.len())),
            Self::Uid => answer.text(format!("UID {}", message.uid)),
        }
    }
}

/// The FETCH answer for one message.
pub(super) fn answer(sequence: u32, message: &StoredMessage, items: &[FetchItem]) -> Answer {
    let mut answer = Answer::from(format!("* {sequence} FETCH ("));
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            answer = answer.text(" ");
        }
        answer = item.answer(message, answer);
    }
    answer.text(")")
}

impl Section {
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, Malformed> {
        scanner.expect(b'[', "Missing section")?;
        let section = match scanner.peek() {
            Some(b']') => Self::Whole,
            _ => match scanner.name()?.as_str() {
                "HEADER" => Self::Header,
                "TEXT" => Self::Text,
                name @ ("HEADER.FIELDS" | "HEADER.FIELDS.NOT") => {
                    scanner.space()?;
                    Self::HeaderFields {
                        names: scanner.list(Scanner::astring)?,
                        others: name.ends_with("NOT"),
                    }
                }
                _ => return Err(Malformed("Unknown section")),
            },
        };
        scanner.expect(b']', "Section without end")?;
        Ok(section)
    }

    fn name(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Header => "HEADER".to_owned(),
            Self::HeaderFields { names, others } => {
                let not = if *others { ".NOT" } else { "" };
                format!("HEADER.FIELDS{not} ({})", names.join(" "))
            }
            Self::Text => "TEXT".to_owned(),
        }
    }

    fn of(&self, raw: &Bytes) -> Bytes {
        match self {
            Self::Whole => raw.clone(),
            Self::Header => raw.slice(..header_end(raw)),
            Self::HeaderFields { names, others } => {
                let mut fields: Vec<u8> = header_fields(raw)
                    .filter(|(name, _)| {
                        let named = names
                            .iter()
                            .any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name));
                        named != *others
                    })
                    .flat_map(|(_, whole)| whole.iter().copied())
                    .collect();
                fields.extend_from_slice(b"\r\n");
                Bytes::from(fields)
            }
            Self::Text => raw.slice(header_end(raw)..),
        }
    }
}

/// `<first.count>` (RFC 3501, section 6.4.5).
fn partial(scanner: &mut Scanner<'_>) -> Result<Option<(u32, u32)>, Malformed> {
    if !scanner.eat(b'<') {
        return Ok(None);
    }
    // A name is letters, digits and dots, so it covers `0.2048`.
    let range = scanner.name()?;
    scanner.expect(b'>', "Partial without end")?;
    range
        .split_once('.')
        .and_then(|(first, count)| Some((first.parse().ok()?, count.parse().ok()?)))
        .filter(|&(_, count)| count > 0)
        .map(Some)
        .ok_or(Malformed("Invalid partial"))
}

/// Where the header ends: after the empty line, with whatever line ends.
fn header_end(raw: &[u8]) -> usize {
    let mut start = 0;
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        start += line.len();
        if line == b"\r\n" || line == b"\n" {
            break;
        }
    }
    start
}

/// The header's fields: name, and the field whole with its folded lines and line end.
pub(super) fn header_fields(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = &raw[..header_end(raw)];
    std::iter::from_fn(move || {
        let mut length = 0;
        for line in rest.split_inclusive(|&byte| byte == b'\n') {
            let folded = matches!(line.first(), Some(b' ' | b'\t'));
            if length > 0 && !folded {
                break;
            }
            length += line.len();
        }
        let (field, after) = rest.split_at(length);
        rest = after;
        let name_end = field.iter().position(|&byte| byte == b':');
        (length > 0).then(|| (&field[..name_end.unwrap_or(0)], field))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"Subject: a\r\n b\r\nFrom: x\r\nno colon\r\n\r\nbody\r\n";

    fn section(text: &str) -> Vec<u8> {
        Section::parse(&mut Scanner::new(text.as_bytes()))
            .unwrap()
            .of(&Bytes::from_static(RAW))
            .to_vec()
    }

    #[test]
    fn sections_are_cut_byte_for_byte() {
        assert_eq!(section("[]"), RAW);
        assert_eq!(section("[TEXT]"), b"body\r\n");
        assert_eq!([section("[HEADER]"), section("[TEXT]")].concat(), RAW);
        assert_eq!(
            section("[HEADER.FIELDS (subject)]"),
            b"Subject: a\r\n b\r\n\r\n"
        );
        assert_eq!(
            section("[HEADER.FIELDS.NOT (SUBJECT FROM)]"),
            b"no colon\r\n\r\n\r\n"
        );
    }

    #[test]
    fn a_message_without_an_empty_line_is_all_header() {
        let raw = Bytes::from_static(b"A: b\nC: d");
        assert_eq!(Section::Header.of(&raw), raw);
        assert_eq!(Section::Text.of(&raw), Bytes::new());
        assert_eq!(header_fields(&raw).count(), 2);
        assert_eq!(header_fields(b"").count(), 0);
    }

    #[test]
    fn what_cannot_be_fetched_is_malformed() {
        for text in [
            "ENVELOPE",
            "BODY",
            "BODY[",
            "BODY[1]",
            "BODY[]<1>",
            "BODY[]<0.0>",
            "(UID",
        ] {
            let parsed = FetchItem::parse_all(&mut Scanner::new(text.as_bytes()));
            assert!(parsed.is_err(), "{text}");
        }
    }
}
