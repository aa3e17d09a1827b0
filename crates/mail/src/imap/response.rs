//! One response of the server, read (RFC 9051, section 7).
//!
//! imap-codec reads what has a deep grammar (`LIST`); lines of a word and a number need none, and
//! statuses are read with more patience than a grammar has (see [`super::status`]).

use bytes::Bytes;
use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder as _;
use imap_types::flag::FlagNameAttribute;
use imap_types::mailbox::Mailbox;
use imap_types::response::{Data, Response as Parsed};

use super::fetch_items::{self, Malformed, Text};
use super::folder_mark::{self, FolderMark};
use super::special_use::SpecialUse;
use super::status::{Kind, Status, split_word};

/// What a server can say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// `+`, with what follows it.
    Continue(Bytes),
    /// The end of a command.
    Tagged(String, Status),
    Untagged(Untagged),
    /// A message of so many bytes begins; its UID, where that came first.
    BodyStart(Option<u32>, u64),
    /// The next bytes of that message. An [`Untagged::Fetch`] follows the last.
    BodyChunk(Bytes),
}

/// What a server says beside the ends of commands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Untagged {
    Status(Status),
    Capability(String),
    Exists(u32),
    Recent(u32),
    Expunge,
    List(Listed),
    /// A folder's name as it stands on the wire, and what STATUS says of it.
    FolderStatus(Vec<u8>, FolderMark),
    Search(Vec<u32>),
    /// A FETCH response: whose, and what it holds of the message itself.
    Fetch(Option<u32>, Message),
    /// Anything that nobody here needs.
    Other,
}

/// A folder of a LIST response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// As it stands on the wire.
    pub(crate) name: Vec<u8>,
    pub(crate) can_be_selected: bool,
    pub(crate) uses: Vec<SpecialUse>,
}

/// What a FETCH response holds of the message itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Nothing was said of it.
    Absent,
    /// `NIL`: the server does not have it, or no longer.
    Nil,
    /// All of it; empty where it was passed on in chunks.
    Whole(Bytes),
    /// What of it begins at this byte.
    Part(u64, Bytes),
}

impl Untagged {
    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let beside = match self {
            Self::Status(status) => status.said.len() + status.argument.len(),
            Self::Capability(text) => text.len(),
            Self::List(listed) => listed.name.len(),
            Self::FolderStatus(name, _) => name.len(),
            Self::Search(uids) => size_of_val(uids.as_slice()),
            Self::Fetch(_, Message::Whole(bytes) | Message::Part(_, bytes)) => bytes.len(),
            Self::Fetch(..) | Self::Exists(_) | Self::Recent(_) | Self::Expunge | Self::Other => 0,
        };
        size_of::<Self>() + beside
    }
}

/// What stands behind `* ` in a line that can be no status; such lines may hold literals.
pub(crate) fn data_of(line: &[u8]) -> Option<&[u8]> {
    let data = line.strip_prefix(b"* ")?;
    Status::read(data).is_none().then_some(data)
}

/// What stands behind `* 12 FETCH `.
pub(crate) fn fetch_of(line: &[u8]) -> Option<&[u8]> {
    let (number, rest) = split_word(line.strip_prefix(b"* ")?);
    let (word, items) = split_word(rest);
    (word.eq_ignore_ascii_case(b"FETCH") && fetch_items::number(number).is_ok()).then_some(items)
}

/// Reads a whole response without its last line end.
pub(crate) fn read(text: &Bytes) -> Result<Response, Malformed> {
    if let Some(rest) = text.strip_prefix(b"+") {
        return Ok(Response::Continue(text.slice_ref(rest.trim_ascii_start())));
    }
    let Some(data) = text.strip_prefix(b"* ") else {
        return tagged(text);
    };
    if let Some(status) = Status::read(data) {
        return Ok(Response::Untagged(Untagged::Status(status)));
    }
    untagged(text, data).map(Response::Untagged)
}

fn tagged(text: &[u8]) -> Result<Response, Malformed> {
    let (tag, rest) = split_word(text);
    let status = Status::read(rest).ok_or(Malformed)?;
    let is_tag = !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric);
    let ends_command = matches!(status.kind, Kind::Ok | Kind::No | Kind::Bad);
    match std::str::from_utf8(tag) {
        Ok(tag) if is_tag && ends_command => Ok(Response::Tagged(tag.to_owned(), status)),
        _ => Err(Malformed),
    }
}

fn untagged(text: &Bytes, data: &[u8]) -> Result<Untagged, Malformed> {
    let (word, rest) = split_word(data);
    if word.first().is_some_and(u8::is_ascii_digit) {
        let number = fetch_items::number(word)?;
        let (word, items) = split_word(rest);
        return match word.to_ascii_uppercase().as_slice() {
            b"EXISTS" => Ok(Untagged::Exists(number)),
            b"RECENT" => Ok(Untagged::Recent(number)),
            b"EXPUNGE" => Ok(Untagged::Expunge),
            b"FETCH" => fetch(items),
            _ => Ok(Untagged::Other),
        };
    }
    match word.to_ascii_uppercase().as_slice() {
        b"CAPABILITY" => Ok(Untagged::Capability(
            String::from_utf8_lossy(rest).into_owned(),
        )),
        b"SEARCH" => numbers(rest).map(Untagged::Search),
        b"LIST" => Ok(list(text)),
        b"STATUS" => Ok(folder_status(rest)),
        b"" => Err(Malformed),
        _ if word.iter().all(u8::is_ascii_graphic) => Ok(Untagged::Other),
        _ => Err(Malformed),
    }
}

