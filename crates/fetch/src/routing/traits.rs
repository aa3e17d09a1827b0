//! What rules and guards look at and what a person recognises a message by, read from its header
//! once. What cannot be read is not there.

use std::sync::LazyLock;

use jiff::Timestamp;
use mail_parser::{HeaderName, Message, MessageParser};
use mailgrant_vault::{MessageHead, Traits};
use secrecy::SecretString;

use crate::canary;

/// Takes apart what is looked at, and leaves all other lines as they are.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .header_address(HeaderName::From)
        .header_address(HeaderName::To)
        .header_address(HeaderName::Cc)
        .header_text(HeaderName::Subject)
        .header_id(HeaderName::MessageId)
        .header_date(HeaderName::Date)
        .header_received(HeaderName::Received)
        .default_header_raw()
});

/// The beginning of a message.
pub(super) struct Beginning<'a> {
    message: Option<Message<'a>>,
    now: Timestamp,
}

impl<'a> Beginning<'a> {
    pub(super) fn read(beginning: &'a [u8], now: Timestamp) -> Self {
        Self {
            message: PARSER.parse_headers(beginning),
            now,
        }
    }

    pub(super) fn traits<'b>(&'b self, folder: &'b str, size: u64) -> Traits<'b> {
        let Some(message) = &self.message else {
            return Traits {
                folder,
                size,
                ..Traits::default()
            };
        };
        let addresses = |address: Option<&'b mail_parser::Address<'_>>| {
            let people = address.into_iter().flat_map(mail_parser::Address::iter);
            people
                .filter_map(|person| person.address())
                .collect::<Vec<_>>()
        };
        let mut to = addresses(message.to());
        to.extend(addresses(message.cc()));
        let headers: Vec<(&str, &str)> = message.headers_raw().collect();
        let is_envelope = |name: &str| {
            name.eq_ignore_ascii_case("Delivered-To") || name.eq_ignore_ascii_case("X-Original-To")
        };
        let envelope = headers.iter().filter(|(name, _)| is_envelope(name));
        to.extend(envelope.map(|(_, value)| value.trim().trim_matches(['<', '>'])));
        Traits {
            from: addresses(message.from()),
            to,
            subject: message.subject().unwrap_or_default(),
            folder,
            headers,
            size,
        }
    }

    /// What a person recognises it by.
    pub(super) fn head(&self) -> MessageHead {
        let message = self.message.as_ref();
        let known = |text: Option<&str>| text.map(str::to_owned);
        MessageHead {
            message_id: known(message.and_then(|message| message.message_id())),
            sender: known(self.sender()),
            subject: known(message.and_then(|message| message.subject())),
        }
    }

    pub(super) fn sender(&self) -> Option<&str> {
        let from = self.message.as_ref()?.from()?;
        from.first()?.address()
    }

    /// Whether a machine sent it of itself (RFC 3834, section 5).
    pub(super) fn is_automatic(&self) -> bool {
        let mut values = self.values("Auto-Submitted");
        values.any(|value| !value.trim().to_ascii_lowercase().starts_with("no"))
    }

    /// Whether a machine sent it of itself from this address.
    pub(super) fn is_own_robot(&self, address: &str) -> bool {
        let sender = self.sender();
        sender.is_some_and(|sender| sender.eq_ignore_ascii_case(address)) && self.is_automatic()
    }

    /// Whether this address has marked it as passed.
    pub(super) fn has_passed(&self, address: &str) -> bool {
        let mut values = self.values("X-Loop");
        values.any(|value| {
            value
                .trim()
                .trim_matches(['<', '>'])
                .eq_ignore_ascii_case(address)
        })
    }

    /// The secret of a canary, if it is like one.
    pub(super) fn canary(&self) -> Option<SecretString> {
        let value = self.values(canary::HEADER).next()?;
        canary::secret(value)
    }

    /// When the last server on its way took it, or when it was sent; never later than now.
    pub(super) fn at(&self) -> Timestamp {
        let message = self.message.as_ref();
        // The first line is the last server's.
        let received = message.and_then(|message| message.received_all().next()?.date());
        let date = received.or_else(|| message?.date().copied());
        let at = date.and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
        at.map_or(self.now, |at| at.min(self.now))
    }

    fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        let headers = self.message.iter().flat_map(Message::headers_raw);
        headers
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn what_rules_look_at_is_found() {
        let raw = b"Delivered-To: <support+x@example.com>\r\n\
            From: A <a@b.example>\r\nTo: c@d.example, e@f.example\r\nCc: g@h.example\r\n\
            Subject: =?utf-8?Q?St=C3=B6rung?=\r\nX-Spam-Flag: YES\r\n\r\n";
        let beginning = Beginning::read(raw, NOW);
        let traits = beginning.traits("INBOX", 7);
        assert_eq!(traits.from, ["a@b.example"]);
        let expected = [
            "c@d.example",
            "e@f.example",
            "g@h.example",
            "support+x@example.com",
        ];
        assert_eq!(traits.to, expected);
        assert_eq!(traits.subject, "St\u{f6}rung");
        assert!(
            traits
                .headers
                .iter()
                .any(|(name, value)| *name == "X-Spam-Flag" && value.trim() == "YES")
        );
        assert_eq!(beginning.sender(), Some("a@b.example"));
    }

    #[test]
    fn robots_and_marks_are_recognised() {
        let read = |raw: &'static str| Beginning::read(raw.as_bytes(), NOW);
        assert!(read("Auto-Submitted: auto-replied\r\n\r\n").is_automatic());
        assert!(!read("auto-submitted: No\r\n\r\n").is_automatic());
        assert!(!read("Subject: x\r\n\r\n").is_automatic());
        assert!(read("X-Loop: <A@b.example>\r\n\r\n").has_passed("a@b.example"));
        assert!(!read("X-Loop: c@b.example\r\n\r\n").has_passed("a@b.example"));
    }

    #[test]
    fn the_time_is_that_of_the_last_server_and_never_of_the_future() {
        let later: Timestamp = "2026-11-01T12:00:00Z".parse().unwrap();
        let at = |raw: &'static str| Beginning::read(raw.as_bytes(), later).at().to_string();
        let received = "Received: by a; Sun, 01 Nov 2026 10:00:00 +0000\r\n\
            Received: by b; Sun, 01 Nov 2026 09:00:00 +0000\r\n\
            Date: Sun, 01 Nov 2026 08:00:00 +0000\r\n\r\n";
        assert_eq!(at(received), "2026-11-01T10:00:00Z");
        assert_eq!(
            at("Date: Sun, 01 Nov 2026 08:00:00 +0000\r\n\r\n"),
            "2026-11-01T08:00:00Z"
        );
        assert_eq!(
            at("Date: Sun, 01 Nov 2099 08:00:00 +0000\r\n\r\n"),
            later.to_string()
        );
        assert_eq!(at(""), later.to_string());
        assert_eq!(Beginning::read(b"\xff\x00", later).sender(), None);
    }

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
        assert_eq!(Beginning::read(message, NOW).head(), expected);
    }

    #[test]
    fn what_is_not_in_the_header_is_unknown() {
        let read = |raw: &'static [u8]| Beginning::read(raw, NOW).head();
        assert_eq!(
            read(b"Subject: hello\r\n\r\nFrom: a@example.com\r\n"),
            head("", "", "hello")
        );
        assert_eq!(read(b""), MessageHead::default());
        assert_eq!(read(b"\r\n\r\nSubject: body\r\n"), MessageHead::default());
    }

    proptest::proptest! {
        #[test]
        fn garbage_gives_something_or_nothing(bytes: Vec<u8>, name in "(From|Subject|Message-ID): ?") {
            Beginning::read(&bytes, NOW).head();
            Beginning::read(&[name.as_bytes(), &bytes, b"\r\n\r\n"].concat(), NOW).head();
        }
    }

    fn canary(message: &[u8]) -> Option<String> {
        use secrecy::ExposeSecret as _;
        let secret = Beginning::read(message, NOW).canary();
        secret.map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_canarys_secret_is_found_in_the_header_whatever_a_server_does_to_its_lines() {
        let some = Some("abc".to_owned());
        assert_eq!(canary(b"A: b\r\nX-Mailgrant-Canary: abc\r\n\r\nbody"), some);
        assert_eq!(canary(b"x-mailgrant-canary:abc \nA: b\n\nbody"), some);
        assert_eq!(canary(b"X-Mailgrant-Canary: abc"), some);
    }

    #[test]
    fn what_is_no_header_or_no_secret_is_no_canary() {
        let long = [b"X-Mailgrant-Canary: ".as_slice(), &[b'x'; 65]].concat();
        for message in [
            b"A: b\r\n\r\nX-Mailgrant-Canary: abc\r\n".as_slice(),
            b"X-Mailgrant-Canary:\r\n\r\n",
            b"X-Mailgrant-Canary\r\n\r\n",
            b"X-Mailgrant-Canary: \xff\r\n\r\n",
            b"",
            &long,
        ] {
            assert_eq!(canary(message), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_garbage_is_too_much_for_a_canary(bytes: Vec<u8>) {
            canary(&bytes);
            canary(&[b"X-Mailgrant-Canary:", bytes.as_slice()].concat());
        }
    }
}
