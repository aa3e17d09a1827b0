//! `mailgrant doctor`, as an administrator reads it: the sandbox plays Microsoft and Google, and
//! goes wrong in the ways that people meet.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Clock as _, SystemClock, SystemRandom};
use mailgrant_lab::{Dovecot, DovecotOptions, OidcClient, OidcProvider, OidcProviderOptions};
use mailgrant_mail::{MailServer as Where, Security};
use mailgrant_oauth::{
    Access, ClientCredential, EndpointOverrides, Profile, ProviderKind, Resource, Scope,
    SecretMethod,
};
use mailgrant_sandbox::{
    Accepts, Browser, Certificate, Client, Credential, IdentityProvider, ImapFault, MailServer,
    MailServerOptions, Persona, ProviderOptions, TokenBook, User,
};
use mailgrant_vault::{
    Account, AccountDraft, AfterDelivery, EventKind, Folders, GrantState, Identities, Key,
    Location, NewEvent, NewGrant, ProviderDraft, StartFrom, Vault,
};
use secrecy::SecretString;

use crate::installation::{add_account, add_provider, authorize_by};
use crate::support::{Mailgrant, secrets_in};

const SUPPORT: &str = "support@example.com";
const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";
const SECRET: &str = "the-client-secret-of-mailgrant";
const MAIL: &str = "https://outlook.office.com/IMAP.AccessAsUser.All \
    https://outlook.office.com/POP.AccessAsUser.All https://outlook.office.com/SMTP.Send \
    offline_access";

/// How an examination differs from one where all is well.
struct Scene {
    persona: Persona,
    access: Access,
    scopes: &'static str,
    server: MailServerOptions,
    /// Who signed in.
    person: &'static str,
    /// Who is expected to, where that is not the mailbox's owner.
    signs_in: Option<&'static str>,
    credential: Credential,
    credential_days: i64,
    own_scopes: &'static [&'static str],
    imap_host: &'static str,
    authorised_days_ago: i64,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            persona: Persona::Microsoft,
            access: Access::Delegated,
            scopes: MAIL,
            server: MailServerOptions {
                accepts: Accepts::Exchange,
                oauthbearer: false,
                ..MailServerOptions::default()
            },
            person: SUPPORT,
            signs_in: None,
            credential: Credential::Secret(SECRET.to_owned()),
            credential_days: 365,
            own_scopes: &[],
            imap_host: "localhost",
            authorised_days_ago: 2,
        }
    }
}

struct Stage {
    mailgrant: Mailgrant,
    server: MailServer,
    _provider: IdentityProvider,
    vault: Vault,
    account: Account,
    refresh_token: String,
}

impl Scene {
    async fn play(self) -> Stage {
        let tokens = TokenBook::default();
        let server = self.server.clone().with_every_protocol();
        let server = MailServer::start(server, tokens.clone()).await.unwrap();
        let provider = IdentityProvider::start(self.options(), tokens)
            .await
            .unwrap();
        let mut mailgrant = Mailgrant::new();
        mailgrant.trust(&server.certificate_pem());
        // Makes the database and its key.
        mailgrant.ok(&["provider", "list"]);
        let data = mailgrant.path("data");
        let key = Key::read(&data.join("sealing.key")).unwrap();
        let location = Location::Sqlite(data.join("mailgrant.db"));
        let vault = Vault::open(&location, key, Arc::new(SystemRandom))
            .await
            .unwrap();

        let now = SystemClock.now();
        let draft = ProviderDraft {
            name: "login".to_owned(),
            profile: self.profile(&provider),
        };
        let profile = vault.add_provider(&draft, now).await.unwrap();
        let here = |host: &str, port: Option<std::net::SocketAddr>| {
            Where::new(host, port.unwrap().port(), Security::Tls).unwrap()
        };
        let draft = AccountDraft {
            name: "support".to_owned(),
            address: SUPPORT.to_owned(),
            provider: profile.id,
            signs_in: self.signs_in.map(str::to_owned),
            identities: Identities::default(),
            source: mailgrant_vault::Source::default(),
            rules: mailgrant_vault::Rules::default(),
            sinks: mailgrant_vault::Sinks::default(),
            guard: mailgrant_vault::Guard::default(),
            watch: mailgrant_vault::Watch::default(),
            imap: here(self.imap_host, Some(server.tls_address())),
            pop3: Some(here("localhost", server.pop3s_address())),
            smtp: Some(here("localhost", server.submissions_address())),
            api: None,
            folders: Folders::default(),
            start: StartFrom::Everything,
            after: AfterDelivery::Keep,
            sink: None,
        };
        let account = vault.add_account(&draft, now).await.unwrap();
        let refresh_token = provider.grant("mailgrant", self.person, self.scopes);
        let delegated = self.access == Access::Delegated;
        let grant = NewGrant {
            refresh_token: delegated.then(|| SecretString::from(refresh_token.clone())),
            scopes: Scope::parse_list(self.scopes).unwrap(),
            subject: None,
            signed_in: delegated.then(|| self.person.to_owned()),
            access_token: "an-old-access-token".into(),
            resource: Resource::Mail,
            expires_at: ago(now, 1),
        };
        let given = ago(now, self.authorised_days_ago);
        vault.store_grant(account.id, &grant, given).await.unwrap();
        server.deliver(SUPPORT, "INBOX", b"Subject: one\r\n\r\n");
        Stage {
            mailgrant,
            server,
            _provider: provider,
            vault,
            account,
            refresh_token,
        }
    }

