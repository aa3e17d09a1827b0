//! The first synchronisation of a mailbox of 500,000 messages: how long its listing takes, how fast its
//! mail comes, how long new mail takes meanwhile, what memory it needs, and that it goes on after a
//! restart. On a local Dovecot over TLS, into a Maildir.
//!
//! ```sh
//! apt-get install dovecot-imapd
//! cargo bench -p mailgrant --bench backfill           # or -- 50000 for so many messages
//! ```
//!
//! It ends after some slices; the whole takes as long as the rate says. Memory is read from `/proc`, so
//! this is for Linux.

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

use std::time::{Duration, Instant};

use mailgrant_lab::{Dovecot, DovecotOptions};
use mailgrant_sandbox::TokenBook;
use serde_json::Value;

use crate::installation::{ADDRESS, add_account, add_provider, authorize};
use crate::support::{Mailgrant, provider};

/// So long each part is watched.
const WATCHED: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args();
    let given = arguments.find_map(|argument| argument.parse().ok());
    let messages: usize = given.unwrap_or(500_000);
    let mut mailgrant = Mailgrant::new();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &TokenBook::default()).await;
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: format!(
            "http://dovecot:dovecot-secret@{}/introspect",
            provider.issuer().trim_start_matches("http://")
        ),
        mechanisms: "xoauth2",
        password: None,
    });
    mailgrant.trust(dovecot.certificate_pem());
    let made: Vec<Vec<u8>> = (0..messages).map(message).collect();
    let begun = Instant::now();
    dovecot.deliver_all(ADDRESS, made.iter().map(Vec::as_slice));
    drop(made);
    println!(
        "{messages} messages in Dovecot's Maildir after {:.0?}",
        begun.elapsed()
    );
    add_provider(&mailgrant, &provider.issuer());
    let port = dovecot.imaps_port().to_string();
    add_account(&mailgrant, &["--imap-port", &port]);
    authorize(&mailgrant, ADDRESS).await;
    // Dovecot builds its index at the first look: that is not ours.
    let begun = Instant::now();
    mailgrant.ok(&["account", "test", "support"]);
    println!("Dovecot's first look at it: {:.1?}", begun.elapsed());

    let mut left = Value::Null;
    for part in ["first start", "after a restart"] {
        println!("\n{part}");
        let running = mailgrant.serve();
        let begun = Instant::now();
        let first = wait_for(&mailgrant, |earlier| {
            earlier["per_hour"].is_u64() && earlier["left"] != left
        });
        println!("listed, and a slice fetched, after {:.1?}", begun.elapsed());
        println!("to be fetched: {}, left: {}", first["total"], first["left"]);
        let mut slowest = Duration::ZERO;
        let begun = Instant::now();
        let mut number = 0;
        while begun.elapsed() < WATCHED {
            number += 1;
            let subject = format!("new {number} {part}");
            dovecot.deliver(ADDRESS, format!("Subject: {subject}\r\n\r\n").as_bytes());
            // Dovecot's files change hands one by one: that is not ours either.
            let handed = Instant::now();
            while !has_come(&mailgrant, &subject) {
                assert!(
                    handed.elapsed() < Duration::from_mins(5),
                    "{}",
                    mailgrant.log()
                );
                std::thread::sleep(Duration::from_millis(500));
            }
            slowest = slowest.max(handed.elapsed());
            std::thread::sleep(Duration::from_secs(5));
        }
        let last = wait_for(&mailgrant, |_| true);
        left = last["left"].clone();
        println!("left: {}; {} an hour", last["left"], last["per_hour"]);
        println!(
            "{}",
            mailgrant.ok(&["account", "backfill", "support"]).trim()
        );
        println!("{number} new messages meanwhile, the slowest in the Maildir after {slowest:.1?}");
        let (now, most) = memory(running.child.id());
        println!("resident: {now}, at most {most}");
        assert!(running.stop());
    }
}

fn message(number: usize) -> Vec<u8> {
    format!(
        "From: Ada <ada@example.org>\r\nTo: {ADDRESS}\r\nSubject: Ticket {number}\r\n\
         Message-ID: <{number}@bench.example.org>\r\n\r\nSome words of message {number}.\r\n"
    )
    .into_bytes()
}

/// How far the earlier mail has come, once that is as wanted.
fn wait_for(mailgrant: &Mailgrant, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let told = mailgrant.ok(&["account", "backfill", "support", "--json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        if wanted(&told[0]) {
            return told[0].clone();
        }
        assert!(
            begun.elapsed() < Duration::from_mins(10),
            "{}",
            mailgrant.log()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn has_come(mailgrant: &Mailgrant, subject: &str) -> bool {
    let found = mailgrant.ok(&[
        "message",
        "list",
        "--search",
        subject,
        "--state",
        "delivered",
    ]);
    found.contains(subject)
}

/// What the kernel counts as resident, now and at most.
fn memory(process: u32) -> (String, String) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.unwrap().trim_start_matches(name).trim().to_owned()
    };
    (of("VmRSS:"), of("VmHWM:"))
}
