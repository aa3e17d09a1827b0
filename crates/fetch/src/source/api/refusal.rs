//! What it means when an API says no.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use mailgrant_mail::MailError;
use serde_json::Value;

/// Whoever asks for more patience than this is asked again after this long all the same.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// A refusal, as far as its reader cares.
pub(in crate::source) struct Refused {
    pub(in crate::source) status: StatusCode,
    /// The API's own word for it: `ErrorItemNotFound`, `rateLimitExceeded`.
    pub(in crate::source) code: String,
    pub(super) said: String,
    retry_after: Option<Duration>,
}

impl Refused {
    /// Reads Graph's form ("Microsoft Graph error responses") and Google's ("Resolve errors"); `shown`
    /// makes of a server's words what may be shown.
    pub(super) fn read(
        status: StatusCode,
        wait: Option<&HeaderValue>,
        body: &[u8],
        shown: impl Fn(&str) -> String,
    ) -> Self {
        let error: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &error["error"];
        let code = error["code"].as_str();
        let code = code.or_else(|| error["errors"][0]["reason"].as_str());
        let code = code.or_else(|| error["status"].as_str());
        let code = code.unwrap_or_default();
        let message = error["message"].as_str().unwrap_or_default();
        let words = [code, message].map(shown);
        let words = words.into_iter().filter(|words| !words.is_empty());
        let number = format!("status {}", status.as_u16());
        let said: Vec<String> = std::iter::once(number).chain(words).collect();
        Self {
            status,
            code: code.to_owned(),
            said: said.join(": "),
            retry_after: wait.and_then(retry_after),
        }
    }

    pub(in crate::source) fn is_gone(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    pub(super) fn is_for_lack_of_rights(&self) -> bool {
        self.status == StatusCode::FORBIDDEN && !self.is_passing()
    }

    /// Whether the server failed without asking for patience.
    pub(super) fn is_failure(&self) -> bool {
        self.status.is_server_error() && self.retry_after.is_none()
    }

    /// Whether it says nothing but "later". Gmail throttles by 403 too ("Resolve errors").
    fn is_passing(&self) -> bool {
        const THROTTLED: [&str; 5] = [
            "rateLimitExceeded",
            "userRateLimitExceeded",
            "dailyLimitExceeded",
            "quotaExceeded",
            "RESOURCE_EXHAUSTED",
        ];
        let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
        busy.contains(&self.status)
            || self.status.is_server_error()
            || THROTTLED.contains(&self.code.as_str())
    }

    /// What it means for a request with a token that was `proved` good before, or not.
    pub(super) fn error(self, server: String, request: &str, proved: bool) -> MailError {
        let is_passing = self.is_passing();
        match self.status {
            _ if is_passing => MailError::Later {
                server,
                said: self.said,
                retry_after: self.retry_after,
            },
            StatusCode::UNAUTHORIZED if proved => MailError::Closed {
                server,
                why: self.said,
                token_ended: true,
            },
            StatusCode::UNAUTHORIZED => MailError::LoginRefused {
                server,
                said: self.said,
                challenge: None,
            },
            StatusCode::FORBIDDEN => MailError::NotConnected {
                server,
                said: self.said,
            },
            _ => self.told(server, request),
        }
    }

    /// A refusal of one request.
    pub(super) fn told(self, server: String, request: &str) -> MailError {
        MailError::Refused {
            server,
            command: request.to_owned(),
            said: self.said,
        }
    }
}

/// Seconds, as RFC 9110, section 10.2.3 has it: neither API sends a date.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse().ok();
    let wait = seconds.map(Duration::from_secs)?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, wait: Option<&'static str>, body: &str) -> Refused {
        let status = StatusCode::from_u16(status).unwrap();
        let wait = wait.map(HeaderValue::from_static);
        Refused::read(status, wait.as_ref(), body.as_bytes(), str::to_owned)
    }

    fn error(refused: Refused) -> MailError {
        refused.error("https://api.example".to_owned(), "a message", false)
    }

    #[test]
    fn both_apis_are_understood() {
        let graph =
            r#"{"error":{"code":"ErrorItemNotFound","message":"Not there.","innerError":{}}}"#;
        let graph = read(404, None, graph);
        assert_eq!(
            (graph.code.as_str(), graph.is_gone()),
            ("ErrorItemNotFound", true)
        );
        assert_eq!(graph.said, "status 404: ErrorItemNotFound: Not there.");
        let gmail = r#"{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded",
            "message":"Slow"}],"code":403,"message":"Slow"}}"#;
        let gmail = read(403, None, gmail);
        assert!(!gmail.is_for_lack_of_rights());
        assert!(matches!(error(gmail), MailError::Later { .. }));
        for garbage in ["", "<html>", "[]", r#"{"error":"no"}"#] {
            assert_eq!(read(400, None, garbage).said, "status 400", "{garbage}");
        }
    }

    #[test]
    fn patience_is_kept_within_bounds() {
        for (wait, seconds) in [
            (Some("7"), Some(7)),
            (Some("99999999"), Some(3600)),
            (Some("soon"), None),
            (None, None),
        ] {
            let MailError::Later { retry_after, .. } = error(read(429, wait, "")) else {
                panic!("{wait:?}");
            };
            assert_eq!(retry_after.map(|wait| wait.as_secs()), seconds);
        }
    }
}
