//! What is said before somebody is logged in, in each protocol: bytes in, actions out. No dialogue
//! knows a socket, a clock, an account or a password that is right.

mod imap;
mod input;
mod pop3;
mod sasl;
mod smtp;
#[cfg(test)]
mod tests;

use mailgrant_base::Protocol;
use mailgrant_mail::UpstreamOpened;
use secrecy::SecretString;

use crate::Refusal;

pub use input::Input;

/// The longest line of a client that has not logged in, in bytes, and the longest command of IMAP
/// with all its literals: a login with room to spare (RFC 4954, section 4, has 12288 for others).
const LONGEST: usize = 12_288;

/// More commands that make no sense end the connection.
const MOST_MISTAKES: u32 = 10;

/// What a dialogue wants next.
#[derive(Debug)]
#[must_use = "a dialogue whose wish is not fulfilled never goes on"]
pub enum Step {
    /// More bytes from the client.
    NeedInput,
    /// These bytes sent.
    Say(Vec<u8>),
    /// These bytes sent, and TLS before anything else is read.
    BeginTls(Vec<u8>),
    /// Somebody let in, or not: [`Dialogue::admit`] or [`Dialogue::refuse`] has the answer.
    LogIn(Login),
    /// These last bytes sent, and the connection ended.
    End(Vec<u8>),
}

/// Who wants to be let in.
#[derive(Debug)]
pub struct Login {
    /// The name, as the client said it.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// How a connection is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// Not at all: a listener on this machine.
    Plain,
    /// Not yet: nobody logs in before TLS has begun.
    StartTls,
    /// By TLS.
    Tls,
}

/// How a refusal is said.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is sent.
    pub say: Vec<u8>,
    /// The connection ends behind it.
    pub ends: bool,
}

/// Why a connection ends that the client has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// There are too many connections.
    Full,
    /// Nobody has logged in in time.
    Slow,
    /// Too many logins in one connection were refused.
    Attempts,
    /// The server stops.
    Stopping,
}

impl Farewell {
    fn words(self) -> &'static str {
        match self {
            Self::Full => "There are too many connections; try again later",
            Self::Slow => "Nobody has logged in in time",
            Self::Attempts => "Too many logins were refused",
            Self::Stopping => "Mailgrant stops; connect again in a moment",
        }
    }
}

/// One connection's conversation up to the login.
pub trait Dialogue: Send {
    /// Goes on with what has been read. To be called again after each action.
    fn step(&mut self, input: &mut Input) -> Step;

    /// TLS has begun: what was said before it is forgotten.
    fn secured(&mut self);

    /// The answer to a login that has succeeded; behind it the bytes belong to the server.
    fn admit(&mut self, opened: &UpstreamOpened) -> Vec<u8>;

    /// The answer to a login that is refused; the dialogue goes on unless it ends.
    fn refuse(&mut self, refusal: &Refusal) -> Refused;

    /// The last words of a connection that ends here, in any state before the login.
    fn farewell(&self, why: Farewell) -> Vec<u8>;
}

/// A dialogue of this protocol. `name` is the server's for itself; `extensions` are those that SMTP
/// announces.
pub fn begin(
    protocol: Protocol,
    cover: Cover,
    name: &str,
    extensions: Vec<String>,
) -> Box<dyn Dialogue> {
    match protocol {
        Protocol::Imap => Box::new(imap::Imap::new(cover)),
        Protocol::Pop3 => Box::new(pop3::Pop3::new(cover)),
        Protocol::Smtp => Box::new(smtp::Smtp::new(cover, name, extensions)),
    }
}

/// Words as they may stand in a line of each protocol: ASCII without control characters, not too long
/// (POP3 has 512 bytes, RFC 2449, section 4; so has SMTP, RFC 5321, section 4.5.3.1.5).
fn one_line(words: &str) -> String {
    const MOST: usize = 400;
    words
        .chars()
        .map(|c| match c {
            ' '..='~' => c,
            '\u{2019}' | '\u{2018}' => '\'',
            c if c.is_control() || c.is_whitespace() => ' ',
            _ => '?',
        })
        .take(MOST)
        .collect()
}

/// The first word of a line, and what stands behind the space.
fn split_word(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match line.iter().position(|&byte| byte == b' ') {
        Some(at) => (
            line.get(..at).unwrap_or_default(),
            Some(line.get(at + 1..).unwrap_or_default()),
        ),
        None => (line, None),
    }
}
