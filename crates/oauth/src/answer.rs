//! What the token endpoint answers, read with tolerance: servers differ in small things, and a
//! mailbox must not stop over them.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::error_catalogue::{knows_number, look_up, number_in};
use crate::http_client::Answer;
use crate::refusal::Place;
use crate::words::{Secrets, TRACE, clean, clean_description};
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
    let expires_in = fields.get("expires_in").and_then(read_seconds);
    // Handed out it would only be refused elsewhere, where nobody could see why.
    if expires_in.is_some_and(|life| life.is_zero()) {
        return garbled("it gives an access token that has ended already");
    }
    Ok(Tokens {
        access_token: access_token.into(),
        expires_in,
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
        let known = said.as_ref().and_then(look_up);
        let words = said.map(|said| format!(", {said}")).unwrap_or_default();
        return Err(Refusal::Later {
            why: format!("HTTP {status}{words}"),
            retry_after: answer.retry_after,
            known: known.filter(|row| row.fault.passes_by_itself()),
        });
    }
    match (said, fields) {
        (Some(said), _) => Err(Refusal::sort(Place::Token, said, answer.retry_after)),
        (None, Some(fields)) if answer.status.is_success() => Ok(fields),
        _ => Err(Refusal::Garbled(no_json(answer, secrets))),
    }
}

/// What came in the place of JSON; of a page its title, which often says whose page it is.
fn no_json(answer: &Answer, secrets: &Secrets<'_>) -> String {
    let status = answer.status.as_u16();
    let media_type = answer.media_type.as_deref().unwrap_or("no media type");
    let media_type = clean(media_type, secrets).unwrap_or_default();
    let page = title(&answer.body, secrets)
        .map(|title| format!(" (a page with the title \"{title}\")"))
        .unwrap_or_default();
    format!("HTTP {status} with {media_type}{page}, where JSON of OAuth was due")
}

/// The title of an HTML page, one line of at most some 100 characters.
fn title(body: &[u8], secrets: &Secrets<'_>) -> Option<String> {
    const NEAR: usize = 16 * 1024;
    const LONGEST_TITLE: usize = 100;
    let text = String::from_utf8_lossy(body.get(..NEAR).unwrap_or(body));
    // Lower case of ASCII has the same places.
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let title = clean(text.get(start..end)?, secrets)?;
    Some(title.chars().take(LONGEST_TITLE).collect())
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
    // Microsoft's number stands in a member of its own as well, and often more than one.
    let numbers = fields.get("error_codes").and_then(Value::as_array);
    let numbers: Vec<u64> = numbers
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    let known = numbers.iter().find(|&&number| knows_number(number));
    let number = known.or(numbers.first()).copied();
    let description = match (description, number) {
        (None, Some(number)) => Some(format!("AADSTS{number}")),
        (Some(text), Some(number)) if number_in(&text).is_none() => {
            Some(format!("AADSTS{number}: {text}"))
        }
        (description, _) => description,
    };
    let description = description.map(|text| format!("{text}{}", identifiers(fields, &text)));
    let suberror = fields.get("suberror").and_then(Value::as_str);
    Some(Said {
        error: clean(&error, secrets)?,
        description: description.and_then(|text| clean_description(&text, secrets)),
        number,
        suberror: suberror.and_then(|text| clean(text, secrets)),
        status: Some(answer.status.as_u16()),
    })
}

