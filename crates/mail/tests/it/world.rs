//! A mail server with one mailbox, which is the sandbox's or Dovecot.

use std::time::Duration;

use mailgrant_lab::{Dovecot, DovecotOptions, as_served};
use mailgrant_mail::{
    FetchEvent, ImapSession, Limits, MailError, MailServer, MessageUid, Protocol, Security,
    Session, Trust, sasl::Mechanism, try_login,
};
use mailgrant_sandbox::{
    self as sandbox, Client, IdentityProvider, MailServerOptions, ProviderOptions, TokenBook, User,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;

pub(crate) const USER: &str = "support@example.com";

const TOKEN: &str = "s4ndb0x-token";

/// A running server, and a token for its mailbox.
pub(crate) struct World {
    peer: Peer,
    _provider: Option<IdentityProvider>,
}

enum Peer {
    Sandbox(sandbox::MailServer),
    Dovecot(Dovecot),
}

/// The server's two ports.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Port {
    /// TLS from the first byte.
    Imaps,
    /// STARTTLS offered.
    Imap,
}

/// The token that opens the mailbox.
pub(crate) fn token() -> SecretString {
    TOKEN.into()
}

impl World {
    pub(crate) async fn sandbox(mechanism: &str) -> Self {
        Self::sandbox_with(MailServerOptions {
            xoauth2: mechanism == "xoauth2",
            oauthbearer: mechanism == "oauthbearer",
            ..MailServerOptions::default()
        })
        .await
    }

    pub(crate) async fn sandbox_with(options: MailServerOptions) -> Self {
        let tokens = TokenBook::default();
        tokens.issue(TOKEN, USER, "imap", 3600);
        let options = options.with_every_protocol();
        let server = sandbox::MailServer::start(options, tokens).await.unwrap();
        Self {
            peer: Peer::Sandbox(server),
            _provider: None,
        }
    }

    pub(crate) async fn dovecot(mechanism: &'static str) -> Self {
        Self::dovecot_with(mechanism, "").await
    }

    /// With further settings.
    pub(crate) async fn dovecot_with(mechanism: &'static str, settings: &str) -> Self {
        let client = Client {
            id: "dovecot".to_owned(),
            secret: Some("dovecot-secret".to_owned()),
            redirect_uris: Vec::new(),
            ..Client::default()
        };
        let user = User {
            address: USER.to_owned(),
            password: "unused".to_owned(),
        };
        let options = ProviderOptions {
            clients: vec![client],
            users: vec![user],
            ..ProviderOptions::default()
        };
        let tokens = TokenBook::default();
        tokens.issue(TOKEN, USER, "imap", 3600);
        let provider = IdentityProvider::start(options, tokens).await.unwrap();
        let address = provider.issuer().replace("http://", "");
        let options = DovecotOptions {
            introspection_url: format!("http://dovecot:dovecot-secret@{address}/introspect"),
            mechanisms: mechanism,
            password: None,
        };
        let dovecot = Dovecot::start_with(&options, settings);
        Self {
            peer: Peer::Dovecot(dovecot),
            _provider: Some(provider),
        }
    }

    /// Dovecot, for what it alone can do.
    pub(crate) fn as_dovecot(&self) -> &Dovecot {
        match &self.peer {
            Peer::Dovecot(dovecot) => dovecot,
            Peer::Sandbox(_) => panic!("the sandbox takes no mail by LMTP"),
        }
    }

    /// The sandbox's server, for what it alone can do.
    pub(crate) fn server(&self) -> &sandbox::MailServer {
        match &self.peer {
            Peer::Sandbox(server) => server,
            Peer::Dovecot(_) => panic!("Dovecot has no faults"),
        }
    }

    /// How to reach it.
    pub(crate) fn at(&self, port: Port, security: Security) -> MailServer {
        let number = match (&self.peer, port) {
            (Peer::Sandbox(server), Port::Imaps) => server.tls_address().port(),
            (Peer::Sandbox(server), Port::Imap) => server.plain_address().unwrap().port(),
            (Peer::Dovecot(dovecot), Port::Imaps) => dovecot.imaps_port(),
            (Peer::Dovecot(dovecot), Port::Imap) => dovecot.imap_port(),
        };
        MailServer::new("127.0.0.1", number, security).unwrap()
    }

    /// How to reach it in this protocol.
    pub(crate) fn speaking(&self, protocol: Protocol, security: Security) -> MailServer {
        let tls = security == Security::Tls;
        let number = match &self.peer {
            Peer::Sandbox(server) => {
                let address = match (protocol, tls) {
                    (Protocol::Imap, true) => Some(server.tls_address()),
                    (Protocol::Imap, false) => server.plain_address(),
                    (Protocol::Pop3, true) => server.pop3s_address(),
                    (Protocol::Pop3, false) => server.pop3_address(),
                    (Protocol::Smtp, true) => server.submissions_address(),
                    (Protocol::Smtp, false) => server.submission_address(),
                };
                address.unwrap().port()
            }
            Peer::Dovecot(dovecot) => match (protocol, tls) {
                (Protocol::Imap, true) => dovecot.imaps_port(),
                (Protocol::Imap, false) => dovecot.imap_port(),
                (Protocol::Pop3, true) => dovecot.pop3s_port(),
                (Protocol::Pop3, false) => dovecot.pop3_port(),
                (Protocol::Smtp, true) => dovecot.submissions_port(),
                (Protocol::Smtp, false) => dovecot.submission_port(),
            },
        };
        MailServer::new("127.0.0.1", number, security).unwrap()
    }

