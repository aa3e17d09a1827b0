//! APPEND (RFC 9051, section 6.3.12): asked for, then the message, then what became of it.
//!
//! A message that the server has to say yes to first (a synchronizing literal) is not sent to one
//! that says no. A small one goes along unasked where the server lets it (RFC 7888).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::command::Tags;
use super::names;
use super::response::Response;
use super::status::{Kind, Status};
use super::types::{Capabilities, MessageUid, UidValidity};
use super::{Incoming as _, Machine, Reader, Step};
use crate::MailError;
use crate::opening::ANOTHER_ANSWER;
use crate::verdict::Peer;

/// What is sent unasked to a server with `LITERAL+`: a refusal costs no more than this.
const UNASKED: u64 = 64 * 1024;
/// The most that `LITERAL-` lets through unasked (RFC 7888, section 5).
const UNASKED_MINUS: u64 = 4096;

/// A message that is to be appended to a folder.
#[derive(Debug, Clone, Copy)]
pub struct Append<'a> {
    /// The folder's name in UTF-8.
    pub folder: &'a str,
    /// The flags that the message gets.
    pub flags: &'a [Flag],
    /// When it is to have arrived (`INTERNALDATE`); `None` for now.
    pub arrived: Option<Timestamp>,
    /// How many bytes it has, exactly.
    pub size: u64,
    /// It has NUL bytes, which only a server with `BINARY` takes (RFC 3516, section 4.4).
    pub has_nul: bool,
}

/// A flag that every server knows (RFC 9051, section 2.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Somebody has read it.
    Seen,
    /// It has been answered.
    Answered,
    /// It is marked for attention.
    Flagged,
    /// It is not finished yet.
    Draft,
}

impl Flag {
    fn name(self) -> &'static str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Draft => "\\Draft",
        }
    }
}

/// What became of a message that was to be appended. Words are the server's, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The folder has it.
    Taken {
        /// As what, where the server says so (`UIDPLUS`).
        at: Option<AppendUid>,
        /// What it said.
        said: String,
    },
    /// The folder takes nothing: it is not there, or may not be written to.
    NoFolder(String),
    /// Not now: the mailbox is full, or the server has no time.
    Later(String),
    /// Never as it is: too large, or something in it that the server does not take.
    Never(String),
}

/// A message's place in the folder that took it (RFC 4315, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendUid {
    /// The folder's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The message's UID.
    pub uid: MessageUid,
}

impl AppendUid {
    fn of(status: &Status) -> Option<Self> {
        if !status.has_code("APPENDUID") {
            return None;
        }
        let (uid_validity, uid) = status.argument.trim().split_once(' ')?;
        let number = |text: &str| text.parse().ok().filter(|number: &u32| *number > 0);
        Some(Self {
            uid_validity: number(uid_validity)?,
            uid: number(uid)?,
        })
    }
}

impl Append<'_> {
    /// Why a server that can do this would never take it.
    pub(super) fn impossible(&self, can: Capabilities, server: &str) -> Option<String> {
        match can.append_limit {
            Some(largest) if largest < self.size => Some(format!(
                "{server} takes messages of up to {largest} bytes, and this one has {}",
                self.size
            )),
            _ if self.has_nul && !can.binary => Some(format!(
                "it has NUL bytes, which {server} does not take (it does not offer BINARY)"
            )),
            _ => None,
        }
    }

    fn goes_unasked(&self, can: Capabilities) -> bool {
        (can.literal_plus && self.size <= UNASKED)
            || (can.literal_minus && self.size <= UNASKED_MINUS)
    }

    /// The command up to where the message begins.
    fn command(&self, unasked: bool) -> String {
        let folder = names::quoted(self.folder);
        let flags: Vec<&str> = self.flags.iter().map(|flag| flag.name()).collect();
        let flags = if flags.is_empty() {
            String::new()
        } else {
            format!("({}) ", flags.join(" "))
        };
        let arrived = self.arrived.map(|arrived| {
            let arrived = TimeZone::UTC.to_datetime(arrived);
            arrived.strftime("\"%d-%b-%Y %H:%M:%S +0000\" ").to_string()
        });
        let arrived = arrived.unwrap_or_default();
        let binary = if self.has_nul { "~" } else { "" };
        let plus = if unasked { "+" } else { "" };
        let size = self.size;
        format!("APPEND {folder} {flags}{arrived}{binary}{{{size}{plus}}}")
    }
}

