//! Mail accounts.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use mailgrant_mail::{ListedFolder, MailServer, Protocol, Security};
use mailgrant_oauth::catalogue::{self, HostSecurity};
use mailgrant_oauth::{ProviderKind, Resource};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::column::{from_json, json, micros, time};
use crate::folders::same;
use crate::store::Answer;
use crate::{
    AuthorizationOutcome, Folders, ProviderId, Rules, Sink, Sinks, Vault, VaultError, Watch, rings,
};

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
    /// By which way its mail is read.
    pub source: Source,
    /// Its IMAP server.
    pub imap: MailServer,
    /// Its POP3 server, where it is another than the provider's own.
    pub pop3: Option<MailServer>,
    /// Its server for submission by SMTP, where it is another than the provider's own.
    pub smtp: Option<MailServer>,
    /// The API by which its mail is read, where it is another than the provider's own.
    pub api: Option<Url>,
    /// The folders whose mail is fetched.
    pub folders: Folders,
    /// Which messages are new at first sight.
    pub start: StartFrom,
    /// What happens at the source once the sink has a message.
    pub after: AfterDelivery,
    /// Where the mail goes; `None` for an account that only hands out tokens.
    pub sink: Option<Sink>,
    /// Where rules can send mail besides.
    pub sinks: Sinks,
    /// Which of it goes elsewhere.
    pub rules: Rules,
    /// What is held back until a person has seen it.
    pub guard: Guard,
    /// How the mailbox is watched over.
    pub watch: Watch,
}

impl AccountDraft {
    /// Those of the server's folders that are fetched; the list may be empty where
    /// [the names are exact](Folders::are_exact). Mail that was delivered and then moved would be
    /// new mail in the folder that it is moved to.
    pub fn fetched_folders(&self, all: &[ListedFolder]) -> Vec<String> {
        let mut names = self.folders.among(all);
        if let AfterDelivery::Move { folder } = &self.after {
            names.retain(|name| !same(name, folder));
        }
        names
    }
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

/// What is held in quarantine instead of being delivered, whatever sink a rule has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guard {
    /// Messages with more bytes; 0 for no limit.
    pub largest: u64,
    /// More messages than these from one sender within an hour: mail that goes round in circles; 0
    /// for no limit.
    pub per_sender: u32,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            largest: 0,
            per_sender: 200,
        }
    }
}

/// By which way mail is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// IMAP.
    #[default]
    Imap,
    /// POP3: one mailbox without folders, without a mark for what has been read.
    Pop3,
    /// Microsoft Graph, where IMAP is switched off.
    Graph,
    /// The Gmail API, where IMAP is switched off.
    Gmail,
}

impl Source {
    /// What its access tokens are for.
    pub const fn resource(self) -> Resource {
        match self {
            Self::Imap | Self::Pop3 => Resource::Mail,
            Self::Graph => Resource::Graph,
            Self::Gmail => Resource::Gmail,
        }
    }
}

/// Which messages are fetched when a folder is seen for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartFrom {
    /// All that is there.
    Everything,
    /// What nobody has read yet.
    Unseen,
    /// What arrived on this day or later (by the server's calendar).
    Since(Date),
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
    /// It is deleted so many days after its delivery.
    DeleteAfter {
        /// At least 1.
        days: u16,
    },
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
    /// An administrator has the mail wait that was there before; new mail comes.
    pub fill_paused: bool,
    /// Grows with each change of what was entered (not when it is paused).
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// Who is named in `user=` over IMAP.
    pub fn imap_user(&self) -> &str {
        self.user(Protocol::Imap)
    }

    /// Who is named in `user=` in this protocol.
    pub fn user(&self, protocol: Protocol) -> &str {
        let identities = &self.draft.identities;
        let named = match protocol {
            Protocol::Imap => &identities.imap,
            Protocol::Pop3 => &identities.pop3,
            Protocol::Smtp => &identities.smtp,
        };
        named.as_deref().unwrap_or(&self.draft.address)
    }

    /// Where this protocol is spoken: what was entered, else what everybody has at a provider of
    /// this kind. `None` where neither is known.
    pub fn server(&self, protocol: Protocol, kind: ProviderKind) -> Option<MailServer> {
        let row = catalogue::row(kind);
        let (entered, known) = match protocol {
            Protocol::Imap => return Some(self.draft.imap.clone()),
            Protocol::Pop3 => (&self.draft.pop3, row.pop3),
            Protocol::Smtp => (&self.draft.smtp, row.smtp),
        };
        entered.clone().or_else(|| {
            let known = known?;
            let security = match known.security {
                HostSecurity::Tls => Security::Tls,
                HostSecurity::StartTls => Security::StartTls,
            };
            MailServer::new(known.name, known.port, security).ok()
        })
    }

    /// The API by which its mail is read: what was entered, else the provider's own. `None` where the
    /// mail is not read by one, or a provider of this kind has none.
    pub fn api(&self, kind: ProviderKind) -> Option<Url> {
        if self.draft.source.resource() == Resource::Mail {
            return None;
        }
        let own = catalogue::row(kind).api(self.draft.source.resource());
        self.draft.api.clone().or_else(|| Url::parse(own?).ok())
    }

    /// Who is expected to sign in.
    pub fn expected_sign_in(&self) -> &str {
        self.draft
            .signs_in
            .as_deref()
            .unwrap_or(&self.draft.address)
    }
}

