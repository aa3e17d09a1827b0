//! POP3 before the login (RFC 1939): USER and PASS, AUTH (RFC 5034), CAPA (RFC 2449), STLS (RFC 2595).

use mailgrant_mail::UpstreamOpened;

use super::input::TooLong;
use super::sasl::{self, Exchange, Turn};
use super::{
    Cover, Dialogue, Farewell, Input, LONGEST, Login, MOST_MISTAKES, Refused, Step, one_line,
    split_word,
};
use crate::{Refusal, RefusalKind};

/// A client's side of POP3 up to the login.
pub(super) struct Pop3 {
    cover: Cover,
    mistakes: u32,
    /// Who was named with USER.
    user: Option<String>,
    at: At,
}

enum At {
    Greeting,
    Command,
    Auth(Exchange),
    LogIn,
}

impl Pop3 {
    pub(super) fn new(cover: Cover) -> Self {
        Self {
            cover,
            mistakes: 0,
            user: None,
            at: At::Greeting,
        }
    }

    /// What every server has that takes OAuth logins; PIPELINING not every one.
    fn capabilities(&self) -> String {
        let offered = sasl::OFFERED.join(" ");
        let own = match self.cover {
            Cover::StartTls => "STLS".to_owned(),
            Cover::Plain | Cover::Tls => format!("USER\r\nSASL {offered}"),
        };
        format!("+OK\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n{own}\r\n.\r\n")
    }

    fn command(&mut self, line: &[u8]) -> Step {
        let (name, argument) = split_word(line);
        match (name.to_ascii_uppercase().as_slice(), argument) {
            (b"CAPA", None) => Step::Say(self.capabilities().into_bytes()),
            (b"NOOP", None) => ok("Nothing done"),
            (b"QUIT", None) => Step::End(b"+OK Good-bye\r\n".to_vec()),
            (b"STLS", None) => match self.cover {
                Cover::StartTls => Step::BeginTls(b"+OK Begin TLS\r\n".to_vec()),
                Cover::Plain => self.mistake("There is no TLS here"),
                Cover::Tls => self.mistake("TLS has begun already"),
            },
            (b"USER" | b"PASS" | b"AUTH", _) if self.cover == Cover::StartTls => {
                self.mistake("Nobody logs in here before STLS")
            }
            (b"USER", Some(user)) => match String::from_utf8(user.to_vec()) {
                Ok(user) => {
                    self.user = Some(user);
                    ok("And the password?")
                }
                Err(_) => self.mistake("That is no user name"),
            },
            // A password may have spaces.
            (b"PASS", Some(password)) => match self.user.take() {
                None => self.mistake("USER comes before PASS"),
                Some(user) => match sasl::login(user, password) {
                    Some(login) => self.log_in(login),
                    None => self.mistake("That is no password"),
                },
            },
            (b"AUTH", None) => {
                let offered = sasl::OFFERED.join("\r\n");
                Step::Say(format!("+OK\r\n{offered}\r\n.\r\n").into_bytes())
            }
            (b"AUTH", Some(arguments)) => {
                let (mechanism, initial) = split_word(arguments);
                match Exchange::begin(mechanism, initial) {
                    Some(turn) => self.turn(turn),
                    None => self.mistake("There are the mechanisms PLAIN and LOGIN"),
                }
            }
            _ => self.mistake("No such command before the login"),
        }
    }

    fn turn(&mut self, turn: Turn) -> Step {
        match turn {
            Turn::Challenge(challenge, exchange) => {
                self.at = At::Auth(exchange);
                Step::Say(format!("+ {challenge}\r\n").into_bytes())
            }
            Turn::LogIn(login) => self.log_in(login),
            Turn::Cancelled => self.mistake("Given up"),
            Turn::Wrong => self.mistake("That is no response"),
        }
    }

    fn log_in(&mut self, login: Login) -> Step {
        self.at = At::LogIn;
        Step::LogIn(login)
    }

    fn mistake(&mut self, words: &str) -> Step {
        self.mistakes += 1;
        let words = format!("-ERR {words}\r\n").into_bytes();
        if self.mistakes >= MOST_MISTAKES {
            return Step::End(words);
        }
        Step::Say(words)
    }
}

impl Dialogue for Pop3 {
    fn step(&mut self, input: &mut Input) -> Step {
        match self.at {
            At::Greeting => {
                self.at = At::Command;
                return ok("Mailgrant");
            }
            // What has come behind a login belongs to the server.
            At::LogIn => return Step::NeedInput,
            At::Command | At::Auth(_) => {}
        }
        let line = match input.line(LONGEST) {
            Ok(Some(line)) => line,
            Ok(None) => return Step::NeedInput,
            Err(TooLong) => return Step::End(b"-ERR That line is too long\r\n".to_vec()),
        };
        match std::mem::replace(&mut self.at, At::Command) {
            At::Auth(exchange) => self.turn(exchange.answer(&line)),
            _ => match self.command(&line) {
                // Nothing may have come behind STLS (CVE-2011-0411 and its kin).
                Step::BeginTls(_) if !input.is_empty() => {
                    Step::End(b"-ERR Something came between STLS and TLS\r\n".to_vec())
                }
                step => step,
            },
        }
    }

    fn secured(&mut self) {
        self.cover = Cover::Tls;
        self.user = None;
    }

    fn admit(&mut self, opened: &UpstreamOpened) -> Vec<u8> {
        match opened {
            UpstreamOpened::Pop3 { messages, bytes } => {
                format!("+OK {messages} messages ({bytes} octets)\r\n").into_bytes()
            }
            _ => b"+OK Logged in\r\n".to_vec(),
        }
    }

    fn refuse(&mut self, refusal: &Refusal) -> Refused {
        self.at = At::Command;
        // RFC 3206; LOGIN-DELAY is RFC 2449's.
        let code = match refusal.kind {
            RefusalKind::Wrong | RefusalKind::NotAllowed => "AUTH",
            RefusalKind::Guessing => "LOGIN-DELAY",
            RefusalKind::Full | RefusalKind::Unavailable => "SYS/TEMP",
            RefusalKind::Person => "SYS/PERM",
        };
        let words = one_line(&refusal.words);
        Refused {
            say: format!("-ERR [{code}] {words}\r\n").into_bytes(),
            ends: false,
        }
    }

    fn farewell(&self, why: Farewell) -> Vec<u8> {
        let code = match why {
            Farewell::Full | Farewell::Stopping => "[SYS/TEMP] ",
            Farewell::Slow | Farewell::Attempts => "",
        };
        format!("-ERR {code}{}\r\n", why.words()).into_bytes()
    }
}

fn ok(words: &str) -> Step {
    Step::Say(format!("+OK {words}\r\n").into_bytes())
}
