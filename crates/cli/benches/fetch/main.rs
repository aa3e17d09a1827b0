//! Fetches mailboxes from a local Dovecot over TLS into a Maildir, next to the bytes alone and to
//! mbsync, getmail and fetchmail in the same run: seconds, processor time and memory, and ratios.
//!
//! ```sh
//! apt-get install dovecot-imapd isync getmail6 fetchmail maildrop
//! cargo bench -p mailgrant --bench fetch
//! BENCH_ONLY="mbsync 10kB" cargo bench -p mailgrant --bench fetch
//! ```
//!
//! Each peer is a whole process on an empty target, in turn; of the quick ones the median of three
//! runs counts, the slow ones run once. `BENCH_ONLY` names cases and peers, if not all are
//! wanted. A machine is never alone: quote the ratios.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops where a peer fails"
)]

mod mailgrant;
mod measure;
mod peers;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mailgrant_lab::{Dovecot, DovecotOptions};
use mailgrant_sandbox::{Client, IdentityProvider, ProviderOptions, TokenBook, User};
use tempfile::TempDir;

use crate::mailgrant::Mailgrant;
use crate::measure::Taken;

const CASES: [Case; 4] = [
    Case::of("1kB", 5_000, 1_000),
    Case::of("10kB", 5_000, 10_000),
    Case::of("1MB", 200, 1_000_000),
    Case::of("150MB", 1, 150_000_000),
];
const ROUNDS: usize = 3;
const PASSWORD: &str = "benchmark";

const RAW: &str = "the bytes alone";
const MAILGRANT: &str = "mailgrant";
const PEERS: [Peer; 3] = [
    Peer::of("mbsync", ROUNDS, peers::mbsync),
    Peer::of("getmail", 1, peers::getmail),
    Peer::of("fetchmail", 1, peers::fetchmail),
];

/// A mailbox to fetch.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) messages: usize,
    size: usize,
}

/// Another fetcher.
struct Peer {
    name: &'static str,
    rounds: usize,
    run: fn(&Path, &Case, &Dovecot, usize) -> Taken,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run());
}

async fn run() {
    let wanted = std::env::var("BENCH_ONLY").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split_ascii_whitespace().collect();
    let cases = chosen(&CASES, &wanted, |case| case.name);
    let peers: Vec<&Peer> = chosen(&PEERS, &wanted, |peer| peer.name)
        .into_iter()
        .filter(|peer| peer.is_here())
        .collect();

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
    fs::write(dir.path().join("cert.pem"), dovecot.certificate_pem()).unwrap();
    let mailgrant = Mailgrant {
        dir: dir.path(),
        port,
    };
    mailgrant.set_up(&provider);
    for case in cases {
        let messages: Vec<Vec<u8>> = (0..case.messages)
            .map(|number| case.message(number))
            .collect();
        dovecot.deliver_all(&case.user(), messages.iter().map(Vec::as_slice));
        // Dovecot builds its index at the first look: nobody is to pay for that.
        peers::raw(case, &dovecot).await;
        for round in 0..ROUNDS {
            mailgrant.account(case, round, &dovecot).await;
        }

        let mut names = vec![RAW, MAILGRANT];
        names.extend(peers.iter().map(|peer| peer.name));
        let mut taken: Vec<Vec<Taken>> = vec![Vec::new(); names.len()];
        for round in 0..ROUNDS {
            taken[0].push(peers::raw(case, &dovecot).await);
            taken[1].push(mailgrant.fetch(case, round));
            for (peer, taken) in peers.iter().zip(&mut taken[2..]) {
                if round < peer.rounds {
                    taken.push((peer.run)(dir.path(), case, &dovecot, round));
                }
            }
        }
        report(case, &names, taken);
    }
}

