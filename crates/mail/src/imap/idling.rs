//! IDLE (RFC 2177): asked for, waited in, and ended.

use super::command::Tags;
use super::response::Response;
use super::status::Kind;
use super::{Incoming as _, Machine, Reader, Step};
use crate::MailError;

/// From `IDLE` until the server listens; gives the tag.
#[derive(Debug)]
pub(crate) struct StartIdle {
    tag: String,
    sent: bool,
}

impl StartIdle {
    pub(crate) fn new(tags: &mut Tags) -> Self {
        Self {
            tag: tags.next(),
            sent: false,
        }
    }
}

impl Machine for StartIdle {
    type Reader = Reader;
    type Done = String;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<String>, MailError> {
        if !self.sent {
            self.sent = true;
            return Ok(Step::Output(format!("{} IDLE\r\n", self.tag).into_bytes()));
        }
        while let Some(response) = reader.next()? {
            match response {
                Response::Continue(_) => return Ok(Step::Done(self.tag.clone())),
                Response::Tagged(_, status) => return Err(reader.peer().refused("IDLE", &status)),
                _ => {}
            }
        }
        Ok(Step::NeedInput)
    }
}

/// While the server listens: done when the folder has changed, or there is news of another.
#[derive(Debug)]
pub(crate) struct AwaitChange;

impl Machine for AwaitChange {
    type Reader = Reader;
    type Done = ();

    fn step(&mut self, reader: &mut Reader) -> Result<Step<()>, MailError> {
        while !reader.has_news() {
            match reader.next()? {
                None => {
                    reader.relax();
                    return Ok(Step::NeedInput);
                }
                Some(Response::Tagged(_, status)) => {
                    let why = format!("it ended IDLE by itself: {}", status.said);
                    return Err(reader.peer().protocol(why));
                }
                Some(_) => {}
            }
        }
        Ok(Step::Done(()))
    }
}

/// From `DONE` until the server has taken note.
#[derive(Debug)]
pub(crate) struct StopIdle {
    tag: String,
    sent: bool,
}

impl StopIdle {
    pub(crate) fn new(tag: String) -> Self {
        Self { tag, sent: false }
    }
}

impl Machine for StopIdle {
    type Reader = Reader;
    type Done = ();

    fn step(&mut self, reader: &mut Reader) -> Result<Step<()>, MailError> {
        if !self.sent {
            self.sent = true;
            return Ok(Step::Output(b"DONE\r\n".to_vec()));
        }
        while let Some(response) = reader.next()? {
            if let Response::Tagged(tag, status) = response {
                return match status.kind {
                    Kind::Ok if tag == self.tag => Ok(Step::Done(())),
                    _ => Err(reader.peer().refused("IDLE", &status)),
                };
            }
        }
        Ok(Step::NeedInput)
    }
}
