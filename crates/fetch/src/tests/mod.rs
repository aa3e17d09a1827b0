//! The whole way against the sandbox's mail server and identity provider.

mod after;
mod apis;
mod append;
mod canary;
mod check;
mod command;
mod crash;
mod dovecot;
mod epoch;
mod faults;
mod folders;
mod history;
mod large;
mod local_delivery;
mod maildir;
mod pop3;
mod receiver;
mod relay;
mod ring;
mod routing;
mod silence;
mod sinks;
mod special_use;
mod watching;
mod webhook;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Clock as _, Random as _, SystemClock, SystemRandom};
use mailgrant_keeper::{Keeper, KeeperMetrics};
use mailgrant_mail::{Limits, MailServer as Where, Security, Trust};
use mailgrant_oauth::{
    Access, ClientCredential, EndpointOverrides, HttpClient, Profile, ProviderKind, RedirectUri,
    Scope,
};
use mailgrant_sandbox::{
    Client, IdentityProvider, MailServer, MailServerOptions, ProviderOptions, TokenBook, User,
};
use mailgrant_vault::{
    Account, AccountDraft, AfterDelivery, CommandSink, Folders, Identities, Key, Location,
    MaildirSink, NewGrant, ProviderDraft, Sink, StartFrom, Vault,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{FetchError, FetchSettings, Fetched, Fetcher, FetcherMetrics};

const ADDRESS: &str = "desk@example.com";
const SCOPE: &str = "openid offline_access https://mail.example/imap";

/// A mail server, an identity provider, a store with one authorised account, and a fetcher.
struct World {
    server: MailServer,
    provider: IdentityProvider,
    tokens: TokenBook,
    vault: Vault,
    fetcher: Fetcher,
    account: Account,
    folder: TempDir,
}

/// How a world differs from the usual one.
struct Plan {
    after: AfterDelivery,
    source: mailgrant_vault::Source,
    rules: mailgrant_vault::Rules,
    sinks: mailgrant_vault::Sinks,
    guard: mailgrant_vault::Guard,
    watch: mailgrant_vault::Watch,
    folders: &'static str,
    start: StartFrom,
    server: MailServerOptions,
    poll: Duration,
    /// The program's script; without one mail goes to a Maildir.
    script: Option<&'static str>,
    /// Another sink than these.
    sink: Option<Sink>,
    time_limit: Duration,
    at_once: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            after: AfterDelivery::Keep,
            source: mailgrant_vault::Source::default(),
            rules: mailgrant_vault::Rules::default(),
            sinks: mailgrant_vault::Sinks::default(),
            guard: mailgrant_vault::Guard::default(),
            watch: mailgrant_vault::Watch::default(),
            folders: "INBOX",
            start: StartFrom::Everything,
            server: MailServerOptions::default(),
            poll: Duration::from_millis(50),
            script: None,
            sink: None,
            time_limit: Duration::from_mins(1),
            at_once: 1,
        }
    }
}

impl Plan {
    fn script(script: &'static str) -> Self {
        Self {
            script: Some(script),
            ..Self::default()
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a world, put together piece by piece"
    )]
    async fn build(self) -> World {
        let folder = tempfile::tempdir().unwrap();
        let tokens = TokenBook::default();
        let server = MailServer::start(self.server, tokens.clone())
            .await
            .unwrap();
        let options = ProviderOptions {
            clients: vec![
                Client {
                    id: "us".into(),
                    secret: None,
                    redirect_uris: Vec::new(),
                    ..Client::default()
                },
                Client {
                    id: "dovecot".into(),
                    secret: Some("dovecot-secret".into()),
                    redirect_uris: Vec::new(),
                    ..Client::default()
                },
            ],
            users: vec![User {
                address: ADDRESS.into(),
                password: "x".into(),
            }],
            ..ProviderOptions::default()
        };
        let provider = IdentityProvider::start(options, tokens.clone())
            .await
            .unwrap();
        let random = Arc::new(SystemRandom);
        let key = Key::create(&folder.path().join("key"), &*random).unwrap();
        let location = Location::Sqlite(folder.path().join("store.db"));
        let vault = Vault::open(&location, key, random.clone()).await.unwrap();
        let clock = Arc::new(SystemClock);

        let profile = Profile {
            kind: ProviderKind::Oidc,
            client_id: "us".into(),
            access: Access::Delegated,
            second_credential: None,
            credential: ClientCredential::None,
            tenant: None,
            issuer: Some(provider.issuer().parse().unwrap()),
            endpoints: EndpointOverrides::default(),
            scopes: Some(Scope::parse_list(SCOPE).unwrap()),
        };
        let draft = ProviderDraft {
            name: "sandbox".into(),
            profile,
        };
        let stored = vault.add_provider(&draft, clock.now()).await.unwrap();
        let sink = match self.script {
            _ if self.sink.is_some() => self.sink,
            None => Some(Sink::Maildir(MaildirSink {
                path: folder.path().join("mail"),
            })),
            Some(script) => {
                std::fs::create_dir(folder.path().join("out")).unwrap();
                let out = folder.path().join("out").to_str().unwrap().to_owned();
                let argv = [
                    "/bin/sh",
                    "-c",
                    script,
                    "sink",
                    &out,
                    "{account}",
                    "{address}",
                ];
                Some(Sink::Command(CommandSink {
                    argv: argv.map(str::to_owned).to_vec(),
                    time_limit: self.time_limit,
                    at_once: self.at_once,
                }))
            }
        };
        let port = server.tls_address().port();
        let draft = AccountDraft {
            name: "desk".into(),
            address: ADDRESS.into(),
            provider: stored.id,
            signs_in: None,
            identities: Identities::default(),
            source: self.source,
            rules: self.rules,
            sinks: self.sinks,
            guard: self.guard,
            watch: self.watch,
            imap: Where::new("127.0.0.1", port, Security::Tls).unwrap(),
            pop3: server
                .pop3s_address()
                .map(|at| Where::new("127.0.0.1", at.port(), Security::Tls).unwrap()),
            smtp: server
                .submissions_address()
                .map(|at| Where::new("127.0.0.1", at.port(), Security::Tls).unwrap()),
            api: server.api_address().map(|at| {
                let base = match self.source {
                    mailgrant_vault::Source::Graph => "/v1.0",
                    _ => "",
                };
                format!("http://{at}{base}").parse().unwrap()
            }),
            folders: Folders::read(self.folders).unwrap(),
            start: self.start,
            after: self.after,
            sink,
        };
        let account = vault.add_account(&draft, clock.now()).await.unwrap();

        let redirect = RedirectUri::parse("http://127.0.0.1/back").unwrap();
        let keeper = Keeper::new(
            vault.clone(),
            HttpClient::new(Duration::from_secs(10)).unwrap(),
            redirect,
            clock.clone(),
            random.clone(),
            KeeperMetrics::default(),
        );
        let certificate = CertificateDer::from_pem_slice(server.certificate_pem().as_bytes());
        let settings = FetchSettings {
            trust: Trust::system_and(vec![certificate.unwrap()]).unwrap(),
            limits: Limits {
                answer: Duration::from_secs(10),
                ..Limits::default()
            },
            poll: self.poll,
            logins_at_once: 10,
            spool: folder.path().join("spool"),
        };
        let metrics = FetcherMetrics::default();
        let fetcher = Fetcher::new(
            vault.clone(),
            keeper,
            settings,
            clock.clone(),
            random,
            metrics,
        );
        server.deliver(ADDRESS, "Done", b"Subject: an older one\r\n\r\n");
        let world = World {
            server,
            provider,
            tokens,
            vault,
            fetcher,
            account,
            folder,
        };
        world.authorize().await;
        world
    }
}

