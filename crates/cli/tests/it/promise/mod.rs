//! No mail is lost, and none doubled where the sink can tell: shown with real processes that are
//! killed, and over a bad network. `docs/promise.md` says what is promised and how often it was
//! tried.
//!
//! `MAILGRANT_SEED=7` repeats what a run with this seed did: which messages came when, where the
//! process was killed, and what became of each connection. `MAILGRANT_RUNS=300` lets each test run
//! so many processes. Instants are real time, so a repetition is near to the first run and not the
//! same.

mod campaign;
mod chance;
mod kills;
mod mail_receiver;
mod network;
mod outcome;
mod overheard;
mod post;
mod sinks;
mod victim;
mod web_receiver;
