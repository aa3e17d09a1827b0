//! A token and a login with it.

use std::sync::Arc;

use mailgrant_keeper::AccessToken;
use mailgrant_mail::{ImapSession, MailError};
use mailgrant_oauth::Resource;
use mailgrant_vault::Account;

use crate::FetchError;
use crate::shared::Shared;

/// Logs in to an account's mailbox.
pub(crate) struct Login {
    shared: Arc<Shared>,
    /// A fresh token was refused too: the mail server means it, and another renewal would only
    /// burden the provider. Asked again after a login that worked.
    renewed_in_vain: bool,
}

/// A session and the token that it lives on.
pub(crate) struct LoggedIn {
    pub(crate) session: ImapSession,
    pub(crate) token: AccessToken,
}

impl Login {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            renewed_in_vain: false,
        }
    }

    /// Connects and logs in. A server that refuses a token gets one fresh one.
    pub(crate) async fn open(&mut self, account: &Account) -> Result<LoggedIn, FetchError> {
        let keeper = &self.shared.keeper;
        let token = keeper.access_token(account.id, Resource::Mail).await?;
        let refused = match self.attempt(account, &token).await {
            Ok(session) => {
                self.renewed_in_vain = false;
                return Ok(LoggedIn { session, token });
            }
            Err(error @ MailError::LoginRefused { .. }) if !self.renewed_in_vain => error,
            Err(error) => return Err(error.into()),
        };
        tracing::debug!(account = account.draft.name, %refused, "renewing a refused token");
        let token = keeper
            .renew_refused(account.id, Resource::Mail, &token)
            .await?;
        self.renewed_in_vain = true;
        let session = self.attempt(account, &token).await?;
        self.renewed_in_vain = false;
        Ok(LoggedIn { session, token })
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
