//! The administration pages, the OAuth callback, health and metrics.
//!
//! One page or action is one file under `pages/`: its handler and its template's data; its template
//! stands in `templates/`, the tests of requests in `tests/it`. What a handler may do stands in the
//! crates below; nothing here decides about grants or mail.
//!
//! The way of a request:
//!
//! ```text
//! serve ──▶ headers, limits ──▶ is it a provider's answer? ──▶ routes ──▶ guard ──▶ page
//! (TLS, time limits)            (the redirect URI's path)      (table)   (session, CSRF)
//! ```

mod app;
mod cookies;
mod endings;
mod fields;
mod guard;
mod headers;
mod layout;
mod moment;
mod notice;
mod pages;
mod path;
mod patient;
mod problem;
mod routes;
mod serve;
mod sign_in_limit;
mod statics;
mod summary;
mod visit;

pub use app::{App, callback_router, router};
pub use guard::Access;
pub use pages::welcome::Welcome;
pub use routes::routes;
pub use serve::{Bound, Listen, ServeError, TlsFiles, serve};