    /// Logs in with this mechanism.
    pub(crate) async fn log_in(
        &self,
        protocol: Protocol,
        security: Security,
        mechanism: Mechanism,
        token: SecretString,
    ) -> Result<Session, MailError> {
        let (server, trust) = (self.speaking(protocol, security), self.trust());
        let login = try_login(protocol, &server, &trust, limits(), mechanism, USER, &token);
        login.await.result
    }

    /// Belief in its certificate.
    pub(crate) fn trust(&self) -> Trust {
        let pem = match &self.peer {
            Peer::Sandbox(server) => server.certificate_pem(),
            Peer::Dovecot(dovecot) => dovecot.certificate_pem().to_owned(),
        };
        trust_in(&pem)
    }

    pub(crate) async fn open_at(
        &self,
        port: Port,
        security: Security,
        token: SecretString,
    ) -> Result<ImapSession, MailError> {
        let (server, trust) = (self.at(port, security), self.trust());
        ImapSession::open(&server, &trust, limits(), USER, &token).await
    }

    /// A session over TLS.
    pub(crate) async fn open(&self) -> ImapSession {
        let opened = self.open_at(Port::Imaps, Security::Tls, token()).await;
        opened.unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    /// A session over TLS that has selected INBOX.
    pub(crate) async fn inbox(&self) -> ImapSession {
        let mut session = self.open().await;
        session.select("INBOX").await.unwrap();
        session
    }

    /// Puts messages into INBOX.
    pub(crate) fn deliver(&self, messages: &[&[u8]]) {
        match &self.peer {
            Peer::Sandbox(server) => {
                for raw in messages {
                    server.deliver(USER, "INBOX", raw);
                }
            }
            Peer::Dovecot(dovecot) => dovecot.deliver_all(USER, messages.iter().copied()),
        }
    }

    /// What a client gets of a message.
    pub(crate) fn as_served(&self, raw: &[u8]) -> Vec<u8> {
        match &self.peer {
            Peer::Sandbox(_) => raw.to_vec(),
            Peer::Dovecot(_) => as_served(raw),
        }
    }

    /// Makes a folder, named as it stands on the wire.
    pub(crate) async fn create_folder(&self, wire_name: &str) {
        match &self.peer {
            Peer::Sandbox(server) => server.wait_for(USER, wire_name, |_| true).await,
            Peer::Dovecot(dovecot) => dovecot.create_folder(USER, wire_name),
        }
    }

    /// Which of INBOX's messages are seen, in the order of their delivery.
    pub(crate) fn seen(&self) -> Vec<bool> {
        match &self.peer {
            Peer::Sandbox(server) => {
                let contents = server.contents(USER, "INBOX").into_iter();
                contents
                    .map(|(_, flags, _)| flags.iter().any(|flag| flag == "\\Seen"))
                    .collect()
            }
            Peer::Dovecot(dovecot) => {
                let flags = dovecot.flags(USER);
                flags.iter().map(|flags| flags.contains('S')).collect()
            }
        }
    }

    pub(crate) fn log(&self) -> String {
        match &self.peer {
            Peer::Sandbox(server) => server.transcript().join("\n"),
            Peer::Dovecot(dovecot) => dovecot.log(),
        }
    }
}

/// Belief in this certificate, in PEM.
pub(crate) fn trust_in(pem: &str) -> Trust {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    Trust::system_and(vec![certificate]).unwrap()
}

/// Short enough that no test hangs, long enough for a busy machine.
pub(crate) fn limits() -> Limits {
    Limits {
        answer: Duration::from_mins(1),
        ..Limits::default()
    }
}

/// Fetches messages, each whole.
pub(crate) async fn fetch(
    session: &mut ImapSession,
    uids: &[MessageUid],
) -> Result<Vec<(MessageUid, Vec<u8>)>, MailError> {
    let mut fetched: Vec<(MessageUid, Vec<u8>)> = Vec::new();
    let (mut announced, mut complete) = (0, true);
    session.start_fetch(uids).await?;
    while let Some(event) = session.next_fetched().await? {
        match event {
            FetchEvent::Start { uid, size } => {
                assert!(complete, "a message begins within another");
                (announced, complete) = (size, false);
                fetched.push((uid, Vec::new()));
            }
            FetchEvent::Chunk(bytes) => fetched.last_mut().unwrap().1.extend_from_slice(&bytes),
            FetchEvent::End => {
                assert_eq!(fetched.last().unwrap().1.len() as u64, announced);
                complete = true;
            }
        }
    }
    assert!(complete, "a message does not end");
    Ok(fetched)
}

/// The bytes of all messages in the selected folder.
pub(crate) async fn fetch_all(session: &mut ImapSession) -> Vec<Vec<u8>> {
    let uids = session.uids_from(1).await.unwrap();
    let fetched = fetch(session, &uids).await.unwrap();
    assert_eq!(
        fetched.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(),
        uids
    );
    fetched.into_iter().map(|(_, bytes)| bytes).collect()
}
