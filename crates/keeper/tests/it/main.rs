//! The keeper as a whole: over a real store, against providers that behave and that do not.
//!
//! `world` is the stage: a store in a folder of its own, a clock that stands still, a provider, and
//! a gate before its token endpoint. When a test leaves the stage, the stage looks for secrets in
//! everything that was logged and stored meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends here"
)]

mod application;
mod device;
mod endings;
mod flow;
mod flow_faults;
mod invitation;
mod later;
mod peers;
mod provider_check;
mod renewal;
mod revoke;
mod storm;
mod unstored;
mod warnings;
mod watch;
mod world;
