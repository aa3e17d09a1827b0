//! The stage.

mod gate;
mod leaks;
mod peer;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Clock as _, Diagnose, ManualClock, SystemClock};
use mailgrant_keeper::{
    AccessToken, Arrival, AuthorizationError, Finished, Keeper, KeeperError, KeeperMetrics,
};
use mailgrant_lab::{AuthlibProvider, OidcProvider};
use mailgrant_mail::{MailServer, Security};
use mailgrant_oauth::{
    Access, ClientCredential, EndpointOverrides, HttpClient, Profile, ProviderKind, RedirectUri,
    Resource, Scope, SecretMethod,
};
use mailgrant_sandbox::{IdentityProvider, ProviderOptions};
use mailgrant_vault::{
    AccountDraft, AccountId, AfterDelivery, EventKind, Folders, Grant, Identities, Key, Location,
    Provider, ProviderDraft, ProviderId, StartFrom, StoredToken, Vault,
};
use prometheus_client::registry::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use url::Url;

pub(crate) use gate::Gate;
use leaks::{Log, Remembering};
pub(crate) use peer::{
    CLIENT, CLIENT_SECRET, DESK, DevicePeer, HOUR, NEARLY_AN_HOUR, OTHER, OTHER_CLIENT, Peer,
    REDIRECT_URI, RotatingPeer,
};

/// Runs these tests, which take a [`World`], against the sandbox's provider and, where they are
/// installed, against a certified one and one of yet another origin.
macro_rules! on_all_providers {
    ($($name:ident),* $(,)?) => {
        mod sandbox {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::sandbox().await).await;
            })*
        }

        mod oidc_provider {
            $(#[tokio::test]
            #[ignore = "needs oidc-provider; ./test installs it"]
            async fn $name() {
                super::$name(crate::world::World::oidc_provider().await).await;
            })*
        }

        mod authlib {
            $(#[tokio::test]
            #[ignore = "needs Authlib; ./test installs it"]
            async fn $name() {
                super::$name(crate::world::World::authlib().await).await;
            })*
        }
    };
}
pub(crate) use on_all_providers;

/// A keeper with all that it needs, over a provider `P`. When it ends, it looks for secrets in
/// everything that was logged and stored, and asks the provider whether anything looked stolen.
pub(crate) struct World<P: Peer> {
    pub(crate) peer: P,
    pub(crate) gate: Gate,
    pub(crate) vault: Vault,
    pub(crate) keeper: Keeper,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) provider: ProviderId,
    /// The secret of the session cookie of the browser that the tests use.
    pub(crate) browser: SecretString,
    registry: Registry,
    random: Arc<Remembering>,
    folder: TempDir,
    log: Log,
}

impl World<IdentityProvider> {
    /// Over the sandbox's provider.
    pub(crate) async fn sandbox() -> Self {
        Self::sandbox_with(|_| {}).await
    }

    /// Over the sandbox's provider with other options.
    pub(crate) async fn sandbox_with(change: impl FnOnce(&mut ProviderOptions)) -> Self {
        let log = Log::begin();
        let mut options = peer::sandbox_options();
        change(&mut options);
        Self::over(peer::start_sandbox(options).await, log).await
    }
}

impl World<OidcProvider> {
    /// Over a certified provider.
    pub(crate) async fn oidc_provider() -> Self {
        let log = Log::begin();
        Self::over(peer::start_oidc_provider(), log).await
    }
}

impl World<AuthlibProvider> {
    /// Over a provider of yet another origin.
    pub(crate) async fn authlib() -> Self {
        let log = Log::begin();
        Self::over(peer::start_authlib_provider(), log).await
    }
}

