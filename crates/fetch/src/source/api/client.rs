//! Requests to an API by which mail is read: one client for all of them, a token with each request,
//! and what a refusal means.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING};
use http::{HeaderValue, Method};
use mailgrant_mail::{Limits, MailError, MailServer, Security, Trust};
use mailgrant_oauth::is_safe_transport;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::Refused;

/// No page of a listing comes near this.
const LONGEST_PAGE: usize = 8 * 1024 * 1024;
/// How much of a refusal is read.
const LONGEST_REFUSAL: usize = 16 * 1024;
/// How much of its words is shown.
const LONGEST_WORDS: usize = 500;
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_mins(1);

/// The client of all APIs. It follows no redirect, for a token goes nowhere but where it was meant
/// for; it uses no proxy and repeats nothing by itself.
#[derive(Debug, Default)]
pub(crate) struct Apis(OnceLock<Client>);

impl Apis {
    fn client(&self, trust: &Trust, limits: Limits) -> Result<Client, reqwest::Error> {
        if let Some(client) = self.0.get() {
            return Ok(client.clone());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a client for mail alone, with every limit set"
        )]
        let client = Client::builder()
            .tls_backend_preconfigured(trust.config().as_ref().clone())
            .user_agent(concat!("Mailgrant/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            // Between two parts of an answer: a large message may take long as a whole.
            .read_timeout(limits.answer)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .pool_idle_timeout(IDLE)
            .build()?;
        Ok(self.0.get_or_init(|| client).clone())
    }
}

/// One API with one mailbox's token.
pub(crate) struct Api {
    client: Client,
    base: Url,
    server: MailServer,
    /// `Bearer` and the token.
    authorization: HeaderValue,
    /// What goes with each request besides.
    prefer: Option<HeaderValue>,
    /// A request with this token has succeeded.
    proved: bool,
}

/// What came of a request.
pub(in crate::source) enum Answer {
    /// It succeeded.
    Good(Response),
    /// It did not, for a reason that may be known to whoever asked.
    Refused(Refused),
}

impl Api {
    /// Nothing is asked yet. `prefer` goes with each request.
    pub(crate) fn new(
        apis: &Apis,
        trust: &Trust,
        limits: Limits,
        base: Url,
        token: &SecretString,
        prefer: Option<&'static str>,
    ) -> Result<Self, MailError> {
        let name = origin(&base);
        let unusable = |why: &str| MailError::Connect {
            server: name.clone(),
            why: why.to_owned(),
        };
        if !is_safe_transport(&base) {
            return Err(unusable("plain HTTP is for loopback addresses only"));
        }
        let security = match base.scheme() {
            "https" => Security::Tls,
            _ => Security::Plain,
        };
        let port = base.port_or_known_default().unwrap_or(443);
        let server = MailServer::new(base.host_str().unwrap_or_default(), port, security)
            .map_err(|error| unusable(&error.to_string()))?;
        let client = apis.client(trust, limits).map_err(|error| MailError::Tls {
            server: name.clone(),
            why: in_words(&error),
        })?;
        let bearer = format!("Bearer {}", token.expose_secret());
        let mut authorization = HeaderValue::from_str(&bearer)
            .map_err(|_| unusable("the access token does not fit into a header"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            client,
            base,
            server,
            authorization,
            prefer: prefer.map(HeaderValue::from_static),
            proved: false,
        })
    }

    pub(in crate::source) fn server(&self) -> &MailServer {
        &self.server
    }

    /// The address below the base that these segments name, each of them as it is.
    pub(in crate::source) fn at<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Asks for a JSON document of bounded length.
    pub(in crate::source) async fn get<T: DeserializeOwned>(
        &mut self,
        url: Url,
    ) -> Result<Result<T, Refused>, MailError> {
        match self.send(Method::GET, url, None).await? {
            Answer::Good(response) => self.document(response).await.map(Ok),
            Answer::Refused(refused) => Ok(Err(refused)),
        }
    }

