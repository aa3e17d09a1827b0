//! The one HTTP client: time limits, no redirects, answers of bounded size.

use std::time::Duration;

use crate::Refusal;

/// Sends requests to identity providers. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct HttpClient {
    inner: reqwest::Client,
}

/// Why no answer came. Nobody's fault: to be tried again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{url}: {why}")]
pub struct HttpFailure {
    /// Whom we asked (host and path, no query).
    pub url: String,
    /// What happened, in words: `connection refused`, `timed out`, `certificate has expired`.
    pub why: String,
}

impl HttpClient {
    /// A client that trusts the system's certificate authorities, and waits at most `timeout` for
    /// an answer.
    pub fn new(timeout: Duration) -> Result<Self, HttpFailure> {
        todo!()
    }
}
