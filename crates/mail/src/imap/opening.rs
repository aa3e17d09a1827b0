//! From the greeting to the proof that the mailbox opens: greeting, STARTTLS, capabilities, SASL.

use secrecy::{ExposeSecret as _, SecretString};

use super::command::Tags;
use super::response::{Response, Untagged};
use super::status::{Kind, Status};
use super::types::{Capabilities, Opened};
use super::{Machine, Reader, Step};
use crate::sasl::{Mechanism, in_base64};
use crate::{Challenge, MailError, MailServer, Security};

/// Opens a session. What it asks for comes in the one right order: bytes behind the answer to
/// STARTTLS are refused, capabilities from before TLS are forgotten, no token goes out without TLS
/// (but on a loopback address where the account says so).
pub(crate) struct Opening<'a> {
    server: &'a MailServer,
    user: &'a str,
    token: &'a SecretString,
    tags: Tags,
    /// What the server offers, as long as it counts.
    offers: Option<String>,
    mechanism: Option<Mechanism>,
    challenge: Option<Challenge>,
    at: At,
}

enum At {
    Greeting,
    /// Everything that is needed for the next move may be there.
    Deciding {
        secure: bool,
        logged_in: bool,
    },
    Capability {
        tag: String,
        secure: bool,
        logged_in: bool,
    },
    StartTls {
        tag: String,
    },
    Authenticate {
        tag: String,
        initial: Option<SecretString>,
    },
    Proof {
        tag: String,
    },
}

/// A session that is open.
pub(crate) struct Login {
    pub(crate) opened: Opened,
    pub(crate) tags: Tags,
}

impl<'a> Opening<'a> {
    pub(crate) fn new(server: &'a MailServer, user: &'a str, token: &'a SecretString) -> Self {
        Self {
            server,
            user,
            token,
            tags: Tags::default(),
            offers: None,
            mechanism: None,
            challenge: None,
            at: At::Greeting,
        }
    }

    fn offers(&self, name: &str) -> bool {
        let offers = self.offers.as_deref().unwrap_or_default();
        offers
            .split_ascii_whitespace()
            .any(|offer| offer.eq_ignore_ascii_case(name))
    }

    /// What to send next, now that nothing is outstanding.
    fn decide(
        &mut self,
        reader: &Reader,
        secure: bool,
        logged_in: bool,
    ) -> Result<Vec<u8>, MailError> {
        let tag = self.tags.next();
        if self.offers.is_none() {
            let line = format!("{tag} CAPABILITY\r\n").into_bytes();
            self.at = At::Capability {
                tag,
                secure,
                logged_in,
            };
            return Ok(line);
        }
        if !secure {
            if !self.offers("STARTTLS") {
                return Err(reader.peer().missing("STARTTLS"));
            }
            let line = format!("{tag} STARTTLS\r\n").into_bytes();
            self.at = At::StartTls { tag };
            return Ok(line);
        }
        if logged_in {
            // OK to AUTHENTICATE proves nothing: this touches the mailbox.
            let line = format!("{tag} STATUS INBOX (UIDVALIDITY)\r\n").into_bytes();
            self.at = At::Proof { tag };
            return Ok(line);
        }
        self.authenticate(reader, tag)
    }

    fn authenticate(&mut self, reader: &Reader, tag: String) -> Result<Vec<u8>, MailError> {
        let mechanism = Mechanism::BY_PREFERENCE
            .into_iter()
            .find(|mechanism| self.offers(&format!("AUTH={}", mechanism.name())))
            .ok_or_else(|| {
                reader
                    .peer()
                    .missing("a login with access tokens (AUTH=XOAUTH2 or AUTH=OAUTHBEARER)")
            })?;
        let (host, port) = (&self.server.host, self.server.port);
        let response = in_base64(&mechanism.initial_response(self.user, self.token, host, port));
        self.mechanism = Some(mechanism);
        let name = mechanism.name();
        let (line, initial) = if self.offers("SASL-IR") {
            (
                format!("{tag} AUTHENTICATE {name} {}\r\n", response.expose_secret()),
                None,
            )
        } else {
            (format!("{tag} AUTHENTICATE {name}\r\n"), Some(response))
        };
        // What it offers from now on may come before the answer (Gmail) or in it (Dovecot).
        self.offers = None;
        self.at = At::Authenticate { tag, initial };
        Ok(line.into_bytes())
    }

    fn greeted(&mut self, reader: &Reader, response: Response) -> Result<(), MailError> {
        let Response::Untagged(Untagged::Status(status)) = response else {
            return Err(reader.peer().protocol("it did not greet as an IMAP server"));
        };
        match status.kind {
            Kind::Ok => {}
            Kind::PreAuth => {
                return Err(reader
                    .peer()
                    .protocol("it takes everybody as logged in (PREAUTH)"));
            }
            _ => return Err(reader.peer().refused("the connection", &status)),
        }
        self.note_offers(&status);
        let secure = match self.server.security {
            Security::Tls => true,
            Security::StartTls => false,
            Security::Plain if self.server.is_loopback() => true,
            // `MailServer::new` does not let this happen; its fields can be set by hand.
            Security::Plain => {
                let what = "TLS, without which a token may go to a loopback address only";
                return Err(reader.peer().missing(what));
            }
        };
        self.at = At::Deciding {
            secure,
            logged_in: false,
        };
        Ok(())
    }

