//! From the greeting to what the server offers over a connection that is secure: greeting, CAPA,
//! STLS, CAPA again.

use super::reply::{Reply, refusal};
use crate::lines::Lines;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::{self, ANOTHER_ANSWER, INJECTED, secure_from_the_start};
use crate::{MailError, MailServer, Offers};

/// More lines are no answer to CAPA.
const MOST_LINES: usize = 200;

/// Secures a connection: bytes behind the answer to STLS are refused, what was offered before TLS
/// is forgotten.
pub(crate) struct Securing {
    server: MailServer,
    at: At,
}

enum At {
    Greeting,
    /// CAPA is to be sent.
    Ask {
        secure: bool,
    },
    Capa {
        secure: bool,
    },
    /// The lines of the answer to CAPA.
    List {
        secure: bool,
        lines: Vec<Vec<u8>>,
    },
    Stls,
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
    fn greeted(&mut self, reader: &Lines, line: Option<Reply>) -> Result<(), MailError> {
        let peer = reader.peer();
        match line {
            Some(Reply::Ok(_)) => {
                let secure = secure_from_the_start(&self.server, peer)?;
                self.at = At::Ask { secure };
                Ok(())
            }
            Some(Reply::Err(said)) => Err(peer.refused("the connection", refusal(said))),
            _ => Err(peer.protocol("it did not greet as a POP3 server")),
        }
    }

    /// The answer to CAPA is complete.
    fn listed(
        &mut self,
        reader: &Lines,
        secure: bool,
        offers: Offers,
    ) -> Result<Step<Offers>, MailError> {
        if secure {
            return Ok(Step::Done(offers));
        }
        if !offers.has("STLS") {
            return Err(reader.peer().missing("STLS, which is POP3's STARTTLS"));
        }
        self.at = At::Stls;
        Ok(Step::Output(b"STLS\r\n".to_vec()))
    }
}

impl Machine for Securing {
    type Reader = Lines;
    type Done = Offers;

    fn step(&mut self, reader: &mut Lines) -> Result<Step<Offers>, MailError> {
        loop {
            match &mut self.at {
                At::Ask { secure } => {
                    let secure = *secure;
                    self.at = At::Capa { secure };
                    return Ok(Step::Output(b"CAPA\r\n".to_vec()));
                }
                At::List { secure, lines } => {
                    let Some(line) = reader.next()? else {
                        return Ok(Step::NeedInput);
                    };
                    if line.as_ref() == b"." {
                        let offers = Offers::of_lines(std::mem::take(lines), "SASL");
                        let secure = *secure;
                        return self.listed(reader, secure, offers);
                    }
                    if lines.len() == MOST_LINES {
                        return Err(reader.peer().protocol("its answer to CAPA has no end"));
                    }
                    // A dot in front of a line that begins with one (RFC 1939, section 3).
                    lines.push(line.strip_prefix(b".").unwrap_or(&line).to_vec());
                }
                At::Greeting => {
                    // What does not read as POP3 at all did not greet so, either.
                    let Some(line) = reader.next()? else {
                        return Ok(Step::NeedInput);
                    };
                    self.greeted(reader, Reply::read(&line))?;
                }
                At::Capa { secure } => match Reply::next(reader)? {
                    None => return Ok(Step::NeedInput),
                    Some(Reply::Ok(_)) => {
                        let (secure, lines) = (*secure, Vec::new());
                        self.at = At::List { secure, lines };
                    }
                    Some(Reply::Err(said)) => {
                        return Err(reader.peer().refused("CAPA", refusal(said)));
                    }
                    Some(Reply::Continue(_)) => {
                        return Err(reader.peer().protocol(ANOTHER_ANSWER));
                    }
                },
                At::Stls => match Reply::next(reader)? {
                    None => return Ok(Step::NeedInput),
                    Some(Reply::Ok(_)) if !reader.is_empty() => {
                        return Err(reader.peer().protocol(INJECTED));
                    }
                    Some(Reply::Ok(_)) => {
                        self.at = At::Ask { secure: true };
                        return Ok(Step::UpgradeTls);
                    }
                    Some(Reply::Err(said)) => {
                        return Err(reader.peer().refused("STLS", refusal(said)));
                    }
                    Some(Reply::Continue(_)) => {
                        return Err(reader.peer().protocol(ANOTHER_ANSWER));
                    }
                },
            }
        }
    }
}