/// What is not looked for by column: stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    signs_in: Option<String>,
    identities: Identities,
    #[serde(default)]
    source: Source,
    imap: MailServer,
    #[serde(default)]
    pop3: Option<MailServer>,
    #[serde(default)]
    smtp: Option<MailServer>,
    #[serde(default)]
    api: Option<Url>,
    #[serde(alias = "folder")]
    folders: Folders,
    start: StartFrom,
    after: AfterDelivery,
    sink: Option<Sink>,
    #[serde(default)]
    sinks: Sinks,
    #[serde(default)]
    rules: Rules,
    #[serde(default)]
    guard: Guard,
    #[serde(default)]
    watch: Watch,
}

/// What was entered, as it is stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AccountFields {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) provider_id: i64,
    pub(crate) settings: String,
}

/// A row of `accounts`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AccountRow {
    pub(crate) id: i64,
    #[sqlx(flatten)]
    pub(crate) fields: AccountFields,
    pub(crate) paused: bool,
    pub(crate) fill_paused: bool,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
}

/// The end of a grant that was given for something else.
#[derive(Debug)]
pub(crate) struct Reset {
    /// Why, for the grant.
    pub(crate) reason: String,
    /// The outcome (JSON) of authorizations that are on their way.
    pub(crate) outcome: String,
}

/// The rows of `accounts`.
#[async_trait]
pub(crate) trait AccountStore: Send + Sync {
    async fn accounts(&self) -> Answer<Vec<AccountRow>>;
    async fn account(&self, id: i64) -> Answer<Option<AccountRow>>;
    async fn account_named(&self, name: &str) -> Answer<Option<AccountRow>>;
    /// Adds the row and its pending grant.
    async fn add_account(&self, fields: &AccountFields, now: i64) -> Answer<AccountRow>;
    /// `None` where the row is gone or no longer `version`. `reset` ends its grant too.
    async fn change_account(
        &self,
        id: i64,
        version: i64,
        fields: &AccountFields,
        reset: Option<&Reset>,
    ) -> Answer<Option<AccountRow>>;
    /// Says whether the row is there.
    async fn pause_account(&self, id: i64, paused: bool) -> Answer<bool>;
    /// Says whether the row was there.
    async fn remove_account(&self, id: i64) -> Answer<bool>;
}

impl Vault {
    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, VaultError> {
        let rows = self.told(self.store().accounts().await)?;
        rows.into_iter().map(Account::read).collect()
    }