/// Those that are wanted by name; all where none is.
fn chosen<'a, T>(all: &'a [T], wanted: &[&str], name: impl Fn(&T) -> &str) -> Vec<&'a T> {
    let some: Vec<&T> = all
        .iter()
        .filter(|one| wanted.contains(&name(one)))
        .collect();
    if some.is_empty() {
        all.iter().collect()
    } else {
        some
    }
}

fn report(case: &Case, names: &[&str], taken: Vec<Vec<Taken>>) {
    let medians: Vec<Taken> = taken
        .into_iter()
        .map(|mut taken| {
            taken.sort_by_key(|taken| taken.time);
            taken[taken.len() / 2]
        })
        .collect();
    let ours = medians[1].time.as_secs_f64();
    println!("\n{} messages of {} bytes", case.messages, case.size);
    println!(
        "{:<18}{:>10}{:>14}{:>18}{:>16}{:>22}",
        "", "seconds", "messages/s", "processor/message", "memory at most", "mailgrant is"
    );
    for (name, taken) in names.iter().zip(&medians) {
        let seconds = taken.time.as_secs_f64();
        let messages = count(case.messages);
        let processor = taken.processor.as_secs_f64() * 1e6 / messages;
        println!(
            "{name:<18}{seconds:>10.2}{:>14.0}{processor:>15.0} µs{:>13.1} MB{:>14.2} × as fast",
            messages / seconds,
            count(usize::try_from(taken.memory).unwrap()) / 1024.0,
            seconds / ours,
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "some millions fit")]
fn count(things: usize) -> f64 {
    things as f64
}

impl Peer {
    const fn of(
        name: &'static str,
        rounds: usize,
        run: fn(&Path, &Case, &Dovecot, usize) -> Taken,
    ) -> Self {
        Self { name, rounds, run }
    }

    fn is_here(&self) -> bool {
        let is_here = Command::new(self.name).arg("--version").output().is_ok();
        if !is_here {
            println!("{} is not installed: left out", self.name);
        }
        is_here
    }
}

impl Case {
    const fn of(name: &'static str, messages: usize, size: usize) -> Self {
        Self {
            name,
            messages,
            size,
        }
    }

    /// Whose mailbox it is.
    pub(crate) fn user(&self) -> String {
        format!("{}@example.com", self.name.to_ascii_lowercase())
    }

    /// All have to be there.
    pub(crate) fn arrived(&self, folder: &Path) {
        let there = fs::read_dir(folder).unwrap().count();
        assert_eq!(there, self.messages, "in {}", folder.display());
    }

    fn message(&self, number: usize) -> Vec<u8> {
        let mut raw = format!(
            "From: Ada <ada@example.org>\r\nTo: {}\r\nSubject: Ticket {number}\r\n\
             Message-ID: <{number}@bench.example.org>\r\n\
             Date: Tue, 24 Nov 2026 08:00:00 +0000\r\n\r\n",
            self.user()
        )
        .into_bytes();
        let line =
            format!("Line of message {number:>5}, with as many words as a line of mail has.\r\n");
        while raw.len() < self.size {
            raw.extend_from_slice(line.as_bytes());
        }
        raw.truncate(self.size - 2);
        raw.extend_from_slice(b"\r\n");
        raw
    }
}

async fn provider(port: u16, tokens: &TokenBook) -> IdentityProvider {
    let client = |id: &str| Client {
        id: id.to_owned(),
        secret: Some(format!("{id}-secret")),
        redirect_uris: vec![format!("http://localhost:{port}/oauth/callback")],
        ..Client::default()
    };
    let user = |case: &Case| User {
        address: case.user(),
        password: PASSWORD.to_owned(),
    };
    let options = ProviderOptions {
        clients: vec![client("mailgrant"), client("dovecot")],
        users: CASES.iter().map(user).collect(),
        access_token_lifetime: Duration::from_hours(1),
        ..ProviderOptions::default()
    };
    IdentityProvider::start(options, tokens.clone())
        .await
        .unwrap()
}
