//! A server that takes mail by LMTP (RFC 2033) or SMTP (RFC 5321).
//!
//! The protocols know no idempotency key: a message whose hand-over was interrupted is handed over
//! again. Header lines on request carry the key, for servers that can tell by it (Sieve's
//! `duplicate`, RFC 7352).

use std::fmt::Display;
use std::io::Read as _;
use std::path::PathBuf;

use async_trait::async_trait;
use mail_parser::MessageParser;
use mailgrant_mail::{
    Delivered, DeliveryPoint, DeliverySession, Envelope, Limits, MailError, Trust,
};
use mailgrant_vault::{Account, EnvelopeSender, RelayPlace, RelaySink};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Mutex;

use super::half_delivered::HalfDelivered;
use super::header;
use super::spool::Spool;
use super::staged::blocking;
use super::{BatchLimit, Body, Recovered, Sink, SinkDown, Staged, Verdict};
use crate::shared::Shared;

/// In how much of a message its `Return-Path` is looked for.
const BEGINNING: u64 = 64 * 1024;

/// The protocol that the server speaks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tongue {
    Lmtp,
    Smtp,
}

/// A server that takes mail.
#[derive(Debug)]
pub(super) struct Relay {
    name: String,
    point: DeliveryPoint,
    settings: RelaySink,
    trust: Trust,
    limits: Limits,
    /// The line that is put before every message, so that it is held when it comes round.
    has_passed: String,
    /// Lines that are put before every message on request; the key's line follows.
    origin: String,
    half_delivered: HalfDelivered,
    /// Open while messages are handed over.
    session: Mutex<Option<DeliverySession>>,
    spool: Spool,
}

impl Relay {
    pub(super) fn new(
        shared: &Shared,
        account: &Account,
        folder: &str,
        settings: &RelaySink,
        tongue: Tongue,
        spool: Spool,
    ) -> Self {
        let point = match (&settings.at, tongue) {
            (RelayPlace::Socket(path), _) => DeliveryPoint::LmtpSocket(path.clone()),
            (RelayPlace::Server(server), Tongue::Lmtp) => DeliveryPoint::Lmtp(server.clone()),
            (RelayPlace::Server(server), Tongue::Smtp) => DeliveryPoint::Smtp(server.clone()),
        };
        let protocol = match tongue {
            Tongue::Lmtp => "LMTP",
            Tongue::Smtp => "SMTP",
        };
        Self {
            name: format!("the {protocol} server {point}"),
            point,
            settings: settings.clone(),
            trust: shared.settings.trust.clone(),
            limits: shared.settings.limits,
            has_passed: header::has_passed(account),
            origin: header::origin(account, folder),
            half_delivered: shared.half_delivered.clone(),
            session: Mutex::new(None),
            spool,
        }
    }

    fn down(&self, why: impl Display) -> SinkDown {
        SinkDown {
            sink: self.name(),
            why: why.to_string(),
        }
    }

    async fn connect(&self) -> Result<DeliverySession, SinkDown> {
        let opened = DeliverySession::open(&self.point, &self.trust, self.limits);
        opened.await.map_err(|error| self.down(error))
    }

