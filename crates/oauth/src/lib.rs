//! The grants: how Mailgrant asks an identity provider for access and keeps it, without a store
//! and without mail.
//!
//! The way of a grant through this crate:
//!
//! ```text
//! Profile ──resolve──▶ Endpoints          what the administrator entered, what the catalogue says
//!    │                                    and what discovery answered, made one
//!    ├─ Attempt::new + authorize_url ──▶ the browser goes to the provider
//!    ├─ Callback::parse ─▶ Callback       what the browser brought back, checked against the Attempt
//!    ├─ redeem_code ─────▶ Tokens         authorization code + client credential + PKCE verifier
//!    ├─ identity ────────▶ Identity       who signed in: the verified id_token
//!    ├─ refresh ─────────▶ Tokens         later, ahead of need
//!    └─ revoke                            in the end, where the provider can
//! ```
//!
//! All that a provider says no with is a [`Refusal`], sorted by what has to happen next; what each
//! code means stands in [`error_catalogue`].
//! Providers differ in the rows of [`catalogue`], never in an `if` elsewhere; [`guide`] says how
//! Mailgrant is registered with each.

mod answer;
mod assertion;
mod authorize;
mod cache;
mod callback;
pub mod catalogue;
mod client_authentication;
mod client_key;
mod endpoints;
pub mod error_catalogue;
mod grants;
pub mod guide;
mod http_client;
mod identity;
mod keys;
#[cfg(test)]
mod leaks;
mod profile;
mod redirect;
mod refusal;
mod request;
mod roll_over;
mod scope;
#[cfg(test)]
mod test_server;
mod token_claims;
mod tokens;
mod transport;
mod words;

pub use authorize::{Attempt, AuthorizeUrl, authorize_url, redeemed_scopes, requested_scopes};
pub use callback::{Callback, CallbackError};
pub use client_key::{ClientKey, KeyAlgorithm, KeyError, KeyFile, Thumbprint};
pub use endpoints::{Endpoints, resolve};
pub use grants::application::application_token;
pub use grants::authorization_code::redeem_code;
pub use grants::device::{DeviceAuthorization, DevicePoll, begin_device, poll_device};
pub use grants::introspection::{Introspection, introspect};
pub use grants::refresh::refresh;
pub use grants::revocation::revoke;
pub use http_client::{HttpClient, HttpFailure};
pub use identity::{Identity, IdentityError, check_renewed_identity, identity};
pub use profile::{
    Access, ClientCredential, EndpointOverrides, Profile, ProviderKind, SecretMethod,
};
pub use redirect::RedirectUri;
pub use refusal::{Refusal, Said, explain};
pub use roll_over::RefusedCredential;
pub use scope::{Resource, Scope, ScopeError, check_scopes, expand_scopes, missing_for_mail};
pub use token_claims::TokenClaims;
pub use tokens::Tokens;
pub use transport::{is_loopback, is_safe_transport};
