//! Everything that a session with a mail server is opened with.

use mailgrant_mail::{ImapSession, Limits, MailError, MailServer, Pop3Session, Trust};
use secrecy::SecretString;

/// Everything that a session is opened with.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) server: MailServer,
    pub(crate) trust: Trust,
    pub(crate) limits: Limits,
    pub(crate) user: String,
    pub(crate) token: SecretString,
}

impl Door {
    pub(super) async fn open_imap(&self) -> Result<ImapSession, MailError> {
        let (server, trust) = (&self.server, &self.trust);
        ImapSession::open(server, trust, self.limits, &self.user, &self.token).await
    }

    pub(super) async fn open_pop3(&self) -> Result<Pop3Session, MailError> {
        let (server, trust) = (&self.server, &self.trust);
        Pop3Session::open(server, trust, self.limits, &self.user, &self.token).await
    }
}
