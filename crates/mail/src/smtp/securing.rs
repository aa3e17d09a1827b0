//! From the greeting to what the server offers over a connection that is secure: greeting, EHLO,
//! STARTTLS, EHLO again.

use super::reply::{Replies, Reply};
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::{self, INJECTED, secure_from_the_start};
use crate::{MailError, MailServer, Offers, Security};

/// Neither servers for submission nor those of the own network ask for a name that means something,
/// and the name of this machine is nobody's business: an address literal does (RFC 5321, section
/// 4.1.3).
const OUR_NAME: &str = "[127.0.0.1]";

/// Secures a connection: bytes behind the answer to STARTTLS are refused, what was offered before
/// TLS is forgotten (RFC 3207, section 4.2).
pub(crate) struct Securing {
    hail: Hail,
    purpose: Purpose,
    at: At,
}

/// How the server is asked what it offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hail {
    /// SMTP (RFC 5321, section 4.1.1.1).
    Ehlo,
    /// LMTP (RFC 2033, section 4.1).
    Lhlo,
}

impl Hail {
    fn verb(self) -> &'static str {
        match self {
            Self::Ehlo => "EHLO",
            Self::Lhlo => "LHLO",
        }
    }
}

/// What comes behind it.
enum Purpose {
    /// Somebody logs in there.
    Login(MailServer),
    /// Mail is handed over, and nothing that opens anything.
    Delivery(Security),
}

#[derive(Clone, Copy)]
enum At {
    Greeting,
    /// EHLO is to be sent.
    Hail {
        secure: bool,
    },
    Hailed {
        secure: bool,
    },
    StartTls,
}

impl opening::Securing for Securing {
    fn new(server: &MailServer) -> Self {
        Self {
            hail: Hail::Ehlo,
            purpose: Purpose::Login(server.clone()),
            at: At::Greeting,
        }
    }
}

impl Securing {
    /// For a connection that only mail is handed over on: it may stay plain where that is wanted.
    pub(crate) fn for_delivery(hail: Hail, security: Security) -> Self {
        Self {
            hail,
            purpose: Purpose::Delivery(security),
            at: At::Greeting,
        }
    }

    fn hailed(
        &mut self,
        reader: &Replies,
        secure: bool,
        reply: Reply,
    ) -> Result<Step<Offers>, MailError> {
        // The first line is the server's name for itself.
        let lines = reply.lines.into_iter().skip(1).map(Vec::from);
        let offers = Offers::of_lines(lines, "AUTH");
        if secure {
            return Ok(Step::Done(offers));
        }
        if !offers.has("STARTTLS") {
            return Err(reader.peer().missing("STARTTLS"));
        }
        self.at = At::StartTls;
        Ok(Step::Output(b"STARTTLS\r\n".to_vec()))
    }
}

impl Machine for Securing {
    type Reader = Replies;
    type Done = Offers;

    fn step(&mut self, reader: &mut Replies) -> Result<Step<Offers>, MailError> {
        loop {
            if let At::Hail { secure } = self.at {
                self.at = At::Hailed { secure };
                let line = format!("{} {OUR_NAME}\r\n", self.hail.verb());
                return Ok(Step::Output(line.into_bytes()));
            }
            let next = match self.at {
                At::Greeting => reader.greeting()?,
                _ => reader.next()?,
            };
            let Some(reply) = next else {
                return Ok(Step::NeedInput);
            };
            let peer = reader.peer();
            match self.at {
                At::Greeting if !reply.is_ok() => {
                    return Err(peer.refused("the connection", reply.refusal()));
                }
                At::Greeting => {
                    let secure = match &self.purpose {
                        Purpose::Login(server) => secure_from_the_start(server, peer)?,
                        Purpose::Delivery(security) => *security != Security::StartTls,
                    };
                    self.at = At::Hail { secure };
                }
                At::Hailed { .. } if !reply.is_ok() => {
                    return Err(peer.refused(self.hail.verb(), reply.refusal()));
                }
                At::Hail { secure } | At::Hailed { secure } => {
                    return self.hailed(reader, secure, reply);
                }
                At::StartTls if !reply.is_ok() => {
                    return Err(peer.refused("STARTTLS", reply.refusal()));
                }
                At::StartTls if !reader.is_empty() => return Err(peer.protocol(INJECTED)),
                At::StartTls => {
                    self.at = At::Hail { secure: true };
                    return Ok(Step::UpgradeTls);
                }
            }
        }
    }
}
