//! Mail of every kind that service desks get, made by rules so that it can be made again.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// One message.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What is special about it, as a file name: `nested-multipart`, `no-message-id`, `nul-bytes`.
    pub name: String,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// At least a hundred messages of every kind, the same for the same `seed`: nested multipart,
/// attachments of many MB, 8-bit headers, no Message-ID, bare LF, NUL bytes, lines over 998
/// octets, empty body, dot-stuffed, S/MIME, winmail.dat, bounces…
pub fn samples(seed: u64) -> Vec<Sample> {
    let mut maker = Maker {
        random: fastrand::Rng::with_seed(seed),
        made: Vec::new(),
    };
    maker.texts();
    maker.headers();
    maker.structures();
    maker.automatic();
    maker.attachments();
    maker.broken();
    maker.tickets();
    maker.made
}

struct Maker {
    random: fastrand::Rng,
    made: Vec<Sample>,
}

impl Maker {
    fn add(&mut self, name: &str, raw: impl Into<Vec<u8>>) {
        self.made.push(Sample {
            name: name.to_owned(),
            raw: raw.into(),
        });
    }

    /// An ordinary message: these header lines besides the usual ones, and this body.
    fn message(&mut self, name: &str, header: &str, body: impl AsRef<[u8]>) {
        let number = self.made.len();
        let nonce = self.random.u64(..);
        let head = format!(
            "Received: from mx.example.org by mail.example.com; Tue, 24 Nov 2026 08:00:00 +0000\r\n\
             From: Ada Lovelace <ada@example.org>\r\nTo: support@example.com\r\n\
             Subject: {name}\r\nDate: Tue, 24 Nov 2026 08:00:{:02} +0000\r\n\
             Message-ID: <{number}.{nonce:016x}@example.org>\r\nMIME-Version: 1.0\r\n{header}\r\n",
            number % 60
        );
        let raw = [head.as_bytes(), body.as_ref()].concat();
        self.add(name, raw);
    }

