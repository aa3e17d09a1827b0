//! One client's session in POP3 or SMTP: logins and what proves them, no mail yet.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::fault::{Faults, LineFault};
use super::handle::Shared;
use super::sasl::Mechanism;
use super::words::{POP3, SMTP, Words};

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
    mailbox: Option<String>,
    /// The answer to the next command ([`LineFault::FirstAnswer`]).
    first_answer: Option<Vec<String>>,
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
            mailbox: None,
            first_answer: None,
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
            if let Some(lines) = self.first_answer.take() {
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
                self.execute(&verb).await?;
            }
            self.connection.flush().await?;
            if verb == "QUIT" {
                break;
            }
        }
        self.connection.close().await;
        Ok(())
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

    async fn execute(&mut self, verb: &str) -> io::Result<()> {
        if verb == self.words.capabilities {
            self.hailed = true;
            let lines = self.capabilities();
            return self.say_all(&lines).await;
        }
        let (proof, answer) = self.words.proof;
        let answer = match verb {
            "QUIT" => self.words.good_bye.to_owned(),
            _ if verb == proof => match (self.language, self.mailbox.as_deref()) {
                (Language::Smtp, _) => answer.to_owned(),
                (Language::Pop3, Some(mailbox)) => {
                    let (count, bytes) = self.server.size_of_inbox(mailbox);
                    format!("{answer} {count} {bytes}")
                }
                (Language::Pop3, None) => self.words.out_of_order.to_owned(),
            },
            "NOOP" if self.mailbox.is_some() => self.words.done.to_owned(),
            _ => self.words.unknown.to_owned(),
        };
        self.say(&answer).await
    }

    async fn authenticate(&mut self, name: &str, initial: Option<&str>) -> io::Result<()> {
        if self.mailbox.is_some() || !self.hailed {
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
        self.mailbox = Some(mailbox);
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
        !self.connection.is_secure() && self.server.options.starttls && self.mailbox.is_none()
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
                let mut lines = vec!["+OK".to_owned(), "RESP-CODES".to_owned()];
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
