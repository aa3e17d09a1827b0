//! How long `mailgrant serve` takes to start, and how much memory it keeps while one account waits
//! for mail.
//!
//! ```sh
//! cargo bench -p mailgrant --bench idle
//! ```
//!
//! Memory is read from `/proc`, so this is for Linux.

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

use std::time::Instant;

use mailgrant_sandbox::samples;

use crate::installation::{ADDRESS, installation};

const STARTS: usize = 11;

#[tokio::main]
async fn main() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    let mut starts: Vec<_> = (0..STARTS)
        .map(|_| {
            let begun = Instant::now();
            let running = mailgrant.serve();
            let taken = begun.elapsed();
            assert!(running.stop());
            taken
        })
        .collect();
    starts.sort();
    println!(
        "start, until it serves: median {:?}, slowest of {STARTS} {:?}",
        starts[STARTS / 2],
        starts[STARTS - 1]
    );

    let running = mailgrant.serve();
    server.deliver(ADDRESS, "INBOX", &samples(1)[0].raw);
    server
        .wait_for(ADDRESS, "INBOX", |messages| {
            messages.iter().all(|message| !message.flags.is_empty())
        })
        .await;
    println!(
        "resident, one account listening: {}",
        resident(running.child.id())
    );
}

/// What the kernel counts as resident.
fn resident(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.unwrap().trim_start_matches("VmRSS:").trim().to_owned()
}