    /// A message of this content type.
    fn typed(&mut self, name: &str, content_type: &str, body: impl AsRef<[u8]>) {
        self.message(name, &format!("Content-Type: {content_type}\r\n"), body);
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.random.u8(..))
            .take(count)
            .collect()
    }

    /// So many random bytes in base64 lines of 76 characters.
    fn base64(&mut self, count: usize) -> String {
        let text = BASE64_STANDARD.encode(self.bytes(count));
        let lines: Vec<&str> = (0..text.len())
            .step_by(76)
            .filter_map(|at| text.get(at..text.len().min(at + 76)))
            .collect();
        lines.join("\r\n")
    }

    #[expect(clippy::too_many_lines, reason = "a list, one entry after the other")]
    fn texts(&mut self) {
        self.typed(
            "plain",
            "text/plain; charset=us-ascii",
            "My printer is on fire.\r\n",
        );
        self.typed(
            "utf-8",
            "text/plain; charset=utf-8",
            "Grüße aus Köln – 你好 – שלום\r\n",
        );
        self.typed("emoji", "text/plain; charset=utf-8", "It works! 🎉👩‍💻🏳️‍🌈\r\n");
        self.typed(
            "right-to-left",
            "text/plain; charset=utf-8",
            "\u{202e}txt.exe\u{202c} مرحبا\r\n",
        );
        self.typed(
            "latin-1",
            "text/plain; charset=iso-8859-1",
            b"Gr\xfc\xdfe\r\n",
        );
        self.typed(
            "koi8-r",
            "text/plain; charset=koi8-r",
            b"\xf0\xd2\xc9\xd7\xc5\xd4\r\n",
        );
        self.typed(
            "gb18030",
            "text/plain; charset=gb18030",
            b"\xc4\xe3\xba\xc3\r\n",
        );
        self.typed(
            "iso-2022-jp",
            "text/plain; charset=iso-2022-jp",
            b"\x1b$B$3$s\x1b(B\r\n",
        );
        self.typed("utf-7", "text/plain; charset=utf-7", "Hi Mom -+Jjo--!\r\n");
        self.typed("utf-16", "text/plain; charset=utf-16le", b"H\0i\0\r\0\n\0");
        self.typed("unknown-charset", "text/plain; charset=x-none", "text\r\n");
        self.typed(
            "high-bytes",
            "text/plain",
            (0x80..=0xff).collect::<Vec<u8>>(),
        );
        self.typed(
            "control-characters",
            "text/plain",
            b"bell \x07 escape \x1b[31m delete \x7f\r\n",
        );
        self.typed("nul-bytes", "text/plain", b"before\0after\0\0end\r\n");
        self.typed("empty-body", "text/plain", "");
        self.typed("only-white-space", "text/plain", " \t \r\n\r\n   \r\n");
        self.typed(
            "no-final-line-end",
            "text/plain",
            "the last line has no end",
        );
        self.typed("dots", "text/plain", ".\r\n..\r\n.hidden\r\n.\r\nmore\r\n");
        self.typed(
            "from-lines",
            "text/plain",
            "From here on\r\n>From there\r\n",
        );
        self.typed(
            "boundary-like",
            "text/plain",
            "--\r\n--not-a-boundary\r\n-- \r\nsignature\r\n",
        );
        self.typed("bare-lf", "text/plain", "one\ntwo\nthree\n");
        self.typed("bare-cr", "text/plain", "one\rtwo\rthree\r\n");
        self.typed(
            "mixed-line-ends",
            "text/plain",
            "one\r\ntwo\nthree\rfour\r\n",
        );
        self.typed(
            "long-line",
            "text/plain",
            format!("{}\r\n", "x".repeat(1_500)),
        );
        self.typed(
            "very-long-line",
            "text/plain",
            format!("{}\r\n", "long ".repeat(30_000)),
        );
        self.typed("many-lines", "text/plain", "line\r\n".repeat(20_000));
        self.typed(
            "html",
            "text/html; charset=utf-8",
            "<p onclick='x()'>Hello &amp; bye</p>\r\n",
        );
        self.typed(
            "script",
            "text/html",
            "<script>alert(1)</script><img src=x onerror=y>\r\n",
        );
        self.typed(
            "flowed",
            "text/plain; format=flowed; delsp=yes",
            "soft \r\nbreak\r\n",
        );
        self.typed(
            "imap-like",
            "text/plain",
            "* BYE\r\na1 OK done\r\n+ {10}\r\n)\r\n",
        );
        self.typed("smtp-like", "text/plain", "QUIT\r\n.\r\nMAIL FROM:<>\r\n");
        self.message(
            "quoted-printable",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
            "Gr=C3=BC=C3=9Fe =E2=80=93 and a soft=\r\n break\r\n",
        );
        self.message(
            "format-of-base64",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n",
            "R3LDvMOfZQ==\r\n",
        );
    }

    #[expect(clippy::too_many_lines, reason = "a list, one entry after the other")]
    fn headers(&mut self) {
        self.add(
            "no-message-id",
            "From: a@example.org\r\nSubject: none\r\n\r\nbody\r\n",
        );
        self.add(
            "no-subject",
            "From: a@example.org\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n",
        );
        self.add("no-from", "Subject: who?\r\n\r\nbody\r\n");
        self.add(
            "no-date",
            "From: a@example.org\r\nSubject: when?\r\n\r\nbody\r\n",
        );
        self.add(
            "only-headers",
            "From: a@example.org\r\nSubject: no body\r\n",
        );
        self.add("no-headers", "\r\nonly a body\r\n");
        self.add(
            "headers-and-blank",
            "From: a@example.org\r\nSubject: blank\r\n\r\n",
        );
        self.add("all-bare-lf", "From: a@example.org\nSubject: lf\n\nbody\n");
        self.add(
            "mbox-from-line",
            "From a@example.org Tue Nov 24\r\nSubject: mbox\r\n\r\nbody\r\n",
        );
        self.add(
            "no-colon",
            "From: a@example.org\r\nthis is no header\r\nSubject: x\r\n\r\nbody\r\n",
        );
        self.add(
            "duplicate-headers",
            "From: a@x\r\nFrom: b@x\r\nSubject: 1\r\nSubject: 2\r\n\r\nb\r\n",
        );
        self.add(
            "same-message-id-1",
            "Message-ID: <same@x>\r\nSubject: one\r\n\r\none\r\n",
        );
        self.add(
            "same-message-id-2",
            "Message-ID: <same@x>\r\nSubject: two\r\n\r\ntwo\r\n",
        );
        self.add(
            "identical-1",
            "Message-ID: <twin@x>\r\nSubject: twin\r\n\r\ntwin\r\n",
        );
        self.add(
            "identical-2",
            "Message-ID: <twin@x>\r\nSubject: twin\r\n\r\ntwin\r\n",
        );
        self.add(
            "raw-utf-8-subject",
            "Subject: Grüße 你好\r\nFrom: a@x\r\n\r\nb\r\n",
        );
        self.add(
            "raw-latin-1-subject",
            b"Subject: Gr\xfc\xdfe\r\nFrom: a@x\r\n\r\nb\r\n".to_vec(),
        );
        self.add(
            "nul-in-header",
            b"Subject: a\0b\r\nFrom: a@x\r\n\r\nb\r\n".to_vec(),
        );
        self.add(
            "cr-in-header",
            "Subject: a\rBcc: evil@x\r\nFrom: a@x\r\n\r\nb\r\n",
        );
        let encoded = [
            ("encoded-word", "=?utf-8?Q?Gr=C3=BC=C3=9Fe?="),
            ("encoded-word-base64", "=?utf-8?B?R3LDvMOfZQ==?="),
            (
                "encoded-word-split",
                "=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=",
            ),
            ("encoded-word-broken", "=?utf-8?B?%%%?= =?x?Z?a?="),
            ("empty-subject", ""),
            ("shell-in-subject", "$(rm -rf /) `id` ; | & ' \""),
            ("template-in-subject", "{account} {{7*7}} %s %n ${jndi:x}"),
            (
                "ticket-number-in-subject",
                "Re: [Ticket#2026112400001] AW: Fwd: printer",
            ),
        ];
        for (name, subject) in encoded {
            self.add(
                name,
                format!("From: a@x\r\nSubject: {subject}\r\n\r\nbody\r\n"),
            );
        }
        let fold = "Subject: folded\r\n\tagain\r\n  and again\r\n \r\nFrom: a@x\r\n\r\nbody\r\n";
        self.add("folded", fold);
        let many: Vec<String> = (0..2_000)
            .map(|n| format!("X-Header-{n}: value {n}\r\n"))
            .collect();
        let many = many.concat();
        self.message("many-headers", &many, "body\r\n");
        let references: Vec<String> = (0..500)
            .map(|n| format!("\r\n <{n}@example.org>"))
            .collect();
        let references = references.concat();
        self.message(
            "long-references",
            &format!("References:{references}\r\n"),
            "body\r\n",
        );
        let everybody: Vec<String> = (0..10_000).map(|n| format!("u{n}@example.org")).collect();
        let cc = format!("Cc: {}\r\n", everybody.join(",\r\n "));
        self.message("ten-thousand-recipients", &cc, "body\r\n");
        let long = format!("X-Long: {}\r\n", "y".repeat(100_000));
        self.message("long-header", &long, "body\r\n");
    }

    fn structures(&mut self) {
        self.typed(
            "alternative",
            "multipart/alternative; boundary=b",
            parts(&["text/plain", "text/html"]),
        );
        self.typed(
            "mixed",
            "multipart/mixed; boundary=b",
            parts(&["text/plain", "image/png", "text/plain"]),
        );
        self.typed(
            "related",
            "multipart/related; boundary=b",
            parts(&["text/html", "image/gif"]),
        );
        self.typed(
            "signed",
            "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b",
            parts(&["text/plain", "application/pkcs7-signature"]),
        );
        self.typed(
            "pgp-encrypted",
            "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b",
            parts(&["application/pgp-encrypted", "application/octet-stream"]),
        );
        self.typed(
            "digest",
            "multipart/digest; boundary=b",
            parts(&["message/rfc822", "message/rfc822"]),
        );
        self.typed("no-parts", "multipart/mixed; boundary=b", "--b--\r\n");
        self.typed(
            "preamble-and-epilogue",
            "multipart/mixed; boundary=b",
            format!("before\r\n{}after\r\n", parts(&["text/plain"])),
        );
        for depth in [2, 5, 50] {
            let (mut open, mut close) = (String::new(), String::new());
            for level in 0..depth {
                let next = level + 1;
                open = format!(
                    "{open}--n{level}\r\nContent-Type: multipart/mixed; boundary=n{next}\r\n\r\n"
                );
                close = format!("--n{level}--\r\n{close}");
            }
            let body = format!("{open}--n{depth}\r\n\r\ninside\r\n--n{depth}--\r\n{close}");
            self.typed(
                &format!("nested-multipart-{depth}"),
                "multipart/mixed; boundary=n0",
                body,
            );
        }
        let mut inner = "Subject: innermost\r\n\r\nbody\r\n".to_owned();
        for _ in 0..10 {
            inner = format!("Content-Type: message/rfc822\r\n\r\n{inner}");
        }
        self.add("forwarded-ten-deep", inner);
        self.typed(
            "partial",
            "message/partial; id=\"x\"; number=1; total=3",
            "first third\r\n",
        );
        self.typed(
            "external-body",
            "message/external-body; access-type=URL",
            "\r\n",
        );
    }

    fn automatic(&mut self) {
        self.message(
            "auto-reply",
            "Auto-Submitted: auto-replied\r\nPrecedence: bulk\r\n",
            "I am away.\r\n",
        );
        self.message(
            "loop",
            "X-Loop: support@example.com\r\n",
            "round and round\r\n",
        );
        self.message(
            "mailing-list",
            "List-Id: <l.example.org>\r\nList-Unsubscribe: <mailto:u@x>\r\n",
            "news\r\n",
        );
        self.message("null-sender", "Return-Path: <>\r\n", "from nobody\r\n");
        let report = "multipart/report; report-type=delivery-status; boundary=b";
        self.typed(
            "bounce",
            report,
            parts(&["text/plain", "message/delivery-status", "message/rfc822"]),
        );
        let receipt = "multipart/report; report-type=disposition-notification; boundary=b";
        self.typed(
            "read-receipt",
            receipt,
            parts(&["text/plain", "message/disposition-notification"]),
        );
        let feedback = "multipart/report; report-type=feedback-report; boundary=b";
        self.typed(
            "abuse-report",
            feedback,
            parts(&["text/plain", "message/feedback-report"]),
        );
        let invitation =
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        self.typed("invitation", "text/calendar; method=REQUEST", invitation);
        self.message(
            "dkim-signed",
            "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; b=AAAA\r\n",
            "signed\r\n",
        );
    }

    fn attachments(&mut self) {
        let kinds = [
            ("image", "image/png", 20_000),
            (
                "winmail-dat",
                "application/ms-tnef; name=winmail.dat",
                30_000,
            ),
            (
                "s-mime-encrypted",
                "application/pkcs7-mime; smime-type=enveloped-data",
                9_000,
            ),
            (
                "dmarc-report",
                "application/gzip; name=report.xml.gz",
                3_000,
            ),
            ("word-document", "application/msword", 150_000),
            ("five-megabytes", "application/zip", 5_000_000),
            ("twelve-megabytes", "application/pdf", 12_000_000),
        ];
        for (name, kind, size) in kinds {
            let header = format!(
                "Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; filename=\"{name}.bin\"\r\n"
            );
            let body = self.base64(size);
            self.message(name, &header, format!("{body}\r\n"));
        }
        let binary = self.bytes(50_000);
        self.message("binary", "Content-Transfer-Encoding: binary\r\n", binary);
        let name = "Content-Disposition: attachment; filename*=utf-8''%e4%bd%a0%2f..%2fetc\r\n";
        self.message("file-name-with-path", name, "x\r\n");
        self.typed(
            "uuencoded",
            "text/plain",
            "begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n",
        );
    }

    fn broken(&mut self) {
        self.typed(
            "empty-boundary",
            "multipart/mixed; boundary=\"\"",
            "--\r\n\r\nx\r\n----\r\n",
        );
        self.typed(
            "missing-boundary",
            "multipart/mixed",
            "--b\r\n\r\nx\r\n--b--\r\n",
        );
        self.typed(
            "boundary-never-comes",
            "multipart/mixed; boundary=never",
            "x\r\n",
        );
        self.typed(
            "boundary-is-prefix",
            "multipart/mixed; boundary=b",
            "--bb\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n",
        );
        self.typed(
            "never-closed",
            "multipart/mixed; boundary=b",
            "--b\r\n\r\nx\r\n",
        );
        self.typed("nonsense-content-type", "not/a/type; =;;=", "x\r\n");
        self.message(
            "broken-base64",
            "Content-Transfer-Encoding: base64\r\n",
            "R3LDv!!!MOfZQ=\r\n=\r\n",
        );
        self.message(
            "broken-quoted-printable",
            "Content-Transfer-Encoding: quoted-printable\r\n",
            "=ZZ =\r\n=C3\r\n",
        );
        self.message(
            "unknown-encoding",
            "Content-Transfer-Encoding: x-zip\r\n",
            "x\r\n",
        );
        self.message(
            "date-in-the-future",
            "Date: Mon, 1 Jan 2999 00:00:00 +9999\r\n",
            "x\r\n",
        );
        self.message(
            "nonsense-addresses",
            "Reply-To: <<>>, \"unclosed, @, a@b@c\r\n",
            "x\r\n",
        );
    }

    fn tickets(&mut self) {
        for number in 1..=12 {
            let words = self.random.usize(5..400);
            let body = "The same thing happened again today. ".repeat(words);
            self.typed(
                &format!("ticket-{number}"),
                "text/plain",
                format!("{body}\r\n"),
            );
        }
    }
}

/// Parts of these types, with a word in each.
fn parts(types: &[&str]) -> String {
    let parts = types.iter().map(|kind| {
        let inside = if *kind == "message/rfc822" {
            "Subject: inside\r\n\r\nbody"
        } else {
            "part"
        };
        format!("--b\r\nContent-Type: {kind}\r\n\r\n{inside}\r\n")
    });
    format!("{}--b--\r\n", parts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_a_hundred_of_them_and_each_has_its_name() {
        let made = samples(1);
        let names: BTreeSet<&str> = made.iter().map(|sample| sample.name.as_str()).collect();
        assert!(made.len() >= 100, "{}", made.len());
        assert_eq!(names.len(), made.len());
    }

    #[test]
    fn the_same_seed_makes_the_same_mail_and_another_other_mail() {
        let raw = |seed| {
            samples(seed)
                .into_iter()
                .map(|sample| sample.raw)
                .collect::<Vec<_>>()
        };
        assert!(raw(1) == raw(1));
        assert!(raw(1) != raw(2));
    }
}
