//! Messages on their way in: whole, in chunks.
//!
//! Where the server bears with commands that do not wait for the answers before them (`PIPELINING`,
//! RFC 2449, section 6.6), the next messages are asked for while one comes, and no way there and back
//! lies between two.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Pop3Message;
use super::body::{Body, Part};
use super::reply::{Reply, refusal};
use crate::MailError;
use crate::lines::Lines;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::ANOTHER_ANSWER;

/// So many messages are asked for ahead. Few enough that a server which reads no command while it
/// sends a message never keeps the commands from being written.
const AHEAD: usize = 16;

/// A part of a streamed message.
#[derive(Debug, Clone)]
pub enum RetrieveEvent {
    /// A message begins. `size` is what LIST gave it; some servers only estimate.
    Start {
        /// Its number.
        number: u32,
        /// About so many bytes follow.
        size: u64,
    },
    /// The next bytes of the message, as it was sent.
    Chunk(Bytes),
    /// The message is complete: the server said so.
    End,
    /// The server does not give this message out; those behind it still come.
    Refused {
        /// Its number.
        number: u32,
        /// What the server said: [`MailError::Refused`], or [`MailError::Later`] where it may pass.
        error: MailError,
    },
}

/// How much of a message is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent {
    /// All of it (`RETR`).
    Whole,
    /// Its header (`TOP`; RFC 1939, section 7, which leaves it to the server whether it has it).
    Header,
}

impl Extent {
    fn command(self, number: u32) -> String {
        match self {
            Self::Whole => format!("RETR {number}"),
            Self::Header => format!("TOP {number} 0"),
        }
    }
}

/// Retrieves any number of messages; done with `None` when all have come.
#[derive(Debug)]
pub(crate) struct Retrieving {
    extent: Extent,
    /// So many commands may wait for an answer.
    at_once: usize,
    to_ask: VecDeque<Wanted>,
    asked: VecDeque<Wanted>,
    passing: Option<Passing>,
}

/// A message that is wanted, and its size.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    number: u32,
    size: u64,
}

/// A message that comes.
#[derive(Debug)]
struct Passing {
    message: Wanted,
    body: Body,
    /// So many more bytes of it are borne with.
    left: u64,
}

impl Retrieving {
    /// Retrieves these messages, in this order.
    pub(crate) fn new(messages: &[Pop3Message], pipelining: bool) -> Self {
        Self::part(Extent::Whole, messages, pipelining)
    }

    /// Retrieves so much of these messages, in this order.
    pub(crate) fn part(extent: Extent, messages: &[Pop3Message], pipelining: bool) -> Self {
        let wanted = messages.iter().map(|message| Wanted {
            number: message.number,
            size: message.size,
        });
        Self {
            extent,
            at_once: if pipelining { AHEAD } else { 1 },
            to_ask: wanted.collect(),
            asked: VecDeque::new(),
            passing: None,
        }
    }

    /// Asks for no more than has been asked for.
    pub(super) fn stop(&mut self) {
        self.to_ask.clear();
    }

    /// The commands that may go out now, several in one piece.
    fn ask(&mut self) -> Option<Vec<u8>> {
        if self.asked.len() > self.at_once / 2 {
            return None;
        }
        let count = (self.at_once - self.asked.len()).min(self.to_ask.len());
        let next = self.to_ask.drain(..count);
        let mut commands = Vec::new();
        for wanted in next {
            let command = self.extent.command(wanted.number);
            commands.extend_from_slice(format!("{command}\r\n").as_bytes());
            self.asked.push_back(wanted);
        }
        (count > 0).then_some(commands)
    }

    /// The answer to the command that was sent first.
    fn answered(
        &mut self,
        reader: &Lines,
        message: Wanted,
        reply: Reply,
    ) -> Result<RetrieveEvent, MailError> {
        let Wanted { number, size } = message;
        match reply {
            Reply::Ok(_) => {
                self.passing = Some(Passing {
                    message,
                    body: Body::BEGIN,
                    left: most(size),
                });
                Ok(RetrieveEvent::Start { number, size })
            }
            Reply::Err(said) => {
                let command = self.extent.command(number);
                match reader.peer().refused(&command, refusal(said)) {
                    error @ (MailError::Refused { .. } | MailError::Later { .. }) => {
                        Ok(RetrieveEvent::Refused { number, error })
                    }
                    error => Err(error),
                }
            }
            Reply::Continue(_) => Err(reader.peer().protocol(ANOTHER_ANSWER)),
        }
    }
}

impl Passing {
    /// What has come of the message.
    fn next(&mut self, reader: &mut Lines) -> Result<Option<Part>, MailError> {
        let part = self.body.next(reader.input());
        if let Some(Part::Bytes(bytes)) = &part {
            let left = self.left.checked_sub(bytes.len() as u64);
            self.left = left.ok_or_else(|| {
                let Wanted { number, size } = self.message;
                let why = format!("message {number} has no end: it was to have {size} bytes");
                reader.peer().protocol(why)
            })?;
        }
        Ok(part)
    }
}

impl Machine for Retrieving {
    type Reader = Lines;
    type Done = Option<RetrieveEvent>;

    fn step(&mut self, reader: &mut Lines) -> Result<Step<Option<RetrieveEvent>>, MailError> {
        if let Some(passing) = &mut self.passing {
            return Ok(match passing.next(reader)? {
                None => Step::NeedInput,
                Some(Part::Bytes(bytes)) => Step::Done(Some(RetrieveEvent::Chunk(bytes))),
                Some(Part::End) => {
                    self.passing = None;
                    Step::Done(Some(RetrieveEvent::End))
                }
            });
        }
        if let Some(commands) = self.ask() {
            return Ok(Step::Output(commands));
        }
        let Some(&message) = self.asked.front() else {
            return Ok(Step::Done(None));
        };
        let Some(reply) = Reply::next(reader)? else {
            return Ok(Step::NeedInput);
        };
        self.asked.pop_front();
        let event = self.answered(reader, message, reply)?;
        Ok(Step::Done(Some(event)))
    }
}

/// The most bytes that a message of this size may have. A server may estimate, or give the size that
/// the message takes compressed on its disk; one that says nothing true at all could send for ever.
fn most(size: u64) -> u64 {
    const FACTOR: u64 = 16;
    const AT_LEAST: u64 = 64 * 1024 * 1024;
    size.saturating_mul(FACTOR).saturating_add(AT_LEAST)
}
