//! Device authorization: somebody signs in on another device, with a code (RFC 8628).

use std::time::Duration;

use http::StatusCode;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::answer::{error_code, read_fields, read_seconds, read_tokens};
use crate::error_catalogue::PROFILE_INCOMPLETE;
use crate::http_client::Answer;
use crate::request::Request;
use crate::transport::is_safe_transport;
use crate::words::{Secrets, clean};
use crate::{Endpoints, HttpClient, Profile, Refusal, Tokens, requested_scopes};

/// RFC 8628, section 3.4.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 8628, section 3.2: how long is waited between two questions where nothing is said.
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// RFC 8628, section 3.5: how much longer is waited after `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);

/// No provider is asked more often: RFC 8628 counts in seconds, and what is less is no interval.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// No provider wants to be asked less often.
const LONGEST_INTERVAL: Duration = Duration::from_mins(5);

/// No code lives longer, whatever is said.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// A person has to type it: nobody would type more.
const LONGEST_USER_CODE: usize = 64;

/// A person may have to copy it: nobody would copy more.
const LONGEST_ADDRESS: usize = 2048;

/// What is shown to the person, and with what is asked meanwhile.
#[derive(Debug, Clone)]
pub struct DeviceAuthorization {
    /// With what the token endpoint is asked; for Mailgrant alone.
    pub device_code: SecretString,
    /// What the person types.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: Url,
    /// The same with the code in it, for a link or a QR code, where the provider has that.
    pub verification_uri_complete: Option<Url>,
    /// How long the codes live.
    pub expires_in: Duration,
    /// How long to wait before each question.
    pub interval: Duration,
}

/// What became of it so far.
#[derive(Debug, Clone)]
pub enum DevicePoll {
    /// Nobody has finished yet: ask again after `interval`, which is the one to use from now on.
    Waiting {
        /// How long to wait before the next question.
        interval: Duration,
    },
    /// The person signed in and consented.
    Granted(Tokens),
    /// The person said no.
    Declined,
    /// The codes have ended: begin anew.
    Expired,
}

/// Asks for a pair of codes (RFC 8628, section 3.1).
pub async fn begin_device(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
) -> Result<DeviceAuthorization, Refusal> {
    let Some(url) = &endpoints.device_authorization else {
        let said = "it has no device authorization endpoint, and the provider tells of none";
        return Err(Refusal::profile(PROFILE_INCOMPLETE, said));
    };
    let mut request = Request::default();
    request.add_scopes(&requested_scopes(profile, endpoints));
    let answered = request.send(http, profile, endpoints, url).await?;
    read(&read_fields(&answered.answer, &answered.secrets)?)
}

/// Asks once whether the person has finished (RFC 8628, section 3.4). Where the provider is asked
/// too often, `begun` remembers to ask it less often from now on (section 3.5).
pub async fn poll_device(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    begun: &mut DeviceAuthorization,
) -> Result<DevicePoll, Refusal> {
    let mut request = Request::of_grant(DEVICE_CODE);
    request.add_secret("device_code", &begun.device_code);
    let sent = request.send(http, profile, endpoints, &endpoints.token);
    let answered = sent.await?;
    let error = error_code(&answered.answer);
    if error.as_deref() == Some("slow_down") {
        begun.interval = (begun.interval + SLOWER).min(LONGEST_INTERVAL);
    }
    match error.as_deref() {
        Some("authorization_pending" | "slow_down") => Ok(DevicePoll::Waiting {
            interval: begun.interval,
        }),
        // The second is Entra's word for it (v2-oauth2-device-code).
        Some("access_denied" | "authorization_declined") => Ok(DevicePoll::Declined),
        Some("expired_token") => Ok(DevicePoll::Expired),
        _ => read_tokens(&answered.answer, &answered.secrets).map(DevicePoll::Granted),
    }
}

impl DeviceAuthorization {
    /// Reads an answer of the device authorization endpoint: its status and its body.
    pub fn read(status: StatusCode, body: &[u8]) -> Result<Self, Refusal> {
        let answer = Answer {
            status,
            media_type: None,
            retry_after: None,
            body: body.to_vec(),
        };
        read(&read_fields(&answer, &Secrets::default())?)
    }
}

