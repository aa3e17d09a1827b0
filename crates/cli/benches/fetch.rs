//! Fetches 5,000 messages of 10 KB from a local Dovecot over TLS into a Maildir, next to mbsync and
//! getmail in the same run, and prints messages per second and ratios.
//!
//! ```sh
//! apt-get install dovecot-imapd isync getmail6
//! cargo bench -p mailgrant --bench fetch
//! ```
//!
//! Each peer is a whole process on an empty target, in turn, three times; the median counts. A
//! machine is never alone: quote the ratios.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops where a peer fails"
)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mailgrant_lab::{Dovecot, DovecotOptions};
use mailgrant_mail::{ImapSession, Limits, MailServer, Security, Trust};
use mailgrant_sandbox::{
    Browser, Client, IdentityProvider, ProviderOptions, TokenBook, User, sign_in,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tempfile::TempDir;

const MESSAGES: usize = 5_000;
const SIZE: usize = 10_000;
const ROUNDS: usize = 3;
const USER: &str = "bench@example.com";
const PASSWORD: &str = "benchmark";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run());
}

async fn run() {
    let dir = TempDir::with_prefix("mailgrant-bench-").unwrap();
    let tokens = TokenBook::default();
    let port = mailgrant_lab::free_port();
    let provider = provider(port, &tokens).await;
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: format!(
            "http://dovecot:dovecot-secret@{}/introspect",
            provider.issuer().trim_start_matches("http://")
        ),
        mechanisms: "xoauth2 oauthbearer",
        password: Some(PASSWORD.to_owned()),
    });
    let messages: Vec<Vec<u8>> = (0..MESSAGES).map(message).collect();
    dovecot.deliver_all(USER, messages.iter().map(Vec::as_slice));
    fs::write(dir.path().join("cert.pem"), dovecot.certificate_pem()).unwrap();
    tokens.issue("bench-token", USER, "mail", 3600);

    // Dovecot builds its index at the first look: nobody is to pay for that.
    raw(&dovecot).await;

    let mailgrant = Mailgrant {
        dir: dir.path(),
        port,
    };
    mailgrant.set_up(&provider, &dovecot).await;

    let mut names = vec!["the bytes alone", "mailgrant"];
    for peer in ["mbsync", "getmail"] {
        if Command::new(peer).arg("--version").output().is_ok() {
            names.push(peer);
        } else {
            println!("{peer} is not installed: left out");
        }
    }
    let mut taken: Vec<Vec<Duration>> = vec![Vec::new(); names.len()];
    for round in 0..ROUNDS {
        for (name, times) in names.iter().zip(&mut taken) {
            let begun = Instant::now();
            match *name {
                "mailgrant" => mailgrant.fetch(round),
                "mbsync" => mbsync(dir.path(), &dovecot, round),
                "getmail" => getmail(dir.path(), &dovecot, round),
                _ => raw(&dovecot).await,
            }
            times.push(begun.elapsed());
        }
    }
    report(&names, taken);
}

fn report(names: &[&str], taken: Vec<Vec<Duration>>) {
    let medians: Vec<f64> = taken
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        })
        .collect();
    let ours = medians[1];
    println!("\n{MESSAGES} messages of {SIZE} bytes, median of {ROUNDS} runs");
    println!(
        "{:<18}{:>10}{:>14}{:>22}",
        "", "seconds", "messages/s", "mailgrant is"
    );
    for (name, seconds) in names.iter().zip(&medians) {
        let rate = count(MESSAGES) / seconds;
        let ratio = seconds / ours;
        println!("{name:<18}{seconds:>10.2}{rate:>14.0}{ratio:>14.2} × as fast");
    }
}

#[expect(clippy::cast_precision_loss, reason = "five thousand fits")]
fn count(messages: usize) -> f64 {
    messages as f64
}

fn message(number: usize) -> Vec<u8> {
    let mut raw = format!(
        "From: Ada <ada@example.org>\r\nTo: {USER}\r\nSubject: Ticket {number}\r\n\
         Message-ID: <{number}@bench.example.org>\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n\r\n"
    )
    .into_bytes();
    let line =
        format!("Line of message {number:>5}, with as many words as a line of mail has.\r\n");
    while raw.len() < SIZE {
        raw.extend_from_slice(line.as_bytes());
    }
    raw.truncate(SIZE - 2);
    raw.extend_from_slice(b"\r\n");
    raw
}

async fn provider(port: u16, tokens: &TokenBook) -> IdentityProvider {
    let client = |id: &str| Client {
        id: id.to_owned(),
        secret: Some(format!("{id}-secret")),
        redirect_uris: vec![format!("http://localhost:{port}/oauth/callback")],
        ..Client::default()
    };
    let options = ProviderOptions {
        clients: vec![client("mailgrant"), client("dovecot")],
        users: vec![User {
            address: USER.to_owned(),
            password: PASSWORD.to_owned(),
        }],
        access_token_lifetime: Duration::from_hours(1),
        ..ProviderOptions::default()
    };
    IdentityProvider::start(options, tokens.clone())
        .await
        .unwrap()
}

