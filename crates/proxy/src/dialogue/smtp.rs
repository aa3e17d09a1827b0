//! SMTP submission before the login (RFC 6409, RFC 5321): EHLO, STARTTLS (RFC 3207), AUTH (RFC 4954).
//! No mail is taken before somebody has logged in.

use mailgrant_mail::UpstreamOpened;

use super::input::TooLong;
use super::sasl::{self, Exchange, Turn};
use super::{
    Cover, Dialogue, Farewell, Input, LONGEST, Login, MOST_MISTAKES, Refused, Step, one_line,
    split_word,
};
use crate::{Refusal, RefusalKind};

/// A client's side of SMTP up to the login.
pub(super) struct Smtp {
    cover: Cover,
    name: String,
    extensions: Vec<String>,
    mistakes: u32,
    greeted: bool,
    at: At,
}

enum At {
    Greeting,
    Command,
    Auth(Exchange),
    LogIn,
}

impl Smtp {
    pub(super) fn new(cover: Cover, name: &str, extensions: Vec<String>) -> Self {
        Self {
            cover,
            name: one_line(name),
            extensions,
            mistakes: 0,
            greeted: false,
            at: At::Greeting,
        }
    }

    /// The answer to EHLO. Behind the login no client asks again, so that all is said here that it
    /// will need.
    fn hail(&self) -> String {
        let mut lines = vec![self.name.clone()];
        lines.extend(self.extensions.iter().map(|line| one_line(line)));
        lines.push(match self.cover {
            Cover::StartTls => "STARTTLS".to_owned(),
            Cover::Plain | Cover::Tls => format!("AUTH {}", sasl::OFFERED.join(" ")),
        });
        let last = lines.len() - 1;
        let lines = lines.iter().enumerate().map(|(at, line)| {
            let dash = if at == last { ' ' } else { '-' };
            format!("250{dash}{line}\r\n")
        });
        lines.collect()
    }

    fn command(&mut self, line: &[u8]) -> Step {
        let (name, argument) = split_word(line);
        match (name.to_ascii_uppercase().as_slice(), argument) {
            (b"EHLO", Some(_)) => {
                self.greeted = true;
                Step::Say(self.hail().into_bytes())
            }
            (b"HELO", Some(_)) => {
                self.greeted = true;
                say(&format!("250 {}", self.name))
            }
            (b"EHLO" | b"HELO", None) => self.mistake("501 5.5.4 And your name?"),
            (b"NOOP", _) => say("250 2.0.0 Nothing done"),
            (b"RSET", None) => say("250 2.0.0 Nothing was begun"),
            (b"QUIT", None) => Step::End(b"221 2.0.0 Good-bye\r\n".to_vec()),
            (b"STARTTLS", None) => match self.cover {
                Cover::StartTls => Step::BeginTls(b"220 2.0.0 Begin TLS\r\n".to_vec()),
                Cover::Plain => self.mistake("502 5.5.1 There is no TLS here"),
                Cover::Tls => self.mistake("503 5.5.1 TLS has begun already"),
            },
            _ if self.cover == Cover::StartTls => {
                self.mistake("530 5.7.0 Must issue a STARTTLS command first")
            }
            (b"AUTH", _) if !self.greeted => self.mistake("503 5.5.1 EHLO comes first"),
            (b"AUTH", Some(arguments)) => {
                let (mechanism, initial) = split_word(arguments);
                match Exchange::begin(mechanism, initial) {
                    Some(turn) => self.turn(turn),
                    None => self.mistake("504 5.5.4 There are the mechanisms PLAIN and LOGIN"),
                }
            }
            (b"MAIL" | b"RCPT" | b"DATA" | b"BDAT" | b"VRFY" | b"EXPN" | b"ETRN", _) => {
                self.mistake("530 5.7.0 Authentication required")
            }
            _ => self.mistake("502 5.5.1 No such command before the login"),
        }
    }

    fn turn(&mut self, turn: Turn) -> Step {
        match turn {
            Turn::Challenge(challenge, exchange) => {
                self.at = At::Auth(exchange);
                say(&format!("334 {challenge}"))
            }
            Turn::LogIn(login) => self.log_in(login),
            Turn::Cancelled => self.mistake("501 5.7.0 Given up"),
            Turn::Wrong => self.mistake("501 5.5.2 That is no response"),
        }
    }

    fn log_in(&mut self, login: Login) -> Step {
        self.at = At::LogIn;
        Step::LogIn(login)
    }

    fn mistake(&mut self, words: &str) -> Step {
        self.mistakes += 1;
        if self.mistakes >= MOST_MISTAKES {
            return Step::End(b"421 4.7.0 Too many commands that make no sense\r\n".to_vec());
        }
        say(words)
    }
}

impl Dialogue for Smtp {
    fn step(&mut self, input: &mut Input) -> Step {
        match self.at {
            At::Greeting => {
                self.at = At::Command;
                return say(&format!("220 {} ESMTP Mailgrant", self.name));
            }
            // What has come behind a login belongs to the server.
            At::LogIn => return Step::NeedInput,
            At::Command | At::Auth(_) => {}
        }
        let line = match input.line(LONGEST) {
            Ok(Some(line)) => line,
            Ok(None) => return Step::NeedInput,
            Err(TooLong) => return Step::End(b"421 5.5.6 That line is too long\r\n".to_vec()),
        };
        match std::mem::replace(&mut self.at, At::Command) {
            At::Auth(exchange) => self.turn(exchange.answer(&line)),
            _ => match self.command(&line) {
                // Nothing may have come behind STARTTLS (CVE-2011-0411).
                Step::BeginTls(_) if !input.is_empty() => {
                    Step::End(b"421 5.5.1 Something came between STARTTLS and TLS\r\n".to_vec())
                }
                step => step,
            },
        }
    }

    fn secured(&mut self) {
        // RFC 3207, section 4.2: as if the connection had just begun.
        self.cover = Cover::Tls;
        self.greeted = false;
    }

    fn admit(&mut self, _: &UpstreamOpened) -> Vec<u8> {
        b"235 2.7.0 Logged in\r\n".to_vec()
    }

    fn refuse(&mut self, refusal: &Refusal) -> Refused {
        self.at = At::Command;
        // What passes, or what a person can mend, must not make a client throw its mail away: 4yz.
        let (code, ends) = match refusal.kind {
            RefusalKind::Wrong => ("535 5.7.8", false),
            RefusalKind::NotAllowed => ("535 5.7.1", false),
            RefusalKind::Guessing | RefusalKind::Person => ("454 4.7.0", false),
            RefusalKind::Full => ("421 4.7.0", true),
            RefusalKind::Unavailable => ("421 4.4.0", true),
        };
        let words = one_line(&refusal.words);
        Refused {
            say: format!("{code} {words}\r\n").into_bytes(),
            ends,
        }
    }

    fn farewell(&self, why: Farewell) -> Vec<u8> {
        let code = match why {
            Farewell::Full | Farewell::Attempts => "4.7.0",
            Farewell::Slow => "4.4.2",
            Farewell::Stopping => "4.3.2",
        };
        format!("421 {code} {}\r\n", why.words()).into_bytes()
    }
}

fn say(words: &str) -> Step {
    Step::Say(format!("{words}\r\n").into_bytes())
}
