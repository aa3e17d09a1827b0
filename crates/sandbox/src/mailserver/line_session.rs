//! One client's session in POP3 or SMTP: logins, in POP3 what an INBOX holds, and in SMTP mail for the
//! server's own mailboxes.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::fault::{Faults, LineFault};
use super::handle::Shared;
use super::maildrop::{Answer, Maildrop, stuffed};
use super::sasl::Mechanism;
use super::words::{POP3, SMTP, Words};

/// What [`LineFault::RefuseMessage`] says.
const NOT_GIVEN_OUT: &str = "-ERR This message cannot be read";
/// What [`LineFault::RefuseQuit`] says (RFC 1939, section 6).
const NOT_DELETED: &str = "-ERR Some deleted messages not removed";

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Pop3,
    Smtp,
}

/// A session.
pub(super) struct LineSession {
    connection: Connection,
    server: Arc<Shared>,
    language: Language,
    words: &'static Words,
    /// SMTP wants EHLO before anything else, and again behind TLS.
    hailed: bool,
    logged_in: bool,
    /// What POP3 shows to whoever is logged in.
    maildrop: Option<Maildrop>,
    /// The answer to the next command ([`LineFault::FirstAnswer`]).
    first_answer: Option<Vec<String>>,
    /// Whom SMTP's next message is for.
    recipients: Vec<String>,
}

impl LineSession {
    pub(super) fn new(connection: Connection, server: Arc<Shared>, language: Language) -> Self {
        let words = match language {
            Language::Pop3 => &POP3,
            Language::Smtp => &SMTP,
        };
        Self {
            connection,
            server,
            language,
            words,
            hailed: language == Language::Pop3,
            logged_in: false,
            maildrop: None,
            first_answer: None,
            recipients: Vec::new(),
        }
    }

    /// Serves the client until it leaves.
    pub(super) async fn run(mut self, acceptor: &TlsAcceptor) -> io::Result<()> {
        self.greet().await?;
        while let Some(line) = self.connection.line().await? {
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut parts = line.splitn(3, ' ');
            let verb = parts.next().unwrap_or_default().to_ascii_uppercase();
            let (argument, initial) = (parts.next().unwrap_or_default(), parts.next());
            self.connection.heard(&match initial {
                Some(_) => format!("{verb} {argument} …"),
                None => line.clone(),
            });
            if let Some(lines) = self.scripted_answer(&verb) {
                self.say_all(&lines).await?;
            } else if verb == self.words.starttls {
                let begin = self.may_begin_tls();
                self.say(if begin {
                    self.words.begin_tls
                } else {
                    self.words.out_of_order
                })
                .await?;
                if begin {
                    if self.faults().strikes(&LineFault::StartTlsInjection) {
                        self.connection.raw(self.words.injected).await?;
                    }
                    self.connection.flush().await?;
                    self.connection = self.connection.upgrade(acceptor).await?;
                    self.hailed = self.language == Language::Pop3;
                }
            } else if verb == "AUTH" {
                self.authenticate(argument, initial).await?;
            } else {
                // TOP alone has a second argument.
                let second = initial.filter(|_| verb == "TOP");
                let arguments = match second {
                    Some(second) => format!("{argument} {second}"),
                    None => argument.to_owned(),
                };
                self.execute(&verb, &arguments).await?;
            }
            self.connection.flush().await?;
            if verb == "QUIT" {
                break;
            }
        }
        self.connection.close().await;
        Ok(())
    }

    /// What a fault wants a command to be answered with.
    fn scripted_answer(&mut self, verb: &str) -> Option<Vec<String>> {
        self.first_answer.take().or_else(|| {
            self.faults().take(|fault| match fault {
                LineFault::Answer { command, lines } if command == verb => Some(lines.clone()),
                _ => None,
            })
        })
    }

    async fn greet(&mut self) -> io::Result<()> {
        let drip = self.faults().take(|fault| match fault {
            LineFault::Drip(delay) => Some(*delay),
            _ => None,
        });
        if let Some(delay) = drip {
            return self.connection.drip(delay).await;
        }
        let greeting = self.faults().take(|fault| match fault {
            LineFault::Greeting(line) => Some(line.clone()),
            _ => None,
        });
        self.say(greeting.as_deref().unwrap_or(self.words.greeting))
            .await?;
        self.connection.flush().await?;
        if self.faults().strikes(&LineFault::EndlessLine) {
            return self.connection.endless_line().await;
        }
        Ok(())
    }

