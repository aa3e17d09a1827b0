//! The store: what Mailgrant knows, on disk, with every secret sealed and bound to its row.
//!
//! One file per noun holds its types, the trait that a backend implements for it and the
//! [`Vault`] methods that everybody else calls. `sqlite/` and `postgres/` are the two backends:
//! the same files in both, nothing but SQL. Where both databases understand the same SQL the file
//! is written once, in `sql/`, and is part of both. Sealing happens in between: a backend never
//! sees a secret.
//!
//! Rules of the house: "not found" is `Ok(None)`; every change says how many rows it touched and a
//! change of an old version is [`VaultError::Stale`]; time and randomness are arguments.

#![expect(
    clippy::duplicate_mod,
    reason = "the same statements are compiled once for each database's types"
)]

mod account;
mod admin;
mod alarm;
mod app_password;
mod appends;
mod authorization;
mod backfill;
mod canary;
mod changes;
mod column;
mod credential;
mod error;
mod event;
mod folders;
mod form;
mod grant;
mod held;
mod history;
mod invitation;
mod key;
mod ledger;
mod network;
mod numbering;
mod password;
mod postgres;
mod provider;
mod rings;
mod rules;
mod seal;
mod senders;
mod sink;
mod sinks;
mod sqlite;
mod store;
mod vault;
mod warning;
mod watch;
mod webhook;

pub use account::{
    Account, AccountDraft, AccountId, AfterDelivery, Guard, Identities, Source, StartFrom,
};
pub use admin::{Administrator, AdministratorId, Session};
pub use alarm::{Alarm, AlarmKind};
pub use app_password::{AppPassword, AppPasswordDraft, AppPasswordId, LastUse};
pub use appends::{Append, Appending, FolderEnd};
pub use authorization::{Authorization, AuthorizationId, AuthorizationOutcome, Begun};
pub use backfill::{Backfill, Fill, FirstSight, Floor, Wanted};
pub use canary::{Canary, CanaryId};
pub use changes::Changes;
pub use credential::CredentialExpiry;
pub use error::VaultError;
pub use event::{Event, EventKind, NewEvent};
pub use folders::Folders;
pub use form::{AccountForm, AppPasswordForm, FieldError, FormErrors, OWN_SINK, ProviderForm};
pub use grant::{Grant, GrantState, NewGrant, Renewal, StoredToken};
pub use history::{
    Message, MessageCursor, MessageHead, MessageId, MessagePage, MessageSearch, Whereabouts,
};
pub use invitation::{Invitation, InvitationId};
pub use key::{Key, KeyError};
pub use ledger::{
    Counts, Delivery, Folder, FolderId, LedgerEntry, MessageState, Prepared, Quarantine,
};
pub use network::{Network, NetworkError};
pub use numbering::Numbered;
pub use provider::{Provider, ProviderDraft, ProviderId, ProviderTrouble};
pub use rules::{Action, Condition, Rule, RuleError, Rules, Traits};
pub use senders::Counted;
pub use sink::{
    AppendSink, CommandSink, EnvelopeSender, MaildirSink, RelayPlace, RelaySink, Sink,
    WebhookFormat, WebhookSink,
};
pub use sinks::Sinks;
pub use vault::{Location, Vault};
pub use watch::{Silence, Watch};
