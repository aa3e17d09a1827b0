//! Who is visiting: what the guard has found out about a request.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::request::Parts;
use mailgrant_vault::{Administrator, Session};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::guard::{NotSignedIn, sign_in_first};
use crate::notice::Notice;
use crate::problem::Problem;

/// What the guard has found out about a request.
#[derive(Debug, Clone)]
pub(crate) struct Visit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: Option<(SecretString, Session)>,
    browser: Browser,
    notice: Option<Notice>,
}

/// The secret that stays with a browser.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) secret: SecretString,
    /// The browser sent it; else it was made for this answer.
    pub(crate) arrived: bool,
}

impl Visit {
    pub(crate) fn new(
        session: Option<(SecretString, Session)>,
        browser: Browser,
        notice: Option<Notice>,
    ) -> Self {
        Self(Arc::new(Inner {
            session,
            browser,
            notice,
        }))
    }

    pub(crate) fn administrator(&self) -> Option<&Administrator> {
        self.0
            .session
            .as_ref()
            .map(|(_, session)| &session.administrator)
    }

    /// The session cookie's secret.
    pub(crate) fn session_token(&self) -> Option<&SecretString> {
        self.0.session.as_ref().map(|(token, _)| token)
    }

    pub(crate) fn browser(&self) -> &Browser {
        &self.0.browser
    }

    pub(crate) fn notice(&self) -> Option<Notice> {
        self.0.notice
    }

    /// What every form of this visit carries: the session's own secret, or, while nobody is signed
    /// in, one derived from the browser's.
    pub(crate) fn csrf(&self) -> String {
        if let Some((_, session)) = &self.0.session {
            return session.csrf.expose_secret().to_owned();
        }
        let mut hash = Sha256::new();
        hash.update(b"mailgrant form ");
        hash.update(self.0.browser.secret.expose_secret());
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Only a route without a guard has no visit; it must not be served as if it had one.
        parts.extensions.get::<Self>().cloned().ok_or(NotSignedIn)
    }
}

/// An administrator's visit; a handler that takes it cannot run without one.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) visit: Visit,
    /// The administrator's name, for the audit trail.
    pub(crate) name: String,
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let name = visit.administrator().ok_or(NotSignedIn)?.name.clone();
        Ok(Self { visit, name })
    }
}

/// What a form sent; read and checked by the guard.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<BTreeMap<String, String>>);

impl Sent {
    pub(crate) fn parse(body: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(body).into_owned();
        Self(Arc::new(pairs.collect()))
    }

    /// A field's value without white space around it; empty where it was not sent.
    pub(crate) fn text(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    /// A field's value as it was typed.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A password, as it was typed.
    pub(crate) fn secret(&self, name: &str) -> SecretString {
        self.raw(name).into()
    }

    /// The `yes` or `no` that a button says outright, so that it means the same when it is pressed
    /// twice.
    pub(crate) fn yes_or_no(&self, name: &str) -> Result<bool, Problem> {
        match self.raw(name) {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(Problem::nothing_said()),
        }
    }

    /// Whether a box was ticked.
    pub(crate) fn ticked(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl<S: Sync> FromRequestParts<S> for Sent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl axum::response::IntoResponse for NotSignedIn {
    fn into_response(self) -> axum::response::Response {
        sign_in_first("/")
    }
}
