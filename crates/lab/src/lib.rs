//! Real peers for the tests, started on loopback ports of their own and stopped when dropped:
//! Dovecot, Postfix, oidc-provider, Authlib, PostgreSQL, Chromium, Request Tracker; and a bad network
//! between them and us. Never part of the product.
//!
//! `./test` installs them; a test that uses one is `#[ignore = "needs X; ./test installs it"]`,
//! so that `cargo test` alone runs wherever Rust does. A peer that does not start is a panic with
//! what it said: here a clear stop is the best error.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a peer that cannot be started ends the test; paths are the lab's own"
)]

mod authlib_provider;
mod certificate;
mod chromium;
mod dovecot;
mod fault_proxy;
mod npm;
mod oidc_provider;
mod postfix;
mod postgres;
mod process;
mod relay;
mod request_tracker;

pub use authlib_provider::{AuthlibProvider, AuthlibProviderOptions};
pub use certificate::Certificate;
pub use chromium::{Chromium, Screen};
pub use dovecot::{Dovecot, DovecotOptions, as_served};
pub use fantoccini;
pub use fault_proxy::{FaultProxy, Harm, Passing};
pub use npm::npm_package;
pub use oidc_provider::{OidcClient, OidcProvider, OidcProviderOptions};
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use process::{free_port, send_signal};
pub use request_tracker::RequestTracker;
