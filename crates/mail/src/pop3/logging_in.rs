//! From what the server offers to the proof that the mailbox opens: AUTH and STAT.

use secrecy::ExposeSecret as _;

use super::reply::{Reply, refusal};
use crate::lines::Lines;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::{self, ANOTHER_ANSWER, CHALLENGES_AGAIN};
use crate::sasl::{Credentials, Exchange, Mechanism};
use crate::{MailError, MailServer, Offers};

/// What opening a POP3 session found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pop3Opened {
    /// The mechanism that was used.
    pub mechanism: Mechanism,
    /// What the server offered before the login.
    pub offers: Offers,
    /// How many messages the mailbox holds.
    pub messages: u64,
    /// How large they are together, in bytes.
    pub bytes: u64,
}

/// Logs in over a connection that is secure. The initial response goes in a line of its own: a
/// command of POP3 has 255 bytes (RFC 2449, section 4), and Exchange takes no other form.
pub(crate) struct LoggingIn {
    server: MailServer,
    credentials: Credentials,
    offers: Offers,
    at: At,
}

enum At {
    Begin,
    Auth(Exchange),
    Stat(Mechanism),
}

impl opening::LoggingIn for LoggingIn {
    type Secured = Offers;

    fn new(server: &MailServer, credentials: Credentials, offers: Offers) -> Self {
        Self {
            server: server.clone(),
            credentials,
            offers,
            at: At::Begin,
        }
    }
}

impl LoggingIn {
    fn begin(&mut self, reader: &Lines) -> Result<Vec<u8>, MailError> {
        let offered = |mechanism| self.offers.takes(mechanism);
        let mechanism = self.credentials.choose(offered);
        let mechanism = mechanism.map_err(|missing| reader.peer().missing(missing))?;
        let exchange = Exchange::new(mechanism, &self.server, &self.credentials);
        self.at = At::Auth(exchange);
        Ok(format!("AUTH {}\r\n", mechanism.name()).into_bytes())
    }

    /// `+OK 2 320`: two messages of 320 bytes together.
    fn counted(&mut self, mechanism: Mechanism, text: &[u8]) -> Option<Pop3Opened> {
        let text = std::str::from_utf8(text).ok()?;
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        Some(Pop3Opened {
            mechanism,
            messages: numbers.next()?.ok()?,
            bytes: numbers.next()?.ok()?,
            offers: std::mem::take(&mut self.offers),
        })
    }
}

impl Machine for LoggingIn {
    type Reader = Lines;
    type Done = Pop3Opened;

    fn step(&mut self, reader: &mut Lines) -> Result<Step<Pop3Opened>, MailError> {
        if matches!(self.at, At::Begin) {
            return self.begin(reader).map(Step::Output);
        }
        let Some(reply) = Reply::next(reader)? else {
            return Ok(Step::NeedInput);
        };
        let peer = reader.peer();
        match (std::mem::replace(&mut self.at, At::Begin), reply) {
            (At::Auth(mut exchange), Reply::Continue(text)) => {
                let answer = exchange.answer(&text);
                let answer = answer.ok_or_else(|| peer.protocol(CHALLENGES_AGAIN))?;
                self.at = At::Auth(exchange);
                let line = format!("{}\r\n", answer.expose_secret());
                Ok(Step::Output(line.into_bytes()))
            }
            (At::Auth(exchange), Reply::Err(said)) => {
                Err(peer.login_refused(refusal(said), exchange.into_challenge()))
            }
            (At::Auth(exchange), Reply::Ok(_)) => {
                // +OK to AUTH proves nothing: this touches the mailbox.
                self.at = At::Stat(exchange.mechanism());
                Ok(Step::Output(b"STAT\r\n".to_vec()))
            }
            (At::Stat(_), Reply::Err(said)) => Err(peer.not_connected(refusal(said))),
            (At::Stat(mechanism), Reply::Ok(text)) => match self.counted(mechanism, &text) {
                Some(opened) => Ok(Step::Done(opened)),
                None => Err(peer.protocol("its answer to STAT has no numbers")),
            },
            (At::Stat(_), Reply::Continue(_)) | (At::Begin, _) => {
                Err(peer.protocol(ANOTHER_ANSWER))
            }
        }
    }
}
