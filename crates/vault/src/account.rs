//! Mail accounts.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use mailgrant_mail::MailServer;
use serde::{Deserialize, Serialize};

use crate::{ProviderId, Vault, VaultError};

/// An account's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AccountId(pub i64);

/// One mailbox: its address, its server, what is done with its mail. Checked, so that it can be
/// stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountDraft {
    /// A short unique name: letters, digits, `.`, `-`, `_`, `@`.
    pub name: String,
    /// The mailbox's address.
    pub address: String,
    /// Whose identity provider.
    pub provider: ProviderId,
    /// Who signs in for it, where that is somebody else (a shared mailbox).
    pub signs_in: Option<String>,
    /// Who is named in `user=`, per protocol.
    pub identities: Identities,
    /// Where its mail is read.
    pub imap: MailServer,
    /// The folder whose new mail is fetched.
    pub folder: String,
    /// Which messages are new at first sight.
    pub start: StartFrom,
    /// What happens at the source once the sink has a message.
    pub after: AfterDelivery,
    /// Where the mail goes; `None` for an account that only hands out tokens.
    pub sink: Option<Sink>,
}

/// Who is named in `user=`, per protocol; `None` means the mailbox's address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identities {
    /// For IMAP.
    pub imap: Option<String>,
    /// For POP3.
    pub pop3: Option<String>,
    /// For SMTP.
    pub smtp: Option<String>,
}

/// Which messages are fetched when a folder is seen for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartFrom {
    /// All that is there.
    Everything,
    /// Only what arrives from now on.
    OnlyNew,
}

/// What happens at the source once the sink has a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum AfterDelivery {
    /// Nothing.
    Keep,
    /// `\Seen` is set.
    MarkSeen,
    /// It is moved to another folder.
    Move {
        /// Which.
        folder: String,
    },
    /// It is deleted.
    Delete,
}

/// Where mail is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Sink {
    /// A Maildir folder.
    Maildir(MaildirSink),
    /// A program that reads the message on standard input.
    Command(CommandSink),
}

/// A Maildir folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaildirSink {
    /// The folder that holds `cur`, `new` and `tmp`; an absolute path.
    pub path: PathBuf,
}

/// A program that reads the message on standard input and answers with its exit status
/// (sysexits).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSink {
    /// The program and its arguments, started without a shell. `{account}`, `{address}` and
    /// `{folder}` in arguments are replaced.
    pub argv: Vec<String>,
    /// How long it may take, in seconds on disk.
    pub time_limit: Duration,
}

/// A stored account.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Its row.
    pub id: AccountId,
    /// What was entered.
    #[serde(flatten)]
    pub draft: AccountDraft,
    /// Paused by an administrator: nothing is fetched; its grant is kept alive.
    pub paused: bool,
    /// Grows with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// Who is named in `user=` over IMAP.
    pub fn imap_user(&self) -> &str {
        self.draft
            .identities
            .imap
            .as_deref()
            .unwrap_or(&self.draft.address)
    }

    /// Who is expected to sign in.
    pub fn expected_sign_in(&self) -> &str {
        self.draft
            .signs_in
            .as_deref()
            .unwrap_or(&self.draft.address)
    }
}

impl Vault {
    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, VaultError> {
        todo!()
    }

    /// The account of this id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, VaultError> {
        todo!()
    }

    /// The account of this name.
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, VaultError> {
        todo!()
    }

    /// Stores a new account, with a pending grant.
    pub async fn add_account(
        &self,
        draft: &AccountDraft,
        now: Timestamp,
    ) -> Result<Account, VaultError> {
        todo!()
    }

    /// Replaces what was entered, if `version` is still the present one. A changed provider or
    /// address ends the grant (state pending): it was given for something else.
    pub async fn change_account(
        &self,
        id: AccountId,
        version: i64,
        draft: &AccountDraft,
        now: Timestamp,
    ) -> Result<Account, VaultError> {
        todo!()
    }

    /// Pauses or resumes.
    pub async fn pause_account(&self, id: AccountId, paused: bool) -> Result<(), VaultError> {
        todo!()
    }

    /// Removes an account with its grant, its ledger and its authorizations; audit events stay.
    pub async fn remove_account(&self, id: AccountId) -> Result<(), VaultError> {
        todo!()
    }
}
