//! From the capabilities to the proof that the mailbox opens: AUTHENTICATE and STATUS.

use secrecy::ExposeSecret as _;

use super::command::Tags;
use super::response::{Response, Untagged};
use super::securing::Secured;
use super::status::{Kind, Status};
use super::types::{Capabilities, Opened};
use super::{Incoming as _, Machine, Reader, Step};
use crate::opening::{self, ANOTHER_ANSWER, CHALLENGES_AGAIN};
use crate::sasl::{Credentials, Exchange, Mechanism};
use crate::{MailError, MailServer, Offers};

/// Logs in over a connection that is secure.
pub(crate) struct LoggingIn {
    server: MailServer,
    credentials: Credentials,
    tags: Tags,
    /// What the server offers, as long as it counts.
    offers: Option<Offers>,
    mechanism: Mechanism,
    at: At,
}

enum At {
    Begin,
    Authenticate {
        tag: String,
        exchange: Exchange,
    },
    /// Logged in; everything that is needed for the next move may be there.
    LoggedIn,
    Capability {
        tag: String,
    },
    Proof {
        tag: String,
    },
    End,
}

/// A session that is open.
pub(crate) struct Login {
    pub(crate) opened: Opened,
    /// What the server offers who has logged in.
    pub(crate) offers: Offers,
    pub(crate) tags: Tags,
}

impl opening::LoggingIn for LoggingIn {
    type Secured = Secured;

    fn new(server: &MailServer, credentials: Credentials, secured: Secured) -> Self {
        Self {
            server: server.clone(),
            credentials,
            tags: secured.tags,
            offers: Some(secured.offers),
            mechanism: Mechanism::XOAuth2,
            at: At::Begin,
        }
    }
}

impl LoggingIn {
    fn authenticate(&mut self, reader: &Reader) -> Result<Vec<u8>, MailError> {
        // What it offers from now on may come before the answer (Gmail) or in it (Dovecot).
        let offers = self.offers.take().unwrap_or_default();
        let mechanism = self.credentials.choose(|mechanism| offers.takes(mechanism));
        self.mechanism = mechanism.map_err(|missing| reader.peer().missing(missing))?;
        let mut exchange = Exchange::new(self.mechanism, &self.server, &self.credentials);
        let initial = offers.has("SASL-IR").then(|| exchange.initial()).flatten();
        let (tag, name) = (self.tags.next(), self.mechanism.name());
        let line = match initial {
            Some(response) => format!("{tag} AUTHENTICATE {name} {}\r\n", response.expose_secret()),
            None => format!("{tag} AUTHENTICATE {name}\r\n"),
        };
        self.at = At::Authenticate { tag, exchange };
        Ok(line.into_bytes())
    }

    /// What to send once logged in.
    fn prove(&mut self) -> Vec<u8> {
        let tag = self.tags.next();
        if self.offers.is_none() {
            let line = format!("{tag} CAPABILITY\r\n");
            self.at = At::Capability { tag };
            return line.into_bytes();
        }
        // OK to AUTHENTICATE proves nothing: this touches the mailbox.
        let line = format!("{tag} STATUS INBOX (UIDVALIDITY)\r\n");
        self.at = At::Proof { tag };
        line.into_bytes()
    }

    /// The end of the command in hand.
    fn ended(&mut self, reader: &Reader, status: &Status) -> Result<(), MailError> {
        let ok = status.kind == Kind::Ok;
        let peer = reader.peer();
        match std::mem::replace(&mut self.at, At::End) {
            At::Authenticate { exchange, .. } if !ok => {
                return Err(peer.login_refused(status, exchange.into_challenge()));
            }
            At::Authenticate { .. } => {
                if let Some(offers) = status.offers() {
                    self.offers = Some(offers);
                }
                self.at = At::LoggedIn;
            }
            At::Capability { .. } if !ok => return Err(peer.refused("CAPABILITY", status)),
            At::Capability { .. } => {
                // A server that answers without saying anything offers nothing.
                self.offers.get_or_insert_default();
                self.at = At::LoggedIn;
            }
            At::Proof { .. } if !ok => return Err(peer.not_connected(status)),
            At::Proof { .. } | At::Begin | At::LoggedIn | At::End => {}
        }
        Ok(())
    }

    /// `+` while logging in: the call for the initial response, or the error challenge.
    fn challenged(&mut self, reader: &Reader, text: &[u8]) -> Result<Vec<u8>, MailError> {
        let At::Authenticate { exchange, .. } = &mut self.at else {
            return Err(reader.peer().protocol(ANOTHER_ANSWER));
        };
        let answer = exchange.answer(text);
        let answer = answer.ok_or_else(|| reader.peer().protocol(CHALLENGES_AGAIN))?;
        Ok(format!("{}\r\n", answer.expose_secret()).into_bytes())
    }

    fn tag(&self) -> Option<&str> {
        match &self.at {
            At::Begin | At::LoggedIn | At::End => None,
            At::Authenticate { tag, .. } | At::Capability { tag } | At::Proof { tag } => Some(tag),
        }
    }

    fn login(&mut self) -> Login {
        let offers = self.offers.take().unwrap_or_default();
        let capabilities = Capabilities {
            idle: offers.has("IDLE"),
            r#move: offers.has("MOVE"),
            uidplus: offers.has("UIDPLUS"),
            literal_plus: offers.has("LITERAL+"),
            literal_minus: offers.has("LITERAL-"),
            notify: offers.has("NOTIFY"),
            list_status: offers.has("LIST-STATUS") && offers.has("LIST-EXTENDED"),
            special_use: offers.has("SPECIAL-USE") && offers.has("LIST-EXTENDED"),
            condstore: offers.has("CONDSTORE") || offers.has("QRESYNC"),
            binary: offers.has("BINARY"),
            append_limit: offers.append_limit(),
        };
        Login {
            opened: Opened {
                mechanism: self.mechanism,
                capabilities,
            },
            offers,
            tags: std::mem::take(&mut self.tags),
        }
    }
}

impl Machine for LoggingIn {
    type Reader = Reader;
    type Done = Login;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Login>, MailError> {
        loop {
            match self.at {
                At::Begin => return self.authenticate(reader).map(Step::Output),
                At::LoggedIn => return Ok(Step::Output(self.prove())),
                At::End => return Ok(Step::Done(self.login())),
                At::Authenticate { .. } | At::Capability { .. } | At::Proof { .. } => {}
            }
            let Some(response) = reader.next()? else {
                return Ok(Step::NeedInput);
            };
            match response {
                Response::Tagged(tag, status) if self.tag() == Some(&tag) => {
                    self.ended(reader, &status)?;
                }
                Response::Continue(text) => {
                    return self.challenged(reader, &text).map(Step::Output);
                }
                Response::Untagged(Untagged::Capability(offers)) => {
                    self.offers = Some(Offers::of_words(&offers));
                }
                Response::Untagged(_) => {}
                Response::Tagged(..) | Response::BodyStart(..) | Response::BodyChunk(_) => {
                    return Err(reader.peer().protocol(ANOTHER_ANSWER));
                }
            }
        }
    }
}
