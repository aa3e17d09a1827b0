//! What a person recognises a message by, read from its header. Nothing here decides anything: a
//! header that cannot be read gives nothing.

use std::sync::LazyLock;

use mail_parser::{HeaderName, MessageParser};
use mailgrant_vault::MessageHead;

/// How much of a message is looked at, in bytes.
const HEADER: usize = 64 * 1024;

static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .header_id(HeaderName::MessageId)
        .header_address(HeaderName::From)
        .header_text(HeaderName::Subject)
        .default_header_ignore()
});

/// Reads the head of a message that begins like this.
pub(crate) fn read(beginning: &[u8]) -> MessageHead {
    let header = &beginning[..beginning.len().min(HEADER)];
    let Some(message) = PARSER.parse_headers(header) else {
        return MessageHead::default();
    };
    let sender = message.from().and_then(|from| from.first());
    MessageHead {
        message_id: message.message_id().map(str::to_owned),
        sender: sender
            .and_then(|sender| sender.address())
            .map(str::to_owned),
        subject: message.subject().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(message_id: &str, sender: &str, subject: &str) -> MessageHead {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        MessageHead {
            message_id: known(message_id),
            sender: known(sender),
            subject: known(subject),
        }
    }

    #[test]
    fn a_head_is_decoded_and_unfolded() {
        let message = b"Received: from x by y; Thu, 1 Jan 2026 00:00:00 +0000\r\n\
            Message-ID:\r\n <one@example.com>\r\n\
            From: \"Customer, A.\" <customer@example.com>, other@example.com\r\n\
            Subject: =?UTF-8?Q?St=C3=B6rung?= =?ISO-8859-15?Q?_f=FCr_5_=A4?=\r\n  at last\r\n\
            \r\nSubject: not this\r\n";
        let expected = head(
            "one@example.com",
            "customer@example.com",
            "St\u{f6}rung f\u{fc}r 5 \u{20ac} at last",
        );
        assert_eq!(read(message), expected);
    }

    #[test]
    fn what_is_not_in_the_header_is_unknown() {
        assert_eq!(
            read(b"Subject: hello\r\n\r\nFrom: a@example.com\r\n"),
            head("", "", "hello")
        );
        assert_eq!(read(b""), MessageHead::default());
        assert_eq!(read(b"\r\n\r\nSubject: body\r\n"), MessageHead::default());
    }

    #[test]
    fn only_the_beginning_is_looked_at() {
        let mut message = b"From: a@example.com\r\nX-Long: ".to_vec();
        message.resize(HEADER, b'x');
        message.extend(b"\r\nSubject: far behind\r\n\r\n");
        assert_eq!(read(&message), head("", "a@example.com", ""));
    }

    proptest::proptest! {
        #[test]
        fn garbage_gives_something_or_nothing(bytes: Vec<u8>, name in "(From|Subject|Message-ID): ?") {
            read(&bytes);
            read(&[name.as_bytes(), &bytes, b"\r\n\r\n"].concat());
        }
    }
}