    fn options(&self) -> ProviderOptions {
        let user = |address: &str| User {
            address: address.to_owned(),
            password: "x".to_owned(),
        };
        ProviderOptions {
            persona: self.persona,
            clients: vec![Client {
                id: "mailgrant".to_owned(),
                credentials: vec![self.credential.clone()],
                own_scopes: self.own_scopes.iter().map(|it| (*it).to_owned()).collect(),
                ..Client::default()
            }],
            users: [SUPPORT, ADA, EVE].map(user).to_vec(),
            access_token_lifetime: Duration::from_hours(1),
            ..ProviderOptions::default()
        }
    }

    fn profile(&self, provider: &IdentityProvider) -> Profile {
        let (kind, token) = match self.persona {
            Persona::Microsoft => {
                let path = format!("/{}/oauth2/v2.0/token", provider.tenant());
                (ProviderKind::Microsoft, path)
            }
            _ => (ProviderKind::Google, "/token".to_owned()),
        };
        let token = format!("{}{token}", provider.origin());
        let delegated = self.access == Access::Delegated;
        Profile {
            kind,
            client_id: "mailgrant".to_owned(),
            access: self.access,
            credential: ClientCredential::Secret {
                secret: SECRET.into(),
                method: SecretMethod::Post,
                expires_at: Some(ago(SystemClock.now(), -self.credential_days)),
            },
            second_credential: None,
            tenant: Some(provider.tenant().to_owned()).filter(|_| kind == ProviderKind::Microsoft),
            issuer: None,
            endpoints: EndpointOverrides {
                token: Some(token.parse().unwrap()),
                ..EndpointOverrides::default()
            },
            scopes: delegated.then(|| Scope::parse_list(self.scopes).unwrap()),
        }
    }
}

fn ago(now: Timestamp, days: i64) -> Timestamp {
    now - SignedDuration::from_hours(24 * days)
}

impl Stage {
    /// What is printed, without what differs from run to run; and that no secret is among it.
    fn examined(&self) -> String {
        let (text, status) = self.run(&["doctor", "support"]);
        format!("{}exit status {status}\n", plain(&text))
    }

    fn run(&self, args: &[&str]) -> (String, i32) {
        let mut command = self.mailgrant.command(args);
        let output = command.env("MAILGRANT_LOG", "debug").output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let shown = String::from_utf8(output.stdout).unwrap();
        let all = format!("{shown}{log}");
        assert_eq!(secrets_in(&all), [""; 0]);
        // A JWT begins so.
        for secret in [SECRET, &self.refresh_token, "eyJ", "an-old-access-token"] {
            assert!(!all.contains(secret), "a secret is shown: {all}");
        }
        // The log's lines begin with their time.
        let said = log.lines().filter(|line| !line.starts_with("20"));
        let said: String = said.flat_map(|line| [line, "\n"]).collect();
        (format!("{shown}{said}"), output.status.code().unwrap())
    }
}

/// The text without times, days, ports and numbers of one run.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for line in text.lines() {
        let mut is_id = false;
        for word in line.split_inclusive(' ') {
            let is_time = word.len() > 8 && word.as_bytes()[2] == b':' && word.contains('Z');
            if is_id || is_time {
                shown += "ID ";
            } else {
                shown += &plain_word(word);
            }
            // Microsoft's numbers of a request.
            is_id = word == "ID: ";
        }
        shown.push('\n');
    }
    // Between these words stands a number of this run.
    for (before, after) in [("(", " ms)"), ("in ", " days"), ("for ", " minutes")] {
        let parts: Vec<&str> = shown.split(after).collect();
        let last = parts.len() - 1;
        let parts = parts.iter().enumerate().map(|(at, part)| {
            let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
            if at < last && bare.ends_with(before) {
                format!("{bare}N")
            } else {
                (*part).to_owned()
            }
        });
        shown = parts.collect::<Vec<_>>().join(after);
    }
    shown
}

