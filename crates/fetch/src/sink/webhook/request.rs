//! One request: headers, content, answer.

use std::io::Read as _;
use std::path::PathBuf;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use jiff::Timestamp;
use mailgrant_vault::{WebhookFormat, WebhookSink};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::{Body, Client};
use tokio_util::io::ReaderStream;

use super::json::Origin;
use super::signature::{Signer, Signing};
use super::{answer, blocking};
use crate::sink::Verdict;

/// What is not written into a header as it is.
const NOT_IN_A_HEADER: &AsciiSet = &CONTROLS.add(b'%');
/// How much of a file is read at once.
const PIECE: usize = 128 * 1024;

/// What is sent.
pub(super) enum Content {
    Bytes(Bytes),
    /// A file of this size.
    File(PathBuf, u64),
}

/// One request.
pub(super) struct Request<'a> {
    pub(super) client: &'a Client,
    pub(super) settings: &'a WebhookSink,
    pub(super) origin: &'a Origin,
    pub(super) signer: &'a Signer,
    pub(super) key: &'a str,
    pub(super) now: Timestamp,
}

impl Request<'_> {
    /// Sends it; `Err` where the receiver cannot be reached at all.
    pub(super) async fn send(&self, content: Content) -> Result<Verdict, String> {
        let seconds = self.now.as_second();
        let signing = self.signer.begin(self.key, seconds);
        let signature = sign(signing, &content).await?;
        let (body, size) = body(content).await?;
        let media_type = match self.settings.format {
            WebhookFormat::Json => "application/json",
            WebhookFormat::Raw => "message/rfc822",
        };
        let request = self
            .client
            .post(self.settings.url.clone())
            .timeout(self.settings.time_limit)
            .header(CONTENT_TYPE, media_type)
            .header(CONTENT_LENGTH, size)
            .header("webhook-id", self.key)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .header("idempotency-key", self.key)
            .header("mailgrant-account", in_a_header(&self.origin.account))
            .header("mailgrant-address", in_a_header(&self.origin.address))
            .header("mailgrant-folder", in_a_header(&self.origin.folder))
            .body(body);
        match request.send().await {
            Ok(response) => Ok(answer::verdict(response).await),
            // It may have been about this message alone; those behind it are not held back.
            Err(error) if error.is_timeout() && !error.is_connect() => {
                Ok(Verdict::later(answer::in_words(&error)))
            }
            Err(error) => Err(answer::in_words(&error)),
        }
    }
}

async fn sign(mut signing: Signing, content: &Content) -> Result<String, String> {
    match content {
        Content::Bytes(bytes) => {
            signing.update(bytes);
            Ok(signing.finish())
        }
        Content::File(path, _) => {
            let path = path.clone();
            let signed = blocking(move || {
                let mut file = std::fs::File::open(&path)?;
                let mut piece = vec![0; PIECE];
                loop {
                    match file.read(&mut piece)? {
                        0 => return Ok(signing.finish()),
                        read => signing.update(&piece[..read]),
                    }
                }
            });
            signed.await.map_err(|error| cannot_read(&error))
        }
    }
}

async fn body(content: Content) -> Result<(Body, u64), String> {
    match content {
        Content::Bytes(bytes) => {
            let size = bytes.len() as u64;
            Ok((bytes.into(), size))
        }
        Content::File(path, size) => {
            let opened = tokio::fs::File::open(&path).await;
            let file = opened.map_err(|error| cannot_read(&error))?;
            let stream = ReaderStream::with_capacity(file, PIECE);
            Ok((Body::wrap_stream(stream), size))
        }
    }
}

fn cannot_read(error: &std::io::Error) -> String {
    format!("cannot read the message again from disk: {error}")
}

/// UTF-8 in percent-encoding, as headers have nothing else for it.
fn in_a_header(text: &str) -> HeaderValue {
    let encoded = utf8_percent_encode(text, NOT_IN_A_HEADER).to_string();
    HeaderValue::from_str(&encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_name_stands_in_a_header_whatever_it_is() {
        assert_eq!(in_a_header("INBOX"), "INBOX");
        assert_eq!(in_a_header("Anfrä gen\r\nX: 1"), "Anfr%C3%A4 gen%0D%0AX: 1");
        assert_eq!(in_a_header("50%"), "50%25");
    }
}
