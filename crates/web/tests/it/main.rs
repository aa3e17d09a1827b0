//! The pages as browsers and machines meet them: requests through the whole router, over a real
//! store, with the sandbox's identity provider and mail server as peers.
//!
//! Every answer that a [`visitor::Visitor`] gets is checked for the headers that all answers carry,
//! and every page for what all pages keep to ([`html::check`]).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends here"
)]
mod account_form;
mod actions;
mod app_passwords;
mod authorization;
mod certificate;
mod device;
mod doctor;
mod endings;
mod escaping;
mod guard;
mod guides;
mod headers;
mod html;
mod identity;
mod listener;
mod live;
mod log;
mod machines;
mod messages;
mod pages;
mod provider_form;
mod redirect_uri;
mod sessions;
mod setup;
mod sign_in;
mod sinks;
mod ticket;
mod visitor;
mod welcome;
mod world;
