//! The product's parts below the pages, put together over a store of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use jiff::SignedDuration;
use mailgrant_base::{Clock as _, ManualClock, SeededRandom, SystemClock};
use mailgrant_doctor::{Doctor, DoctorLimits};
use mailgrant_fetch::{FetchSettings, Fetcher, FetcherMetrics};
use mailgrant_keeper::{Keeper, KeeperMetrics};
use mailgrant_mail::{Limits, Trust};
use mailgrant_oauth::{HttpClient, RedirectUri, Resource, Scope};
use mailgrant_sandbox::{
    Client, IdentityProvider, MailServer, MailServerOptions, ProviderOptions, TokenBook, User,
};
use mailgrant_vault::{
    Account, AccountForm, Administrator, AdministratorId, Event, FirstSight, FolderId, Key,
    Location, NewGrant, Provider, ProviderForm, Vault,
};
use mailgrant_web::App;
use prometheus_client::registry::Registry;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::log;
use crate::visitor::Visitor;

/// The administrator of every world.
pub(crate) const NAME: &str = "anna";
/// Her password.
pub(crate) const PASSWORD: &str = "a sentence that anna remembers";
/// The mailbox, its owner's password at the provider, and a colleague.
pub(crate) const ADDRESS: &str = "desk@example.com";
pub(crate) const COLLEAGUE: &str = "bob@example.com";
pub(crate) const OWNER_PASSWORD: &str = "the owner's own password";
/// What the provider knows Mailgrant by.
pub(crate) const CLIENT_SECRET: &str = "LEAK-the-client-secret";

/// What is asked for at the provider.
const SCOPE: &str = "openid offline_access imap";

/// How a world differs from the usual one.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) public_url: String,
    pub(crate) redirect_uri: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8420".to_owned(),
            redirect_uri: "http://127.0.0.1:8420/oauth/callback".to_owned(),
        }
    }
}

/// Store, keeper, fetcher and pages; one administrator, nothing else.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) vault: Vault,
    pub(crate) keeper: Keeper,
    pub(crate) fetcher: Fetcher,
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) provider: IdentityProvider,
    pub(crate) mail: MailServer,
    pub(crate) tokens: TokenBook,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::planned(Plan::default()).await
    }

    pub(crate) async fn planned(plan: Plan) -> Self {
        log::listen();
        let folder = copy_of_the_store().await;
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let random = Arc::new(SeededRandom::new(next_seed()));
        let vault = open(folder.path(), random.clone()).await;
        let redirect_uri = RedirectUri::parse(&plan.redirect_uri).unwrap();

        let tokens = TokenBook::default();
        let provider = start_provider(&plan.redirect_uri, &tokens).await;
        let mail = MailServer::start(MailServerOptions::default(), tokens.clone())
            .await
            .unwrap();

        let mut registry = Registry::default();
        let keeper = Keeper::new(
            vault.clone(),
            HttpClient::new(Duration::from_secs(10)).unwrap(),
            redirect_uri.clone(),
            clock.clone(),
            random.clone(),
            KeeperMetrics::register(&mut registry),
        );
        let certificate = CertificateDer::from_pem_slice(mail.certificate_pem().as_bytes());
        let trust = Trust::system_and(vec![certificate.unwrap()]).unwrap();
        let doctor = Doctor::new(
            vault.clone(),
            keeper.clone(),
            HttpClient::new(Duration::from_secs(10)).unwrap(),
            trust.clone(),
            DoctorLimits::default(),
            clock.clone(),
        );
        let fetcher = Fetcher::new(
            vault.clone(),
            keeper.clone(),
            FetchSettings {
                trust,
                limits: Limits::default(),
                poll: Duration::from_millis(50),
                logins_at_once: 10,
                spool: folder.path().join("spool"),
            },
            clock.clone(),
            random.clone(),
            FetcherMetrics::register(&mut registry),
        );
        let app = App {
            vault: vault.clone(),
            keeper: keeper.clone(),
            fetcher: fetcher.clone(),
            doctor,
            clock: clock.clone(),
            random,
            metrics: Arc::new(registry),
            public_url: plan.public_url.parse().unwrap(),
            redirect_uri,
            welcome: None,
        };
        Self {
            folder,
            clock,
            vault,
            keeper,
            fetcher,
            router: mailgrant_web::router(app.clone()),
            app,
            provider,
            mail,
            tokens,
        }
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(self.router.clone(), &self.app.public_url)
    }

    /// A browser in which the administrator is signed in.
    pub(crate) async fn administrator(&self) -> Visitor {
        let (token, csrf) = (self.app.random.token(), self.app.random.token());
        let now = self.clock.now();
        let ends = now + SignedDuration::from_hours(12);
        self.vault
            .begin_session(
                made().await.administrator,
                &token.as_str().into(),
                &csrf.into(),
                now,
                ends,
            )
            .await
            .unwrap();
        let mut visitor = self.visitor();
        visitor.hold_session(&token);
        let page = visitor.get("/providers/new").await;
        assert_eq!(page.status, 200, "{}", page.body);
        visitor
    }

    /// The administrator, as the store knows her.
    pub(crate) async fn administrators_row(&self) -> Administrator {
        Administrator {
            id: made().await.administrator,
            name: NAME.to_owned(),
        }
    }

    /// The sandbox's provider, registered.
    pub(crate) async fn add_provider(&self) -> Provider {
        let form = ProviderForm {
            name: "sandbox".to_owned(),
            kind: "oidc".to_owned(),
            client_id: "mailgrant".to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            issuer: self.provider.issuer(),
            scopes: SCOPE.to_owned(),
            ..ProviderForm::default()
        };
        let draft = form.check(None).unwrap();
        let added = self.vault.add_provider(&draft, self.clock.now()).await;
        added.unwrap()
    }

    /// The mailbox, whose mail goes into a Maildir.
    pub(crate) async fn add_account(&self, name: &str, provider: &Provider) -> Account {
        let form = AccountForm {
            name: name.to_owned(),
            address: ADDRESS.to_owned(),
            provider: provider.name.clone(),
            imap_host: "127.0.0.1".to_owned(),
            imap_port: self.mail.tls_address().port().to_string(),
            sink: "maildir".to_owned(),
            maildir: self.folder.path().join(name).display().to_string(),
            ..AccountForm::default()
        };
        let draft = form.check(std::slice::from_ref(provider)).unwrap();
        let added = self.vault.add_account(&draft, self.clock.now()).await;
        added.unwrap()
    }

    /// Provider and mailbox, not authorised yet.
    pub(crate) async fn add_mailbox(&self) -> Account {
        let provider = self.add_provider().await;
        self.add_account("desk", &provider).await
    }

    /// The account's inbox in the ledger, as it is when nothing was ever in it.
    pub(crate) async fn open_inbox(&self, account: &Account) -> FolderId {
        let (empty, now) = (FirstSight::EMPTY, self.clock.now());
        let opened = self.vault.open_folder(account.id, "INBOX", 1, empty, now);
        opened.await.unwrap().id
    }

    /// A grant as it was before a test.
    pub(crate) async fn give_grant(&self, account: &Account) {
        let refresh = self.provider.grant("mailgrant", ADDRESS, SCOPE);
        let access = format!("LEAK-access-{}", self.app.random.token());
        self.tokens.issue(&access, ADDRESS, SCOPE, 3600);
        let grant = NewGrant {
            refresh_token: Some(refresh.into()),
            scopes: Scope::parse_list(SCOPE).unwrap(),
            subject: Some(ADDRESS.to_owned()),
            signed_in: Some(ADDRESS.to_owned()),
            access_token: access.into(),
            resource: Resource::Mail,
            expires_at: self.clock.now() + SignedDuration::from_hours(1),
        };
        let now = self.clock.now();
        self.vault
            .store_grant(account.id, &grant, now)
            .await
            .unwrap();
    }

    /// Everything about a grant, its secrets too: to be compared with itself later.
    pub(crate) async fn grant(&self, account: &Account) -> String {
        let grant = self.vault.grant(account.id).await.unwrap();
        let token = self.vault.access_token(account.id, Resource::Mail).await;
        let token = token.unwrap();
        let refresh = grant.as_ref().and_then(|grant| grant.refresh_token.clone());
        format!(
            "{grant:?} {:?} {token:?} {:?}",
            refresh.as_ref().map(SecretString::expose_secret),
            token.as_ref().map(|token| token.token.expose_secret()),
        )
    }

    /// Everything that administrators can change: to be compared with itself later.
    pub(crate) async fn everything(&self) -> String {
        let vault = &self.vault;
        let providers = vault.providers().await.unwrap();
        let secrets: Vec<String> = providers
            .iter()
            .map(|provider| format!("{:?}", ProviderForm::of(provider)))
            .collect();
        let accounts = vault.accounts().await.unwrap();
        let grants = vault.grants().await.unwrap();
        let counts = vault.all_counts().await.unwrap();
        format!("{providers:?} {secrets:?} {accounts:?} {grants:?} {counts:?}")
    }

    /// The events, oldest first.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let mut events = self.vault.events(None, 1000).await.unwrap();
        events.reverse();
        events
    }
}

