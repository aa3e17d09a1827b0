//! One command and its answer.

use super::response::{Response, Untagged};
use super::status::{Kind, Status};
use super::{Incoming as _, Machine, Reader, Step};
use crate::MailError;

/// More than this, in bytes, is no answer to a command any more. A folder of ten million messages
/// stays below.
const LARGEST_ANSWER: usize = 64 << 20;

/// The tags of one connection's commands.
#[derive(Debug, Default)]
pub(crate) struct Tags(u32);

impl Tags {
    pub(crate) fn next(&mut self) -> String {
        self.0 = self.0.wrapping_add(1);
        format!("a{}", self.0)
    }
}

/// What a command brought.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) untagged: Vec<Untagged>,
}

/// A command that is sent whole, until its tagged `OK`; `NO` and `BAD` are errors.
#[derive(Debug)]
pub(crate) struct Command {
    tag: String,
    /// What errors show: the command without what is not to be seen.
    shown: String,
    line: Option<Vec<u8>>,
    untagged: Vec<Untagged>,
    /// How much has come, in bytes.
    size: usize,
}

impl Command {
    /// A command as it stands on the wire, without tag and line end.
    pub(crate) fn new(tags: &mut Tags, text: &str, shown: impl Into<String>) -> Self {
        let tag = tags.next();
        let line = Some(format!("{tag} {text}\r\n").into_bytes());
        Self {
            tag,
            shown: shown.into(),
            line,
            untagged: Vec::new(),
            size: 0,
        }
    }
}

impl Machine for Command {
    type Reader = Reader;
    type Done = Answer;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Answer>, MailError> {
        if let Some(line) = self.line.take() {
            return Ok(Step::Output(line));
        }
        while let Some(response) = reader.next()? {
            match response {
                Response::Tagged(tag, status) if tag == self.tag => {
                    if status.kind != Kind::Ok {
                        return Err(reader.peer().refused(&self.shown, &status));
                    }
                    let untagged = std::mem::take(&mut self.untagged);
                    return Ok(Step::Done(Answer { status, untagged }));
                }
                Response::Untagged(untagged) => {
                    self.size = self.size.saturating_add(untagged.size());
                    if self.size > LARGEST_ANSWER {
                        return Err(reader.peer().protocol("its answer has no end"));
                    }
                    self.untagged.push(untagged);
                }
                // A message that nobody asked for passes by.
                Response::BodyStart(..) | Response::BodyChunk(_) => {}
                Response::Continue(_) | Response::Tagged(..) => {
                    return Err(reader
                        .peer()
                        .protocol("it answers something else than was asked"));
                }
            }
        }
        Ok(Step::NeedInput)
    }
}
