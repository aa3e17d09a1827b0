//! The administration pages, the OAuth callback, health and metrics.
//!
//! One page or action is one file under `pages/`: its form, its handler, its template's data and
//! its tests. What a handler may do stands in the crates below; nothing here decides about grants
//! or mail.

mod app;
mod serve;

pub use app::{App, router};
pub use serve::{Bound, Listen, ServeError, TlsFiles, serve};
