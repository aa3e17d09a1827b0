//! Messages that were on their way to one place when Mailgrant was interrupted, and go to another now,
//! because rules or sinks were changed meanwhile: they are looked for where they were going.

use std::sync::Arc;

use mailgrant_vault::{Delivery, LedgerEntry, MessageState};

use super::Round;
use crate::FetchError;
use crate::metrics::Outcome;
use crate::sink::{self, Asked, Recovered, Sink, SinkDown, Staged};

/// Who may have a message.
pub(super) struct Doubt {
    sink: Arc<dyn Sink>,
    /// Under which key.
    key: String,
    /// Its place among those that mail goes to now.
    place: Option<usize>,
    /// It has waited since then, for its time or for a person.
    waited: bool,
}

impl Round<'_> {
    /// Asks the places where no mail goes any more what became of these; sets right what others have
    /// `recovered`. Gives back those of which nobody can tell: they wait for a person. What is `waiting`
    /// no longer is looked for before it is handed over.
    pub(super) async fn ask_former_places(
        &mut self,
        prepared: &[&LedgerEntry],
        waiting: &[&LedgerEntry],
        recovered: &mut [Recovered],
    ) -> Result<Vec<u32>, FetchError> {
        let mut untold = Vec::new();
        let mut former: Vec<&mailgrant_vault::Sink> = Vec::new();
        let all = || prepared.iter().chain(waiting);
        for going_to in all().filter_map(|entry| entry.going_to.as_ref()) {
            if self.routing.place_of(going_to).is_none() && !former.contains(&going_to) {
                former.push(going_to);
            }
        }
        for settings in former {
            let entries = prepared.iter().zip(recovered.iter_mut());
            let theirs = entries.filter(|(entry, _)| entry.going_to.as_ref() == Some(settings));
            let theirs: Vec<_> = theirs.collect();
            if is_gone(settings).await {
                continue;
            }
            let sink = self.former_sink(settings).await?;
            for entry in waiting {
                if entry.going_to.as_ref() == Some(settings) {
                    self.doubt(entry, Recovered::Again, (&sink, None));
                }
            }
            if theirs.is_empty() {
                continue;
            }
            let keys = theirs.iter().map(|(entry, _)| entry.key.clone());
            match sink.recover(keys.collect(), None).await {
                Ok(found) => {
                    for ((entry, recovered), found) in theirs.into_iter().zip(found) {
                        *recovered = found;
                        self.doubt(entry, found, (&sink, None));
                    }
                }
                // What passes by itself is waited for.
                Err(down) if !is_spoilt(settings).await => return Err(down.into()),
                Err(down) => {
                    for (entry, _) in theirs {
                        self.quarantine(entry.uid, &nobody_can_tell(&down)).await?;
                        untold.push(entry.uid);
                    }
                }
            }
        }
        let waiting = waiting.iter().map(|entry| (entry, Recovered::Again));
        let prepared = prepared.iter().zip(recovered.iter().copied());
        for (entry, recovered) in prepared.chain(waiting) {
            let going_to = entry.going_to.as_ref();
            if let Some(place) = going_to.and_then(|settings| self.routing.place_of(settings)) {
                let sink = Arc::clone(self.routing.sink(place));
                self.doubt(entry, recovered, (&sink, Some(place)));
            }
        }
        Ok(untold)
    }

    async fn former_sink(
        &self,
        settings: &mailgrant_vault::Sink,
    ) -> Result<Arc<dyn Sink>, FetchError> {
        let (account, folder) = (self.account, &self.folder.name);
        sink::open(self.shared, account, folder, (None, settings), &self.lease).await
    }

    fn doubt(
        &mut self,
        entry: &LedgerEntry,
        recovered: Recovered,
        (sink, place): (&Arc<dyn Sink>, Option<usize>),
    ) {
        if recovered == Recovered::Again {
            let (sink, key) = (Arc::clone(sink), entry.key.clone());
            let doubt = Doubt {
                sink,
                key,
                place,
                waited: entry.state == MessageState::Waiting,
            };
            self.doubts.insert(entry.uid, doubt);
        }
    }

    /// Looks for doubtful messages where they were going, if they go elsewhere now. Gives back which
    /// are there, and which are to be handed over.
    pub(super) async fn sort_out_doubtful(
        &mut self,
        batch: Vec<Staged>,
    ) -> Result<(Vec<u32>, Vec<Staged>), FetchError> {
        if self.doubts.is_empty() {
            return Ok((Vec::new(), batch));
        }
        let (mut there, mut others) = (Vec::new(), Vec::new());
        let mut batch = batch.into_iter();
        while let Some(message) = batch.next() {
            let goes_elsewhere = |doubt: &Doubt| doubt.place != Some(message.route.sink);
            let doubt = self.doubts.remove(&message.uid).filter(goes_elsewhere);
            let Some(doubt) = doubt else {
                others.push(message);
                continue;
            };
            let sink = doubt.sink.name();
            let down = match doubt.sink.has(&doubt.key, &message).await {
                Ok(Asked::NotThere) => {
                    others.push(message);
                    continue;
                }
                // It is nowhere else, or somebody has decided.
                Ok(Asked::Gone(_)) if doubt.waited => {
                    others.push(message);
                    continue;
                }
                Ok(Asked::There(answer)) => {
                    message.discard();
                    self.note_there(message.uid, answer).await?;
                    there.push(message.uid);
                    continue;
                }
                Ok(Asked::Gone(why)) if doubt.place.is_none() => {
                    message.discard();
                    let down = SinkDown { sink, why };
                    self.quarantine(message.uid, &nobody_can_tell(&down))
                        .await?;
                    continue;
                }
                Ok(Asked::Gone(why)) => SinkDown { sink, why },
                Err(down) => down,
            };
            // It is asked again once it answers.
            let rest = others.iter().chain([&message]).chain(batch.as_slice());
            rest.for_each(Staged::discard);
            return Err(down.into());
        }
        Ok((there, others))
    }

    async fn note_there(&mut self, uid: u32, answer: String) -> Result<(), FetchError> {
        self.power()?;
        let delivery = [Delivery { uid, answer }];
        let (vault, now) = (&self.shared.vault, self.shared.now());
        vault.note_delivered(self.folder.id, &delivery, now).await?;
        self.fetched.delivered += 1;
        self.shared.metrics.count(Outcome::Delivered, 1);
        Ok(())
    }
}

/// Where a Maildir was taken away altogether, what was not shown is nowhere else; it is not made anew.
async fn is_gone(settings: &mailgrant_vault::Sink) -> bool {
    match settings {
        mailgrant_vault::Sink::Maildir(maildir) => {
            let there = tokio::fs::try_exists(&maildir.path).await;
            !there.unwrap_or(true)
        }
        _ => false,
    }
}

/// Where something else is in the place of a Maildir's folders, it does not come back by itself.
async fn is_spoilt(settings: &mailgrant_vault::Sink) -> bool {
    let mailgrant_vault::Sink::Maildir(maildir) = settings else {
        return false;
    };
    for folder in ["", "tmp", "new", "cur"] {
        let found = tokio::fs::metadata(maildir.path.join(folder)).await;
        if found.is_ok_and(|found| !found.is_dir()) {
            return true;
        }
    }
    false
}

fn nobody_can_tell(SinkDown { sink, why }: &SinkDown) -> String {
    format!(
        "it was on its way to {sink} when Mailgrant was interrupted, mail goes elsewhere now, and it \
         cannot be found out whether it arrived there ({why}). Look there: drop it here if it did, \
         and try it again if it did not."
    )
}
