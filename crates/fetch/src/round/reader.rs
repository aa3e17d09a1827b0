//! Reading what a FETCH answers, in batches of bounded size.

use std::collections::BTreeSet;
use std::sync::Arc;

use mailgrant_mail::MailError;

use super::Suspect;
use crate::FetchError;
use crate::key::Keys;
use crate::sink::{Body, Sink, SinkDown, Staged, Staging};
use crate::source::{Arrival, Source};

/// Reads the answer to one FETCH.
pub(super) struct Reader {
    sink: Arc<dyn Sink>,
    keys: Keys,
    server: String,
    /// Asked for, not seen yet.
    missing: BTreeSet<u32>,
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

impl Reader {
    pub(super) fn new(
        sink: &Arc<dyn Sink>,
        keys: &Keys,
        server: String,
        asked_for: &[u32],
    ) -> Self {
        let missing = asked_for.iter().copied().collect();
        Self {
            sink: Arc::clone(sink),
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
        let limit = self.sink.batch();
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
            Some(Arrival::Start { uid, size }) if self.missing.remove(&uid) => {
                self.whole(source, suspect, uid, size).await.map(Some)
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
        announced: Option<u64>,
    ) -> Result<Staged, FetchError> {
        let key = self.sink.key(&self.keys.message(uid));
        let path = self.sink.staging_path(&key);
        let mut staging = Staging::new(uid, key, path);
        if let Err(error) = self.rest(source, &mut staging, announced).await {
            if let FetchError::Mail(error) = &error {
                note(suspect, staging.uid(), error);
            }
            staging.discard();
            return Err(error);
        }
        let staged = staging
            .finish()
            .await
            .map_err(|error| self.no_room(&error))?;
        suspect.came(uid);
        Ok(staged)
    }

    async fn rest(
        &self,
        source: &mut Source,
        staging: &mut Staging,
        announced: Option<u64>,
    ) -> Result<(), FetchError> {
        loop {
            match source.next_arrival().await? {
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
            sink: self.sink.name(),
            why: error.to_string(),
        }
        .into()
    }
}

/// A session that ends because its token did says nothing about the message it was at.
fn note(suspect: &mut Suspect, uid: u32, error: &MailError) {
    if !matches!(
        error,
        MailError::Closed {
            token_ended: true,
            ..
        } | MailError::Later { .. }
    ) {
        suspect.broke_off_at(uid);
    }
}
