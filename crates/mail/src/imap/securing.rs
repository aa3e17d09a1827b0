//! From the greeting to the capabilities over a connection that is secure: greeting, STARTTLS,
//! CAPABILITY.

use super::command::Tags;
use super::response::{Response, Untagged};
use super::status::{Kind, Status};
use super::{Incoming as _, Machine, Reader, Step};
use crate::opening::{self, ANOTHER_ANSWER, INJECTED, secure_from_the_start};
use crate::{MailError, MailServer, Offers};

/// Secures a connection. What it asks for comes in the one right order: bytes behind the answer to
/// STARTTLS are refused, capabilities from before TLS are forgotten.
pub(crate) struct Securing {
    server: MailServer,
    tags: Tags,
    /// What the server offers, as long as it counts.
    offers: Option<Offers>,
    at: At,
}

enum At {
    Greeting,
    /// Everything that is needed for the next move may be there.
    Deciding {
        secure: bool,
    },
    Capability {
        tag: String,
        secure: bool,
    },
    StartTls {
        tag: String,
    },
}

/// A connection that is secure.
pub(crate) struct Secured {
    pub(crate) offers: Offers,
    pub(crate) tags: Tags,
}

impl opening::Securing for Securing {
    fn new(server: &MailServer) -> Self {
        Self {
            server: server.clone(),
            tags: Tags::default(),
            offers: None,
            at: At::Greeting,
        }
    }
}

impl Securing {
    fn greeted(&mut self, reader: &Reader, response: Response) -> Result<(), MailError> {
        let peer = reader.peer();
        let Response::Untagged(Untagged::Status(status)) = response else {
            return Err(peer.protocol("it did not greet as an IMAP server"));
        };
        match status.kind {
            Kind::Ok => {}
            Kind::PreAuth => {
                return Err(peer.protocol("it takes everybody as logged in (PREAUTH)"));
            }
            _ => return Err(peer.refused("the connection", &status)),
        }
        self.offers = status.offers();
        self.at = At::Deciding {
            secure: secure_from_the_start(&self.server, peer)?,
        };
        Ok(())
    }

    /// What to do next, now that nothing is outstanding.
    fn decide(&mut self, reader: &Reader, secure: bool) -> Result<Step<Secured>, MailError> {
        let Some(offers) = &self.offers else {
            let tag = self.tags.next();
            let line = format!("{tag} CAPABILITY\r\n").into_bytes();
            self.at = At::Capability { tag, secure };
            return Ok(Step::Output(line));
        };
        if secure {
            return Ok(Step::Done(Secured {
                offers: self.offers.take().unwrap_or_default(),
                tags: std::mem::take(&mut self.tags),
            }));
        }
        if !offers.has("STARTTLS") {
            return Err(reader.peer().missing("STARTTLS"));
        }
        let tag = self.tags.next();
        let line = format!("{tag} STARTTLS\r\n").into_bytes();
        self.at = At::StartTls { tag };
        Ok(Step::Output(line))
    }

    /// The end of the command in hand; `true` when TLS begins.
    fn ended(&mut self, reader: &Reader, status: &Status) -> Result<bool, MailError> {
        let ok = status.kind == Kind::Ok;
        let peer = reader.peer();
        match std::mem::replace(&mut self.at, At::Greeting) {
            At::Capability { .. } if !ok => Err(peer.refused("CAPABILITY", status)),
            At::Capability { secure, .. } => {
                // A server that answers without saying anything offers nothing.
                self.offers.get_or_insert_default();
                self.at = At::Deciding { secure };
                Ok(false)
            }
            At::StartTls { .. } if !ok => Err(peer.refused("STARTTLS", status)),
            At::StartTls { .. } if !reader.is_empty() => Err(peer.protocol(INJECTED)),
            At::StartTls { .. } => {
                self.offers = None;
                self.at = At::Deciding { secure: true };
                Ok(true)
            }
            At::Greeting | At::Deciding { .. } => Ok(false),
        }
    }

    fn tag(&self) -> Option<&str> {
        match &self.at {
            At::Greeting | At::Deciding { .. } => None,
            At::Capability { tag, .. } | At::StartTls { tag } => Some(tag),
        }
    }
}

impl Machine for Securing {
    type Reader = Reader;
    type Done = Secured;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Secured>, MailError> {
        loop {
            if let At::Deciding { secure } = self.at {
                return self.decide(reader, secure);
            }
            let Some(response) = reader.next()? else {
                return Ok(Step::NeedInput);
            };
            match response {
                response if matches!(self.at, At::Greeting) => self.greeted(reader, response)?,
                Response::Tagged(tag, status) if self.tag() == Some(&tag) => {
                    if self.ended(reader, &status)? {
                        return Ok(Step::UpgradeTls);
                    }
                }
                Response::Untagged(Untagged::Capability(offers)) => {
                    self.offers = Some(Offers::of_words(&offers));
                }
                Response::Untagged(_) => {}
                _ => return Err(reader.peer().protocol(ANOTHER_ANSWER)),
            }
        }
    }
}
