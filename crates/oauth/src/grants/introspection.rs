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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ProviderKind::Oidc;
    use crate::endpoints::tests::endpoints;
    use crate::test_server::{Reply, TestServer, http_client, profile};

    #[tokio::test]
    async fn a_provider_is_asked_about_a_token_and_does_not_show_it() {
        let server = TestServer::start().await;
        server.queue([
            Reply::json(
                r#"{"active":true,"scope":"mail openid","aud":["a","b"],"username":"desk AT-1234",
                    "client_id":"c","sub":"s","exp":1767225600}"#,
            ),
            Reply::json(r#"{"active":false}"#),
            Reply::json(r#"{"active":"yes"}"#),
        ]);
        let known = Endpoints {
            introspection: Some(server.url("/introspect")),
            ..endpoints("https://login.example.com")
        };
        let token = SecretString::from("AT-1234");
        let (http, oidc) = (http_client(), profile(Oidc));
        let ask = || introspect(&http, &oidc, &known, &token);
        let said = ask().await.unwrap().unwrap();
        assert!(said.active);
        assert_eq!(said.scopes, ["mail", "openid"]);
        assert_eq!(said.audience, ["a", "b"]);
        assert_eq!(said.username.as_deref(), Some("desk [redacted]"));
        assert_eq!(said.expires_at.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(ask().await.unwrap().unwrap(), Introspection::default());
        assert!(matches!(ask().await.unwrap_err(), Refusal::Garbled(_)));
        let sent = server.requests()[0].form();
        assert_eq!(sent[0], ("token".to_owned(), "AT-1234".to_owned()));

        let unknown = endpoints("https://login.example.com");
        assert_eq!(
            introspect(&http, &oidc, &unknown, &token).await.unwrap(),
            None
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in any::<String>(), exp in any::<f64>()) {
            let _ = Introspection::read(StatusCode::OK, &bytes);
            let body = serde_json::json!({"active": true, "username": text, "scope": [text], "exp": exp});
            let read = Introspection::read(StatusCode::OK, body.to_string().as_bytes()).unwrap();
            let shown = read.scopes.iter().chain(read.username.iter());
            for text in shown {
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
