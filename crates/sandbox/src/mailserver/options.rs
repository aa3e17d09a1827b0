//! How the mail server behaves when all is well.

use std::net::{Ipv4Addr, SocketAddr};

/// How the mail server behaves when all is well. By default it listens on any free port of
/// 127.0.0.1, with TLS and without, and offers everything that it can do.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switches one capability"
)]
pub struct MailServerOptions {
    /// Where to listen with implicit TLS (port 0 for any).
    pub listen_tls: SocketAddr,
    /// Where to listen without, with STARTTLS offered.
    pub listen_plain: Option<SocketAddr>,
    /// Where to listen for POP3 with implicit TLS.
    pub listen_pop3s: Option<SocketAddr>,
    /// Where to listen for POP3 without, with STLS offered.
    pub listen_pop3: Option<SocketAddr>,
    /// Where to listen for SMTP submission with implicit TLS.
    pub listen_submissions: Option<SocketAddr>,
    /// Where to listen for SMTP submission without, with STARTTLS offered.
    pub listen_submission: Option<SocketAddr>,
    /// Where to listen for the APIs by which mail is read, without TLS.
    pub listen_api: Option<SocketAddr>,
    /// What is wrong with its certificate.
    pub certificate: Certificate,
    /// Offers `SASL-IR`.
    pub sasl_ir: bool,
    /// Offers `AUTH=XOAUTH2`.
    pub xoauth2: bool,
    /// Offers `AUTH=OAUTHBEARER`.
    pub oauthbearer: bool,
    /// Offers `IDLE`.
    pub idle: bool,
    /// Offers `NOTIFY` (RFC 5465).
    pub notify: bool,
    /// Offers `LIST-EXTENDED` and `LIST-STATUS` (RFC 5819).
    pub list_status: bool,
    /// Offers `CONDSTORE` (RFC 7162), as far as HIGHESTMODSEQ goes.
    pub condstore: bool,
    /// Folders that are marked with what they are for (RFC 6154): (`Spam`, `\\Junk`).
    pub special_use: Vec<(String, String)>,
    /// Offers `MOVE` and `UIDPLUS`.
    pub r#move: bool,
    /// Offers `LITERAL+`.
    pub literal_plus: bool,
    /// Offers `STARTTLS` on the plain listener.
    pub starttls: bool,
    /// Offers logins on the plain listener before STARTTLS too; otherwise `LOGINDISABLED`.
    pub login_without_tls: bool,
    /// Tells the capabilities in the greeting and in the answer to AUTHENTICATE; otherwise the
    /// client has to ask.
    pub announce_capabilities: bool,
    /// Ends a session with `* BYE Session invalidated - AccessTokenExpired` when its token is no
    /// longer valid: at the next command, or within a second where the client is silent.
    pub end_sessions_with_token: bool,
    /// What POP3's unique-ids are.
    pub unique_ids: UniqueIds,
    /// Whose tokens are taken.
    pub accepts: Accepts,
    /// Shared mailboxes: (mailbox, user who has access besides).
    pub shared: Vec<(String, String)>,
}

/// What the server shows in the handshake. It is its own authority in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and `127.0.0.1`, valid now.
    #[default]
    Valid,
    /// For the same names, valid until 2 February 2020.
    Expired,
    /// Valid now, for `mail.example.net`.
    OtherName,
}

impl MailServerOptions {
    /// The same with POP3 and SMTP submission too, on any free port of 127.0.0.1.
    #[must_use]
    pub fn with_every_protocol(self) -> Self {
        let any_port = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        Self {
            listen_pop3s: any_port,
            listen_pop3: any_port,
            listen_submissions: any_port,
            listen_submission: any_port,
            ..self
        }
    }
}

impl MailServerOptions {
    /// The same with the APIs too, on any free port of 127.0.0.1.
    #[must_use]
    pub fn with_apis(self) -> Self {
        Self {
            listen_api: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            ..self
        }
    }
}

impl Default for MailServerOptions {
    fn default() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen_tls: any_port,
            listen_plain: Some(any_port),
            listen_pop3s: None,
            listen_pop3: None,
            listen_submissions: None,
            listen_submission: None,
            listen_api: None,
            certificate: Certificate::Valid,
            sasl_ir: true,
            xoauth2: true,
            oauthbearer: true,
            idle: true,
            notify: true,
            list_status: true,
            condstore: true,
            special_use: Vec::new(),
            r#move: true,
            literal_plus: true,
            starttls: true,
            login_without_tls: true,
            announce_capabilities: true,
            end_sessions_with_token: true,
            unique_ids: UniqueIds::Own,
            accepts: Accepts::Any,
            shared: Vec::new(),
        }
    }
}

/// What POP3's unique-ids are (RFC 1939, section 7, with what servers make of it).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UniqueIds {
    /// Each message has one of its own, for ever.
    #[default]
    Own,
    /// A message's number in the session: no unique-id at all, but there are such servers.
    Places,
    /// Copies of a message share one.
    Contents,
}

/// Which tokens a mail server takes, and how it refuses others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accepts {
    /// All that are in the book.
    #[default]
    Any,
    /// Those that Exchange Online takes: made for Outlook, with the scope or the role for IMAP. Others
    /// hear `NO AUTHENTICATE failed.` and no challenge (Microsoft's page "Authenticate an IMAP, POP
    /// or SMTP connection using OAuth", in office-developer-exchange-docs).
    Exchange,
}

impl Accepts {
    pub(super) fn takes(self, audience: Option<&str>, scope: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exchange => {
                let for_outlook = matches!(
                    audience,
                    Some("https://outlook.office.com" | "https://outlook.office365.com")
                );
                let mut scopes = scope
                    .split(' ')
                    .filter_map(|scope| scope.rsplit('/').next());
                for_outlook
                    && scopes
                        .any(|name| matches!(name, "IMAP.AccessAsUser.All" | "IMAP.AccessAsApp"))
            }
        }
    }
}
