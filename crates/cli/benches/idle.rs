//! How long `mailgrant serve` takes to start; what it costs while 1, 100 and 10,000 accounts wait for
//! mail over TLS; and how soon new mail is in its Maildir.
//!
//! ```sh
//! cargo bench -p mailgrant --bench idle
//! BENCH_ONLY=100 cargo bench -p mailgrant --bench idle
//! ```
//!
//! The mail server is the sandbox. `BENCH_ONLY` is the most accounts that are wanted. Memory and
//! processor time are read from `/proc`, so this is for Linux.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a benchmark prints, and stops where something fails; it shares what the tests have"
)]

#[path = "../tests/it/installation.rs"]
mod installation;
#[path = "../tests/it/support.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::SystemRandom;
use mailgrant_oauth::{Resource, Scope};
use mailgrant_sandbox::{MailServer, MailServerOptions, TokenBook, samples};
use mailgrant_vault::{Account, Key, Location, NewGrant, Sink, Vault};

use crate::installation::{ADDRESS, add_account, add_provider, authorize};
use crate::support::{Mailgrant, provider};

const STARTS: usize = 11;
const ACCOUNTS: [usize; 3] = [1, 100, 10_000];
/// How many messages are timed, and how long processor time is looked at.
const MESSAGES: usize = 21;
const QUIET: Duration = Duration::from_secs(20);
const SCOPE: &str = "openid offline_access email mail";

#[tokio::main]
async fn main() {
    let most = std::env::var("BENCH_ONLY").ok();
    let most = most.map_or(usize::MAX, |most| most.parse().unwrap());
    let mut mailgrant = Mailgrant::new();
    let tokens = TokenBook::default();
    let provider = provider(&format!("{}/oauth/callback", mailgrant.url()), &tokens).await;
    let server = MailServer::start(MailServerOptions::default(), tokens.clone())
        .await
        .unwrap();
    mailgrant.trust(&server.certificate_pem());
    add_provider(&mailgrant, &provider.issuer());
    let port = server.tls_address().port().to_string();
    add_account(&mailgrant, &["--imap-port", &port, "--after", "mark-seen"]);
    authorize(&mailgrant, ADDRESS).await;

    let mut starts: Vec<_> = (0..STARTS).map(|_| start(&mailgrant)).collect();
    starts.sort();
    println!(
        "start, until it serves: median {:?}, slowest of {STARTS} {:?}",
        starts[STARTS / 2],
        starts[STARTS - 1]
    );

    let vault = vault(&mailgrant).await;
    let first = vault.accounts().await.unwrap().remove(0);
    let (mut there, mut alone) = (1, 0);
    for accounts in ACCOUNTS.into_iter().filter(|accounts| *accounts <= most) {
        while there < accounts {
            add(&vault, &first, &tokens, there, mailgrant.dir.path()).await;
            there += 1;
        }
        let begun = Instant::now();
        let running = mailgrant.serve();
        while server.connections() < accounts {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let opened = begun.elapsed();
        // The last of them are still looking for mail.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let process = running.child.id();
        let resident = resident(process);
        let before = processor(process);
        tokio::time::sleep(QUIET).await;
        let share = processor(process).saturating_sub(before).as_secs_f64() / QUIET.as_secs_f64();
        let delays = delays(&server, &mailgrant).await;
        println!(
            "{accounts} accounts: all listen after {opened:.1?}; {resident} kB resident{}; \
             {:.2} % of a processor while nothing comes; new mail is in its Maildir after {:.1?}, \
             at most {:.1?}",
            each(accounts, resident, alone),
            100.0 * share,
            delays[MESSAGES / 2],
            delays[MESSAGES - 1],
        );
        if accounts == 1 {
            alone = resident;
        }
        assert!(running.stop());
    }
    vault.close().await;
}

fn start(mailgrant: &Mailgrant) -> Duration {
    let begun = Instant::now();
    let running = mailgrant.serve();
    let taken = begun.elapsed();
    assert!(running.stop());
    taken
}

fn each(accounts: usize, resident: u64, alone: u64) -> String {
    let more = u64::try_from(accounts).unwrap() - 1;
    let each = resident.saturating_sub(alone).checked_div(more);
    each.map_or_else(String::new, |each| format!(", {each} kB for each more"))
}

async fn vault(mailgrant: &Mailgrant) -> Vault {
    let data = mailgrant.path("data");
    let key = Key::read(&data.join("sealing.key")).unwrap();
    let location = Location::Sqlite(data.join("mailgrant.db"));
    Vault::open(&location, key, Arc::new(SystemRandom))
        .await
        .unwrap()
}

/// One account more like the first one, with a mailbox of its own.
async fn add(vault: &Vault, first: &Account, tokens: &TokenBook, number: usize, dir: &Path) {
    let (now, mut draft) = (Timestamp::now(), first.draft.clone());
    draft.name = format!("account{number}");
    draft.address = format!("mailbox{number}@example.com");
    if let Some(Sink::Maildir(maildir)) = &mut draft.sink {
        maildir.path = dir.join(&draft.name);
    }
    let token = format!("token-{number}");
    tokens.issue(&token, &draft.address, "mail", 24 * 3600);
    let grant = NewGrant {
        refresh_token: Some(format!("refresh-{number}").into()),
        scopes: Scope::parse_list(SCOPE).unwrap(),
        subject: Some(draft.address.clone()),
        signed_in: Some(draft.address.clone()),
        access_token: token.into(),
        resource: Resource::Mail,
        expires_at: now + SignedDuration::from_hours(24),
    };
    let account = vault.add_account(&draft, now).await.unwrap();
    vault.store_grant(account.id, &grant, now).await.unwrap();
}

/// How long messages took from the server's mailbox into the Maildir, ascending.
async fn delays(server: &MailServer, mailgrant: &Mailgrant) -> Vec<Duration> {
    let new = mailgrant.path("mail").join("new");
    let count = || std::fs::read_dir(&new).map_or(0, Iterator::count);
    let mut delays = Vec::new();
    for _ in 0..MESSAGES {
        let before = count();
        let begun = Instant::now();
        server.deliver(ADDRESS, "INBOX", &samples(1)[0].raw);
        while count() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        delays.push(begun.elapsed());
        // It has to listen again.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    delays.sort();
    delays
}

/// What the kernel counts as resident, in kB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().split_ascii_whitespace().next();
    number.unwrap().parse().unwrap()
}

/// What a process has used, a user's and the system's (`proc_pid_stat(5)`), to a hundredth of a second.
fn processor(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields = fields.split_ascii_whitespace().skip(11).take(2);
    let hundredths: u64 = fields.map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * hundredths)
}