impl World {
    async fn new() -> Self {
        Plan::default().build().await
    }

    /// As if the mailbox's owner had just signed in.
    async fn authorize(&self) {
        let access_token = SystemRandom.token();
        self.tokens.issue(&access_token, ADDRESS, SCOPE, 600);
        let refresh_token = self.provider.grant("us", ADDRESS, SCOPE);
        let grant = NewGrant {
            refresh_token: Some(SecretString::from(refresh_token)),
            scopes: Scope::parse_list(SCOPE).unwrap(),
            subject: Some(ADDRESS.into()),
            signed_in: Some(ADDRESS.into()),
            access_token: SecretString::from(access_token),
            resource: self.account.draft.source.resource(),
            expires_at: now() + SignedDuration::from_mins(10),
        };
        self.vault
            .store_grant(self.account.id, &grant, now())
            .await
            .unwrap();
    }

    /// Puts `count` different messages into the inbox.
    fn receive(&self, count: usize) -> Vec<Vec<u8>> {
        let before = self.inbox().len();
        let messages = (before..before + count).map(|number| {
            let raw = format!("Subject: number {number}\r\n\r\nbody of {number}\r\n").into_bytes();
            self.server.deliver(ADDRESS, "INBOX", &raw);
            raw
        });
        messages.collect()
    }

    fn inbox(&self) -> Vec<(u32, Vec<String>, Vec<u8>)> {
        self.server.contents(ADDRESS, "INBOX")
    }

    async fn fetch(&self) -> Result<Fetched, FetchError> {
        self.fetcher.fetch_once(self.account.id).await
    }

    fn maildir(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// What the application finds: what was delivered, sorted.
    fn delivered(&self) -> Vec<Vec<u8>> {
        let mut messages = contents(&self.maildir().join("new"));
        messages.extend(contents(&self.maildir().join("cur")));
        messages.sort();
        messages
    }

    /// What the program has written to its folder, sorted.
    fn written(&self) -> Vec<Vec<u8>> {
        let mut messages = contents(&self.folder.path().join("out"));
        messages.sort();
        messages
    }

    fn run(&self) -> Running {
        let stopping = CancellationToken::new();
        let (fetcher, stop) = (self.fetcher.clone(), stopping.clone());
        Running {
            stopping,
            task: tokio::spawn(async move { fetcher.run(stop).await }),
        }
    }

    /// Waits until the mailboxes' status comes to fulfil something.
    async fn until(&self, what: &str, mut fulfilled: impl FnMut(&Self) -> bool) {
        let mut status = self.fetcher.status();
        let wait = async {
            while !fulfilled(self) {
                status.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_mins(1), wait)
            .await
            .is_err()
        {
            panic!("{what}: {:?}", *self.fetcher.status().borrow());
        }
    }

    /// What the mailbox's worker is doing.
    fn activity(&self) -> Option<&'static str> {
        let status = self.fetcher.status();
        let status = status.borrow();
        status
            .get(&self.account.id)
            .map(|status| status.activity.as_str())
    }
}

/// A fetcher at work.
struct Running {
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stopping.cancel();
        self.task.await.unwrap();
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn sorted(mut messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.sort();
    messages
}

/// A message as it was sent, that a sink which sends mail on has marked.
fn unmarked(message: &[u8]) -> Vec<u8> {
    let mark = format!("X-Loop: {ADDRESS}\r\n");
    let message = message.strip_prefix(mark.as_bytes()).unwrap_or(message);
    message.to_vec()
}

/// The contents of all files in a folder.
fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        mailgrant_base::files::read(&entry.unwrap().path()).unwrap()
    };
    entries.map(read).collect()
}

/// How many files are in a folder.
fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
