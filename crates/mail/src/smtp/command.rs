//! One command and its reply.

use super::reply::Replies;
use crate::MailError;
use crate::machine::{Incoming as _, Machine, Step};

/// A command without arguments; 4yz and 5yz are errors.
#[derive(Debug)]
pub(crate) struct Command {
    name: &'static str,
    sent: bool,
}

impl Command {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, sent: false }
    }
}

impl Machine for Command {
    type Reader = Replies;
    type Done = ();

    fn step(&mut self, reader: &mut Replies) -> Result<Step<()>, MailError> {
        if !self.sent {
            self.sent = true;
            return Ok(Step::Output(format!("{}\r\n", self.name).into_bytes()));
        }
        match reader.next()? {
            None => Ok(Step::NeedInput),
            Some(reply) if reply.is_ok() => Ok(Step::Done(())),
            Some(reply) => Err(reader.peer().refused(self.name, reply.refusal())),
        }
    }
}
