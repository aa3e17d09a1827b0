//! The demo's one link: it signs its holder in, once, without a password.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_base::{Diagnosis, Fault, Random};
use mailgrant_vault::{Administrator, EventKind};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::app::Site;
use crate::layout::see_other;
use crate::pages::sign_in::{begin_session, note};
use crate::path::Path;
use crate::problem::Problem;

/// A link that signs an administrator in, once, as long as the process lives.
#[derive(Clone)]
pub struct Welcome {
    administrator: Administrator,
    secret: SecretString,
    used: Arc<AtomicBool>,
}

impl Welcome {
    /// A new link for this administrator.
    pub fn new(administrator: Administrator, random: &dyn Random) -> Self {
        Self {
            administrator,
            secret: random.token().into(),
            used: Arc::default(),
        }
    }

    /// The link, below the address of the pages.
    pub fn link(&self, public_url: &Url) -> String {
        let origin = public_url.origin().ascii_serialization();
        format!("{origin}/welcome/{}", self.secret.expose_secret())
    }

    /// Spends the link.
    fn redeem(&self, secret: &str) -> Option<&Administrator> {
        let expected = self.secret.expose_secret().as_bytes();
        let right = bool::from(secret.as_bytes().ct_eq(expected));
        (right && !self.used.swap(true, Ordering::Relaxed)).then_some(&self.administrator)
    }
}

impl fmt::Debug for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Welcome")
    }
}

/// The link was opened.
pub(crate) async fn arrive(
    State(site): State<Site>,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    let welcome = site.welcome.as_ref();
    let Some(who) = welcome.and_then(|welcome| welcome.redeem(&secret)) else {
        return Err(dead_link());
    };
    let text = format!("{} signed in by the demo's link.", who.name);
    note(&site, EventKind::SignedIn, &who.name, text).await?;
    begin_session(&site, who, see_other("/")).await
}

fn dead_link() -> Problem {
    Problem::new(
        StatusCode::GONE,
        Diagnosis::new(
            Fault::Owner,
            "This link has been used.",
            "Stay in the browser that opened it, or start the demo again: it prints a new one.",
        ),
    )
}
