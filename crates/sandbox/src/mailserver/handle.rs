//! A running mail server, as tests and the demo hold it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::api;
use super::fault::{ApiFault, Faults, ImapFault, LineFault};
use super::line_session::Language;
use super::listener::{self, Security, Speaks};
use super::options::MailServerOptions;
use super::sasl::{Credentials, Mechanism};
use super::store::{Store, StoredMessage};
use super::tls;
use super::transcript::Transcript;
use crate::TokenBook;

/// A running mail server; stops when dropped.
#[derive(Debug)]
pub struct MailServer {
    shared: Arc<Shared>,
    tls_address: SocketAddr,
    plain_address: Option<SocketAddr>,
    pop3s_address: Option<SocketAddr>,
    pop3_address: Option<SocketAddr>,
    submissions_address: Option<SocketAddr>,
    submission_address: Option<SocketAddr>,
    api_address: Option<SocketAddr>,
    certificate_pem: String,
}

impl MailServer {
    /// Starts one on loopback, with a certificate made on the spot.
    pub async fn start(options: MailServerOptions, tokens: TokenBook) -> io::Result<Self> {
        let (acceptor, certificate_pem) = tls::fresh(options.certificate)?;
        let shared = Arc::new(Shared::new(options, tokens));
        let open = async |address: Option<SocketAddr>, speaks, security| {
            let Some(address) = address else {
                return Ok(None);
            };
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            let server = Arc::clone(&shared);
            let accepting = listener::accept(listener, speaks, security, acceptor.clone(), server);
            tokio::spawn(accepting);
            io::Result::Ok(Some(address))
        };
        let (imap, tls, plain) = (Speaks::Imap, Security::ImplicitTls, Security::Plain);
        let pop3 = Speaks::Lines(Language::Pop3);
        let smtp = Speaks::Lines(Language::Smtp);
        let options = &shared.options;
        let tls_address = open(Some(options.listen_tls), imap, tls).await?;
        Ok(Self {
            tls_address: tls_address.ok_or(io::ErrorKind::AddrNotAvailable)?,
            plain_address: open(options.listen_plain, imap, plain).await?,
            pop3s_address: open(options.listen_pop3s, pop3, tls).await?,
            pop3_address: open(options.listen_pop3, pop3, plain).await?,
            submissions_address: open(options.listen_submissions, smtp, tls).await?,
            submission_address: open(options.listen_submission, smtp, plain).await?,
            api_address: match options.listen_api {
                Some(address) => Some(api::serve(address, Arc::clone(&shared)).await?),
                None => None,
            },
            certificate_pem,
            shared: Arc::clone(&shared),
        })
    }