fn read(fields: &Map<String, Value>) -> Result<DeviceAuthorization, Refusal> {
    let garbled = |why: &str| Refusal::Garbled(format!("its answer to a device has {why}"));
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let url = |name: &str| {
        let text = text(name).filter(|text| text.len() <= LONGEST_ADDRESS)?;
        let url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        (plain && is_safe_transport(&url)).then_some(url)
    };
    let device_code = text("device_code").filter(|code| !code.is_empty());
    let user_code = text("user_code")
        .and_then(|code| clean(code, &Secrets::default()))
        .filter(|code| code.chars().count() <= LONGEST_USER_CODE);
    let life = fields.get("expires_in").and_then(read_seconds);
    if life.is_some_and(|life| life.is_zero()) {
        return Err(garbled("codes that have ended already"));
    }
    let interval = fields.get("interval").and_then(read_seconds);
    Ok(DeviceAuthorization {
        device_code: device_code.ok_or_else(|| garbled("no device code"))?.into(),
        user_code: user_code.ok_or_else(|| garbled("no code that a person could type"))?,
        // The second is Google's older name.
        verification_uri: url("verification_uri")
            .or_else(|| url("verification_url"))
            .ok_or_else(|| garbled("no address over https for the person to go to"))?,
        verification_uri_complete: url("verification_uri_complete"),
        expires_in: life
            .ok_or_else(|| garbled("no time when it ends"))?
            .min(LONGEST_LIFE),
        interval: interval
            .filter(|interval| !interval.is_zero())
            .map_or(USUAL_INTERVAL, |interval| {
                interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
            }),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::ProviderKind::Microsoft;
    use crate::endpoints::tests::endpoints;
    use crate::test_server::{Reply, TestServer, http_client, profile};

    const BEGUN: &str = r#"{"device_code":"LONG-CODE","user_code":"FJCG\u0007 8QK2","expires_in":900,
        "interval":7,"verification_uri":"https://login.example.com/device","message":"…"}"#;

    fn read(body: &str) -> Result<DeviceAuthorization, Refusal> {
        DeviceAuthorization::read(StatusCode::OK, body.as_bytes())
    }

    fn at(server: &TestServer) -> Endpoints {
        Endpoints {
            token: server.url("/token"),
            device_authorization: Some(server.url("/devicecode")),
            ..endpoints("https://login.example.com")
        }
    }

    #[tokio::test]
    async fn a_device_asks_for_codes_and_then_for_the_token() {
        let server = TestServer::start().await;
        let (http, entra) = (http_client(), profile(Microsoft));
        server.queue([Reply::json(BEGUN)]);
        let mut begun = begin_device(&http, &entra, &at(&server)).await.unwrap();
        assert_eq!(begun.user_code, "FJCG 8QK2");
        assert_eq!(begun.interval.as_secs(), 7);
        assert_eq!(begun.expires_in.as_secs(), 900);
        assert_eq!(begun.verification_uri_complete, None);
        let asked = &server.requests()[0];
        assert_eq!(asked.line, "POST /devicecode HTTP/1.1");
        let names: Vec<String> = asked.form().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["scope", "client_id"]);

        let refused = |error: &str| Reply::refusal(&format!(r#"{{"error":"{error}"}}"#));
        let mut poll = async |reply| {
            server.queue([reply]);
            poll_device(&http, &entra, &at(&server), &mut begun).await
        };
        let mut waits = async |error| match poll(refused(error)).await.unwrap() {
            DevicePoll::Waiting { interval } => interval.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!(waits("authorization_pending").await, 7);
        assert_eq!(waits("slow_down").await, 12);
        // RFC 8628, section 3.5: for this and all questions that follow.
        assert_eq!(waits("authorization_pending").await, 12);
        assert_eq!(waits("slow_down").await, 17);
        // Google waits with other statuses.
        let google = Reply::with(428, "", r#"{"error":"authorization_pending"}"#);
        assert!(matches!(
            poll(google).await.unwrap(),
            DevicePoll::Waiting { .. }
        ));
        for error in ["access_denied", "authorization_declined"] {
            assert!(matches!(
                poll(refused(error)).await.unwrap(),
                DevicePoll::Declined
            ));
        }
        let expired = poll(refused("expired_token")).await.unwrap();
        assert!(matches!(expired, DevicePoll::Expired));
        let later = poll(Reply::status(503, "")).await.unwrap_err();
        assert!(matches!(later, Refusal::Later { .. }));
        let given = poll(Reply::json(r#"{"access_token":"AT"}"#)).await.unwrap();
        let DevicePoll::Granted(tokens) = given else {
            panic!("{given:?}");
        };
        assert_eq!(tokens.access_token.expose_secret(), "AT");
        let asked = server.requests().pop().unwrap().form();
        let code = ("device_code".to_owned(), "LONG-CODE".to_owned());
        assert!(asked.contains(&code), "{asked:?}");
        assert!(!format!("{begun:?}").contains("LONG-CODE"));
    }

    #[tokio::test]
    async fn a_provider_without_the_endpoint_is_not_asked() {
        let none = endpoints("https://login.example.com");
        let refusal = begin_device(&http_client(), &profile(Microsoft), &none).await;
        assert!(matches!(refusal.unwrap_err(), Refusal::Profile(_)));
    }

    #[test]
    fn nobody_is_sent_to_an_address_that_others_can_read() {
        let with = |uri: &str, complete: &str| {
            let body = serde_json::json!({
                "device_code": "d", "user_code": "u", "expires_in": "600",
                "verification_url": uri, "verification_uri_complete": complete,
            });
            read(&body.to_string())
        };
        let loopback = with("http://127.0.0.1:8/d", "https://login.example.com/d?u").unwrap();
        assert!(loopback.verification_uri_complete.is_some());
        assert_eq!(loopback.interval, USUAL_INTERVAL);
        for bad in [
            "http://login.example.com/d",
            "javascript:alert(1)",
            "",
            "https://u:p@a.example/",
        ] {
            assert!(with(bad, "https://login.example.com/").is_err(), "{bad}");
            let without = with("https://login.example.com/d", bad).unwrap();
            assert_eq!(without.verification_uri_complete, None, "{bad}");
        }
    }

    #[test]
    fn a_provider_that_wants_to_be_asked_without_a_pause_is_not() {
        for interval in ["0.000000001", "1e-9", "\"0.001\""] {
            let body = format!(
                r#"{{"device_code":"d","user_code":"u","expires_in":86400,"interval":{interval},
                    "verification_uri":"https://login.example.com/d"}}"#
            );
            assert_eq!(read(&body).unwrap().interval.as_secs(), 1, "{interval}");
        }
    }

    #[test]
    fn an_address_that_nobody_could_copy_is_none() {
        let long = format!("https://login.example.com/{}", "x".repeat(LONGEST_ADDRESS));
        let body = serde_json::json!({
            "device_code": "d", "user_code": "u", "expires_in": 9, "verification_uri": long,
        });
        assert!(read(&body.to_string()).is_err());
    }

    #[test]
    fn what_is_missing_is_said() {
        for (body, missing) in [
            (r#"{"user_code":"u"}"#, "device code"),
            (
                r#"{"device_code":"d","user_code":"\u0007"}"#,
                "code that a person",
            ),
            (r#"{"device_code":"d","user_code":"u"}"#, "address"),
            (
                r#"{"device_code":"d","user_code":"u","expires_in":-1}"#,
                "ended already",
            ),
        ] {
            let refusal = read(body).unwrap_err();
            assert!(refusal.to_string().contains(missing), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), code in "\\PC{0,100}|[\\x00-\\x20]{1,9}", life in any::<f64>(), interval in any::<f64>()) {
            let _ = DeviceAuthorization::read(StatusCode::OK, &bytes);
            let body = serde_json::json!({
                "device_code": "d", "user_code": code, "expires_in": life, "interval": interval,
                "verification_uri": "https://login.example.com/d",
            });
            if let Ok(read) = read(&body.to_string()) {
                prop_assert!(!read.user_code.is_empty());
                prop_assert!(!read.user_code.chars().any(char::is_control));
                prop_assert!(read.user_code.chars().count() <= LONGEST_USER_CODE);
                prop_assert!(read.interval >= SHORTEST_INTERVAL && read.interval <= LONGEST_INTERVAL);
                prop_assert!(read.expires_in <= LONGEST_LIFE);
            }
        }
    }
}
