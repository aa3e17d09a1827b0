//! Why a mailbox is not being fetched.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::{Diagnose, Diagnosis, Fault, files::FileError};
use mailgrant_keeper::KeeperError;
use mailgrant_mail::{MailError, Protocol, SpecialUse};
use mailgrant_vault::VaultError;

use crate::sink::SinkDown;

/// Why a mailbox is not being fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// No token.
    #[error(transparent)]
    Keeper(#[from] KeeperError),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The sink cannot take anything now: a full disk, a program that cannot be started.
    #[error("{sink} takes no mail now: {why}")]
    SinkDown {
        /// Which sink, for people.
        sink: String,
        /// What happened.
        why: String,
    },
    /// The account only hands out tokens.
    #[error("{account} has no sink: its mail goes nowhere")]
    NoSink {
        /// The account's name.
        account: String,
    },
    /// Nobody said where the mailbox is.
    #[error("no {} server is known for {account}", protocol.label())]
    NoServer {
        /// The account's name.
        account: String,
        /// What is spoken there.
        protocol: Protocol,
    },
    /// The account's grant does not open this protocol.
    #[error("the grant of {account} has no scope for {}", protocol.label())]
    NoScope {
        /// The account's name.
        account: String,
        /// What is to be spoken.
        protocol: Protocol,
        /// The short word that stands for the scope, where there is one.
        word: Option<&'static str>,
    },
    /// A server for submission did not take a message of Mailgrant's own.
    #[error("a message of {account} was not sent: {why}")]
    NotSubmitted {
        /// The account's name.
        account: String,
        /// What the server said.
        why: String,
    },
    /// The account's provider has no such API, and none was entered.
    #[error("no API is known by which the mail of {account} could be read")]
    NoApi {
        /// The account's name.
        account: String,
    },
    /// The server has said that there are too many connections: it is left alone for a while.
    #[error("{server} takes no more connections to the mailbox {user}: {said}")]
    TooMany {
        /// Whose mailbox.
        user: String,
        /// Which server.
        server: String,
        /// The server's words.
        said: String,
        /// How long nobody connects.
        wait: Duration,
    },
    /// Mailgrant itself has as many connections to this mailbox as it allows itself.
    #[error("all {most} connections to the mailbox {user} are in use")]
    AllInUse {
        /// Whose mailbox.
        user: String,
        /// Which server.
        server: String,
        /// How many there are.
        most: u16,
    },
    /// None of the mailbox's folders is one of those that are to be fetched.
    #[error("no folder of {account} is called {folders}")]
    NoFolder {
        /// The account's name.
        account: String,
        /// What was entered.
        folders: String,
    },
    /// The server has marked none of the mailbox's folders with a use that is to be fetched.
    #[error("the server marks no folder of {account} as {wanted}")]
    NotMarked {
        /// The account's name.
        account: String,
        /// What was entered: `\\Junk`.
        wanted: SpecialUse,
    },
    /// Another task or process is fetching this mailbox, and did not end in time.
    #[error("the mailbox is being fetched by another process")]
    Busy,
    /// Mailgrant's own folder for messages on their way cannot be used.
    #[error("{0}")]
    Spool(Arc<FileError>),
    /// The store failed.
    #[error("{0}")]
    Vault(Arc<VaultError>),
}

impl From<VaultError> for FetchError {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<SinkDown> for FetchError {
    fn from(SinkDown { sink, why }: SinkDown) -> Self {
        Self::SinkDown { sink, why }
    }
}

impl Diagnose for FetchError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Keeper(error) => error.diagnosis(),
            Self::Mail(error) => error.diagnosis(),
            Self::SinkDown { sink, why } => Diagnosis::new(
                Fault::Operator,
                format!("{sink} takes no mail now: {why}."),
                "Mend what is named; nothing is lost, and Mailgrant goes on by itself.",
            ),
            Self::NoSink { account } => Diagnosis::new(
                Fault::Operator,
                format!("The account {account} only hands out tokens; its mail goes nowhere."),
                "Choose where its mail is to be delivered.",
            ),
            Self::NoServer { account, protocol } => Diagnosis::new(
                Fault::Operator,
                format!("No {} server is known for {account}.", protocol.label()),
                "Enter the server in the account's settings.",
            ),
            Self::NoScope {
                account,
                protocol,
                word,
            } => {
                let scope = word.map_or_else(
                    || format!("the scope for {}", protocol.label()),
                    |word| format!("`{word}`"),
                );
                Diagnosis::new(
                    Fault::Operator,
                    format!(
                        "The grant of {account} has no scope for {}.",
                        protocol.label()
                    ),
                    format!(
                        "Add {scope} to the scopes of its provider and authorize the account again, or \
                         switch the canary off in the account's settings."
                    ),
                )
            }
            Self::NotSubmitted { account, why } => Diagnosis::new(
                Fault::Operator,
                format!("The mail server takes no message of {account}."),
                "Check that the mailbox may send (SMTP AUTH) and whom it may send as.",
            )
            .said(why.clone()),
            Self::NoApi { account } => Diagnosis::new(
                Fault::Operator,
                format!("No API is known by which the mail of {account} could be read."),
                "Choose IMAP or POP3 in the account's settings.",
            ),
            Self::TooMany {
                user, server, said, ..
            } => Diagnosis::new(
                Fault::Server,
                format!("{server} takes no more connections to the mailbox {user}."),
                "Nothing is to be done: Mailgrant leaves the mailbox alone for a while, longer each \
                 time, and then opens fewer connections. If it stays, close other mail programs on \
                 this mailbox.",
            )
            .said(said.clone()),
            Self::AllInUse { user, server, most } => Diagnosis::new(
                Fault::Server,
                format!(
                    "Mailgrant has {most} connections open to the mailbox {user} at {server}, and \
                     opens no more, so that the provider's limit is kept."
                ),
                "Nothing is to be done: it goes on as soon as one is free. If it stays, see whether \
                 several accounts read this mailbox.",
            ),
            Self::NoFolder { account, folders } => Diagnosis::new(
                Fault::Operator,
                format!("No folder of the mailbox of {account} is called {folders}."),
                "Check the account's folders, or make one in the mailbox.",
            ),
            Self::NotMarked { account, wanted } => Diagnosis::new(
                Fault::Operator,
                format!("The mail server marks no folder of the mailbox of {account} as {wanted}."),
                "Name the folder itself in the account's settings, or have it marked in the mailbox.",
            ),
            Self::Busy => Diagnosis::new(
                Fault::Operator,
                "Another process is fetching this mailbox just now.",
                "Wait until it has finished, or stop it.",
            ),
            Self::Spool(error) => error.diagnosis(),
            Self::Vault(error) => error.diagnosis(),
        }
    }
}