/// A store in which the administrator is set up.
struct Made {
    folder: TempDir,
    administrator: AdministratorId,
}

/// Hashing her password takes long, so that is done once, and the store is copied.
async fn made() -> &'static Made {
    static MADE: OnceCell<Made> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        let folder = tempfile::tempdir().unwrap();
        let random = Arc::new(SeededRandom::new(next_seed()));
        Key::create(&folder.path().join("key"), random.as_ref()).unwrap();
        let vault = open(folder.path(), random).await;
        let now = SystemClock.now();
        let (link, password) = ("set up".into(), PASSWORD.into());
        let ends = now + SignedDuration::from_hours(1);
        vault.offer_setup(&link, now, ends).await.unwrap();
        let set_up = vault.set_up_administrator(&link, NAME, &password, now);
        let administrator = set_up.await.unwrap().unwrap().id;
        vault.close().await;
        Made {
            folder,
            administrator,
        }
    })
    .await
}

async fn copy_of_the_store() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["key", "store.db"] {
        let from = made().await.folder.path().join(file);
        std::fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

async fn open(folder: &Path, random: Arc<SeededRandom>) -> Vault {
    let key = Key::read(&folder.join("key")).unwrap();
    let location = Location::Sqlite(folder.join("store.db"));
    Vault::open(&location, key, random).await.unwrap()
}

async fn start_provider(redirect_uri: &str, tokens: &TokenBook) -> IdentityProvider {
    let user = |address: &str| User {
        address: address.to_owned(),
        password: OWNER_PASSWORD.to_owned(),
    };
    let options = ProviderOptions {
        clients: vec![Client {
            id: "mailgrant".to_owned(),
            secret: Some(CLIENT_SECRET.to_owned()),
            redirect_uris: vec![redirect_uri.to_owned()],
            own_scopes: SCOPE.split(' ').map(str::to_owned).collect(),
            ..Client::default()
        }],
        users: vec![user(ADDRESS), user(COLLEAGUE)],
        device_interval: Duration::from_secs(1),
        ..ProviderOptions::default()
    };
    IdentityProvider::start(options, tokens.clone())
        .await
        .unwrap()
}

/// No two worlds draw the same secrets.
fn next_seed() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
