//! A token and a login with it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mailgrant_keeper::AccessToken;
use mailgrant_mail::{ImapSession, MailError};
use mailgrant_oauth::Resource;
use mailgrant_vault::Account;

use crate::FetchError;
use crate::shared::Shared;

/// Logs in to an account's mailbox.
pub(crate) struct Login {
    shared: Arc<Shared>,
    /// When a refused token was last replaced ahead of its time. A server that refuses whatever it
    /// is given, or every second login, must not make a renewal of each.
    renewed_at: Option<Timestamp>,
}

/// How long after one such renewal the next may follow: a token does not end by itself sooner.
const BETWEEN_RENEWALS: SignedDuration = SignedDuration::from_mins(10);

/// A session and the token that it lives on.
pub(crate) struct LoggedIn {
    pub(crate) session: ImapSession,
    pub(crate) token: AccessToken,
}

impl Login {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            renewed_at: None,
        }
    }

    /// Connects and logs in. A server that refuses a token gets one fresh one.
    pub(crate) async fn open(&mut self, account: &Account) -> Result<LoggedIn, FetchError> {
        let keeper = &self.shared.keeper;
        let token = keeper.access_token(account.id, Resource::Mail).await?;
        let refused = match self.attempt(account, &token).await {
            Ok(session) => return Ok(LoggedIn { session, token }),
            Err(error @ MailError::LoginRefused { .. }) if self.may_renew() => error,
            Err(error) => return Err(error.into()),
        };
        tracing::debug!(account = account.draft.name, %refused, "renewing a refused token");
        let token = keeper
            .renew_refused(account.id, Resource::Mail, &token)
            .await?;
        self.renewed_at = Some(self.shared.now());
        let session = self.attempt(account, &token).await?;
        Ok(LoggedIn { session, token })
    }

    fn may_renew(&self) -> bool {
        self.renewed_at.is_none_or(|at| {
            let age = self.shared.now().duration_since(at);
            age.is_negative() || age >= BETWEEN_RENEWALS
        })
    }

    async fn attempt(
        &self,
        account: &Account,
        token: &AccessToken,
    ) -> Result<ImapSession, MailError> {
        let settings = &self.shared.settings;
        let (server, user) = (&account.draft.imap, account.imap_user());
        ImapSession::open(server, &settings.trust, settings.limits, user, &token.token).await
    }
}