    fn note_offers(&mut self, status: &Status) {
        if status.has_code("CAPABILITY") {
            self.offers = Some(status.argument.clone());
        }
    }

    /// The end of the command in hand.
    fn ended(&mut self, reader: &Reader, status: &Status) -> Result<(), MailError> {
        let ok = status.kind == Kind::Ok;
        let peer = reader.peer();
        match std::mem::replace(&mut self.at, At::Greeting) {
            At::Capability {
                secure, logged_in, ..
            } if ok => {
                // A server that answers without saying anything offers nothing.
                self.offers.get_or_insert_default();
                self.at = At::Deciding { secure, logged_in };
                Ok(())
            }
            At::Capability { .. } => Err(peer.refused("CAPABILITY", status)),
            At::StartTls { .. } if !ok => Err(peer.refused("STARTTLS", status)),
            At::StartTls { .. } if !reader.is_empty() => Err(peer.protocol(
                "it sent something between STARTTLS and TLS: somebody on the way may have",
            )),
            At::StartTls { .. } => {
                self.offers = None;
                self.at = At::Deciding {
                    secure: true,
                    logged_in: false,
                };
                Ok(())
            }
            At::Authenticate { .. } if ok => {
                self.note_offers(status);
                self.at = At::Deciding {
                    secure: true,
                    logged_in: true,
                };
                Ok(())
            }
            At::Authenticate { .. } => Err(peer.login_refused(status, self.challenge.take())),
            At::Proof { .. } if !ok => Err(peer.not_connected(status)),
            At::Proof { .. } | At::Greeting | At::Deciding { .. } => Ok(()),
        }
    }

    /// `+` while logging in: the call for the initial response, or the error challenge.
    fn challenged(&mut self, reader: &Reader, text: &[u8]) -> Result<Vec<u8>, MailError> {
        let At::Authenticate { initial, .. } = &mut self.at else {
            return Err(reader
                .peer()
                .protocol("it answers something else than was asked"));
        };
        if let Some(response) = initial.take() {
            return Ok(format!("{}\r\n", response.expose_secret()).into_bytes());
        }
        if self.challenge.is_some() {
            return Err(reader.peer().protocol("it challenges again and again"));
        }
        self.challenge = Some(Challenge::decode(text).unwrap_or(Challenge {
            status: "unreadable".to_owned(),
            scope: None,
            openid_configuration: None,
        }));
        let answer = self.mechanism.map_or("", Mechanism::answer_to_error);
        Ok(format!("{answer}\r\n").into_bytes())
    }

    fn tag(&self) -> Option<&str> {
        match &self.at {
            At::Greeting | At::Deciding { .. } => None,
            At::Capability { tag, .. }
            | At::StartTls { tag }
            | At::Authenticate { tag, .. }
            | At::Proof { tag } => Some(tag),
        }
    }

    fn login(&mut self) -> Login {
        let capabilities = Capabilities {
            idle: self.offers("IDLE"),
            r#move: self.offers("MOVE"),
            uidplus: self.offers("UIDPLUS"),
            literal_plus: self.offers("LITERAL+"),
        };
        let mechanism = self.mechanism.unwrap_or(Mechanism::XOAuth2);
        let opened = Opened {
            mechanism,
            capabilities,
        };
        Login {
            opened,
            tags: std::mem::take(&mut self.tags),
        }
    }
}

impl Machine for Opening<'_> {
    type Done = Login;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Login>, MailError> {
        loop {
            if let At::Deciding { secure, logged_in } = self.at {
                return self.decide(reader, secure, logged_in).map(Step::Output);
            }
            let Some(response) = reader.next()? else {
                return Ok(Step::NeedInput);
            };
            match response {
                response if matches!(self.at, At::Greeting) => self.greeted(reader, response)?,
                Response::Tagged(tag, status) if self.tag() == Some(&tag) => {
                    let (tls, proof) = (
                        matches!(self.at, At::StartTls { .. }),
                        matches!(self.at, At::Proof { .. }),
                    );
                    self.ended(reader, &status)?;
                    if tls {
                        return Ok(Step::UpgradeTls);
                    }
                    if proof {
                        return Ok(Step::Done(self.login()));
                    }
                }
                Response::Continue(text) => {
                    return self.challenged(reader, &text).map(Step::Output);
                }
                Response::Untagged(Untagged::Capability(offers)) => self.offers = Some(offers),
                Response::Untagged(_) => {}
                Response::Tagged(..) | Response::BodyStart(..) | Response::BodyChunk(_) => {
                    return Err(reader
                        .peer()
                        .protocol("it answers something else than was asked"));
                }
            }
        }
    }
}