    async fn execute(&mut self, verb: &str, argument: &str) -> io::Result<()> {
        if verb == self.words.capabilities {
            self.hailed = true;
            let lines = self.capabilities();
            return self.say_all(&lines).await;
        }
        if verb == "QUIT" {
            return self.quit().await;
        }
        let words = self.words;
        match self.language {
            Language::Smtp => self.submit(verb, argument).await,
            Language::Pop3 => {
                let Some(maildrop) = &mut self.maildrop else {
                    return self.say(words.out_of_order).await;
                };
                let answer = maildrop.answer(verb, argument);
                self.tell(answer, argument).await
            }
        }
    }

    /// Takes mail from whoever is logged in, into the INBOX of each recipient (RFC 5321, section 3.3).
    async fn submit(&mut self, verb: &str, argument: &str) -> io::Result<()> {
        let words = self.words;
        let answer = match verb {
            "NOOP" => words.done,
            "MAIL" | "RCPT" | "DATA" if !self.logged_in => words.out_of_order,
            "MAIL" | "RSET" => {
                self.recipients.clear();
                words.done
            }
            "RCPT" => {
                let address = argument.trim_start_matches("TO:").trim_matches(['<', '>']);
                self.recipients.push(address.to_owned());
                words.done
            }
            "DATA" if !self.recipients.is_empty() => {
                self.say("354 End data with <CR><LF>.<CR><LF>").await?;
                self.connection.flush().await?;
                let raw = self.text().await?;
                let recipients = std::mem::take(&mut self.recipients);
                if !self.faults().strikes(&LineFault::LoseMessage) {
                    for recipient in recipients {
                        self.server.receive(&recipient, &raw);
                    }
                }
                words.done
            }
            "DATA" => words.out_of_order,
            _ => words.unknown,
        };
        self.say(answer).await
    }

