//! What POP3 and SMTP call the same things.

/// The words of a protocol that answers in lines.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) greeting: &'static str,
    /// The command that asks what is offered.
    pub(super) capabilities: &'static str,
    pub(super) starttls: &'static str,
    /// In front of a challenge.
    pub(super) challenge: &'static str,
    pub(super) begin_tls: &'static str,
    pub(super) logged_in: &'static str,
    pub(super) refused: &'static str,
    pub(super) malformed: &'static str,
    pub(super) unsupported: &'static str,
    pub(super) tls_first: &'static str,
    pub(super) out_of_order: &'static str,
    pub(super) unknown: &'static str,
    pub(super) done: &'static str,
    pub(super) good_bye: &'static str,
    /// What an attacker would put behind the answer to STARTTLS.
    pub(super) injected: &'static [u8],
}

/// POP3: RFC 1939, RFC 2449, RFC 2595, RFC 5034.
pub(super) const POP3: Words = Words {
    greeting: "+OK Mailgrant sandbox ready",
    capabilities: "CAPA",
    starttls: "STLS",
    challenge: "+ ",
    begin_tls: "+OK Begin TLS negotiation now",
    logged_in: "+OK Logged in",
    refused: "-ERR [AUTH] Authentication failed.",
    malformed: "-ERR Invalid SASL argument",
    unsupported: "-ERR Unsupported authentication mechanism",
    tls_first: "-ERR STLS first",
    out_of_order: "-ERR Not now",
    unknown: "-ERR Unknown command",
    done: "+OK",
    good_bye: "+OK Good-bye",
    injected: b"+OK\r\nSASL PLAIN\r\n.\r\n",
};

/// SMTP submission: RFC 5321, RFC 3207, RFC 4954.
pub(super) const SMTP: Words = Words {
    greeting: "220 localhost ESMTP Mailgrant sandbox ready",
    capabilities: "EHLO",
    starttls: "STARTTLS",
    challenge: "334 ",
    begin_tls: "220 2.0.0 Ready to start TLS",
    logged_in: "235 2.7.0 Authentication succeeded",
    refused: "535 5.7.8 Authentication credentials invalid",
    malformed: "501 5.5.2 Cannot decode response",
    unsupported: "504 5.5.4 Unrecognized authentication type",
    tls_first: "530 5.7.0 Must issue a STARTTLS command first",
    out_of_order: "503 5.5.1 Bad sequence of commands",
    unknown: "502 5.5.1 Command not implemented",
    done: "250 2.0.0 OK",
    good_bye: "221 2.0.0 Good-bye",
    injected: b"250-localhost\r\n250 AUTH PLAIN\r\n",
};