impl<P: Peer> World<P> {
    async fn over(peer: P, log: Log) -> Self {
        let random = Arc::new(Remembering::new());
        let folder = TempDir::new().unwrap();
        // Providers sign identities with the time of day.
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let gate = Gate::before(&peer.issuer()).await;
        Key::create(&folder.path().join("sealing.key"), random.as_ref()).unwrap();
        let vault = open(&folder, &random).await;
        let draft = ProviderDraft {
            name: "provider".to_owned(),
            profile: profile(peer.method(), &peer.issuer(), &gate),
        };
        let provider = vault.add_provider(&draft, clock.now()).await.unwrap().id;
        let mut registry = Registry::default();
        let keeper = Keeper::new(
            vault.clone(),
            http(Duration::from_secs(30)),
            RedirectUri::parse(REDIRECT_URI).unwrap(),
            clock.clone(),
            random.clone(),
            KeeperMetrics::register(&mut registry),
        );
        random.forget();
        Self {
            browser: mailgrant_base::Random::token(random.as_ref()).into(),
            peer,
            gate,
            vault,
            keeper,
            clock,
            provider,
            registry,
            random,
            folder,
            log,
        }
    }

    /// A second process over the same database; `patience` is how long it waits for an answer.
    pub(crate) async fn other_process(&self, patience: Duration) -> (Keeper, Vault) {
        let vault = open(&self.folder, &self.random).await;
        let keeper = Keeper::new(
            vault.clone(),
            http(patience),
            RedirectUri::parse("http://127.0.0.1:2/elsewhere").unwrap(),
            self.clock.clone(),
            // Its name is stored as the owner of leases.
            Arc::new(mailgrant_base::SystemRandom),
            KeeperMetrics::default(),
        );
        (keeper, vault)
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("store/mailgrant.db")
    }

    /// Adds an account of this address, which nobody has authorised.
    pub(crate) async fn account(&self, address: &str) -> AccountId {
        let draft = AccountDraft {
            name: address.to_owned(),
            address: address.to_owned(),
            provider: self.provider,
            signs_in: None,
            identities: Identities::default(),
            source: mailgrant_vault::Source::default(),
            rules: mailgrant_vault::Rules::default(),
            sinks: mailgrant_vault::Sinks::default(),
            guard: mailgrant_vault::Guard::default(),
            watch: mailgrant_vault::Watch::default(),
            imap: MailServer::new("127.0.0.1", 143, Security::Plain).unwrap(),
            pop3: None,
            smtp: None,
            api: None,
            folders: Folders::default(),
            start: StartFrom::Everything,
            after: AfterDelivery::Keep,
            sink: None,
        };
        let added = self.vault.add_account(&draft, self.clock.now()).await;
        added.unwrap().id
    }

    /// Adds an account that its owner authorises at once.
    pub(crate) async fn authorised(&self, address: &str) -> AccountId {
        let account = self.account(address).await;
        let back = self.peer.agree(&self.depart(account).await, address).await;
        self.arrive(&back).await.unwrap();
        account
    }

    /// The browser leaves: the provider's address.
    pub(crate) async fn depart(&self, account: AccountId) -> Url {
        let departure = self.keeper.begin(account, &self.browser).await;
        self.shown(departure).unwrap().url
    }

    /// The browser is back at this address.
    pub(crate) async fn arrive(&self, back: &Url) -> Result<Finished, AuthorizationError> {
        self.arrive_in(back, Some(&self.browser)).await
    }

    /// A browser is back at this address.
    pub(crate) async fn arrive_in(
        &self,
        back: &Url,
        browser: Option<&SecretString>,
    ) -> Result<Finished, AuthorizationError> {
        let query = back.query().unwrap_or_default();
        self.shown(self.keeper.finish(Arrival { query, browser }).await)
    }

    /// Asks for an access token.
    pub(crate) async fn token(&self, account: AccountId) -> Result<AccessToken, KeeperError> {
        self.shown(self.keeper.access_token(account, Resource::Mail).await)
    }

