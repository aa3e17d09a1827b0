//! Messages on their way in: whole, unchanged, in chunks.
//!
//! A server may put a message before its UID. A small one is kept by the reader until its UID has
//! come. A large one passes without a name: if it was asked for alone it can only be that one, and
//! its UID must say so in the end; if it was asked for among others it is let go by, and asked for
//! again, alone.
//!
//! The next command is sent while the one before is answered, so that no time is lost on the way to a
//! distant server.
//!
//! A server may send `NIL` in place of a message that has just gone (RFC 2180, section 4.1.3; Dovecot
//! does). Whether it has gone is asked in the end: a message that is there and does not come is an
//! error, and never an empty message.

use std::collections::VecDeque;

use super::command::Tags;
use super::response::{Message, Response, Untagged};
use super::status::Kind;
use super::types::{FetchEvent, MessageUid};
use super::uid_set::sets;
use super::{Incoming as _, Machine, Reader, Step};
use crate::MailError;

/// More that has to be asked besides than this has nothing to do with what was asked for.
const MOST_BESIDES: usize = 10_000;

/// How many messages one command asks for, and how many commands the server has at once.
const ASKED_AT_ONCE: usize = 200;
const IN_FLIGHT: usize = 2;

/// A fetch of any number of messages; done with `None` when all have come.
#[derive(Debug)]
pub(crate) struct Fetching {
    /// What its commands' tags begin with, and how many there have been.
    tag: String,
    sent: u32,
    to_send: VecDeque<Request>,
    /// What the server has not answered yet, in the order of asking.
    asked: VecDeque<(String, Request)>,
    /// What it refused first. That is told when nothing is under way any more, for the session goes on.
    refused: Option<MailError>,
    passing: Passing,
    /// What a single response brought at once.
    ready: VecDeque<FetchEvent>,
}

/// One command.
#[derive(Debug)]
enum Request {
    /// The messages of a UID set.
    Messages(String),
    /// A message, by itself.
    Alone(MessageUid),
    /// Whether a message is there that did not come.
    WhetherThere(MessageUid),
}

/// Whose bytes are passing through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passing {
    Nobodys,
    Message(MessageUid),
    /// Those of a message whose UID is still to come.
    Unnamed,
}

impl Fetching {
    /// Fetches these messages.
    pub(crate) fn of(tags: &mut Tags, uids: &[MessageUid]) -> Self {
        Self::new(tags, uids.chunks(ASKED_AT_ONCE).flat_map(sets).collect())
    }

    /// Fetches the messages of these UID sets, each with a command of its own.
    pub(crate) fn new(tags: &mut Tags, sets: Vec<String>) -> Self {
        Self {
            tag: tags.next(),
            sent: 0,
            to_send: sets.into_iter().map(Request::of_set).collect(),
            asked: VecDeque::new(),
            refused: None,
            passing: Passing::Nobodys,
            ready: VecDeque::new(),
        }
    }

    fn ask(&mut self, request: Request) -> Vec<u8> {
        self.sent = self.sent.wrapping_add(1);
        let tag = format!("{}f{}", self.tag, self.sent);
        let line = match &request {
            Request::Messages(set) => format!("{tag} UID FETCH {set} (UID BODY.PEEK[])\r\n"),
            Request::Alone(uid) => format!("{tag} UID FETCH {uid} (UID BODY.PEEK[])\r\n"),
            Request::WhetherThere(uid) => format!("{tag} UID SEARCH UID {uid}\r\n"),
        };
        self.asked.push_back((tag, request));
        line.into_bytes()
    }

    /// What is to be asked for now. What names its message by nothing but being asked for is asked for
    /// while nothing else is.
    fn next_request(&mut self) -> Option<Request> {
        let sets_alone = |asked: &VecDeque<(String, Request)>| {
            let mut asked = asked.iter();
            asked.all(|(_, request)| matches!(request, Request::Messages(_)))
        };
        let fits = match self.to_send.front()? {
            Request::Messages(_) => self.asked.len() < IN_FLIGHT && sets_alone(&self.asked),
            Request::Alone(_) | Request::WhetherThere(_) => self.asked.is_empty(),
        };
        if fits { self.to_send.pop_front() } else { None }
    }

    /// Asks for something besides, once the command in hand is over.
    fn ask_besides(&mut self, reader: &Reader, request: Request) -> Result<(), MailError> {
        if self.to_send.len() >= MOST_BESIDES {
            return Err(reader.peer().protocol("its answer has no end"));
        }
        self.to_send.push_back(request);
        Ok(())
    }

