//! Messages on their way in: whole, unchanged, in chunks.

use std::collections::VecDeque;

use super::command::Tags;
use super::response::{Response, Untagged};
use super::status::Kind;
use super::types::FetchEvent;
use super::{Machine, Reader, Step};
use crate::MailError;

/// A fetch of any number of messages; done with `None` when all have come.
#[derive(Debug)]
pub(crate) struct Fetching {
    /// Commands that are still to be sent, by tag.
    to_send: VecDeque<(String, String)>,
    /// The tag of the command that is being answered.
    tag: Option<String>,
    /// A message is passing through.
    in_message: bool,
    /// What a single response brought at once.
    ready: VecDeque<FetchEvent>,
}

impl Fetching {
    /// Fetches the messages of these UID sets, one command after the other.
    pub(crate) fn new(tags: &mut Tags, sets: Vec<String>) -> Self {
        let to_send = sets
            .into_iter()
            .map(|set| {
                let tag = tags.next();
                let line = format!("{tag} UID FETCH {set} (UID BODY.PEEK[])\r\n");
                (tag, line)
            })
            .collect();
        Self {
            to_send,
            tag: None,
            in_message: false,
            ready: VecDeque::new(),
        }
    }

    fn take(&mut self, reader: &Reader, response: Response) -> Result<(), MailError> {
        let peer = reader.peer();
        match response {
            Response::BodyStart(Some(uid), size) if !self.in_message => {
                self.in_message = true;
                self.ready.push_back(FetchEvent::Start { uid, size });
            }
            Response::BodyChunk(bytes) if self.in_message => {
                self.ready.push_back(FetchEvent::Chunk(bytes));
            }
            // The response that a message was part of ends it.
            Response::Untagged(Untagged::Fetch(..)) if self.in_message => {
                self.in_message = false;
                self.ready.push_back(FetchEvent::End);
            }
            Response::Untagged(Untagged::Fetch(Some(uid), Some(body))) => {
                let size = body.len() as u64;
                self.ready.push_back(FetchEvent::Start { uid, size });
                if !body.is_empty() {
                    self.ready.push_back(FetchEvent::Chunk(body));
                }
                self.ready.push_back(FetchEvent::End);
            }
            Response::Untagged(_) if !self.in_message => {}
            Response::Tagged(tag, status) if self.tag.as_deref() == Some(&tag) => {
                self.tag = None;
                if status.kind != Kind::Ok {
                    return Err(peer.refused("UID FETCH", &status));
                }
            }
            Response::BodyStart(None, _) => {
                return Err(peer.protocol("it sends a large message before saying which it is"));
            }
            _ => return Err(peer.protocol("it answers something else than was asked")),
        }
        Ok(())
    }
}

impl Machine for Fetching {
    type Done = Option<FetchEvent>;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Option<FetchEvent>>, MailError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Step::Done(Some(event)));
            }
            if self.tag.is_none() {
                let Some((tag, line)) = self.to_send.pop_front() else {
                    return Ok(Step::Done(None));
                };
                self.tag = Some(tag);
                return Ok(Step::Output(line.into_bytes()));
            }
            let Some(response) = reader.next()? else {
                return Ok(Step::NeedInput);
            };
            self.take(reader, response)?;
        }
    }
}
