//! Messages of Mailgrant's own to a mailbox.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// A message to a mailbox from itself, marked as sent by a machine (RFC 3834), so that no robot answers
/// it.
pub(crate) struct Letter<'a> {
    /// What stands before the address in `From`.
    pub(crate) name: &'a str,
    pub(crate) address: &'a str,
    pub(crate) subject: &'a str,
    /// What its Message-ID begins with.
    pub(crate) id: &'a str,
    /// A further header line with its end, or nothing.
    pub(crate) line: &'a str,
    /// Its text, with CRLF.
    pub(crate) text: &'a str,
}

impl Letter<'_> {
    pub(crate) fn written(&self, now: Timestamp) -> String {
        let Self {
            name,
            address,
            subject,
            id,
            line,
            text,
        } = self;
        let date = DateTimePrinter::new().timestamp_to_string(&now);
        let date = date.unwrap_or_default();
        format!(
            "From: {name}<{address}>\r\n\
             To: <{address}>\r\n\
             Subject: {subject}\r\n\
             Date: {date}\r\n\
             Message-ID: <{id}@mailgrant.invalid>\r\n\
             Auto-Submitted: auto-generated\r\n\
             {line}\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             \r\n\
             {text}"
        )
    }
}
