//! One command and its one line of answer.

use super::reply::{Reply, refusal};
use crate::MailError;
use crate::lines::Lines;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::ANOTHER_ANSWER;

/// A command; `-ERR` is an error.
#[derive(Debug)]
pub(super) struct Command {
    text: String,
    sent: bool,
}

impl Command {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            sent: false,
        }
    }
}

impl Machine for Command {
    type Reader = Lines;
    type Done = ();

    fn step(&mut self, reader: &mut Lines) -> Result<Step<()>, MailError> {
        if !self.sent {
            self.sent = true;
            return Ok(Step::Output(format!("{}\r\n", self.text).into_bytes()));
        }
        match Reply::next(reader)? {
            None => Ok(Step::NeedInput),
            Some(Reply::Ok(_)) => Ok(Step::Done(())),
            Some(Reply::Err(said)) => Err(reader.peer().refused(&self.text, refusal(said))),
            Some(Reply::Continue(_)) => Err(reader.peer().protocol(ANOTHER_ANSWER)),
        }
    }
}
