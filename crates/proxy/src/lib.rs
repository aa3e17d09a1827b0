//! The proxy: for applications that can do user and password alone, Mailgrant is a mail server on this
//! machine or network. It logs in to the real one with a token; from then on the bytes just flow.
//!
//! The way of a connection:
//!
//! ```text
//! accept ─▶ places ─▶ (TLS) ─▶ dialogue ─▶ door ─────────▶ upstream ─▶ splice ─▶ a line in the log
//!           how many            a login     app password     token,      both ways,
//!           there may be        is asked    of an account    login       no byte looked at
//! ```
//!
//! [`dialogue`] knows no socket and no clock. [`Refusal`] is why somebody is not let in, and each
//! dialogue says it in its protocol's own words.

mod certificates;
mod connection;
pub mod dialogue;
mod door;
mod error;
mod extensions;
mod guessing;
mod listener;
mod metrics;
mod places;
mod proxy;
mod refusal;
mod sockets;
mod splice;

pub use certificates::TlsFiles;
pub use error::ProxyError;
pub use listener::{Listener, ListenerError, Place};
pub use metrics::ProxyMetrics;
pub use places::Most;
pub use proxy::{Proxy, ProxySettings};
pub use refusal::{Refusal, RefusalKind};
pub use sockets::Bound;