    /// Where implicit TLS listens.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls_address
    }

    /// Where the plain listener listens.
    pub fn plain_address(&self) -> Option<SocketAddr> {
        self.plain_address
    }

    /// Where POP3 with implicit TLS listens.
    pub fn pop3s_address(&self) -> Option<SocketAddr> {
        self.pop3s_address
    }

    /// Where POP3 with STLS listens.
    pub fn pop3_address(&self) -> Option<SocketAddr> {
        self.pop3_address
    }

    /// Where SMTP submission with implicit TLS listens.
    pub fn submissions_address(&self) -> Option<SocketAddr> {
        self.submissions_address
    }

    /// Where SMTP submission with STARTTLS listens.
    pub fn submission_address(&self) -> Option<SocketAddr> {
        self.submission_address
    }

    /// Where the APIs listen.
    pub fn api_address(&self) -> Option<SocketAddr> {
        self.api_address
    }

    /// Its certificate in PEM, for whoever is to trust it.
    pub fn certificate_pem(&self) -> String {
        self.certificate_pem.clone()
    }

    /// Puts a message into a folder of a mailbox (both made where they are missing); says its UID.
    /// Every session that has the folder selected is told.
    pub fn deliver(&self, mailbox: &str, folder: &str, raw: &[u8]) -> u32 {
        self.shared.deliver(mailbox, folder, raw)
    }

    /// Puts a message that came at some time and has flags already, as [`deliver`](Self::deliver) does.
    pub fn restore(
        &self,
        mailbox: &str,
        folder: &str,
        raw: &[u8],
        flags: &[&str],
        received: Timestamp,
    ) -> u32 {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.shared.store.mailbox(mailbox, |mailbox| {
            let folder = mailbox.folder_or_create(folder);
            folder.append(Bytes::copy_from_slice(raw), flags, received)
        })
    }

    /// Moves all messages of a folder to another one (made where it is missing), as a person does
    /// whose program keeps their ids.
    pub fn move_all(&self, mailbox: &str, from: &str, to: &str) {
        self.shared.store.mailbox(mailbox, |mailbox| {
            let from = mailbox.folder_or_create(from);
            let messages = from.messages().to_vec();
            from.expunge(|_| true);
            let to = mailbox.folder_or_create(to);
            for message in messages {
                to.take_in(StoredMessage {
                    moved: true,
                    ..message
                });
            }
        });
    }

    /// Somebody deletes a message.
    pub fn expunge(&self, mailbox: &str, folder: &str, uid: u32) {
        let store = &self.shared.store;
        store.folder(mailbox, folder, |folder| {
            folder.expunge(|message| message.uid == uid);
        });
    }

    /// Gives a folder's messages other UIDs and ids, as after a move to another server.
    pub fn renumber(&self, mailbox: &str, folder: &str) {
        self.shared
            .store
            .mailbox(mailbox, |mailbox| mailbox.renumber(folder));
    }

    /// What a folder holds: UID, flags and bytes, ascending by UID.
    pub fn contents(&self, mailbox: &str, folder: &str) -> Vec<(u32, Vec<String>, Vec<u8>)> {
        let contents = self.shared.store.folder(mailbox, folder, |folder| {
            let messages = folder.messages().iter();
            let parts = |it: &StoredMessage| (it.uid, it.flags.clone(), it.raw.to_vec());
            messages.map(parts).collect()
        });
        contents.unwrap_or_default()
    }

    /// Waits until the messages of a folder (both made where they are missing) are as `predicate`
    /// wants them. It is asked at once and after every change, and must not call this server.
    pub async fn wait_for(
        &self,
        mailbox: &str,
        folder: &str,
        mut predicate: impl FnMut(&[StoredMessage]) -> bool,
    ) {
        let mut changes = self.shared.store.mailbox(mailbox, |mailbox| {
            mailbox.folder_or_create(folder).changes()
        });
        loop {
            let satisfied = self
                .shared
                .store
                .folder(mailbox, folder, |folder| predicate(folder.messages()));
            if satisfied == Some(true) || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Lets a fault of POP3 happen `times` times (`None`: until cleared).
    pub fn pop3_fault(&self, fault: LineFault, times: Option<u32>) {
        self.shared.pop3_faults.add(fault, times);
    }

    /// Lets a fault of SMTP happen `times` times (`None`: until cleared).
    pub fn smtp_fault(&self, fault: LineFault, times: Option<u32>) {
        self.shared.smtp_faults.add(fault, times);
    }

    /// Lets a fault of the APIs happen `times` times (`None`: until cleared).
    pub fn api_fault(&self, fault: ApiFault, times: Option<u32>) {
        self.shared.api_faults.add(fault, times);
    }

    /// Lets a fault of IMAP happen `times` times (`None`: until cleared).
    pub fn fault(&self, fault: ImapFault, times: Option<u32>) {
        self.shared.faults.add(fault, times);
    }

    /// All is well again.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
        self.shared.pop3_faults.clear();
        self.shared.smtp_faults.clear();
        self.shared.api_faults.clear();
    }

    /// How many logins have succeeded, by mechanism name.
    pub fn logins(&self) -> Vec<(String, u64)> {
        let logins = self.shared.logins();
        let named = logins
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        named.collect()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Ends all connections as a server that goes down.
    pub fn drop_connections(&self) {
        let mut current = self.shared.current_connections();
        current.cancel();
        *current = self.shared.stop.child_token();
    }

    /// The latest commands and answers in short form, tokens shortened: `3 C: a1 NOOP`, with the
    /// number of the connection.
    pub fn transcript(&self) -> Vec<String> {
        self.shared.transcript.lines()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// What all sessions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: MailServerOptions,
    pub(super) tokens: TokenBook,
    pub(super) store: Store,
    pub(super) faults: Faults<ImapFault>,
    pub(super) pop3_faults: Faults<LineFault>,
    pub(super) smtp_faults: Faults<LineFault>,
    pub(super) api_faults: Faults<ApiFault>,
    pub(super) transcript: Arc<Transcript>,
    pub(super) stop: CancellationToken,
    /// Ends the connections that are open now.
    current: Mutex<CancellationToken>,
    open: AtomicUsize,
    next_number: AtomicU64,
    logins: Mutex<BTreeMap<&'static str, u64>>,
}

impl Shared {
    fn new(options: MailServerOptions, tokens: TokenBook) -> Self {
        let stop = CancellationToken::new();
        Self {
            options,
            tokens,
            store: Store::default(),
            faults: Faults::default(),
            pop3_faults: Faults::default(),
            smtp_faults: Faults::default(),
            api_faults: Faults::default(),
            transcript: Arc::new(Transcript::default()),
            current: Mutex::new(stop.child_token()),
            stop,
            open: AtomicUsize::new(0),
            next_number: AtomicU64::new(1),
            logins: Mutex::new(BTreeMap::new()),
        }
    }

    /// Which mailbox these credentials open, if any.
    /// Puts a message into a mailbox's INBOX.
    pub(super) fn receive(&self, mailbox: &str, raw: &[u8]) {
        self.deliver(mailbox, "INBOX", raw);
    }

    fn deliver(&self, mailbox: &str, folder: &str, raw: &[u8]) -> u32 {
        self.store.mailbox(mailbox, |mailbox| {
            let folder = mailbox.folder_or_create(folder);
            folder.append(Bytes::copy_from_slice(raw), Vec::new(), now())
        })
    }

    pub(super) fn mailbox_for(&self, credentials: &Credentials) -> Option<String> {
        let (user, scope) = self.tokens.look_up(&credentials.token)?;
        let audience = self.tokens.audience(&credentials.token);
        if !self.options.accepts.takes(audience.as_deref(), &scope) {
            return None;
        }
        let mailbox = credentials.mailbox.as_deref().unwrap_or(&user);
        let own = mailbox.eq_ignore_ascii_case(&user);
        let shared = self.options.shared.iter().any(|(shared, colleague)| {
            shared.eq_ignore_ascii_case(mailbox) && colleague.eq_ignore_ascii_case(&user)
        });
        (own || shared).then(|| mailbox.to_owned())
    }

    pub(super) fn offers(&self, mechanism: Mechanism) -> bool {
        match mechanism {
            Mechanism::XOAuth2 => self.options.xoauth2,
            Mechanism::OAuthBearer => self.options.oauthbearer,
        }
    }

    pub(super) fn count_login(&self, mechanism: &'static str) {
        *self.logins().entry(mechanism).or_default() += 1;
    }

    /// Counts a connection for as long as what is returned lives.
    pub(super) fn open_connection(self: &Arc<Self>) -> OpenConnection {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection {
            number: self.next_number.fetch_add(1, Ordering::Relaxed),
            ended: self.current_connections().child_token(),
            server: Arc::clone(self),
        }
    }

    fn current_connections(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn logins(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that counts as open.
#[derive(Debug)]
pub(super) struct OpenConnection {
    /// Connections are numbered from 1.
    pub(super) number: u64,
    /// Cancelled when the connection has to end.
    pub(super) ended: CancellationToken,
    server: Arc<Shared>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.server.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When a message comes in.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for the world outside, which has its own clock"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
