//! AUTHENTICATE (RFC 3501, section 6.2.2; RFC 4959 for the initial response).

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::fault::ImapFault;
use super::super::options::Accepts;
use super::super::sasl::Mechanism;
use super::{Session, Verdict};

/// Who is logged in.
pub(super) struct Login {
    /// Whose mail it is.
    pub(super) mailbox: String,
    pub(super) token: String,
}

impl Session {
    pub(super) async fn authenticate(
        &mut self,
        name: &str,
        initial: Option<String>,
    ) -> io::Result<Verdict> {
        if self.login.is_some() {
            return Verdict::bad("Logged in already");
        }
        if !self.connection.is_secure() && !self.options().login_without_tls {
            return Verdict::no("[PRIVACYREQUIRED] STARTTLS first");
        }
        let Some(mechanism) = Mechanism::parse(name).filter(|&it| self.server.offers(it)) else {
            return Verdict::no("[CANNOT] Unsupported authentication mechanism");
        };
        let response = match initial {
            Some(_) if !self.options().sasl_ir => {
                return Verdict::bad("SASL-IR is not offered");
            }
            Some(response) => response,
            None => match self.ask("+ ", mechanism).await? {
                Some(response) => response,
                None => return Verdict::bad("AUTHENTICATE cancelled"),
            },
        };
        if let Some((challenge, text)) = self.faults().take(login_answer) {
            if let Some(challenge) = challenge {
                let challenge = format!("+ {}", BASE64_STANDARD.encode(challenge));
                match self.ask(&challenge, mechanism).await? {
                    Some(answer) if answer == mechanism.dismissal() => {}
                    _ => return Verdict::bad("Invalid SASL argument"),
                }
            }
            return Ok(Verdict::Exactly(text));
        }
        let Some(credentials) = mechanism.credentials(&response) else {
            return Verdict::bad("Invalid SASL argument");
        };
        if self.faults().strikes(&ImapFault::Unavailable) {
            return Verdict::no("[UNAVAILABLE] Temporary authentication failure");
        }
        if self.faults().strikes(&ImapFault::TooManyConnections) {
            return Verdict::no("[ALERT] Too many simultaneous connections. (Failure)");
        }
        let refused = self.faults().strikes(&ImapFault::RefuseToken);
        match self.server.mailbox_for(&credentials).filter(|_| !refused) {
            Some(mailbox) => self.log_in(mechanism, mailbox, credentials.token),
            None => self.refuse(mechanism).await,
        }
    }

    fn log_in(
        &mut self,
        mechanism: Mechanism,
        mailbox: String,
        token: String,
    ) -> io::Result<Verdict> {
        self.server.count_login(mechanism.name());
        self.login = Some(Login { mailbox, token });
        self.not_connected = self.faults().strikes(&ImapFault::NotConnected);
        self.first_answer = self.faults().take(|fault| match fault {
            ImapFault::FirstAnswer(text) => Some(text.clone()),
            _ => None,
        });
        if self.options().announce_capabilities {
            Verdict::ok(format!("[CAPABILITY {}] Logged in", self.capabilities()))
        } else {
            Verdict::ok("AUTHENTICATE completed")
        }
    }

    /// The error challenge, which the client has to answer before it hears `NO`.
    async fn refuse(&mut self, mechanism: Mechanism) -> io::Result<Verdict> {
        if self.options().accepts == Accepts::Exchange {
            return Verdict::no("AUTHENTICATE failed.");
        }
        let challenge = format!("+ {}", mechanism.challenge());
        match self.ask(&challenge, mechanism).await? {
            Some(answer) if answer == mechanism.dismissal() => {
                Verdict::no("[AUTHENTICATIONFAILED] Authentication failed.")
            }
            Some(_) => Verdict::bad("Invalid SASL argument"),
            None => Verdict::bad("AUTHENTICATE cancelled"),
        }
    }

    /// Sends a challenge and reads the answer; `None` where the client cancels.
    async fn ask(&mut self, challenge: &str, mechanism: Mechanism) -> io::Result<Option<String>> {
        self.connection.send(challenge).await?;
        self.connection.flush().await?;
        let Some(line) = self.next_line().await? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let answer = String::from_utf8_lossy(&line).into_owned();
        self.connection.heard(&match answer.as_str() {
            "" | "*" | "AQ==" => answer.clone(),
            response => mechanism.shortened(response),
        });
        Ok((answer != "*").then_some(answer))
    }
}

fn login_answer(fault: &ImapFault) -> Option<(Option<String>, String)> {
    match fault {
        ImapFault::LoginAnswer { challenge, text } => Some((challenge.clone(), text.clone())),
        _ => None,
    }
}

/// An initial response for the transcript.
pub(super) fn shortened(mechanism: &str, response: &str) -> String {
    match Mechanism::parse(mechanism) {
        Some(mechanism) => mechanism.shortened(response),
        None => "…".to_owned(),
    }
}