/// Microsoft's identifiers, where they stand in members and not in the description.
fn identifiers(fields: &Map<String, Value>, description: &str) -> String {
    if description.contains(TRACE) {
        return String::new();
    }
    let named = [
        ("Trace ID", "trace_id"),
        ("Correlation ID", "correlation_id"),
        ("Timestamp", "timestamp"),
    ];
    let member = |name| fields.get(name).and_then(Value::as_str);
    if member("trace_id").is_none() {
        return String::new();
    }
    named
        .iter()
        .filter_map(|(name, field)| Some(format!(" {name}: {}", member(field)?)))
        .collect()
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
            Refusal::Later {
                why, retry_after, ..
            } => format!("later {why} {retry_after:?}"),
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
            (r#""expires_in":1,"scope":"""#, Some(1), None),
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
            (200, r#"{"access_token":"a","expires_in":0}"#),
            (200, r#"{"access_token":"a","expires_in":-5}"#),
            (200, r#"{"access_token":"a","expires_in":"0"}"#),
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
    fn a_page_in_the_place_of_json_is_shown_by_its_title() {
        for (page, shown) in [
            (
                "<!DOCTYPE html><title>Log in to\n the hotel</title>",
                "\"Log in to the hotel\"",
            ),
            (
                "<HTML><TITLE lang=de>Gr\u{fc}\u{df}e\u{202e}</TITLE>",
                "\"Gr\u{fc}\u{df}e\"",
            ),
        ] {
            assert!(refused(200, page).contains(shown), "{}", refused(200, page));
        }
        let long = format!("<title>{}</title>", "x".repeat(5000));
        assert!(refused(400, &long).chars().count() < 250);
        for none in ["<title>", "<title></title>", "<title", "</title><title>"] {
            assert!(!refused(400, none).contains("a page"), "{none}");
        }
    }

    #[test]
    fn microsofts_members_are_read_beside_its_description() {
        let said = |body: &str| match read(400, body).unwrap_err() {
            Refusal::NeedsPerson(said) | Refusal::Profile(said) => said,
            other => panic!("{other}"),
        };
        let members = r#""error":"invalid_grant","error_codes":[99999999,50173],"suberror":"bad_token","trace_id":"t","correlation_id":"c","timestamp":"2026-11-24 09:00:00Z""#;
        let read = said(&format!("{{{members}}}"));
        assert_eq!(read.number, Some(50173));
        assert_eq!(read.suberror.as_deref(), Some("bad_token"));
        let tail = "Trace ID: t Correlation ID: c Timestamp: 2026-11-24 09:00:00Z";
        assert_eq!(read.description, Some(format!("AADSTS50173 {tail}")));
        let read = said(&format!(r#"{{{members},"error_description":"It ended."}}"#));
        assert_eq!(
            read.description,
            Some(format!("AADSTS50173: It ended. {tail}"))
        );
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
        fn whatever_is_said_is_shown_in_bounds_and_without_control_characters(
            error in ".{0,900}", description in proptest::option::of(".{0,2000}"),
            numbers in proptest::collection::vec(any::<u64>(), 0..4), suberror in ".{0,900}",
            trace in proptest::option::of(".{0,900}"), status in 200u16..600,
        ) {
            let body = serde_json::json!({
                "error": error, "error_description": description, "error_codes": numbers,
                "suberror": suberror, "trace_id": trace, "timestamp": trace,
            });
            if let Err(refusal) = read(status, &body.to_string()) {
                let diagnosis = mailgrant_base::Diagnose::diagnosis(&refusal);
                let shown = format!("{diagnosis} {}", diagnosis.said.clone().unwrap_or_default());
                prop_assert!(!shown.chars().any(char::is_control));
                prop_assert!(shown.chars().count() < 3000);
            }
        }

        #[test]
        fn any_page_in_the_place_of_json_is_told_in_few_words(
            before in ".{0,40}", tag in "<(title|TITLE|titlе|title lang=.{0,9})>?", title in ".{0,2000}",
            end in "(</title>|</TITLE|)", media_type in proptest::option::of(".{0,2000}"), status in 200u16..500,
        ) {
            let mut page = answer(status, &format!("{before}{tag}{title}{end}"));
            page.media_type = media_type;
            let refusal = read_tokens(&page, &Secrets::default()).unwrap_err();
            let diagnosis = mailgrant_base::Diagnose::diagnosis(&refusal);
            let shown = format!("{diagnosis} {}", diagnosis.said.clone().unwrap_or_default());
            prop_assert!(!shown.chars().any(char::is_control), "{}", shown);
            prop_assert!(shown.chars().count() < 1500, "{}", shown);
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
                let known = ["invalid_grant", "interaction_required", "login_required", "consent_required", "account_selection_required", "expired_token", "authorization_declined", "bad_verification_code", "invalid_code"];
                prop_assert!(known.contains(&said.error.as_str()));
            }
        }
    }
}
