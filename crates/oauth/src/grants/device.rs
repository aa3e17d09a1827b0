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

/// No provider wants to be asked less often.
const LONGEST_INTERVAL: Duration = Duration::from_mins(5);

/// No code lives longer, whatever is said.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// A person has to type it: nobody would type more.
const LONGEST_USER_CODE: usize = 64;

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

/// Asks once whether the person has finished (RFC 8628, section 3.4).
pub async fn poll_device(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    begun: &DeviceAuthorization,
) -> Result<DevicePoll, Refusal> {
    let mut request = Request::of_grant(DEVICE_CODE);
    request.add_secret("device_code", &begun.device_code);
    let sent = request.send(http, profile, endpoints, &endpoints.token);
    let answered = sent.await?;
    let wait = |interval: Duration| DevicePoll::Waiting {
        interval: interval.min(LONGEST_INTERVAL),
    };
    match error_code(&answered.answer).as_deref() {
        Some("authorization_pending") => Ok(wait(begun.interval)),
        Some("slow_down") => Ok(wait(begun.interval + SLOWER)),
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
        let url = Url::parse(text(name)?).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        (plain && is_safe_transport(&url)).then_some(url)
    };
    let device_code = text("device_code").filter(|code| !code.is_empty());
    let user_code = text("user_code")
        .and_then(|code| clean(code, &Secrets::default()))
        .filter(|code| code.chars().count() <= LONGEST_USER_CODE);
    let life = fields.get("expires_in").and_then(read_seconds);
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
            .map_or(USUAL_INTERVAL, |interval| interval.min(LONGEST_INTERVAL)),
    })
}
