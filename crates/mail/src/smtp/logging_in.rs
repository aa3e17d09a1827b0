//! From what the server offers to the proof that it takes orders: AUTH and NOOP.

use secrecy::ExposeSecret as _;

use super::reply::Replies;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::{self, ANOTHER_ANSWER, CHALLENGES_AGAIN};
use crate::sasl::{Credentials, Exchange, Mechanism};
use crate::{MailError, MailServer, Offers};

/// The longest AUTH line, in bytes with its end (RFC 4954, section 4). Where the initial response
/// does not fit, it follows in a line of its own.
const LONGEST_AUTH: usize = 12_288;

/// What opening an SMTP session found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpOpened {
    /// The mechanism that was used.
    pub mechanism: Mechanism,
    /// What the server offered before the login.
    pub offers: Offers,
}

impl SmtpOpened {
    /// The largest message that the server takes, in bytes (RFC 1870); `None` where it says none.
    pub fn largest_message(&self) -> Option<u64> {
        self.offers.largest_message()
    }
}

/// Logs in over a connection that is secure.
pub(crate) struct LoggingIn {
    server: MailServer,
    credentials: Credentials,
    offers: Offers,
    at: At,
}

enum At {
    Begin,
    Auth(Exchange),
    Noop(Mechanism),
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
    fn begin(&mut self, reader: &Replies) -> Result<Vec<u8>, MailError> {
        let offered = |mechanism| self.offers.takes(mechanism);
        let mechanism = self.credentials.choose(offered);
        let mechanism = mechanism.map_err(|missing| reader.peer().missing(missing))?;
        let mut exchange = Exchange::new(mechanism, &self.server, &self.credentials);
        let name = mechanism.name();
        let room = LONGEST_AUTH - "AUTH  \r\n".len() - name.len();
        let line = match exchange.initial_within(room) {
            Some(response) => format!("AUTH {name} {}\r\n", response.expose_secret()),
            None => format!("AUTH {name}\r\n"),
        };
        self.at = At::Auth(exchange);
        Ok(line.into_bytes())
    }
}

impl Machine for LoggingIn {
    type Reader = Replies;
    type Done = SmtpOpened;

    fn step(&mut self, reader: &mut Replies) -> Result<Step<SmtpOpened>, MailError> {
        if matches!(self.at, At::Begin) {
            return self.begin(reader).map(Step::Output);
        }
        let Some(reply) = reader.next()? else {
            return Ok(Step::NeedInput);
        };
        let peer = reader.peer();
        match (std::mem::replace(&mut self.at, At::Begin), reply.code) {
            (At::Auth(mut exchange), 334) => {
                let text = reply.lines.first().map_or(&b""[..], |line| line);
                let answer = exchange.answer(text);
                let answer = answer.ok_or_else(|| peer.protocol(CHALLENGES_AGAIN))?;
                self.at = At::Auth(exchange);
                let line = format!("{}\r\n", answer.expose_secret());
                Ok(Step::Output(line.into_bytes()))
            }
            (At::Auth(exchange), 235) => {
                // 235 to AUTH does not prove that a command is taken.
                self.at = At::Noop(exchange.mechanism());
                Ok(Step::Output(b"NOOP\r\n".to_vec()))
            }
            (At::Auth(exchange), 400..600) => {
                Err(peer.login_refused(reply.refusal(), exchange.into_challenge()))
            }
            (At::Noop(mechanism), 200..300) => Ok(Step::Done(SmtpOpened {
                mechanism,
                offers: std::mem::take(&mut self.offers),
            })),
            (At::Noop(_), 400..600) => Err(peer.not_connected(reply.refusal())),
            (At::Auth(_) | At::Noop(_) | At::Begin, _) => Err(peer.protocol(ANOTHER_ANSWER)),
        }
    }
}
