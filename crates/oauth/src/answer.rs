//! What the token endpoint answers, read with tolerance: servers differ in small things, and a
//! mailbox must not stop over them.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::http_client::Answer;
use crate::refusal::Place;
use crate::words::{Secrets, clean};
use crate::{Refusal, Said, Scope, Tokens};

/// No token lives longer, whatever is said; so no sum of times can overflow.
const LONGEST_LIFE: u64 = 365 * 24 * 60 * 60;

/// Tokens, or why there are none. `secrets` is what was sent, so that it is not shown if the answer
/// repeats it.
pub(crate) fn read_tokens(answer: &Answer, secrets: &Secrets<'_>) -> Result<Tokens, Refusal> {
    let fields = read_fields(answer, secrets)?;
    let text = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let garbled = |why: &str| Err(Refusal::Garbled(why.to_owned()));
    if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return garbled("it gives an access token of another type than Bearer");
    }
    let Some(access_token) = text("access_token") else {
        return garbled("it gives no access token");
    };
    // RFC 6749, appendix A.12; whatever else it held could break the login's framing.
    if !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return garbled("its access token has characters that a token cannot have");
    }
    Ok(Tokens {
        access_token: access_token.into(),
        expires_in: fields.get("expires_in").and_then(read_seconds),
        refresh_token: text("refresh_token").map(SecretString::from),
        scopes: fields.get("scope").and_then(read_scopes),
        id_token: text("id_token").map(SecretString::from),
    })
}

/// The fields of a success, or the refusal.
pub(crate) fn read_fields(
    answer: &Answer,
    secrets: &Secrets<'_>,
) -> Result<Map<String, Value>, Refusal> {
    let fields: Option<Map<String, Value>> = serde_json::from_slice(&answer.body).ok();
    let said = fields
        .as_ref()
        .and_then(|fields| read_said(fields, answer, secrets));
    let status = answer.status.as_u16();
    if answer.status.is_server_error() || matches!(status, 408 | 425 | 429) {
        let words = said.map(|said| format!(", {said}")).unwrap_or_default();
        return Err(Refusal::Later {
            why: format!("HTTP {status}{words}"),
            retry_after: answer.retry_after,
        });
    }
    match (said, fields) {
        (Some(said), _) => Err(Refusal::sort(Place::Token, said, answer.retry_after)),
        (None, Some(fields)) if answer.status.is_success() => Ok(fields),
        _ => {
            let media_type = answer.media_type.as_deref().unwrap_or("no media type");
            let media_type = clean(media_type, secrets).unwrap_or_default();
            let why = format!("HTTP {status} with {media_type}, where JSON of OAuth was due");
            Err(Refusal::Garbled(why))
        }
    }
}

/// The OAuth error code of a refusal, to be compared and not shown.
pub(crate) fn error_code(answer: &Answer) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_slice(&answer.body).ok()?;
    let refused = answer.status.is_client_error();
    let error = fields.get("error").and_then(Value::as_str);
    error.filter(|_| refused).map(str::to_owned)
}

/// The error in an answer, whatever its status: some servers refuse with 200.
fn read_said(fields: &Map<String, Value>, answer: &Answer, secrets: &Secrets<'_>) -> Option<Said> {
    // Google's other APIs, and some gateways, answer with an object in place of the code.
    let (error, beside) = match fields.get("error")? {
        Value::Object(object) => (object.get("status").or_else(|| object.get("code")), object),
        error => (Some(error), fields),
    };
    let error = match error {
        Some(Value::String(error)) => error.clone(),
        Some(Value::Null) | None => return None,
        Some(other) => other.to_string(),
    };
    let description = beside
        .get("error_description")
        .or_else(|| beside.get("message"));
    let description = description.and_then(Value::as_str).map(str::to_owned);
    // Microsoft's number stands in a field of its own as well.
    let number = fields
        .get("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(Value::as_u64);
    let description = description.or_else(|| number.map(|number| format!("AADSTS{number}")));
    Some(Said {
        error: clean(&error, secrets)?,
        description: description.and_then(|text| clean(&text, secrets)),
        status: Some(answer.status.as_u16()),
    })
}

/// `expires_in`: a number, or a number written as text.
pub(crate) fn read_seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // Times of less than nothing are over.
    let seconds = seconds.is_finite().then(|| seconds.max(0.0))?;
    let longest = Duration::from_secs(LONGEST_LIFE);
    Some(Duration::try_from_secs_f64(seconds).map_or(longest, |life| life.min(longest)))
}