/// From the command until the message may be sent.
#[derive(Debug)]
pub(crate) struct AskAppend {
    tag: String,
    line: Option<Vec<u8>>,
    unasked: bool,
    shown: String,
}

/// What the server wants of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The message.
    Message,
    /// Nothing: this became of it already.
    Nothing(Appended),
}

impl AskAppend {
    pub(crate) fn new(tags: &mut Tags, append: &Append<'_>, can: Capabilities) -> Self {
        let tag = tags.next();
        let unasked = append.goes_unasked(can);
        let line = format!("{tag} {}\r\n", append.command(unasked));
        Self {
            tag,
            line: Some(line.into_bytes()),
            unasked,
            shown: format!("APPEND {}", names::quoted(append.folder)),
        }
    }

    /// What follows the message.
    pub(crate) fn then(self) -> AwaitAppended {
        AwaitAppended {
            tag: self.tag,
            shown: self.shown,
        }
    }
}

impl Machine for AskAppend {
    type Reader = Reader;
    type Done = Wanted;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Wanted>, MailError> {
        if let Some(line) = self.line.take() {
            return Ok(Step::Output(line));
        }
        if self.unasked {
            return Ok(Step::Done(Wanted::Message));
        }
        while let Some(response) = reader.next()? {
            match response {
                Response::Continue(_) => return Ok(Step::Done(Wanted::Message)),
                Response::Tagged(tag, status) if tag == self.tag && status.kind != Kind::Ok => {
                    let appended = became(&status, &self.shown, reader.peer())?;
                    return Ok(Step::Done(Wanted::Nothing(appended)));
                }
                // A message that nobody asked for passes by.
                Response::Untagged(_) | Response::BodyStart(..) | Response::BodyChunk(_) => {}
                Response::Tagged(..) => return Err(reader.peer().protocol(ANOTHER_ANSWER)),
            }
        }
        Ok(Step::NeedInput)
    }
}

/// From the end of the message until the server says what became of it.
#[derive(Debug)]
pub(crate) struct AwaitAppended {
    tag: String,
    shown: String,
}

impl Machine for AwaitAppended {
    type Reader = Reader;
    type Done = Appended;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Appended>, MailError> {
        while let Some(response) = reader.next()? {
            match response {
                Response::Tagged(tag, status) if tag == self.tag => {
                    return became(&status, &self.shown, reader.peer()).map(Step::Done);
                }
                Response::Untagged(_) | Response::BodyStart(..) | Response::BodyChunk(_) => {}
                Response::Continue(_) | Response::Tagged(..) => {
                    return Err(reader.peer().protocol(ANOTHER_ANSWER));
                }
            }
        }
        Ok(Step::NeedInput)
    }
}

/// What a status says of the message. `NO` without a code that is known may be about anything: the
/// message is tried again. `BAD` is about the message, for the command is the same for all.
fn became(status: &Status, shown: &str, peer: &Peer) -> Result<Appended, MailError> {
    if status.kind == Kind::Ok {
        let (at, said) = (AppendUid::of(status), status.said.clone());
        return Ok(Appended::Taken { at, said });
    }
    let said = status.said.clone();
    match status.code.as_deref() {
        Some("TRYCREATE" | "NONEXISTENT" | "NOPERM" | "READ-ONLY") => {
            return Ok(Appended::NoFolder(said));
        }
        Some("TOOBIG" | "CANNOT") => return Ok(Appended::Never(said)),
        _ => {}
    }
    match peer.refused(shown, status) {
        MailError::Refused { said, .. } if status.kind == Kind::Bad => Ok(Appended::Never(said)),
        MailError::Later { said, .. } | MailError::Refused { said, .. } => {
            Ok(Appended::Later(said))
        }
        ended => Err(ended),
    }
}

/// What the server says while nothing is asked: done never; a good-bye is an error.
#[derive(Debug)]
pub(crate) struct Listen;

impl Machine for Listen {
    type Reader = Reader;
    type Done = ();

    fn step(&mut self, reader: &mut Reader) -> Result<Step<()>, MailError> {
        while let Some(response) = reader.next()? {
            if matches!(response, Response::Tagged(..) | Response::Continue(_)) {
                return Err(reader.peer().protocol(ANOTHER_ANSWER));
            }
        }
        Ok(Step::NeedInput)
    }
}