    async fn deliver(
        &self,
        session: &mut Option<DeliverySession>,
        message: &Staged,
    ) -> Result<Verdict, SinkDown> {
        self.spool.power().map_err(|error| self.down(error))?;
        let took = self.half_delivered.who_took(&self.here(&message.key));
        let still = self.settings.recipients.iter();
        let still: Vec<&str> = still
            .map(String::as_str)
            .filter(|recipient| !took.iter().any(|took| took == recipient))
            .collect();
        if still.is_empty() {
            self.half_delivered.forget(&self.here(&message.key));
            return Ok(Verdict::Taken(
                "all who are meant to have it have it".to_owned(),
            ));
        }
        let return_path = self.return_path(message).await?;
        let sender = self.sender(return_path.as_ref());
        let before = self.before(message, return_path.is_none(), sender);
        let envelope = match Envelope::new(sender, still.iter().copied()) {
            Ok(envelope) => envelope,
            Err(error) => return Err(self.down(error)),
        };
        let still_open = match session {
            Some(kept) => kept.is_still_open().await,
            None => false,
        };
        if !still_open {
            *session = None;
        }
        let ready = match session {
            Some(kept) => kept,
            None => session.insert(self.connect().await?),
        };
        match self.send(ready, &envelope, &before, message).await {
            Ok(verdicts) => Ok(self.verdict(&message.key, &still, verdicts)),
            Err(error) => {
                // Nobody knows what became of it. It may be this message that the server stumbles
                // over: those behind it are not held back.
                *session = None;
                Ok(Verdict::later(error.to_string()))
            }
        }
    }

    async fn send(
        &self,
        session: &mut DeliverySession,
        envelope: &Envelope,
        before: &str,
        message: &Staged,
    ) -> Result<Vec<Delivered>, MailError> {
        let before = before.as_bytes();
        let size = before.len() as u64 + message.size;
        let body: Box<dyn AsyncRead + Unpin + Send> = match &message.body {
            Body::Memory(bytes) => Box::new(bytes.as_slice()),
            Body::File(path) => match tokio::fs::File::open(path).await {
                Ok(file) => Box::new(file),
                Err(error) => {
                    return Err(MailError::Unread {
                        server: self.point.to_string(),
                        why: error.to_string(),
                    });
                }
            },
        };
        session
            .deliver(envelope, AsyncReadExt::chain(before, body), size)
            .await
    }

    /// The message at this server: another one may know recipients of the same names.
    fn here(&self, key: &str) -> String {
        format!("{} {key}", self.point)
    }

    /// One verdict of those of the recipients. One who has the message does not get it again when it
    /// is tried again for another.
    fn verdict(&self, key: &str, asked: &[&str], verdicts: Vec<Delivered>) -> Verdict {
        let key = &self.here(key);
        let mut took = Vec::new();
        let (mut taken, mut later, mut never) = (Vec::new(), Vec::new(), Vec::new());
        let several = self.settings.recipients.len() > 1;
        for (recipient, verdict) in asked.iter().zip(verdicts) {
            let (among, said) = match verdict {
                Delivered::Taken(said) => {
                    took.push((*recipient).to_owned());
                    (&mut taken, said)
                }
                Delivered::Later(said) => (&mut later, said),
                Delivered::Never(said) => (&mut never, said),
            };
            among.push(if several {
                format!("{recipient}: {said}")
            } else {
                said
            });
        }
        if !later.is_empty() {
            self.half_delivered.add(key, took);
            return Verdict::later(later.join("; "));
        }
        if !never.is_empty() {
            self.half_delivered.add(key, took);
            return Verdict::Never(never.join("; "));
        }
        self.half_delivered.forget(key);
        Verdict::Taken(taken.join("; "))
    }

    /// The lines that are put before a message.
    fn before(&self, message: &Staged, lacks_return_path: bool, sender: &str) -> String {
        if !self.settings.headers {
            return self.has_passed.clone();
        }
        // As a server does at the end of a message's way (RFC 5321, section 4.4).
        let return_path = if lacks_return_path {
            format!("Return-Path: <{sender}>\r\n")
        } else {
            String::new()
        };
        let (origin, has_passed, key) = (&self.origin, &self.has_passed, &message.key);
        format!("{return_path}{origin}X-Mailgrant-Key: {key}\r\n{has_passed}")
    }

    fn sender<'a>(&'a self, return_path: Option<&'a String>) -> &'a str {
        match &self.settings.sender {
            EnvelopeSender::Nobody => "",
            EnvelopeSender::Address(address) => address,
            EnvelopeSender::ReturnPath => return_path.map_or("", String::as_str),
        }
    }

