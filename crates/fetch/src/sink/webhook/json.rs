//! A message as JSON: what a receiver without a mail parser needs.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders as _};
use serde::Serialize;

/// Where a message comes from.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Origin {
    pub(super) account: String,
    pub(super) address: String,
    pub(super) folder: String,
}

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    origin: &'a Origin,
    /// The idempotency key.
    key: &'a str,
    size: usize,
    #[serde(flatten)]
    content: Content<'a>,
}

/// What the message does not have is `null` or an empty list.
#[derive(Default, Serialize)]
struct Content<'a> {
    message_id: Option<&'a str>,
    in_reply_to: Vec<&'a str>,
    references: Vec<&'a str>,
    date: Option<String>,
    subject: Option<&'a str>,
    from: Vec<Person<'a>>,
    reply_to: Vec<Person<'a>>,
    to: Vec<Person<'a>>,
    cc: Vec<Person<'a>>,
    /// Every header line in its order, unfolded, not decoded.
    headers: Vec<HeaderLine<'a>>,
    text: Option<String>,
    html: Option<String>,
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Person<'a> {
    name: Option<&'a str>,
    address: Option<&'a str>,
}

#[derive(Serialize)]
struct HeaderLine<'a> {
    name: &'a str,
    value: String,
}

#[derive(Serialize)]
struct Attachment<'a> {
    name: Option<&'a str>,
    content_type: String,
    content_id: Option<&'a str>,
    inline: bool,
    size: usize,
    /// Base64.
    content: String,
}

/// The event that tells of a message. Where parts of it cannot be read, the others are told.
pub(super) fn event(
    origin: &Origin,
    key: &str,
    bytes: &[u8],
    now: Timestamp,
) -> io::Result<Vec<u8>> {
    let parsed = MessageParser::new().parse(bytes);
    let mut data = Data {
        origin,
        key,
        size: bytes.len(),
        content: Content::default(),
    };
    match &parsed {
        Some(message) => data.content = content(message),
        // Without a single header line it is all text.
        None => data.content.text = Some(String::from_utf8_lossy(bytes).into_owned()),
    }
    let event = Event {
        r#type: "message.received",
        timestamp: now,
        data,
    };
    serde_json::to_vec(&event).map_err(io::Error::other)
}

fn content<'a>(message: &'a Message<'_>) -> Content<'a> {
    let joined = |bodies: Vec<&str>| (!bodies.is_empty()).then(|| bodies.join("\n"));
    let text = message
        .text_bodies()
        .filter(|part| part.is_text() && !part.is_text_html());
    let html = message.html_bodies().filter(|part| part.is_text_html());
    Content {
        message_id: message.message_id(),
        in_reply_to: ids(message.in_reply_to()),
        references: ids(message.references()),
        date: message.date().map(mail_parser::DateTime::to_rfc3339),
        subject: message.subject(),
        from: people(message.from()),
        reply_to: people(message.reply_to()),
        to: people(message.to()),
        cc: people(message.cc()),
        headers: message
            .headers_raw()
            .map(|(name, value)| HeaderLine {
                name,
                value: unfolded(value),
            })
            .collect(),
        text: joined(text.filter_map(MessagePart::text_contents).collect()),
        html: joined(html.filter_map(MessagePart::text_contents).collect()),
        attachments: message.attachments().map(attachment).collect(),
    }
}

fn ids<'a>(value: &'a mail_parser::HeaderValue<'_>) -> Vec<&'a str> {
    match value.as_text_list() {
        Some(list) => list.iter().map(AsRef::as_ref).collect(),
        None => value.as_text().into_iter().collect(),
    }
}

fn people<'a>(address: Option<&'a Address<'_>>) -> Vec<Person<'a>> {
    let people = address.into_iter().flat_map(Address::iter);
    people
        .map(|person| Person {
            name: person.name(),
            address: person.address(),
        })
        .collect()
}

fn attachment<'a>(part: &'a MessagePart<'_>) -> Attachment<'a> {
    let content_type = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    let usual = if part.is_message() {
        "message/rfc822"
    } else {
        "application/octet-stream"
    };
    let disposition = part.content_disposition();
    Attachment {
        name: part.attachment_name(),
        content_type: content_type.unwrap_or_else(|| usual.to_owned()),
        content_id: part.content_id(),
        inline: disposition.is_some_and(mail_parser::ContentType::is_inline),
        size: part.contents().len(),
        content: BASE64_STANDARD.encode(part.contents()),
    }
}

fn unfolded(value: &str) -> String {
    value.trim().replace("\r\n", "").replace(['\r', '\n'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(bytes: &[u8]) -> serde_json::Value {
        let origin = Origin {
            account: "support".to_owned(),
            address: "support@example.com".to_owned(),
            folder: "INBOX".to_owned(),
        };
        let made = event(&origin, "a1-0", bytes, Timestamp::UNIX_EPOCH).unwrap();
        serde_json::from_slice(&made).unwrap()
    }

    #[test]
    fn a_message_comes_apart_into_what_a_receiver_needs() {
        let event = json(
            b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n\
              To: support@example.com, Other <o@example.com>\r\n\
              Subject: =?iso-8859-1?q?Stra=DFe?=\r\n\
              \x20 gesperrt\r\n\
              Message-ID: <1@example.org>\r\n\
              References: <0@example.org> <00@example.org>\r\n\
              Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n\
              MIME-Version: 1.0\r\n\
              Content-Type: multipart/mixed; boundary=b\r\n\r\n\
              --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n\
              --b\r\nContent-Type: application/pdf\r\n\
              Content-Disposition: attachment; filename=\"a b.pdf\"\r\n\
              Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n",
        );
        insta::assert_json_snapshot!(event);
    }

    #[test]
    fn nothing_at_all_is_an_event_too() {
        assert_eq!(json(b"")["data"]["size"], 0);
    }

    proptest::proptest! {
        #[test]
        fn garbage_becomes_json(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            proptest::prop_assert_eq!(&json(&bytes)["type"], "message.received");
        }
    }
}