    /// Logs all that a result shows of itself, so that it is searched for secrets too.
    #[expect(
        clippy::unused_self,
        reason = "only what is logged on the stage is searched"
    )]
    pub(crate) fn shown<T: Debug, E: Diagnose>(&self, result: Result<T, E>) -> Result<T, E> {
        match &result {
            Ok(value) => tracing::info!(?value, "shown on purpose"),
            Err(error) => {
                let diagnosis = error.diagnosis();
                tracing::info!(?error, %error, ?diagnosis, %diagnosis, "shown on purpose");
            }
        }
        result
    }

    pub(crate) async fn grant(&self, account: AccountId) -> Grant {
        self.vault.grant(account).await.unwrap().unwrap()
    }

    pub(crate) async fn kept(&self, account: AccountId) -> Option<StoredToken> {
        let kept = self.vault.access_token(account, Resource::Mail).await;
        kept.unwrap()
    }

    /// All that is stored of a grant.
    pub(crate) async fn row(&self, account: AccountId) -> Row {
        let grant = self.grant(account).await;
        let exposed = |secret: &SecretString| secret.expose_secret().to_owned();
        let kept = self.kept(account).await;
        Row {
            refresh_token: grant.refresh_token.as_ref().map(exposed),
            access_token: kept.as_ref().map(|kept| exposed(&kept.token)),
            rest: format!("{grant:?} {kept:?}"),
        }
    }

    /// The present provider profile.
    pub(crate) async fn profile(&self) -> Provider {
        let provider = self.vault.provider(self.provider).await;
        provider.unwrap().unwrap()
    }

    /// Changes the provider profile.
    pub(crate) async fn change_profile(&self, change: impl FnOnce(&mut Profile)) {
        let present = self.profile().await;
        let mut draft = ProviderDraft {
            name: present.name,
            profile: present.profile,
        };
        change(&mut draft.profile);
        let changed =
            self.vault
                .change_provider(present.id, present.version, &draft, self.clock.now());
        changed.await.unwrap();
    }

    /// The texts of all events of a kind, oldest first.
    pub(crate) async fn events(&self, kind: EventKind) -> Vec<String> {
        let events = self.vault.events(None, 10_000).await.unwrap();
        let of_kind = events.into_iter().filter(|event| event.kind == kind);
        let mut texts: Vec<String> = of_kind.map(|event| event.text).collect();
        texts.reverse();
        texts
    }

    /// What the metrics say, line by line.
    pub(crate) fn metrics(&self) -> Vec<String> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(SignedDuration::try_from(by).unwrap());
    }

    /// Lets the keeper do what is due, and nobody ask for anything, for so long.
    pub(crate) async fn live(&self, time: Duration) {
        let end = self.clock.now() + SignedDuration::try_from(time).unwrap();
        loop {
            match self.keeper.renew_due().await.unwrap() {
                // What is due at once is looked at again after a second, as a running keeper does.
                Some(next) if next < end => {
                    let soon = self.clock.now() + SignedDuration::from_secs(1);
                    self.advance_to(next.max(soon));
                }
                _ => break,
            }
        }
        self.advance_to(end);
    }

    /// Moves the clock forwards to an instant.
    pub(crate) fn advance_to(&self, instant: Timestamp) {
        let by = instant.duration_since(self.clock.now());
        assert!(by.is_positive(), "{instant} is not ahead");
        self.clock.advance(by);
    }
}

impl<P: Peer> Drop for World<P> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.peer.assert_nothing_looked_stolen();
            let store = self.folder.path().join("store");
            leaks::assert_none(&self.log, &store, &self.random, &self.gate.passed());
        }
    }
}

/// All that is stored of a grant, to be compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) refresh_token: Option<String>,
    pub(crate) access_token: Option<String>,
    rest: String,
}

/// The profile of a provider behind a gate.
fn profile(method: SecretMethod, issuer: &str, gate: &Gate) -> Profile {
    Profile {
        kind: ProviderKind::Oidc,
        client_id: CLIENT.to_owned(),
        access: Access::Delegated,
        second_credential: None,
        credential: ClientCredential::Secret {
            secret: CLIENT_SECRET.into(),
            method,
            expires_at: None,
        },
        tenant: None,
        issuer: Some(Url::parse(issuer).unwrap()),
        endpoints: EndpointOverrides {
            token: Some(gate.url()),
            ..EndpointOverrides::default()
        },
        scopes: Some(Scope::parse_list("openid email offline_access mail").unwrap()),
    }
}

fn http(patience: Duration) -> HttpClient {
    HttpClient::new(patience).unwrap()
}

async fn open(folder: &TempDir, random: &Arc<Remembering>) -> Vault {
    let key = Key::read(&folder.path().join("sealing.key")).unwrap();
    let location = Location::Sqlite(folder.path().join("store/mailgrant.db"));
    Vault::open(&location, key, random.clone()).await.unwrap()
}