/// `scope`: a list separated by spaces, or an array. What is no scope token is passed over.
fn read_scopes(value: &Value) -> Option<Vec<Scope>> {
    let words: Vec<&str> = match value {
        Value::String(text) => text.split_whitespace().collect(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let scopes: Vec<Scope> = words
        .iter()
        .filter_map(|word| Scope::parse(word).ok())
        .collect();
    (!scopes.is_empty()).then_some(scopes)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            media_type: Some("text/html; charset=utf-8".to_owned()),
            retry_after: Some(Duration::from_secs(9)),
            body: body.as_bytes().to_vec(),
        }
    }

    fn read(status: u16, body: &str) -> Result<Tokens, Refusal> {
        read_tokens(&answer(status, body), &Secrets::default())
    }

    fn refused(status: u16, body: &str) -> String {
        match read(status, body).unwrap_err() {
            Refusal::NeedsPerson(said) => format!("person {said}"),
            Refusal::Profile(said) => format!("profile {said}"),
            Refusal::Later { why, retry_after } => format!("later {why} {retry_after:?}"),
            Refusal::Garbled(why) => format!("garbled {why}"),
        }
    }

    #[test]
    fn an_answer_of_the_standard_is_read() {
        let tokens = read(
            200,
            r#"{"access_token":"a.b-c_d~e+f/g=","token_type":"Bearer","expires_in":3599,
                "refresh_token":"r","scope":"one two","id_token":"i","ext_expires_in":3599}"#,
        )
        .unwrap();
        assert_eq!(tokens.access_token.expose_secret(), "a.b-c_d~e+f/g=");
        assert_eq!(tokens.expires_in, Some(Duration::from_secs(3599)));
        assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "r");
        assert_eq!(Scope::join(&tokens.scopes.unwrap()), "one two");
        assert_eq!(tokens.id_token.unwrap().expose_secret(), "i");
    }

    #[test]
    fn small_differences_are_borne() {
        for (fields, life, scopes) in [
            (
                r#""token_type":"BEARER","expires_in":"3600""#,
                Some(3600),
                None,
            ),
            (
                r#""expires_in":3600.0,"scope":["a","b c"]"#,
                Some(3600),
                Some("a"),
            ),
            (r#""expires_in":-5,"scope":"""#, Some(0), None),
            (
                r#""expires_in":1e30,"scope":null"#,
                Some(LONGEST_LIFE),
                None,
            ),
            (
                r#""expires_in":null,"refresh_token":"","id_token":null"#,
                None,
                None,
            ),
            (r#""expires_in":"soon","error":null"#, None, None),
        ] {
            let tokens = read(200, &format!(r#"{{"access_token":"a",{fields}}}"#)).unwrap();
            assert_eq!(tokens.expires_in, life.map(Duration::from_secs), "{fields}");
            assert_eq!(
                tokens.scopes.map(|s| Scope::join(&s)).as_deref(),
                scopes,
                "{fields}"
            );
            assert!(tokens.refresh_token.is_none() && tokens.id_token.is_none());
        }
    }

    #[test]
    fn what_is_no_answer_of_a_token_endpoint_is_garbled() {
        for (status, body) in [
            (200, "<html>Sign in to the hotel's network</html>"),
            (200, r#"{"access_token":"a"#),
            (200, "{}"),
            (200, ""),
            (200, "[]"),
            (200, r#"{"access_token":""}"#),
            (200, r#"{"access_token":7}"#),
            (200, r#"{"access_token":"a\u0001b"}"#),
            (200, r#"{"access_token":"a","token_type":"DPoP"}"#),
            (302, ""),
            (400, "<html>"),
            (403, r#"{"message":"Forbidden"}"#),
            (404, "not found"),
        ] {
            let said = refused(status, body);
            assert!(said.starts_with("garbled "), "{status} {body}: {said}");
        }
        insta::assert_snapshot!(refused(403, "<html>"), @"garbled HTTP 403 with text/html; charset=utf-8, where JSON of OAuth was due");
    }

    #[test]
    fn errors_are_sorted_by_what_has_to_happen() {
        for (status, body, expected) in [
            (400, r#"{"error":"invalid_grant"}"#, "person invalid_grant"),
            (
                401,
                r#"{"error":"invalid_client","error_description":"no"}"#,
                "profile invalid_client: no",
            ),
            (
                400,
                r#"{"error":"temporarily_unavailable"}"#,
                "later temporarily_unavailable Some(9s)",
            ),
            (
                400,
                r#"{"error":"server_error"}"#,
                "later server_error Some(9s)",
            ),
            (429, "slow down", "later HTTP 429 Some(9s)"),
            (408, "", "later HTTP 408 Some(9s)"),
            (503, "<html>", "later HTTP 503 Some(9s)"),
            (
                500,
                r#"{"error":"invalid_grant"}"#,
                "later HTTP 500, invalid_grant Some(9s)",
            ),
            (200, r#"{"error":"invalid_grant"}"#, "person invalid_grant"),
            (
                200,
                r#"{"error":"invalid_grant","access_token":"a"}"#,
                "person invalid_grant",
            ),
            (
                400,
                r#"{"error":"invalid_grant","error_codes":[7000222]}"#,
                "profile invalid_grant: AADSTS7000222",
            ),
            (
                400,
                r#"{"error":"brand_new"}"#,
                "garbled it refuses for a reason that is not known: brand_new",
            ),
            (
                400,
                r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"m"}}"#,
                "garbled it refuses for a reason that is not known: INVALID_ARGUMENT: m",
            ),
        ] {
            assert_eq!(refused(status, body), expected);
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(status in 200u16..600, body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut answer = answer(status, "");
            answer.body = body;
            let _ = read_tokens(&answer, &Secrets::default());
        }

        #[test]
        fn an_access_token_never_has_space_or_control(token in "\\PC*|[\\x00-\\x7f]{1,8}") {
            let body = serde_json::json!({"access_token": token}).to_string();
            if let Ok(tokens) = read(200, &body) {
                prop_assert!(tokens.access_token.expose_secret().bytes().all(|b| b.is_ascii_graphic()));
            }
        }

        #[test]
        fn only_known_errors_end_a_grant(error in "[a-z_]{1,20}", status in 400u16..500) {
            let body = serde_json::json!({"error": error}).to_string();
            if let Err(Refusal::NeedsPerson(said)) = read(status, &body) {
                let known = ["invalid_grant", "interaction_required", "login_required", "consent_required", "account_selection_required"];
                prop_assert!(known.contains(&said.error.as_str()));
            }
        }
    }
}