    /// Sends a request. An address elsewhere than the API's own gets no token.
    pub(in crate::source) async fn send(
        &mut self,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<Answer, MailError> {
        if url.origin() != self.base.origin() {
            return Err(self.broke_protocol("it names an address elsewhere"));
        }
        let mut request = self.client.request(method, url);
        request = request.header(AUTHORIZATION, self.authorization.clone());
        if let Some(prefer) = &self.prefer {
            request = request.header("Prefer", prefer.clone());
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        if response.status().is_success() {
            self.proved = true;
            return Ok(Answer::Good(response));
        }
        Ok(Answer::Refused(self.refused(response).await))
    }

    async fn document<T: DeserializeOwned>(&self, response: Response) -> Result<T, MailError> {
        let bytes = self.read(response, LONGEST_PAGE).await?;
        serde_json::from_slice(&bytes)
            .map_err(|_| self.broke_protocol("its answer is not the JSON that was asked for"))
    }

    /// A whole answer, of at most so many bytes.
    async fn read(&self, mut response: Response, most: usize) -> Result<Vec<u8>, MailError> {
        let mut read = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken(&error))?
        {
            if read.len() + chunk.len() > most {
                return Err(self.broke_protocol(&format!("it sends more than {most} bytes")));
            }
            read.extend_from_slice(&chunk);
        }
        Ok(read)
    }

    /// Reads an answer that nobody needs, so that the connection serves again.
    pub(in crate::source) async fn pass_over(&self, mut response: Response) {
        let mut left = LONGEST_PAGE;
        while let Ok(Some(chunk)) = response.chunk().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    }

    /// The next part of an answer that is read as it comes.
    pub(in crate::source) async fn chunk(
        &self,
        response: &mut Response,
    ) -> Result<Option<Bytes>, MailError> {
        response.chunk().await.map_err(|error| self.broken(&error))
    }

    async fn refused(&self, mut response: Response) -> Refused {
        let mut body = Vec::new();
        while body.len() < LONGEST_REFUSAL {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                _ => break,
            }
        }
        let wait = response.headers().get(RETRY_AFTER);
        Refused::read(response.status(), wait, &body, |words| self.shown(words))
    }

    /// A server's words on one line, without the token, should it say that back.
    fn shown(&self, words: &str) -> String {
        let token = self.authorization.to_str().unwrap_or_default();
        let token = token.strip_prefix("Bearer ").unwrap_or_default();
        let words = match token {
            "" => words.to_owned(),
            token => words.replace(token, "…"),
        };
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = words.chars().take(LONGEST_WORDS).map(printable).collect();
        line.trim().to_owned()
    }

    /// What a refusal of `request` means where nobody knows better.
    pub(in crate::source) fn error(&self, request: &str, refused: Refused) -> MailError {
        refused.error(origin(&self.base), request, self.proved)
    }

    /// The same where a lack of rights is about this one request, and says nothing about others.
    pub(in crate::source) fn refusal(&self, request: &str, refused: Refused) -> MailError {
        if refused.is_for_lack_of_rights() {
            return refused.told(origin(&self.base), request);
        }
        self.error(request, refused)
    }

    /// The same where a failure may be about this one message, which must not hold up others for ever.
    pub(in crate::source) fn failure(&self, request: &str, refused: Refused) -> MailError {
        if refused.is_failure() {
            return MailError::Closed {
                server: origin(&self.base),
                why: refused.said,
                token_ended: false,
            };
        }
        self.error(request, refused)
    }

    pub(in crate::source) fn broke_protocol(&self, why: &str) -> MailError {
        MailError::Protocol {
            server: origin(&self.base),
            why: why.to_owned(),
        }
    }

    /// No answer, or not the whole of it.
    pub(in crate::source) fn broken(&self, error: &reqwest::Error) -> MailError {
        let (server, why) = (origin(&self.base), in_words(error));
        if error.is_connect() {
            return MailError::Connect { server, why };
        }
        MailError::Closed {
            server,
            why,
            token_ended: false,
        }
    }

    /// That the end of an answer is certain to be noticed: HTTP/1.0 has no other sign of it than that
    /// the connection ends, which a break is too.
    pub(in crate::source) fn has_an_end(&self, response: &Response) -> Result<(), MailError> {
        let headers = response.headers();
        if headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING) {
            return Ok(());
        }
        Err(self.broke_protocol("its answer does not say where it ends"))
    }
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The last cause says what happened; those before it name the address.
fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut deepest = error.source();
    while let Some(next) = deepest.and_then(|cause| cause.source()) {
        deepest = Some(next);
    }
    deepest.map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}
