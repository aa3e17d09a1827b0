//! The one HTTP client: time limits, no redirects, answers of bounded size.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use mailgrant_base::{Clock, Random, SystemClock, SystemRandom};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::Refusal;
use crate::cache::Cache;
use crate::endpoints::Document;
use crate::keys::Keys;
use crate::roll_over::RollOvers;
use crate::transport::is_safe_transport;

/// No answer of an identity provider comes near this; what is longer is cut off unread.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// A provider that asks for more patience than this is asked again after this long all the same.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// How long an idle connection is kept: long enough for a round of renewals.
const IDLE: Duration = Duration::from_secs(30);

/// No more of an address is shown.
const LONGEST_PLACE: usize = 300;

/// Sends requests to identity providers, and remembers what they publish about themselves. Cheap
/// to clone; connections and memory are shared.
///
/// It follows no redirect, uses no proxy, decompresses nothing, never repeats a request by itself
/// and speaks plain HTTP to loopback addresses only.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

struct Inner {
    client: reqwest::Client,
    /// Discovery documents, by issuer.
    documents: Cache<Document>,
    /// Signing keys, by the address of their set.
    keys: Cache<Keys>,
    /// Which providers refuse the first of two credentials.
    roll_overs: RollOvers,
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
        Self::with_roots(timeout, [])
    }

    /// The same, trusting these certificate authorities as well: for a provider inside a company.
    pub fn with_roots(
        timeout: Duration,
        roots: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, HttpFailure> {
        let failure = |error: &dyn Error| HttpFailure {
            url: "TLS".to_owned(),
            why: deepest(error),
        };
        let tls = tls_config(roots.into_iter().collect()).map_err(|error| failure(&error))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where a client is made"
        )]
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("Mailgrant/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(2)
            .build()
            .map_err(|error| failure(&error))?;
        Ok(Self {
            inner: Arc::new(Inner {
                client,
                documents: Cache::default(),
                keys: Cache::default(),
                roll_overs: RollOvers::default(),
            }),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        })
    }

    /// The same client with another clock and another source of randomness: both are in what
    /// Mailgrant signs.
    pub fn with_clock(self, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            clock,
            random,
            ..self
        }
    }

    /// Asks for a JSON document.
    pub(crate) async fn get(&self, url: &Url) -> Result<Answer, Refusal> {
        self.send(url, self.inner.client.get(url.clone())).await
    }

    /// Sends a form, as the token endpoint wants it (RFC 6749, section 4.1.3).
    pub(crate) async fn post(
        &self,
        url: &Url,
        form: &SecretString,
        authorization: Option<&SecretString>,
    ) -> Result<Answer, Refusal> {
        let mut request = self.inner.client.post(url.clone());
        if let Some(value) = authorization {
            let mut value = HeaderValue::from_str(value.expose_secret())
                .map_err(|_| failure(url, "the client credential does not fit into a header"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.expose_secret().to_owned());
        self.send(url, request).await
    }

    async fn send(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Answer, Refusal> {
        if !is_safe_transport(url) {
            return Err(failure(url, "plain HTTP is for loopback addresses only").into());
        }
        let failed = |error: reqwest::Error| failure(url, &in_words(&error));
        let request = request.header(ACCEPT, "application/json");
        let mut response = request.send().await.map_err(failed)?;
        let mut answer = Answer {
            status: response.status(),
            media_type: text(response.headers(), &CONTENT_TYPE),
            retry_after: retry_after(response.headers()),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if answer.body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Refusal::Garbled(format!(
                    "{} sends more than {LONGEST_ANSWER} bytes",
                    place(url)
                )));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    pub(crate) fn documents(&self) -> &Cache<Document> {
        &self.inner.documents
    }

    pub(crate) fn keys(&self) -> &Cache<Keys> {
        &self.inner.keys
    }

    pub(crate) fn roll_overs(&self) -> &RollOvers {
        &self.inner.roll_overs
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

impl From<HttpFailure> for Refusal {
    fn from(failure: HttpFailure) -> Self {
        Self::Later {
            why: failure.to_string(),
            retry_after: None,
            known: None,
        }
    }
}

/// An answer, read to its end. No `Debug`: the body may hold tokens.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Scheme, host and path: what may be shown of an address.
pub(crate) fn place(url: &Url) -> String {
    let host = &url[url::Position::BeforeHost..url::Position::AfterPath];
    // A parsed address is ASCII. A provider may name very long ones.
    let (cut, rest) = host.split_at(host.len().min(LONGEST_PLACE));
    let rest = if rest.is_empty() { "" } else { "…" };
    format!("{}://{cut}{rest}", url.scheme())
}

fn tls_config(roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let own_roots = !roots.is_empty();
    match Verifier::new_with_extra_roots(roots, provider) {
        Ok(verifier) => Ok(config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth()),
        Err(error) if own_roots => Err(error),
        // A bare container may have none; a provider on loopback works all the same.
        Err(error) => {
            tracing::warn!(
                %error,
                "no certificate authorities on this machine, so every https connection will be \
                 refused; install the package ca-certificates"
            );
            Ok(config
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth())
        }
    }
}

fn failure(url: &Url, why: &str) -> HttpFailure {
    HttpFailure {
        url: place(url),
        why: why.to_owned(),
    }
}

fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let deepest = deepest(error);
    if error.is_connect() {
        format!("no connection: {deepest}")
    } else {
        format!("the connection broke: {deepest}")
    }
}

/// The last cause says what happened; those before it only say to whom.
fn deepest(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3). A date is counted from the
/// answer's own `Date`, so that a clock that is wrong here or there does no harm.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    let wait = if let Ok(seconds) = value.trim().parse() {
        Duration::from_secs(seconds)
    } else {
        let until = jiff::fmt::rfc2822::parse(&value).ok()?.timestamp();
        let now = jiff::fmt::rfc2822::parse(&text(headers, &DATE)?)
            .ok()?
            .timestamp();
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    type Case<'a> = (&'a [(HeaderName, &'a str)], Option<u64>);

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let date = "Tue, 24 Nov 2026 04:00:00 GMT";
        let cases: [Case<'_>; 7] = [
            (&[(RETRY_AFTER, "120")], Some(120)),
            (&[(RETRY_AFTER, "99999999")], Some(86_400)),
            (
                &[(RETRY_AFTER, "Tue, 24 Nov 2026 04:01:30 GMT"), (DATE, date)],
                Some(90),
            ),
            (
                &[(RETRY_AFTER, "Tue, 24 Nov 2026 03:00:00 GMT"), (DATE, date)],
                Some(0),
            ),
            (&[(RETRY_AFTER, "Tue, 24 Nov 2026 04:01:30 GMT")], None),
            (&[(RETRY_AFTER, "soon")], None),
            (&[], None),
        ];
        for (pairs, seconds) in cases {
            assert_eq!(
                retry_after(&headers(pairs)),
                seconds.map(Duration::from_secs),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn what_is_shown_of_an_address_has_no_query_and_no_password() {
        let url = Url::parse("https://user:pw@example.com:8443/token?secret=x#y").unwrap();
        assert_eq!(place(&url), "https://example.com:8443/token");
    }
}
