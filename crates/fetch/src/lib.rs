//! Fetching: new mail from the source, through the ledger, into the sink.
//!
//! The way of a message:
//!
//! ```text
//! source ──chunks──▶ sink.stage ──▶ ledger: Prepared ──▶ sink.commit ──▶ ledger: Delivered
//!        (streamed)  (not yet visible)  (on disk)       (visible, durable)   │
//!                                   source: seen / moved / deleted ◀─────────┘
//!                                                │
//!                                                ▼
//!                                       ledger: Acknowledged
//! ```
//!
//! A crash between any two arrows leaves a state from which the next run goes on without losing a
//! message, and without doubling one where the sink can tell.

mod canary;
mod check;
mod connect;
mod connections;
mod error;
mod fetcher;
mod key;
mod lease;
mod letter;
mod listeners;
mod metrics;
mod original;
mod pace;
mod plug;
mod round;
mod routing;
mod shared;
mod sink;
mod source;
mod status;
mod supervisor;
#[cfg(test)]
mod tests;
mod trial;
mod visit;
mod watch;
mod worker;

pub use error::FetchError;
pub use fetcher::{FetchSettings, Fetched, Fetcher, MailboxCheck};
pub use metrics::FetcherMetrics;
pub use original::Original;
pub use routing::explain_route;
pub use status::{Activity, Status};
pub use trial::TestTo;
