//! A web address to which each message is sent by POST, signed after the Standard Webhooks scheme
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//!
//! The message's idempotency key is its `webhook-id`: a receiver that remembers the ids that it has
//! seen gets each message once, whatever happens on the way.

mod answer;
mod destination;
mod json;
mod request;
mod signature;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mailgrant_base::Clock;
use mailgrant_vault::{Account, WebhookFormat, WebhookSink};
use reqwest::Client;

use super::spool::Spool;
use super::staged::blocking;
use super::{BatchLimit, Body, Recovered, Sink, SinkDown, Staged, Verdict};
use crate::FetchError;
use crate::shared::Shared;

pub(crate) use destination::Couriers;
use signature::Signer;

/// No larger message is sent as JSON: it has to be in memory whole, and what is attached grows by a
/// third. As it is (`raw`) a message of any size is sent.
const LARGEST_JSON: u64 = 32 << 20;

/// A web address.
pub(super) struct Webhook {
    settings: WebhookSink,
    origin: json::Origin,
    signer: Signer,
    client: Client,
    clock: Arc<dyn Clock>,
    spool: Spool,
}

impl Webhook {
    pub(super) async fn open(
        shared: &Shared,
        account: &Account,
        folder: &str,
        (of_sink, settings): (Option<&str>, &WebhookSink),
        spool: Spool,
    ) -> Result<Self, FetchError> {
        let secret = shared.vault.webhook_secret(account.id, of_sink).await?;
        let down = |why: String| SinkDown {
            sink: name(settings),
            why,
        };
        let signer = Signer::new(&secret)
            .ok_or_else(|| down("the signing secret in the database is damaged".to_owned()))?;
        if !settings.anywhere && !destination::names_an_allowed_address(&settings.url) {
            return Err(down(format!("it is {}", destination::REFUSED)).into());
        }
        let client = shared
            .couriers
            .client(&shared.settings.trust, settings.anywhere);
        Ok(Self {
            settings: settings.clone(),
            origin: json::Origin {
                account: account.draft.name.clone(),
                address: account.draft.address.clone(),
                folder: folder.to_owned(),
            },
            signer,
            client: client.map_err(down)?,
            clock: Arc::clone(&shared.clock),
            spool,
        })
    }

    fn down(&self, why: impl Into<String>) -> SinkDown {
        SinkDown {
            sink: self.name(),
            why: why.into(),
        }
    }

    async fn deliver(&self, message: Staged) -> Result<Verdict, SinkDown> {
        let power = self.spool.power();
        power.map_err(|error| self.down(error.to_string()))?;
        let verdict = self.send(&message).await;
        message.discard();
        verdict
    }

    async fn send(&self, message: &Staged) -> Result<Verdict, SinkDown> {
        let content = match self.settings.format {
            WebhookFormat::Raw => match &message.body {
                Body::Memory(bytes) => request::Content::Bytes(bytes.clone().into()),
                Body::File(path) => request::Content::File(path.clone(), message.size),
            },
            WebhookFormat::Json if message.size > LARGEST_JSON => {
                let most = LARGEST_JSON >> 20;
                let why = format!("it has more than {most} MB; choose the format raw to send it");
                return Ok(Verdict::Never(why));
            }
            WebhookFormat::Json => {
                let (origin, key) = (self.origin.clone(), message.key.clone());
                let (bytes, now) = (self.bytes(message).await?, self.clock.now());
                let made = blocking(move || json::event(&origin, &key, &bytes, now));
                let made = made.await.map_err(|error| self.down(error.to_string()))?;
                request::Content::Bytes(made.into())
            }
        };
        let request = request::Request {
            client: &self.client,
            settings: &self.settings,
            origin: &self.origin,
            signer: &self.signer,
            key: &message.key,
            now: self.clock.now(),
        };
        request.send(content).await.map_err(|why| self.down(why))
    }

    async fn bytes(&self, message: &Staged) -> Result<Vec<u8>, SinkDown> {
        match &message.body {
            Body::Memory(bytes) => Ok(bytes.clone()),
            Body::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || mailgrant_base::files::read(&path));
                let read = read.await.map_err(|error| self.down(error.to_string()))?;
                read.map_err(|error| self.down(error.to_string()))
            }
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn name(settings: &WebhookSink) -> String {
    format!("the webhook {}", settings.place())
}

#[async_trait]
impl Sink for Webhook {
    fn name(&self) -> String {
        name(&self.settings)
    }

    /// One by one: what became of one message must be on record before the next is sent.
    fn batch(&self) -> BatchLimit {
        BatchLimit::messages(1)
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.spool.staging_path(key)
    }

    /// Connects and asks what may be done there (OPTIONS); nothing is delivered.
    async fn check(&self) -> Result<String, SinkDown> {
        let limit = self.settings.time_limit.min(Duration::from_secs(30));
        let url = self.settings.url.clone();
        let asked = self.client.request(http::Method::OPTIONS, url);
        match asked.timeout(limit).send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                Ok(format!(
                    "{} answers (status {status})",
                    self.settings.place()
                ))
            }
            Err(error) => Err(self.down(answer::in_words(&error))),
        }
    }

    /// Nobody knows what the receiver had done when it was interrupted: it gets the message again,
    /// under the same key.
    async fn recover(
        &self,
        keys: Vec<String>,
        _sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown> {
        let swept = self.spool.sweep().await;
        swept.map_err(|error| self.down(error.to_string()))?;
        Ok(vec![Recovered::Again; keys.len()])
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            verdicts.push(self.deliver(message).await?);
        }
        Ok(verdicts)
    }
}
