//! What the store promises, on every backend.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends here"
)]

mod administrators;
mod app_passwords;
mod appends;
mod authorizations;
mod backfill;
mod bench;
mod events;
mod grants;
mod history;
mod invitations;
mod ledger;
mod migrations;
mod numbering;
mod profiles;
mod raw;
mod rings;
mod sealing;
mod sinks;
mod trouble;
mod watching;
