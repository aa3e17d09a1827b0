//! One row of the catalogue.

use mailgrant_base::{Diagnosis, Fault};
use serde_json::json;

/// Where a row's codes stand in a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// In `error`, as the standards have it.
    Standard,
    /// Nowhere: Mailgrant says it before it asks.
    Mailgrant,
    /// Behind `AADSTS` at the beginning of the description, or in `error_codes`.
    Microsoft,
    /// In `suberror`.
    MicrosoftSuberror,
    /// In `error`, at Google only.
    Google,
    /// In the description, in whatever case.
    GoogleWords,
    /// In `error`, at others only.
    Other,
    /// In the description, in whatever case.
    OtherWords,
    /// In no refusal: the grant's history tells.
    Refined,
}

/// What becomes of the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It is over, where the OAuth code says so: somebody must authorise again.
    Ends,
    /// It stays: the provider profile or the registration must be mended.
    Profile,
    /// It stays, and it is tried again.
    Passes,
}

/// Codes that mean the same, and what they mean.
#[derive(Debug)]
pub struct Row {
    /// Where the codes stand.
    pub family: Family,
    /// The codes, or the words in lower case.
    pub codes: &'static [&'static str],
    /// The OAuth error with which they come.
    pub error: &'static str,
    /// What the description says, where the codes are words.
    pub says: Option<&'static str>,
    /// Whether it is about the client credential and nothing else, so that another may be taken.
    pub about_credential: bool,
    /// What becomes of the grant.
    pub effect: Effect,
    /// Whose turn it is.
    pub fault: Fault,
    /// What happened, as a sentence.
    pub what: &'static str,
    /// What to do next, as a sentence.
    pub next: &'static str,
    /// The exact place to go.
    pub place: Option<&'static str>,
    /// The page or thread that the row follows.
    pub source: &'static str,
}

/// A refusal as the provider would say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The HTTP status.
    pub status: u16,
    /// The JSON.
    pub body: String,
}

impl Row {
    /// The refusal as the provider would say it with this code of the row; `None` for what no
    /// provider says.
    pub fn example(&self, code: &str) -> Option<Example> {
        let mut body = json!({ "error": self.error });
        match self.family {
            Family::Mailgrant => return None,
            Family::Standard | Family::Google | Family::Other => body = json!({ "error": code }),
            Family::GoogleWords | Family::OtherWords | Family::Refined => {
                body["error_description"] = self.says.into();
            }
            Family::MicrosoftSuberror => {
                body = microsoft(self.error, "900000001", self.what);
                body["suberror"] = code.into();
            }
            Family::Microsoft => body = microsoft(self.error, code, self.what),
        }
        let status = match (self.error, self.effect) {
            ("invalid_client", _) => 401,
            ("temporarily_unavailable" | "server_error" | "internal_failure", Effect::Passes) => {
                503
            }
            _ => 400,
        };
        let body = body.to_string();
        Some(Example { status, body })
    }

    /// The row in words for people, without what was said.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        let diagnosis = Diagnosis::new(self.fault, self.what, self.next).source(self.source);
        match self.place {
            Some(place) => diagnosis.place(place),
            None => diagnosis,
        }
    }
}

/// All that Microsoft's token endpoint sends with a refusal.
fn microsoft(error: &str, number: &str, text: &str) -> serde_json::Value {
    let (trace, correlation) = (
        "0a1b2c3d-0000-4000-8000-111122223333",
        "4e5f6a7b-0000-4000-8000-444455556666",
    );
    let time = "2026-11-24 09:00:00Z";
    json!({
        "error": error,
        "error_description": format!(
            "AADSTS{number}: {text}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\n\
             Timestamp: {time}"
        ),
        "error_codes": [number.parse::<u64>().unwrap_or_default()],
        "timestamp": time,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    })
}
