//! From the greeting to what the server offers over a connection that is secure: greeting, EHLO,
//! STARTTLS, EHLO again.

use super::reply::{Replies, Reply};
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::{self, INJECTED, secure_from_the_start};
use crate::{MailError, MailServer, Offers};

/// Servers for submission ask nobody for a name that means something, and the name of this machine
/// is nobody's business: an address literal does (RFC 5321, section 4.1.3).
const EHLO: &[u8] = b"EHLO [127.0.0.1]\r\n";

/// Secures a connection: bytes behind the answer to STARTTLS are refused, what was offered before
/// TLS is forgotten (RFC 3207, section 4.2).
pub(crate) struct Securing {
    server: MailServer,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Greeting,
    /// EHLO is to be sent.
    Hail {
        secure: bool,
    },
    Ehlo {
        secure: bool,
    },
    StartTls,
}

impl opening::Securing for Securing {
    fn new(server: &MailServer) -> Self {
        Self {
            server: server.clone(),
            at: At::Greeting,
        }
    }
}

impl Securing {
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
                self.at = At::Ehlo { secure };
                return Ok(Step::Output(EHLO.to_vec()));
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
                    let secure = secure_from_the_start(&self.server, peer)?;
                    self.at = At::Hail { secure };
                }
                At::Ehlo { .. } if !reply.is_ok() => {
                    return Err(peer.refused("EHLO", reply.refusal()));
                }
                At::Hail { secure } | At::Ehlo { secure } => {
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
