//! What the provider says about a token (RFC 7662): for diagnosis.

use http::StatusCode;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::answer::read_fields;
use crate::http_client::Answer;
use crate::request::Request;
use crate::token_claims::{moment, text, texts};
use crate::words::Secrets;
use crate::{Endpoints, HttpClient, Profile, Refusal};

/// What the provider says about a token; all but the first is optional, and fit to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Introspection {
    /// Whether it is good for anything now.
    pub active: bool,
    /// What it allows.
    pub scopes: Vec<String>,
    /// Whom it is for.
    pub audience: Vec<String>,
    /// Who it was given to.
    pub client_id: Option<String>,
    /// Who signed in, for people.
    pub username: Option<String>,
    /// Who signed in, for machines.
    pub subject: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Asks about a token. `None` where the provider has no such endpoint.
pub async fn introspect(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    token: &SecretString,
) -> Result<Option<Introspection>, Refusal> {
    let Some(url) = &endpoints.introspection else {
        return Ok(None);
    };
    let mut request = Request::default();
    request.add_secret("token", token);
    let answered = request.send(http, profile, endpoints, url).await?;
    read(
        &read_fields(&answered.answer, &answered.secrets)?,
        &answered.secrets,
    )
    .map(Some)
}

impl Introspection {
    /// Reads an answer of the introspection endpoint: its status and its body.
    pub fn read(status: StatusCode, body: &[u8]) -> Result<Self, Refusal> {
        let answer = Answer {
            status,
            media_type: None,
            retry_after: None,
            body: body.to_vec(),
        };
        let secrets = Secrets::default();
        read(&read_fields(&answer, &secrets)?, &secrets)
    }
}

fn read(fields: &Map<String, Value>, secrets: &Secrets<'_>) -> Result<Introspection, Refusal> {
    let Some(active) = fields.get("active").and_then(Value::as_bool) else {
        let why = "it does not say whether the token is active";
        return Err(Refusal::Garbled(why.to_owned()));
    };
    Ok(Introspection {
        active,
        scopes: texts(fields, "scope", secrets),
        audience: texts(fields, "aud", secrets),
        client_id: text(fields, "client_id", secrets),
        username: text(fields, "username", secrets),
        subject: text(fields, "sub", secrets),
        expires_at: moment(fields, "exp"),
    })
}