fn fetch(items: &[u8]) -> Result<Untagged, Malformed> {
    let items = fetch_items::read(items)?;
    if items.ends_at_literal_of.is_some() {
        return Err(Malformed);
    }
    let message = match items.body {
        None => items.part.map_or(Message::Absent, |(origin, text)| {
            Message::Part(origin, text.unescaped().into())
        }),
        Some(Text::Nil) => Message::Nil,
        Some(text) => Message::Whole(text.unescaped().into()),
    };
    Ok(Untagged::Fetch(items.uid, message))
}

/// The numbers of a SEARCH response, up to what extensions add behind them.
pub(crate) fn numbers(text: &[u8]) -> Result<Vec<u32>, Malformed> {
    text.split(|&byte| byte == b' ')
        .filter(|word| !word.is_empty())
        .take_while(|word| !word.starts_with(b"("))
        .map(fetch_items::number)
        .collect()
}

/// A name that the codec cannot read is one that cannot be used: the folder is left out.
fn list(text: &[u8]) -> Untagged {
    let line = [text, b"\r\n"].concat();
    let Ok((_, Parsed::Data(Data::List { items, mailbox, .. }))) =
        ResponseCodec::new().decode(&line)
    else {
        tracing::debug!("a LIST response that cannot be read was left out");
        return Untagged::Other;
    };
    let can_be_selected = !items.iter().any(|attribute| {
        *attribute == FlagNameAttribute::Noselect
            || attribute.to_string().eq_ignore_ascii_case("\\NonExistent")
    });
    let uses = items
        .iter()
        .filter_map(|attribute| SpecialUse::read(&attribute.to_string()));
    Untagged::List(Listed {
        can_be_selected,
        uses: uses.collect(),
        name: match mailbox {
            Mailbox::Inbox => b"INBOX".to_vec(),
            Mailbox::Other(other) => other.as_ref().to_vec(),
        },
    })
}

/// One that cannot be read says nothing of any folder.
fn folder_status(text: &[u8]) -> Untagged {
    folder_mark::read(text).map_or(Untagged::Other, |(name, mark)| {
        Untagged::FolderStatus(name, mark)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untagged_of(text: &'static str) -> Untagged {
        match read(&Bytes::from_static(text.as_bytes())) {
            Ok(Response::Untagged(untagged)) => untagged,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_sessions_need_is_understood() {
        assert_eq!(untagged_of("* 172 EXISTS"), Untagged::Exists(172));
        assert_eq!(untagged_of("* 1 recent"), Untagged::Recent(1));
        assert_eq!(untagged_of("* 22 EXPUNGE"), Untagged::Expunge);
        assert_eq!(untagged_of("* SEARCH"), Untagged::Search(vec![]));
        assert_eq!(
            untagged_of("* SEARCH 2 3  6 (MODSEQ 917162500)"),
            Untagged::Search(vec![2, 3, 6])
        );
        assert_eq!(
            untagged_of("* CAPABILITY IMAP4rev1 IDLE"),
            Untagged::Capability("IMAP4rev1 IDLE".to_owned())
        );
        assert_eq!(
            untagged_of("* 12 FETCH (UID 9 FLAGS (\\Seen))"),
            Untagged::Fetch(Some(9), Message::Absent)
        );
    }

    #[test]
    fn folders_are_understood_in_all_their_spellings() {
        let listed = |text| match untagged_of(text) {
            Untagged::List(listed) => (
                String::from_utf8(listed.name).unwrap(),
                listed.can_be_selected,
            ),
            other => panic!("{other:?}"),
        };
        assert_eq!(listed(r#"* LIST () "/" inbox"#), ("INBOX".to_owned(), true));
        assert_eq!(
            listed(r#"* LIST (\HasNoChildren) NIL "a \"b\"""#),
            (r#"a "b""#.to_owned(), true)
        );
        assert!(!listed(r#"* LIST (\Noselect \HasChildren) "." [Gmail]"#).1);
        assert!(!listed(r#"* LIST (\NonExistent) "." x"#).1);
        assert_eq!(
            listed("* LIST () \"/\" {3}\r\na\"b"),
            ("a\"b".to_owned(), true)
        );
    }

    #[test]
    fn what_a_folder_is_for_stands_among_its_attributes() {
        let Untagged::List(listed) = untagged_of(r#"* LIST (\HasNoChildren \JUNK \All) "/" Spam"#)
        else {
            panic!("it is a folder");
        };
        assert_eq!(listed.uses, [SpecialUse::Junk, SpecialUse::All]);
    }

    #[test]
    fn a_folders_state_is_read_or_passed_over() {
        let mark = FolderMark {
            uid_next: Some(3),
            ..FolderMark::default()
        };
        assert_eq!(
            untagged_of("* STATUS \"b\\\"x\" (UIDNEXT 3)"),
            Untagged::FolderStatus(b"b\"x".to_vec(), mark)
        );
        assert_eq!(untagged_of("* STATUS what"), Untagged::Other);
    }

    #[test]
    fn what_is_new_to_us_is_passed_over_and_nonsense_is_malformed() {
        assert_eq!(untagged_of("* ENABLED UTF8=ACCEPT"), Untagged::Other);
        assert_eq!(untagged_of("* 5 VANISHED"), Untagged::Other);
        assert_eq!(untagged_of("* LIST what"), Untagged::Other);
        for text in [
            "",
            "*",
            "* ",
            "* \u{7f}",
            "220 smtp.example.com ESMTP",
            "* 99999999999 EXISTS",
            "* SEARCH -1",
            "a1 BYE x",
            "a1",
        ] {
            assert_eq!(
                read(&Bytes::from_static(text.as_bytes())),
                Err(Malformed),
                "{text}"
            );
        }
    }
}
