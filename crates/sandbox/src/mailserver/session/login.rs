//! AUTHENTICATE (RFC 3501, section 6.2.2; RFC 4959 for the initial response).

use std::io;

use super::super::fault::ImapFault;
use super::super::options::Accepts;
use super::super::sasl::{Credentials, Mechanism};
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
        let Some(mechanism) = Mechanism::parse(name).filter(|&it| self.offers(it)) else {
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
        match self.mailbox_for(&credentials).filter(|_| !refused) {
            Some(mailbox) => self.log_in(mechanism, mailbox, credentials.token),
            None => self.refuse(mechanism).await,
        }
    }

    /// Which mailbox these credentials open, if any.
    fn mailbox_for(&self, credentials: &Credentials) -> Option<String> {
        let (user, scope) = self.server.tokens.look_up(&credentials.token)?;
        let audience = self.server.tokens.audience(&credentials.token);
        if !self.options().accepts.takes(audience.as_deref(), &scope) {
            return None;
        }
        let mailbox = credentials.mailbox.as_deref().unwrap_or(&user);
        let own = mailbox.eq_ignore_ascii_case(&user);
        let shared = self.options().shared.iter().any(|(shared, colleague)| {
            shared.eq_ignore_ascii_case(mailbox) && colleague.eq_ignore_ascii_case(&user)
        });
        (own || shared).then(|| mailbox.to_owned())
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

    fn offers(&self, mechanism: Mechanism) -> bool {
        match mechanism {
            Mechanism::XOAuth2 => self.options().xoauth2,
            Mechanism::OAuthBearer => self.options().oauthbearer,
        }
    }
}

/// An initial response for the transcript.
pub(super) fn shortened(mechanism: &str, response: &str) -> String {
    match Mechanism::parse(mechanism) {
        Some(mechanism) => mechanism.shortened(response),
        None => "…".to_owned(),
    }
}
