//! An IMAP mailbox. A connection that breaks in a large message is opened once more, and the message goes
//! on where it was, part by part.
//!
//! A UID names the same bytes for as long as UIDVALIDITY stands (RFC 9051, section 2.3.1.1), but
//! some servers make up a message's form anew for each session. So before it goes on, what came first and
//! what came last is asked for again and has to be the same.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use mailgrant_mail::{FetchEvent, ImapSession, MailError, News};
use tracing::{debug, info};

use super::{Arrival, Door, Selected};

/// Below this it is not worth it, in bytes.
const LARGE: u64 = 1 << 20;
/// How much is asked for at once, in bytes.
const PART: u32 = 512 * 1024;
/// So much of a message's beginning, and of what came last, has to be the same, in bytes.
const BEGINNING: usize = 16 * 1024;
const LAST: usize = 4 * 1024;
/// How often a connection may break in one message.
const MOST_BREAKS: u32 = 100;
/// How long it is waited before each try to open it again.
const WAITS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// An IMAP mailbox, and the session through which it is seen.
pub(crate) struct ImapSource {
    pub(super) session: ImapSession,
    door: Door,
    /// The selected folder, and its epoch.
    folder: Option<(String, u32)>,
    /// What was asked for last, and what of it has begun to come.
    asked: Vec<u32>,
    begun: BTreeSet<u32>,
    coming: Option<Coming>,
    /// The session is not the one that was asked to tell of other folders.
    is_another: bool,
}

/// A large message on its way.
struct Coming {
    uid: u32,
    size: u64,
    received: u64,
    beginning: Vec<u8>,
    last: Vec<u8>,
    /// It goes on in parts.
    in_parts: bool,
    breaks: u32,
    /// How much had come at the break before.
    received_before: u64,
}

impl ImapSource {
    /// Opens a session: the login is proved.
    pub(crate) async fn open(door: Door) -> Result<Self, MailError> {
        Ok(Self {
            session: door.open_imap().await?,
            door,
            folder: None,
            asked: Vec::new(),
            begun: BTreeSet::new(),
            coming: None,
            is_another: false,
        })
    }

    /// The session, for looking around.
    pub(crate) fn session(&mut self) -> &mut ImapSession {
        &mut self.session
    }

    pub(super) async fn select(&mut self, folder: &str) -> Result<Selected, MailError> {
        self.folder = None;
        let status = self.session.select(folder).await?;
        self.folder = Some((folder.to_owned(), status.uid_validity));
        let next_uid = if let Some(next) = status.uid_next {
            next
        } else {
            let last = self.session.uids_from(1).await?.last().copied();
            last.unwrap_or(0).saturating_add(1)
        };
        Ok(Selected {
            uid_validity: status.uid_validity,
            next_uid,
            mark: Some(status.mark()),
        })
    }

    pub(super) fn take_news(&mut self) -> News {
        if std::mem::take(&mut self.is_another) {
            return News {
                any: true,
                over: true,
                ..News::default()
            };
        }
        self.session.take_news()
    }

    pub(super) async fn start_fetch(&mut self, uids: &[u32]) -> Result<(), MailError> {
        self.session.start_fetch(uids).await?;
        self.asked = uids.to_vec();
        self.begun.clear();
        self.coming = None;
        Ok(())
    }

    pub(super) async fn next_arrival(&mut self) -> Result<Option<Arrival>, MailError> {
        loop {
            let came = match &self.coming {
                Some(coming) if coming.in_parts => {
                    let (uid, size, received) = (coming.uid, coming.size, coming.received);
                    self.next_part(uid, size, received).await
                }
                _ => self.session.next_fetched().await.map(|event| {
                    event.map(|event| match event {
                        FetchEvent::Start { uid, size } => Arrival::Start {
                            uid,
                            size: Some(size),
                            about: size,
                        },
                        FetchEvent::Chunk(bytes) => Arrival::Chunk(bytes),
                        FetchEvent::End => Arrival::End,
                    })
                }),
            };
            match came {
                Ok(arrival) => {
                    self.note(arrival.as_ref());
                    return Ok(arrival);
                }
                Err(broken) => self.go_on(broken).await?,
            }
        }
    }

    fn note(&mut self, arrival: Option<&Arrival>) {
        match arrival {
            Some(Arrival::Start { uid, about, .. }) => {
                self.begun.insert(*uid);
                self.coming = (*about >= LARGE).then(|| Coming::new(*uid, *about));
            }
            Some(Arrival::Chunk(bytes)) => {
                if let Some(coming) = &mut self.coming {
                    coming.came(bytes);
                }
            }
            Some(Arrival::End) | None => self.coming = None,
        }
    }

