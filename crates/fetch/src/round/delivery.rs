//! A batch on its way through the ledger into the sink.

use std::sync::Arc;

use mailgrant_vault::{Delivery, MessageState, Prepared};

use super::Round;
use crate::FetchError;
use crate::metrics::Outcome;
use crate::sink::{Sink, SinkDown, Staged, Verdict};

/// After so many messages that a sink puts off in a row it is taken to be down.
const IN_VAIN: u32 = 20;

impl Round<'_> {
    /// Delivers a batch; says which messages the sink has.
    pub(super) async fn deliver(&mut self, batch: Vec<Staged>) -> Result<Vec<u32>, FetchError> {
        let (mut taken, batch) = self.sort_out_known(batch).await?;
        let (there, batch) = self.sort_out_doubtful(batch).await?;
        taken.extend(there);
        let routing = Arc::clone(&self.routing);
        for (place, part) in by_route(batch, |place| routing.sink(place).batch().messages) {
            taken.extend(self.deliver_to(place, part).await?);
        }
        Ok(taken)
    }

    /// Delivers messages that go to the same sink.
    async fn deliver_to(
        &mut self,
        place: usize,
        batch: Vec<Staged>,
    ) -> Result<Vec<u32>, FetchError> {
        let sink = Arc::clone(self.routing.sink(place));
        let mut taken = Vec::new();
        let batch = sink.seal(batch).await?;

        let prepared: Vec<Prepared> = batch.iter().map(|message| self.prepared(message)).collect();
        let floor = self.floor_without(&prepared);
        self.power()?;
        let vault = &self.shared.vault;
        vault
            .note_prepared(self.folder.id, &prepared, floor, self.shared.now())
            .await?;

        let since: Vec<_> = batch
            .iter()
            .map(|message| (message.since, message.size))
            .collect();
        let label = self.routing.label(place).map(str::to_owned);
        let verdicts = sink.commit(batch).await?;
        let verdicts = verdicts
            .into_iter()
            .map(|verdict| verdict.of(label.as_deref()));
        let mut deliveries = Vec::with_capacity(verdicts.len());
        let mut others = Vec::new();
        for ((message, since), verdict) in prepared.into_iter().zip(since).zip(verdicts) {
            match verdict {
                Verdict::Taken(answer) => {
                    deliveries.push((
                        Delivery {
                            uid: message.uid,
                            answer,
                        },
                        since,
                    ));
                }
                other => others.push((message.uid, other)),
            }
        }
        if !deliveries.is_empty() {
            self.power()?;
            let (deliveries, sinces): (Vec<_>, Vec<_>) = deliveries.into_iter().unzip();
            vault
                .note_delivered(self.folder.id, &deliveries, self.shared.now())
                .await?;
            for (since, size) in sinces {
                self.shared.metrics.delivered(size, since.elapsed());
            }
            self.fetched.delivered += deliveries.len() as u64;
            self.in_vain = 0;
            taken.extend(deliveries.into_iter().map(|delivery| delivery.uid));
        }
        let mut said = None;
        for (uid, verdict) in others {
            match &verdict {
                Verdict::Later { why, .. } => {
                    self.in_vain += 1;
                    said = Some(why.clone());
                }
                Verdict::Never(_) | Verdict::Taken(_) => self.in_vain = 0,
            }
            match verdict {
                Verdict::Never(why) => self.quarantine(uid, &why).await?,
                Verdict::Later { why, after } => self.defer(uid, &why, after).await?,
                Verdict::Taken(why) => self.defer(uid, &why, None).await?,
            }
        }
        self.give_up_on(&sink, said)?;
        Ok(taken)
    }

    /// A sink that puts off one message after the other is down, whatever it calls it: the messages
    /// behind them are not even fetched until it takes one again.
    fn give_up_on(&self, sink: &Arc<dyn Sink>, said: Option<String>) -> Result<(), SinkDown> {
        match said {
            Some(why) if self.in_vain >= IN_VAIN => Err(SinkDown {
                sink: sink.name(),
                why: format!(
                    "{} messages in a row were put off; the last one: {why}",
                    self.in_vain
                ),
            }),
            _ => Ok(()),
        }
    }

    /// In a new epoch of a folder's UIDs, what was delivered in an older one is not delivered
    /// again. Gives back which messages the sink has, and which are new.
    async fn sort_out_known(
        &mut self,
        batch: Vec<Staged>,
    ) -> Result<(Vec<u32>, Vec<Staged>), FetchError> {
        if !self.folder.has_older_epoch {
            return Ok((Vec::new(), batch));
        }
        let (mut known, mut others) = (Vec::new(), Vec::new());
        let vault = &self.shared.vault;
        for message in batch {
            let entry = [self.prepared(&message)];
            let now = self.shared.now();
            let adopted = vault.adopt_delivered(self.folder.id, &entry[0], now);
            let Some(state) = adopted.await? else {
                others.push(message);
                continue;
            };
            message.discard();
            // The message is settled in the ledger; this moves the floor alone.
            let floor = self.floor_without(&entry);
            vault.note_prepared(self.folder.id, &[], floor, now).await?;
            self.shared.metrics.count(Outcome::Known, 1);
            // What an administrator dropped stays as it is at the source.
            if state != MessageState::Dropped {
                known.push(message.uid);
            }
        }
        Ok((known, others))
    }

    /// Where it is going, if it could be looked for there.
    fn going_to(&self, message: &Staged) -> Option<mailgrant_vault::Sink> {
        let settings = self.routing.settings(message.route.sink);
        settings.filter(|settings| settings.can_tell()).cloned()
    }

    fn prepared(&self, message: &Staged) -> Prepared {
        Prepared {
            uid: message.uid,
            key: message.key.clone(),
            digest: message.digest,
            size: message.size,
            head: message.head.clone(),
            seen_at: self.seen_at,
            going_to: self.going_to(message),
            counted_at: message.route.counted_at,
        }
    }
}

/// Messages in their order, those of one sink together, and no more than it takes at once.
fn by_route(
    batch: Vec<Staged>,
    most: impl Fn(usize) -> usize,
) -> impl Iterator<Item = (usize, Vec<Staged>)> {
    let mut parts: Vec<(usize, Vec<Staged>)> = Vec::new();
    for message in batch {
        let place = message.route.sink;
        let room =
            |(of, part): &&mut (usize, Vec<Staged>)| *of == place && part.len() < most(place);
        match parts.last_mut().filter(room) {
            Some((_, part)) => part.push(message),
            None => parts.push((place, vec![message])),
        }
    }
    parts.into_iter()
}