    /// A message until the line with its end, without the dots that were put before others.
    async fn text(&mut self) -> io::Result<Vec<u8>> {
        let mut raw = Vec::new();
        while let Some(line) = self.connection.line().await? {
            if line == b"."[..] {
                return Ok(raw);
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            raw.extend_from_slice(b"\r\n");
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Says what the maildrop answers.
    async fn tell(&mut self, answer: Answer, argument: &str) -> io::Result<()> {
        match answer {
            Answer::Line(line) => self.say(&line).await,
            Answer::List(first, lines) => {
                self.say(&first).await?;
                self.say_all(&lines).await?;
                self.say(".").await
            }
            Answer::Message(first, raw) => {
                let faults = &self.server.pop3_faults;
                let refused = faults.take(|fault| match fault {
                    LineFault::RefuseMessage(number) => {
                        (number.to_string() == argument).then_some(())
                    }
                    _ => None,
                });
                if refused.is_some() {
                    return self.say(NOT_GIVEN_OUT).await;
                }
                if let Some(bytes) = faults.take(|fault| match fault {
                    LineFault::TruncateMessage(bytes) => Some(*bytes),
                    _ => None,
                }) {
                    self.connection.break_after(bytes);
                }
                self.say(&first).await?;
                for piece in stuffed(&raw) {
                    self.connection.raw(piece).await?;
                }
                Ok(())
            }
        }
    }

    /// The end, and the moment at which POP3 deletes.
    async fn quit(&mut self) -> io::Result<()> {
        if let Some(maildrop) = self.maildrop.take() {
            let faults = &self.server.pop3_faults;
            if faults.strikes(&LineFault::RefuseQuit) {
                return self.say(NOT_DELETED).await;
            }
            let silent = faults.take(|fault| match fault {
                LineFault::SilentQuit { deletes } => Some(*deletes),
                _ => None,
            });
            if silent != Some(false) {
                maildrop.commit(&self.server.store);
            }
            if silent.is_some() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        self.say(self.words.good_bye).await
    }

    async fn authenticate(&mut self, name: &str, initial: Option<&str>) -> io::Result<()> {
        if self.logged_in || !self.hailed {
            return self.say(self.words.out_of_order).await;
        }
        if !self.connection.is_secure() && !self.server.options.login_without_tls {
            return self.say(self.words.tls_first).await;
        }
        let mechanism = Mechanism::parse(name).filter(|it| self.server.offers(*it));
        let Some(mechanism) = mechanism else {
            return self.say(self.words.unsupported).await;
        };
        let response = match initial {
            // As Exchange: it takes the form with two lines only.
            Some(_) if self.language == Language::Pop3 => {
                return self.say(self.words.malformed).await;
            }
            Some(response) => response.to_owned(),
            None => self.ask("", mechanism).await?,
        };
        if let Some((challenge, lines)) = self.faults().take(|fault| match fault {
            LineFault::LoginAnswer { challenge, lines } => Some((challenge.clone(), lines.clone())),
            _ => None,
        }) {
            if let Some(challenge) = challenge {
                let challenge = BASE64_STANDARD.encode(challenge);
                if self.ask(&challenge, mechanism).await? != mechanism.dismissal() {
                    return self.say(self.words.malformed).await;
                }
            }
            return self.say_all(&lines).await;
        }
        let Some(credentials) = mechanism.credentials(&response) else {
            return self.say(self.words.malformed).await;
        };
        let Some(mailbox) = self.server.mailbox_for(&credentials) else {
            let answer = self.ask(&mechanism.challenge(), mechanism).await?;
            let understood = answer == mechanism.dismissal();
            let words = self.words;
            return self
                .say(if understood {
                    words.refused
                } else {
                    words.malformed
                })
                .await;
        };
        self.server.count_login(mechanism.name());
        self.logged_in = true;
        if self.language == Language::Pop3 {
            self.maildrop = Some(Maildrop::open(
                &self.server.store,
                &mailbox,
                self.server.options.unique_ids,
            ));
        }
        self.first_answer = self.faults().take(|fault| match fault {
            LineFault::FirstAnswer(lines) => Some(lines.clone()),
            _ => None,
        });
        self.say(self.words.logged_in).await
    }

    /// Sends a challenge and reads the answer.
    async fn ask(&mut self, challenge: &str, mechanism: Mechanism) -> io::Result<String> {
        let line = format!("{}{challenge}", self.words.challenge);
        self.say(&line).await?;
        self.connection.flush().await?;
        let Some(line) = self.connection.line().await? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let answer = String::from_utf8_lossy(&line).into_owned();
        self.connection.heard(&match answer.as_str() {
            "" | "*" | "AQ==" => answer.clone(),
            response => mechanism.shortened(response),
        });
        Ok(answer)
    }

    fn may_begin_tls(&self) -> bool {
        !self.connection.is_secure() && self.server.options.starttls && !self.logged_in
    }

    /// The whole answer to the command that asks what is offered.
    fn capabilities(&self) -> Vec<String> {
        let may_log_in = self.connection.is_secure() || self.server.options.login_without_tls;
        let mut mechanisms = String::new();
        if may_log_in && !self.faults().strikes(&LineFault::NoMechanism) {
            for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
                if self.server.offers(mechanism) {
                    mechanisms.push(' ');
                    mechanisms.push_str(mechanism.name());
                }
            }
        }
        let begin_tls = self.may_begin_tls().then(|| self.words.starttls.to_owned());
        let login = (!mechanisms.is_empty()).then_some(mechanisms);
        match self.language {
            Language::Pop3 => {
                let offers = ["+OK", "UIDL", "RESP-CODES", "PIPELINING"];
                let mut lines = offers.map(str::to_owned).to_vec();
                lines.extend(begin_tls);
                lines.extend(login.map(|names| format!("SASL{names}")));
                lines.push(".".to_owned());
                lines
            }
            Language::Smtp => {
                let mut names = vec!["localhost".to_owned(), "SIZE 157286400".to_owned()];
                names.extend(begin_tls);
                names.extend(login.map(|names| format!("AUTH{names}")));
                let last = names.len() - 1;
                let line = |(place, name): (usize, String)| {
                    let mark = if place == last { ' ' } else { '-' };
                    format!("250{mark}{name}")
                };
                names.into_iter().enumerate().map(line).collect()
            }
        }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.connection.send(line).await
    }

    async fn say_all(&mut self, lines: &[String]) -> io::Result<()> {
        for line in lines {
            self.say(line).await?;
        }
        Ok(())
    }

    fn faults(&self) -> &Faults<LineFault> {
        match self.language {
            Language::Pop3 => &self.server.pop3_faults,
            Language::Smtp => &self.server.smtp_faults,
        }
    }
}