fn plain_word(word: &str) -> String {
    let bare = word.trim_end_matches([' ', '.', ',', ';', ')', ':']);
    let rest = &word[bare.len()..];
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let shape: String = bare
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    if shape == "0000-00-00" || shape.starts_with("0000-00-00T") {
        return format!("DATE{rest}");
    }
    let mut parts: Vec<String> = bare.split('/').map(str::to_owned).collect();
    for part in &mut parts {
        if let Some((host, port)) = part.rsplit_once(':')
            && is_number(port)
            && port.len() > 3
        {
            *part = format!("{host}:PORT");
        }
    }
    format!("{}{rest}", parts.join("/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well() {
    let stage = Scene::default().play().await;
    insta::assert_snapshot!("all_well", stage.examined());

    let (json, status) = stage.run(&["doctor", "support", "--json"]);
    assert_eq!(status, 0);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["verdict"]["verdict"], "well");
    assert_eq!(
        (&report["account"], &report["provider"]),
        (&"support".into(), &"login".into())
    );
    let steps = report["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["milliseconds"].is_u64()));
    let names: Vec<&str> = steps
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    insta::assert_snapshot!("step_names", names.join(" "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_graph_is_known_by_its_audience() {
    let scene = Scene {
        scopes: "IMAP.AccessAsUser.All offline_access",
        ..Scene::default()
    };
    insta::assert_snapshot!("graph_token", scene.play().await.examined());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_secret_is_one_trouble_for_all_accounts() {
    let scene = Scene {
        credential: Credential::ExpiredSecret {
            secret: SECRET.to_owned(),
            description: "AADSTS7000222: The provided client secret keys are expired.".to_owned(),
        },
        credential_days: -3,
        ..Scene::default()
    };
    let stage = scene.play().await;
    let draft = AccountDraft {
        name: "sales".to_owned(),
        address: "sales@example.com".to_owned(),
        ..stage.account.draft.clone()
    };
    stage
        .vault
        .add_account(&draft, SystemClock.now())
        .await
        .unwrap();
    insta::assert_snapshot!("expired_secret", stage.examined());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mail_server_says_is_explained() {
    let stage = Scene::default().play().await;
    let refusal = ImapFault::LoginAnswer {
        challenge: None,
        text: "NO AUTHENTICATE failed.".to_owned(),
    };
    stage.server.fault(refusal, None);
    insta::assert_snapshot!("imap_disabled", stage.examined());
    stage.server.clear_faults();
    stage.server.fault(ImapFault::NotConnected, None);
    insta::assert_snapshot!("not_connected", stage.examined());
    stage.server.clear_faults();
    stage.server.fault(ImapFault::NotConnected, Some(1));
    insta::assert_snapshot!("not_connected_once", stage.examined());
    stage.server.clear_faults();
    stage.server.fault(ImapFault::TooManyConnections, None);
    insta::assert_snapshot!("too_many_connections", stage.examined());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_shown_and_nobody_logs_in() {
    let scene = Scene {
        server: MailServerOptions {
            certificate: Certificate::Expired,
            ..Scene::default().server
        },
        ..Scene::default()
    };
    let stage = scene.play().await;
    insta::assert_snapshot!("expired_certificate", stage.examined());
    assert!(stage.server.logins().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_resolve_is_named() {
    let scene = Scene {
        imap_host: "no-such-host.invalid",
        ..Scene::default()
    };
    insta::assert_snapshot!("unknown_host", scene.play().await.examined());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_ended_after_seven_days_is_that_of_an_app_in_testing() {
    let scene = Scene {
        persona: Persona::Google,
        scopes: "https://mail.google.com/",
        authorised_days_ago: 7,
        server: MailServerOptions::default(),
        ..Scene::default()
    };
    let stage = scene.play().await;
    let now = SystemClock.now();
    let id = stage.account.id;
    let grant = stage.vault.grant(id).await.unwrap().unwrap();
    let reason = "invalid_grant: Token has been expired or revoked.";
    let over = GrantState::NeedsAuthorization;
    let ended = stage
        .vault
        .end_grant(id, grant.version, over, reason, now)
        .await;
    ended.unwrap();
    let event = NewEvent {
        kind: EventKind::GrantEnded,
        actor: "keeper".to_owned(),
        provider: None,
        account: Some(id),
        text: "It ended.".to_owned(),
    };
    stage.vault.record(event, now).await.unwrap();
    insta::assert_snapshot!("grant_ended", stage.examined());
}

#[tokio::test(flavor = "multi_thread")]
async fn gmail_is_examined_by_both_mechanisms() {
    let scene = Scene {
        persona: Persona::Google,
        scopes: "https://mail.google.com/",
        server: MailServerOptions::default(),
        ..Scene::default()
    };
    insta::assert_snapshot!("all_well_at_google", scene.play().await.examined());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_names_of_a_shared_mailbox_are_told_when_the_wrong_person_signed_in() {
    let shared = || Scene {
        signs_in: Some(ADA),
        server: MailServerOptions {
            shared: vec![(SUPPORT.to_owned(), ADA.to_owned())],
            ..Scene::default().server
        },
        ..Scene::default()
    };
    let wrong = Scene {
        person: EVE,
        ..shared()
    };
    insta::assert_snapshot!("shared_wrong_person", wrong.play().await.examined());
    let right = Scene {
        person: ADA,
        ..shared()
    };
    let stage = right.play().await;
    let (told, status) = stage.run(&["doctor", "support"]);
    assert_eq!(status, 0, "{told}");
    assert!(told.contains("ada@example.com signed in for the shared mailbox support@example.com."));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_roles_is_told_from_one_without_access() {
    let scene = |own_scopes| Scene {
        access: Access::Application,
        scopes: "https://outlook.office365.com/.default",
        own_scopes,
        ..Scene::default()
    };
    let nothing = scene(&[]);
    insta::assert_snapshot!("application_without_roles", nothing.play().await.examined());
    let imap = scene(&["https://outlook.office365.com/IMAP.AccessAsApp"]);
    insta::assert_snapshot!("application_without_access", imap.play().await.examined());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot and oidc-provider; ./test installs them"]
async fn all_is_well_with_independent_servers_in_every_protocol() {
    let mut mailgrant = Mailgrant::new();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = OidcProvider::start(&OidcProviderOptions {
        clients: vec![OidcClient {
            id: "mailgrant".to_owned(),
            secret: "mailgrant-secret".to_owned(),
            method: "client_secret_basic",
            redirect_uris: vec![redirect_uri],
            ..OidcClient::default()
        }],
        access_token_seconds: 600,
    });
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: provider.introspection_url(),
        mechanisms: "xoauth2 oauthbearer",
        password: None,
    });
    mailgrant.trust(dovecot.certificate_pem());
    add_provider(&mailgrant, &provider.issuer());
    let ports = [
        ("--imap-port", dovecot.imaps_port()),
        ("--pop3-port", dovecot.pop3s_port()),
        ("--smtp-port", dovecot.submissions_port()),
    ];
    let ports = ports.map(|(flag, port)| [flag.to_owned(), port.to_string()]);
    let mut flags = vec!["--pop3-host", "localhost", "--smtp-host", "localhost"];
    flags.extend(ports.iter().flatten().map(String::as_str));
    add_account(&mailgrant, &flags);
    authorize_by(&mailgrant, SUPPORT, sign_in_at_oidc_provider).await;
    // It makes a mailbox when mail comes.
    dovecot.deliver_all(SUPPORT, [&b"Subject: one\r\n\r\n"[..]]);
    let output = mailgrant.run(&["doctor", "support"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(!told.contains("FAILED"), "{told}");
    for protocol in ["IMAP", "POP3", "SMTP"] {
        for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
            let login = format!("ok      {protocol} login by {mechanism}");
            assert!(told.contains(&login), "{login}: {told}");
        }
    }
    assert_eq!(secrets_in(&told), [""; 0]);
}

/// Signs in on its pages and agrees, until it sends the browser back.
pub(crate) async fn sign_in_at_oidc_provider(away: &str) -> String {
    let mut browser = Browser::default();
    let mut page = browser.open(away).await.unwrap();
    for typed in [&[("login", SUPPORT), ("password", "any")][..], &[]] {
        if page.leads_to.is_none() {
            // Its buttons have no names.
            page.body = page.body.replace("<button ", "<button id=\"go\" ");
            page = browser.press(&page, "go", typed).await.unwrap();
        }
    }
    page.leads_to.unwrap().to_string()
}
