//! The crate over HTTP: the catalogue of refusals, said by the sandbox's provider, and every grant
//! with each peer that can give it.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod authlib;
mod google;
mod microsoft;
mod oidc_provider;
mod party;
mod refusals;