    /// The message's own, where anybody asks for it.
    async fn return_path(&self, message: &Staged) -> Result<Option<String>, SinkDown> {
        if self.settings.sender != EnvelopeSender::ReturnPath && !self.settings.headers {
            return Ok(None);
        }
        match &message.body {
            Body::Memory(bytes) => Ok(return_path(bytes)),
            Body::File(path) => {
                let path = path.clone();
                let read = blocking(move || {
                    let mut beginning = Vec::new();
                    let file = std::fs::File::open(path)?;
                    file.take(BEGINNING).read_to_end(&mut beginning)?;
                    Ok(return_path(&beginning))
                });
                read.await.map_err(|error| self.down(error))
            }
        }
    }
}

#[async_trait]
impl Sink for Relay {
    fn name(&self) -> String {
        self.name.clone()
    }

    /// One by one: what became of one message must be on record before the next is handed over.
    fn batch(&self) -> BatchLimit {
        BatchLimit::messages(1)
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.spool.staging_path(key)
    }

    /// Connects and asks for each recipient; no message is sent.
    async fn check(&self) -> Result<String, SinkDown> {
        let sender = match &self.settings.sender {
            EnvelopeSender::Address(address) => address.as_str(),
            EnvelopeSender::Nobody | EnvelopeSender::ReturnPath => "",
        };
        let envelope = Envelope::new(sender, &self.settings.recipients);
        let envelope = envelope.map_err(|error| self.down(error))?;
        let mut session = self.connect().await?;
        let refusals = session.probe(&envelope).await;
        let refusals = refusals.map_err(|error| self.down(error))?;
        session.quit().await;
        let mut asked = self.settings.recipients.iter().zip(refusals);
        let refused = asked.find_map(|(recipient, refusal)| Some((recipient, refusal?)));
        if let Some((recipient, refusal)) = refused {
            let (Delivered::Taken(said) | Delivered::Later(said) | Delivered::Never(said)) =
                refusal;
            return Err(self.down(format!("it refuses mail for {recipient}: {said}")));
        }
        let recipients = self.settings.recipients.join(", ");
        Ok(format!("{} takes mail for {recipients}", self.name))
    }

    /// Nobody knows what the server had done when it was interrupted: it gets the message again.
    async fn recover(
        &self,
        keys: Vec<String>,
        _sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown> {
        self.spool.sweep().await.map_err(|error| self.down(error))?;
        Ok(vec![Recovered::Again; keys.len()])
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let mut session = self.session.lock().await;
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            let verdict = self.deliver(&mut session, &message).await;
            if self.spool.power().is_ok() {
                message.discard();
            }
            verdicts.push(verdict?);
        }
        Ok(verdicts)
    }
}

/// Whom a message's `Return-Path` names; an empty name where it is none that can stand in an envelope.
fn return_path(beginning: &[u8]) -> Option<String> {
    let message = MessageParser::new().parse_headers(beginning)?;
    message.header_raw("Return-Path")?;
    let named = message.return_address().unwrap_or_default().trim();
    let fits = named.contains('@') && Envelope::new(named, ["anybody"]).is_ok();
    Some(if fits {
        named.to_owned()
    } else {
        String::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_path_is_an_address_or_nobody() {
        let of = |line: &str| return_path(format!("{line}\r\nSubject: x\r\n\r\n").as_bytes());
        assert_eq!(of("Return-Path: <a@b.example>").unwrap(), "a@b.example");
        assert_eq!(of("Return-Path: <>").unwrap(), "");
        assert_eq!(of("X: y"), None);
        let smuggled = of("Return-Path: <a@b.example> SIZE=1>").unwrap();
        assert!(!smuggled.contains([' ', '>']), "{smuggled}");
        assert_eq!(return_path(b""), None);
        assert_eq!(return_path(b"\xff\x00"), None);
    }
}