    /// The account of this id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, VaultError> {
        let row = self.told(self.store().account(id.0).await)?;
        row.map(Account::read).transpose()
    }

    /// The account of this name.
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, VaultError> {
        if name.contains('\0') {
            return Ok(None);
        }
        let row = self.told(self.store().account_named(name).await)?;
        row.map(Account::read).transpose()
    }

    /// Stores a new account, with a pending grant.
    pub async fn add_account(
        &self,
        draft: &AccountDraft,
        now: Timestamp,
    ) -> Result<Account, VaultError> {
        self.must_not_go_round(draft, None).await?;
        let fields = AccountFields::of(draft)?;
        let added = self.store().add_account(&fields, micros(now)).await;
        Account::read(self.told_named(added, "an account", &draft.name)?)
    }

    /// Replaces what was entered, if `version` is still the present one. A changed provider or
    /// address ends the grant (state pending): it was given for something else. Authorizations
    /// that are on their way then fail.
    pub async fn change_account(
        &self,
        id: AccountId,
        version: i64,
        draft: &AccountDraft,
        _now: Timestamp,
    ) -> Result<Account, VaultError> {
        let present = self.account(id).await?.map(|account| account.draft);
        let present = present.ok_or(GONE)?;
        self.must_not_go_round(draft, Some(id)).await?;
        let reset = if present.provider != draft.provider {
            Some("The account was given another identity provider.")
        } else if present.address != draft.address {
            Some("The account was given another address.")
        } else {
            None
        };
        let reset = reset
            .map(|reason| {
                let outcome = AuthorizationOutcome::Failed(reason.to_owned());
                json(&outcome).map(|outcome| Reset {
                    reason: reason.to_owned(),
                    outcome,
                })
            })
            .transpose()?;
        let fields = AccountFields::of(draft)?;
        let changed = self
            .store()
            .change_account(id.0, version, &fields, reset.as_ref());
        let row = self.told_named(changed.await, "an account", &draft.name)?;
        Account::read(row.ok_or(GONE)?)
    }

    /// A ring of mailboxes that put their mail into each other is told where it is closed.
    async fn must_not_go_round(
        &self,
        draft: &AccountDraft,
        known: Option<AccountId>,
    ) -> Result<(), VaultError> {
        if !rings::may_close_one(draft) {
            return Ok(());
        }
        let mut others = self.accounts().await?;
        others.retain(|other| Some(other.id) != known && other.draft.name != draft.name);
        match rings::ring(draft, &others) {
            None => Ok(()),
            Some(mut back) => {
                back.reverse();
                let way = back.join(" → ");
                let way = format!(
                    "{way} → {} (each puts it into the next one's mailbox)",
                    draft.name
                );
                Err(VaultError::GoesRound { way })
            }
        }
    }

    /// Pauses or resumes.
    pub async fn pause_account(&self, id: AccountId, paused: bool) -> Result<(), VaultError> {
        let there = self.told(self.store().pause_account(id.0, paused).await)?;
        there.then_some(()).ok_or(GONE)
    }

    /// Removes an account with its grant, its ledger and its authorizations; audit events stay.
    pub async fn remove_account(&self, id: AccountId) -> Result<(), VaultError> {
        let there = self.told(self.store().remove_account(id.0).await)?;
        there.then_some(()).ok_or(GONE)
    }
}

pub(crate) const GONE: VaultError = VaultError::Stale {
    what: "the account",
};

impl AccountFields {
    fn of(draft: &AccountDraft) -> Result<Self, VaultError> {
        let settings = Settings {
            signs_in: draft.signs_in.clone(),
            identities: draft.identities.clone(),
            source: draft.source,
            imap: draft.imap.clone(),
            pop3: draft.pop3.clone(),
            smtp: draft.smtp.clone(),
            api: draft.api.clone(),
            folders: draft.folders.clone(),
            start: draft.start,
            after: draft.after.clone(),
            sink: draft.sink.clone(),
            sinks: draft.sinks.clone(),
            rules: draft.rules.clone(),
            guard: draft.guard,
            watch: draft.watch,
        };
        Ok(Self {
            name: draft.name.clone(),
            address: draft.address.clone(),
            provider_id: draft.provider.0,
            settings: json(&settings)?,
        })
    }
}

impl Account {
    fn read(row: AccountRow) -> Result<Self, VaultError> {
        let AccountRow { id, fields, .. } = row;
        let settings: Settings = from_json(&fields.settings)?;
        Ok(Self {
            id: AccountId(id),
            draft: AccountDraft {
                name: fields.name,
                address: fields.address,
                provider: ProviderId(fields.provider_id),
                signs_in: settings.signs_in,
                identities: settings.identities,
                source: settings.source,
                imap: settings.imap,
                pop3: settings.pop3,
                smtp: settings.smtp,
                api: settings.api,
                folders: settings.folders,
                start: settings.start,
                after: settings.after,
                sink: settings.sink,
                sinks: settings.sinks,
                rules: settings.rules,
                guard: settings.guard,
                watch: settings.watch,
            },
            paused: row.paused,
            fill_paused: row.fill_paused,
            version: row.version,
            created_at: time(row.created_at)?,
        })
    }
}