    fn take(&mut self, reader: &Reader, response: Response) -> Result<(), MailError> {
        match (response, self.passing) {
            (Response::BodyStart(uid, size), Passing::Nobodys) => {
                let uid = uid.or(match self.asked.front() {
                    Some((_, Request::Alone(uid))) => Some(*uid),
                    _ => None,
                });
                self.passing = uid.map_or(Passing::Unnamed, Passing::Message);
                if let Passing::Message(uid) = self.passing {
                    self.ready.push_back(FetchEvent::Start { uid, size });
                }
            }
            (Response::BodyChunk(bytes), Passing::Message(_)) => {
                self.ready.push_back(FetchEvent::Chunk(bytes));
            }
            (Response::Untagged(Untagged::Fetch(uid, message)), _) => {
                return self.fetched(reader, uid, message);
            }
            (Response::Untagged(Untagged::Search(uids)), _) => {
                if let Some((_, Request::WhetherThere(uid))) = self.asked.front()
                    && uids.contains(uid)
                {
                    let why = format!("it sends nothing (NIL) in place of message {uid}");
                    return Err(reader.peer().protocol(why));
                }
            }
            (Response::BodyChunk(_), Passing::Unnamed) | (Response::Untagged(_), _) => {}
            (Response::Tagged(tag, status), Passing::Nobodys) => {
                let place = self.asked.iter().position(|(asked, _)| *asked == tag);
                let Some(place) = place else {
                    return Err(something_else(reader));
                };
                self.asked.remove(place);
                if status.kind != Kind::Ok {
                    let error = reader.peer().refused("UID FETCH", &status);
                    self.refused.get_or_insert(error);
                    self.to_send.clear();
                }
            }
            _ => return Err(something_else(reader)),
        }
        Ok(())
    }

    /// The end of a FETCH response: of the message that has passed through, or of all there is.
    fn fetched(
        &mut self,
        reader: &Reader,
        uid: Option<MessageUid>,
        message: Message,
    ) -> Result<(), MailError> {
        let nameless = || {
            reader
                .peer()
                .protocol("it sends a message without saying which")
        };
        let passed = std::mem::replace(&mut self.passing, Passing::Nobodys);
        match (passed, message) {
            (Passing::Message(expected), _) => {
                let uid = uid.ok_or_else(nameless)?;
                if uid != expected {
                    let why = format!("it sends message {uid} in place of {expected}");
                    return Err(reader.peer().protocol(why));
                }
                self.ready.push_back(FetchEvent::End);
            }
            (Passing::Unnamed, _) => {
                let uid = uid.ok_or_else(nameless)?;
                self.ask_besides(reader, Request::Alone(uid))?;
            }
            (Passing::Nobodys, Message::Whole(bytes)) => {
                let uid = uid.ok_or_else(nameless)?;
                let size = bytes.len() as u64;
                self.ready.push_back(FetchEvent::Start { uid, size });
                if !bytes.is_empty() {
                    self.ready.push_back(FetchEvent::Chunk(bytes));
                }
                self.ready.push_back(FetchEvent::End);
            }
            (Passing::Nobodys, Message::Nil) => {
                let uid = uid.ok_or_else(nameless)?;
                self.ask_besides(reader, Request::WhetherThere(uid))?;
            }
            // Flags that somebody changed, and what nobody asked for.
            (Passing::Nobodys, Message::Absent | Message::Part(..)) => {}
        }
        Ok(())
    }
}

fn something_else(reader: &Reader) -> MailError {
    let why = "it answers something else than was asked";
    reader.peer().protocol(why)
}

impl Request {
    fn of_set(set: String) -> Self {
        match set.parse() {
            Ok(uid) => Self::Alone(uid),
            Err(_) => Self::Messages(set),
        }
    }
}

impl Machine for Fetching {
    type Reader = Reader;
    type Done = Option<FetchEvent>;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Option<FetchEvent>>, MailError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Step::Done(Some(event)));
            }
            if let Some(request) = self.next_request() {
                return Ok(Step::Output(self.ask(request)));
            }
            if self.asked.is_empty() {
                return match self.refused.take() {
                    Some(error) => Err(error),
                    None => Ok(Step::Done(None)),
                };
            }
            let Some(response) = reader.next()? else {
                return Ok(Step::NeedInput);
            };
            self.take(reader, response)?;
        }
    }
}