/// Reads everything and throws it away: what no fetcher can undercut.
async fn raw(dovecot: &Dovecot) {
    let root = CertificateDer::from_pem_slice(dovecot.certificate_pem().as_bytes()).unwrap();
    let server = MailServer::new("localhost", dovecot.imaps_port(), Security::Tls).unwrap();
    let trust = Trust::system_and(vec![root]).unwrap();
    let token = "bench-token".to_owned().into();
    let mut session = ImapSession::open(&server, &trust, Limits::default(), USER, &token)
        .await
        .unwrap();
    session.select("INBOX").await.unwrap();
    let uids = session.uids_from(1).await.unwrap();
    assert_eq!(uids.len(), MESSAGES);
    session.start_fetch(&uids).await.unwrap();
    while session.next_fetched().await.unwrap().is_some() {}
    session.logout().await;
}

struct Mailgrant<'a> {
    dir: &'a Path,
    port: u16,
}

impl Mailgrant<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailgrant"));
        command
            .args(args)
            .env("MAILGRANT_CONFIG", "/dev/null")
            .env("MAILGRANT_DATA_DIR", self.dir.join("data"))
            .env("MAILGRANT_TRUST", self.dir.join("cert.pem"))
            .env("MAILGRANT_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("MAILGRANT_CLIENT_SECRET", "mailgrant-secret");
        command
    }

    fn ok(&self, args: &[&str]) {
        let output = self.command(args).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    async fn set_up(&self, provider: &IdentityProvider, dovecot: &Dovecot) {
        self.ok(&[
            "provider",
            "add",
            "bench",
            "--kind",
            "oidc",
            "--issuer",
            &provider.issuer(),
            "--client-id",
            "mailgrant",
            "--scopes",
            "openid offline_access email mail",
        ]);
        let port = dovecot.imaps_port().to_string();
        for round in 0..ROUNDS {
            let (name, maildir) = (format!("bench{round}"), self.maildir(round));
            self.ok(&[
                "account",
                "add",
                &name,
                "--provider",
                "bench",
                "--address",
                USER,
                "--imap-host",
                "localhost",
                "--imap-port",
                &port,
                "--sink",
                "maildir",
                "--maildir",
                &maildir,
            ]);
            self.authorize(&name).await;
        }
    }

    async fn authorize(&self, name: &str) {
        use std::io::BufRead as _;
        let mut child = self
            .command(&["account", "authorize", name])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let link = lines.find(|line| line.trim().starts_with("http")).unwrap();
        let mut browser = Browser::default();
        let page = browser.open(link.trim()).await.unwrap();
        let away = browser.press(&page, "authorize", &[]).await.unwrap();
        let back = sign_in(away.leads_to.unwrap().as_str(), USER, PASSWORD)
            .await
            .unwrap();
        browser.open(&back).await.unwrap();
        assert!(lines.any(|line| line.contains("Authorised")));
        child.wait().unwrap();
    }

    fn maildir(&self, round: usize) -> String {
        self.dir
            .join(format!("mailgrant{round}"))
            .display()
            .to_string()
    }

    fn fetch(&self, round: usize) {
        self.ok(&["fetch", &format!("bench{round}")]);
        arrived(&Path::new(&self.maildir(round)).join("new"));
    }
}

fn mbsync(dir: &Path, dovecot: &Dovecot, round: usize) {
    let base = dir.join(format!("mbsync{round}"));
    fs::create_dir_all(&base).unwrap();
    let rc = base.join("rc");
    fs::write(
        &rc,
        format!(
            "IMAPAccount a\nHost localhost\nPort {port}\nUser {USER}\nPass {PASSWORD}\n\
             SSLType IMAPS\nCertificateFile {dir}/cert.pem\nAuthMechs PLAIN\n\n\
             IMAPStore far\nAccount a\n\nMaildirStore near\nInbox {base}/inbox\nPath {base}/\n\n\
             Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n",
            port = dovecot.imaps_port(),
            dir = dir.display(),
            base = base.display(),
        ),
    )
    .unwrap();
    quietly(Command::new("mbsync").arg("-q").arg("-c").arg(&rc).arg("c"));
    arrived(&base.join("inbox/new"));
}

fn getmail(dir: &Path, dovecot: &Dovecot, round: usize) {
    let base = dir.join(format!("getmail{round}"));
    for sub in ["mail/cur", "mail/new", "mail/tmp"] {
        fs::create_dir_all(base.join(sub)).unwrap();
    }
    // As root getmail wants to deliver as somebody else.
    let user = if fs::metadata("/proc/self").unwrap().uid() == 0 {
        quietly(
            Command::new("chown")
                .arg("-R")
                .arg("nobody")
                .arg(base.join("mail")),
        );
        quietly(Command::new("chmod").arg("755").arg(dir).arg(&base));
        "user = nobody\n"
    } else {
        ""
    };
    fs::write(
        base.join("getmailrc"),
        format!(
            "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\nport = {port}\n\
             username = {USER}\npassword = {PASSWORD}\nmailboxes = (\"INBOX\",)\n\
             ca_certs = {dir}/cert.pem\n\n[destination]\ntype = Maildir\npath = {base}/mail/\n{user}\n\
             [options]\nread_all = true\ndelivered_to = false\nreceived = false\nverbose = 0\n",
            port = dovecot.imaps_port(),
            dir = dir.display(),
            base = base.display(),
        ),
    )
    .unwrap();
    quietly(Command::new("getmail").arg("--getmaildir").arg(&base));
    arrived(&base.join("mail/new"));
}

fn quietly(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn arrived(folder: &Path) {
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        MESSAGES,
        "in {}",
        folder.display()
    );
}
