//! An empty store of each kind for one test, and things to put into it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{ManualClock, SystemRandom};
use mailgrant_mail::{MailServer, Security};
use mailgrant_oauth::{
    Access, ClientCredential, ClientKey, EndpointOverrides, KeyAlgorithm, Profile, ProviderKind,
    Resource, Scope, SecretMethod,
};
use mailgrant_vault::{
    Account, AccountDraft, AfterDelivery, Folders, Identities, Key, Location, MaildirSink,
    NewGrant, Provider, ProviderDraft, Sink, StartFrom, Vault, VaultError,
};
use tempfile::TempDir;

/// Runs each test on SQLite, and on PostgreSQL where that is installed.
macro_rules! on_both {
    ($(async fn $name:ident($bench:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn promise($bench: &crate::bench::Bench) $body

            #[tokio::test]
            async fn sqlite() {
                promise(&crate::bench::Bench::sqlite().await).await;
            }

            #[tokio::test]
            #[ignore = "needs PostgreSQL; ./test installs it"]
            async fn postgres() {
                promise(&crate::bench::Bench::postgres().await).await;
            }
        }
    )*};
}
pub(crate) use on_both;

/// 2026-01-01T00:00:00Z, and `seconds` later.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::constant(1_767_225_600, 0) + SignedDuration::from_secs(seconds)
}

/// A store and what it was opened with.
pub(crate) struct Bench {
    pub(crate) vault: Vault,
    pub(crate) location: Location,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("mailgrant.db"));
        Self::at(folder, location).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::on(mailgrant_lab::Postgres::shared()).await
    }

    pub(crate) async fn on(server: &mailgrant_lab::Postgres) -> Self {
        let location = Location::Postgres(server.database().into());
        Self::at(tempfile::tempdir().unwrap(), location).await
    }

    async fn at(folder: TempDir, location: Location) -> Self {
        Key::create(&folder.path().join("key"), &SystemRandom).unwrap();
        let vault = open(&location, folder.path().join("key")).await.unwrap();
        Self {
            vault,
            location,
            folder,
        }
    }

    /// The same database as another process would open it.
    pub(crate) async fn again(&self) -> Result<Vault, VaultError> {
        self.at_location(&self.location).await
    }

    /// Another database with the same key.
    pub(crate) async fn at_location(&self, location: &Location) -> Result<Vault, VaultError> {
        open(location, self.folder.path().join("key")).await
    }

    /// The same database with another key.
    pub(crate) async fn with_other_key(&self) -> Result<Vault, VaultError> {
        open(&self.location, self.other_key()).await
    }

    /// A key that is made now.
    pub(crate) fn other_key(&self) -> PathBuf {
        let folder = TempDir::new_in(self.folder.path()).unwrap().keep();
        Key::create(&folder.join("key"), &SystemRandom).unwrap();
        folder.join("key")
    }

    /// An empty database of the same kind.
    pub(crate) fn elsewhere(&self) -> Location {
        match &self.location {
            Location::Sqlite(path) => Location::Sqlite(path.with_file_name("elsewhere.db")),
            Location::Postgres(_) => {
                Location::Postgres(mailgrant_lab::Postgres::shared().database().into())
            }
        }
    }

    pub(crate) async fn provider(&self, name: &str) -> Provider {
        let draft = provider_draft(name);
        self.vault.add_provider(&draft, at(0)).await.unwrap()
    }

    /// An account of a provider that is made with it.
    pub(crate) async fn account(&self, name: &str) -> Account {
        let provider = self.provider(&format!("for-{name}")).await;
        let draft = account_draft(name, &provider);
        self.vault.add_account(&draft, at(0)).await.unwrap()
    }

    /// An account with an active grant of version 2.
    pub(crate) async fn authorized(&self, name: &str) -> Account {
        let account = self.account(name).await;
        let grant = new_grant(name);
        self.vault
            .store_grant(account.id, &grant, at(0))
            .await
            .unwrap();
        account
    }
}

pub(crate) async fn open(location: &Location, key: PathBuf) -> Result<Vault, VaultError> {
    Vault::open(location, Key::read(&key).unwrap(), Arc::new(SystemRandom)).await
}

pub(crate) fn provider_draft(name: &str) -> ProviderDraft {
    ProviderDraft {
        name: name.to_owned(),
        profile: Profile {
            kind: ProviderKind::Oidc,
            client_id: "desk".to_owned(),
            access: Access::Delegated,
            second_credential: None,
            credential: ClientCredential::Secret {
                secret: format!("client-secret-of-{name}").into(),
                method: SecretMethod::Post,
                expires_at: None,
            },
            tenant: None,
            issuer: Some("https://login.example.com/realm".parse().unwrap()),
            endpoints: EndpointOverrides {
                token: Some("https://login.example.com/token".parse().unwrap()),
                ..EndpointOverrides::default()
            },
            scopes: Some(vec![Scope::parse("mail").unwrap()]),
        },
    }
}

pub(crate) fn account_draft(name: &str, provider: &Provider) -> AccountDraft {
    AccountDraft {
        name: name.to_owned(),
        address: format!("{name}@example.com"),
        provider: provider.id,
        signs_in: Some("colleague@example.com".to_owned()),
        identities: Identities {
            smtp: Some("colleague@example.com".to_owned()),
            ..Identities::default()
        },
        source: mailgrant_vault::Source::default(),
        rules: mailgrant_vault::Rules::default(),
        sinks: mailgrant_vault::Sinks::default(),
        guard: mailgrant_vault::Guard::default(),
        watch: mailgrant_vault::Watch::default(),
        imap: MailServer::new("imap.example.com", 993, Security::Tls).unwrap(),
        pop3: None,
        smtp: None,
        api: None,
        folders: Folders::default(),
        start: StartFrom::Everything,
        after: AfterDelivery::Move {
            folder: "Done".to_owned(),
        },
        sink: Some(Sink::Maildir(MaildirSink {
            path: "/var/mail/desk".into(),
        })),
    }
}

pub(crate) fn new_grant(name: &str) -> NewGrant {
    NewGrant {
        refresh_token: Some(format!("refresh-token-of-{name}").into()),
        scopes: vec![Scope::parse("mail").unwrap()],
        subject: Some("subject-1".to_owned()),
        signed_in: Some("colleague@example.com".to_owned()),
        access_token: format!("access-token-of-{name}").into(),
        resource: Resource::Mail,
        expires_at: at(3600),
    }
}

/// A key with a certificate that lives for a year.
pub(crate) fn client_key() -> ClientKey {
    let (clock, random) = (ManualClock::new(at(0)), SystemRandom);
    ClientKey::generate("desk", 365, KeyAlgorithm::EcP256, &clock, &random).unwrap()
}
