//! What a receiver's answer means.

use std::error::Error as _;
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::Response;

use crate::sink::Verdict;

/// How much of an answer the ledger remembers, in characters, and how much of it is read, in bytes.
const WORDS: usize = 1000;
const READ: usize = 4 * WORDS;
/// A receiver that asks for more patience than this is asked again after this long all the same.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The verdict.
///
/// What may be about this message alone (400, 413, 415, 422 and their kin) is for good. What is
/// about the receiver itself, its load or its settings (401, 403, 404, 5xx) mends itself or is mended
/// by a person, and must cost no message its delivery.
pub(super) async fn verdict(response: Response) -> Verdict {
    let status = response.status();
    let after = retry_after(&response);
    let said = words(response).await;
    let number = status.as_u16();
    let with = |why: &str| match said.as_str() {
        "" => format!("status {number}: {why}"),
        _ => format!("status {number}: {why}: {said}"),
    };
    match status {
        _ if status.is_success() => Verdict::Taken(with("taken")),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Verdict::later(with(
            "the receiver does not let Mailgrant in; check the signing secret",
        )),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            Verdict::later(with("nobody takes mail at this web address; check it"))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY => {
            Verdict::Later {
                why: with("not now"),
                after,
            }
        }
        StatusCode::TOO_MANY_REQUESTS => Verdict::Later {
            why: with("too much at once"),
            after,
        },
        _ if status.is_redirection() => Verdict::later(with(
            "it points to another web address, which is not followed; enter that one",
        )),
        _ if status.is_client_error() => Verdict::Never(with("the receiver refuses this message")),
        _ => Verdict::Later {
            why: with("the receiver failed"),
            after,
        },
    }
}

/// Why no answer came.
pub(super) fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer within the time limit".to_owned();
    }
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    // The outermost words have the whole address in them, and some keep a secret in its query.
    if error.source().is_none() {
        return "the request failed".to_owned();
    }
    deepest.to_string()
}

/// Seconds, as RFC 9110, section 10.2.3 has it; a date is not looked at.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = value.trim().parse().ok().map(Duration::from_secs)?;
    Some(seconds.min(LONGEST_WAIT))
}

/// The beginning of an answer, on one line.
async fn words(mut response: Response) -> String {
    let mut read = Vec::new();
    while read.len() < READ {
        match response.chunk().await {
            Ok(Some(chunk)) => read.extend_from_slice(&chunk[..chunk.len().min(READ)]),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&read);
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().take(WORDS).map(printable).collect();
    line.trim().to_owned()
}
