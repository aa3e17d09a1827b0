//! Reading what a FETCH answers, in batches of bounded size.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mailgrant_mail::MailError;
use mailgrant_vault::FolderId;

use super::Suspect;
use crate::FetchError;
use crate::key::Keys;
use crate::routing::{Announced, Routing};
use crate::sink::{Body, SinkDown, Staged, Staging};
use crate::source::{Arrival, Source};

/// No more of a header is waited for before it is decided where a message goes.
const LONGEST_HEADER: usize = 128 * 1024;

/// Reads the answer to one FETCH.
pub(super) struct Reader<'a> {
    routing: &'a Routing,
    news: News,
    keys: Keys,
    server: String,
    /// Asked for, not seen yet.
    missing: BTreeSet<u32>,
}

/// What is known of the messages that were asked for.
pub(super) struct News {
    /// Of these nobody has decided yet whether they are held.
    pub(super) undecided: BTreeSet<u32>,
    /// All of them were there before.
    pub(super) past: bool,
    /// Where they are.
    pub(super) folder: FolderId,
    pub(super) now: Timestamp,
}

/// What was read: some whole messages, and why there are no more for now.
pub(super) struct Read {
    pub(super) batch: Vec<Staged>,
    pub(super) end: End,
}

/// Why a batch ends.
pub(super) enum End {
    /// It is full; the FETCH goes on.
    Full,
    /// The FETCH is over.
    Over,
    /// The FETCH broke off.
    Broken(FetchError),
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        routing: &'a Routing,
        keys: &Keys,
        server: String,
        asked_for: &[u32],
        news: News,
    ) -> Self {
        let missing = asked_for.iter().copied().collect();
        Self {
            routing,
            news,
            keys: keys.clone(),
            server,
            missing,
        }
    }

    /// What was asked for and did not come.
    pub(super) fn missing(self) -> Vec<u32> {
        self.missing.into_iter().collect()
    }

    /// Reads until the batch is full or the FETCH is over. Whole messages that came before a
    /// failure are kept.
    pub(super) async fn batch(&mut self, source: &mut Source, suspect: &mut Suspect) -> Read {
        let limit = self.routing.own().batch();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        loop {
            match self.message(source, suspect).await {
                Ok(Some(message)) => {
                    // A message that waits on disk takes no memory, but the disk is finite too.
                    bytes += match &message.body {
                        Body::Memory(_) => message.size,
                        Body::File(_) => message.size / 16,
                    };
                    batch.push(message);
                    if batch.len() >= limit.messages || bytes >= limit.bytes {
                        return Read {
                            batch,
                            end: End::Full,
                        };
                    }
                }
                Ok(None) => {
                    return Read {
                        batch,
                        end: End::Over,
                    };
                }
                Err(error) => {
                    return Read {
                        batch,
                        end: End::Broken(error),
                    };
                }
            }
        }
    }

    async fn message(
        &mut self,
        source: &mut Source,
        suspect: &mut Suspect,
    ) -> Result<Option<Staged>, FetchError> {
        let first_missing = self.missing.first().copied();
        let event = source.next_arrival().await.inspect_err(|error| {
            if let Some(uid) = first_missing {
                note(suspect, uid, error);
            }
        })?;
        match event {
            None => Ok(None),
            Some(Arrival::Start { uid, size, about }) if self.missing.remove(&uid) => {
                let announced = (size, about);
                self.whole(source, suspect, uid, announced).await.map(Some)
            }
            Some(Arrival::Start { uid, .. }) => {
                Err(self.broke_protocol(format!("message {uid} was not asked for")))
            }
            Some(Arrival::Chunk(_) | Arrival::End) => {
                Err(self.broke_protocol("bytes that belong to no message".to_owned()))
            }
        }
    }

    /// One message whose beginning has been read.
    async fn whole(
        &self,
        source: &mut Source,
        suspect: &mut Suspect,
        uid: u32,
        (announced, about): (Option<u64>, u64),
    ) -> Result<Staged, FetchError> {
        let (beginning, mut is_over) = match self.beginning(source).await {
            Ok(read) => read,
            Err(error) => {
                note(suspect, uid, &error);
                return Err(error.into());
            }
        };
        let is_undecided = self.news.undecided.contains(&uid);
        let message = Announced {
            uid,
            beginning: &beginning,
            size: announced.unwrap_or(about).max(beginning.len() as u64),
            is_undecided,
            is_past: self.news.past,
        };
        let News { folder, now, .. } = self.news;
        let (route, head) = self.routing.route(message, folder, now).await?;
        let sink = self.routing.sink(route.sink);
        let key = sink.key(&self.keys.message(uid));
        let path = sink.staging_path(&key);
        let mut staging = Staging::new(uid, key, path).on(route, head);
        let written = staging.write(&beginning).await;
        drop(beginning);
        if let Err(error) = written {
            staging.discard();
            return Err(self.no_room(&error));
        }
        if let Err(error) = self
            .rest(source, &mut staging, announced, &mut is_over)
            .await
        {
            if let FetchError::Mail(error) = &error {
                note(suspect, staging.uid(), error);
            }
            staging.discard();
            return Err(error);
        }
        let mut staged = staging
            .finish()
            .await
            .map_err(|error| self.no_room(&error))?;
        suspect.came(uid);
        // Not every source knows beforehand how large a message is.
        if is_undecided
            && !staged.route.unread
            && let Some(route) = self.routing.holds_for_size(staged.size)
        {
            staged.set_aside(route);
        }
        Ok(staged)
    }

    /// The header of a message, with what has come behind it, and whether that is all of it.
    async fn beginning(&self, source: &mut Source) -> Result<(Vec<u8>, bool), MailError> {
        let mut beginning = Vec::new();
        loop {
            match source.next_arrival().await? {
                Some(Arrival::Chunk(bytes)) => {
                    // A chunk that brings the header's end may be long; it is looked at once.
                    let seen = beginning.len().saturating_sub(3);
                    beginning.extend_from_slice(&bytes);
                    if beginning.len() >= LONGEST_HEADER || has_header_end(&beginning[seen..]) {
                        return Ok((beginning, false));
                    }
                }
                Some(Arrival::End) => return Ok((beginning, true)),
                Some(Arrival::Start { .. }) | None => {
                    let why = "a message ends before its end".to_owned();
                    let server = self.server.clone();
                    return Err(MailError::Protocol { server, why });
                }
            }
        }
    }

    async fn rest(
        &self,
        source: &mut Source,
        staging: &mut Staging,
        announced: Option<u64>,
        is_over: &mut bool,
    ) -> Result<(), FetchError> {
        loop {
            let arrival = if *is_over {
                Some(Arrival::End)
            } else {
                source.next_arrival().await?
            };
            match arrival {
                Some(Arrival::Chunk(bytes)) => {
                    staging
                        .write(&bytes)
                        .await
                        .map_err(|error| self.no_room(&error))?;
                }
                Some(Arrival::End) if announced.is_none_or(|size| staging.size() == size) => {
                    return Ok(());
                }
                _ => {
                    let (uid, size) = (staging.uid(), staging.size());
                    let announced = announced.unwrap_or_default();
                    let why = format!("message {uid} ends after {size} of {announced} bytes");
                    return Err(self.broke_protocol(why));
                }
            }
        }
    }

    fn broke_protocol(&self, why: String) -> FetchError {
        MailError::Protocol {
            server: self.server.clone(),
            why,
        }
        .into()
    }

    fn no_room(&self, error: &std::io::Error) -> FetchError {
        SinkDown {
            sink: self.routing.own().name(),
            why: error.to_string(),
        }
        .into()
    }
}

/// Whether an empty line is in it.
fn has_header_end(bytes: &[u8]) -> bool {
    // What stands behind the last line end is not a line yet.
    let last = bytes.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
    let mut lines = bytes[..last].split(|&byte| byte == b'\n').skip(1);
    lines.any(|line| line.is_empty() || line == b"\r")
}

/// A session that ends because its token did says nothing about the message it was at.
fn note(suspect: &mut Suspect, uid: u32, error: &MailError) {
    match error {
        MailError::Closed {
            token_ended: true, ..
        } => {}
        MailError::Later { .. } => suspect.busy_at(uid),
        _ => suspect.broke_off_at(uid),
    }
}

#[cfg(test)]
mod tests {
    use super::has_header_end;

    #[test]
    fn a_header_ends_with_an_empty_line() {
        for whole in [
            "a: b\r\n\r\n",
            "a: b\n\nbody",
            "a: b\r\nc: d\r\n\r\nbody\r\n",
        ] {
            assert!(has_header_end(whole.as_bytes()), "{whole:?}");
        }
        for begun in ["", "a: b\r\n", "a: b\r\n\r", "a: b\n c\n", "\n"] {
            assert!(!has_header_end(begun.as_bytes()), "{begun:?}");
        }
    }
}