    /// The next part of a message; its end once all of it has come, and then what else was asked for.
    async fn next_part(
        &mut self,
        uid: u32,
        size: u64,
        received: u64,
    ) -> Result<Option<Arrival>, MailError> {
        let left = size.saturating_sub(received);
        if left == 0 {
            let asked = self.asked.iter().copied();
            let rest: Vec<u32> = asked.filter(|uid| !self.begun.contains(uid)).collect();
            self.session.start_fetch(&rest).await?;
            return Ok(Some(Arrival::End));
        }
        let count = u32::try_from(left).map_or(PART, |left| left.min(PART));
        match self.session.part(uid, received, count).await? {
            Some(bytes) if !bytes.is_empty() => Ok(Some(Arrival::Chunk(bytes))),
            _ => Err(MailError::Protocol {
                server: self.door.server.to_string(),
                why: format!("message {uid} ends after {received} of {size} bytes"),
            }),
        }
    }

    /// Opens the connection again that broke in a large message; any other error stays.
    async fn go_on(&mut self, broken: MailError) -> Result<(), MailError> {
        let is_broken = matches!(
            broken,
            MailError::Closed {
                token_ended: false,
                ..
            }
        );
        let (true, Some(coming), Some((folder, epoch))) =
            (is_broken, &mut self.coming, &self.folder)
        else {
            return Err(broken);
        };
        if coming.received == coming.received_before || coming.breaks >= MOST_BREAKS {
            return Err(broken);
        }
        let Some(session) = reopen(&self.door, folder, *epoch, coming).await else {
            return Err(broken);
        };
        let (uid, received, size) = (coming.uid, coming.received, coming.size);
        info!(server = %self.door.server, uid, "a connection broke after {received} of {size} bytes of a message, which goes on there");
        coming.in_parts = true;
        coming.breaks += 1;
        coming.received_before = received;
        self.session = session;
        self.is_another = true;
        Ok(())
    }
}

/// A new session in which the message is the same as before; `None` where there is none.
async fn reopen(door: &Door, folder: &str, epoch: u32, coming: &Coming) -> Option<ImapSession> {
    for wait in WAITS {
        tokio::time::sleep(wait).await;
        match is_the_same(door, folder, epoch, coming).await {
            Ok(session) => return session,
            Err(error @ (MailError::Closed { .. } | MailError::Connect { .. })) => {
                debug!(server = %door.server, %error, "not open again yet");
            }
            Err(_) => return None,
        }
    }
    None
}

async fn is_the_same(
    door: &Door,
    folder: &str,
    epoch: u32,
    coming: &Coming,
) -> Result<Option<ImapSession>, MailError> {
    let mut session = door.open_imap().await?;
    if session.select(folder).await?.uid_validity != epoch {
        return Ok(None);
    }
    let last_from = coming.received.saturating_sub(coming.last.len() as u64);
    for (from, known) in [(0, &coming.beginning), (last_from, &coming.last)] {
        let count = u32::try_from(known.len()).unwrap_or(PART);
        let there = session.part(coming.uid, from, count).await?;
        if there.as_deref() != Some(known.as_slice()) {
            let server = &door.server;
            debug!(%server, uid = coming.uid, "the message is not the same any more");
            return Ok(None);
        }
    }
    Ok(Some(session))
}

impl Coming {
    fn new(uid: u32, size: u64) -> Self {
        Self {
            uid,
            size,
            received: 0,
            beginning: Vec::new(),
            last: Vec::new(),
            in_parts: false,
            breaks: 0,
            received_before: 0,
        }
    }

    fn came(&mut self, bytes: &Bytes) {
        self.received += bytes.len() as u64;
        let missing = BEGINNING - self.beginning.len();
        let beginning = bytes.get(..missing).unwrap_or(bytes);
        self.beginning.extend_from_slice(beginning);
        let tail = bytes.len().saturating_sub(LAST);
        self.last
            .extend_from_slice(bytes.get(tail..).unwrap_or_default());
        let too_many = self.last.len().saturating_sub(LAST);
        self.last.drain(..too_many);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_what_came_last_are_kept_whatever_the_pieces() {
        let whole: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        for piece in [1000, 4096, 5000, 100_000] {
            let mut coming = Coming::new(1, whole.len() as u64);
            for (number, piece) in whole.chunks(piece).enumerate() {
                coming.came(&Bytes::copy_from_slice(piece));
                let so_far = &whole[..usize::try_from(coming.received).unwrap()];
                assert!(so_far.starts_with(&coming.beginning), "{number}");
                assert!(so_far.ends_with(&coming.last), "{number}");
                assert_eq!(coming.last.len(), so_far.len().min(LAST));
                assert_eq!(coming.beginning.len(), so_far.len().min(BEGINNING));
            }
        }
    }
}
