//! Where each message of a folder goes: into the account's own sink, into that of a rule, or aside.

mod aside;
mod circles;
mod explain;
mod places;
mod traits;

use std::sync::Arc;

use jiff::Timestamp;
use mailgrant_vault::{
    Account, AccountDraft, AccountId, Action, FolderId, MessageHead, Vault, VaultError,
};

use crate::FetchError;
use crate::key::Keys;
use crate::lease::Lease;
use crate::shared::Shared;
use crate::sink::{Recovered, Sink, SinkDown};

pub(crate) use circles::Circles;
pub use explain::explain_route;
use places::{DROPPED, HELD, OWN, Places};
pub(crate) use places::{Place, open_named};
use traits::Beginning;

/// The sinks of an account for the messages of a folder, and what chooses among them.
pub(crate) struct Routing {
    places: Vec<Place>,
    /// The place of each rule's sink.
    of_rule: Vec<usize>,
    draft: AccountDraft,
    folder: String,
    account: AccountId,
    circles: Circles,
    vault: Vault,
}

/// Where a message goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// The sink's place in [`Routing`].
    pub(crate) sink: usize,
    /// Why it goes aside.
    pub(crate) why: String,
    /// Nobody will read its bytes.
    pub(crate) unread: bool,
    /// When it arrived, if it counts among its sender's.
    pub(crate) counted_at: Option<Timestamp>,
}

/// What is known of a message before it has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announced<'a> {
    /// Its UID.
    pub(crate) uid: u32,
    /// Its header, or what has come of it.
    pub(crate) beginning: &'a [u8],
    /// Its size in bytes, at least about.
    pub(crate) size: u64,
    /// Nobody has decided about it yet: it may be held.
    pub(crate) is_undecided: bool,
    /// It was there when the folder was first seen.
    pub(crate) is_past: bool,
}

impl Routing {
    /// Opens every sink that a message may go to.
    pub(crate) async fn open(
        shared: &Arc<Shared>,
        account: &Account,
        folder: &str,
        lease: &Arc<Lease>,
    ) -> Result<Self, FetchError> {
        let draft = &account.draft;
        let Places { all, of_rule } = Places::open(shared, account, folder, lease).await?;
        if draft.guard.per_sender > 0 {
            let (vault, now) = (&shared.vault, shared.now());
            shared.circles.begin(vault, account.id, now).await?;
        }
        Ok(Self {
            places: all,
            of_rule,
            draft: draft.clone(),
            folder: folder.to_owned(),
            account: account.id,
            circles: shared.circles.clone(),
            vault: shared.vault.clone(),
        })
    }

    /// The account's own sink.
    pub(crate) fn own(&self) -> &Arc<dyn Sink> {
        &self.places[OWN].sink
    }

    /// All places that mail is delivered to.
    pub(crate) fn delivering(&self) -> impl Iterator<Item = &Place> {
        let places = self.places.iter();
        places.filter(|place| place.settings.is_some())
    }

    /// The sink of a route.
    pub(crate) fn sink(&self, place: usize) -> &Arc<dyn Sink> {
        &self.places.get(place).unwrap_or(&self.places[OWN]).sink
    }

    /// What a place is called, for one that mail goes to besides.
    pub(crate) fn label(&self, place: usize) -> Option<&str> {
        let place = self.places.get(place).filter(|_| place > HELD);
        place.map(|place| place.label.as_str())
    }

    /// What was entered for a place.
    pub(crate) fn settings(&self, place: usize) -> Option<&mailgrant_vault::Sink> {
        self.places.get(place)?.settings.as_ref()
    }

    /// The place for which this was entered.
    pub(crate) fn place_of(&self, settings: &mailgrant_vault::Sink) -> Option<usize> {
        let mut places = self.places.iter();
        places.position(|place| place.settings.as_ref() == Some(settings))
    }

    /// Where the rules alone would have a message go that begins like this: the place, and why in
    /// words.
    pub(crate) fn by_rules(&self, beginning: &[u8], size: u64, now: Timestamp) -> (usize, String) {
        let beginning = Beginning::read(beginning, now);
        let decided = self
            .draft
            .rules
            .decide(&beginning.traits(&self.folder, size));
        let place = decided.map_or(OWN, |(rule, _)| self.place_of_rule(rule));
        (place, explain::decision(&self.draft, decided))
    }

    /// Whether nothing is delivered there.
    pub(crate) fn is_aside(&self, place: usize) -> bool {
        self.settings(place).is_none()
    }

    fn place_of_rule(&self, rule: usize) -> usize {
        self.of_rule.get(rule).copied().unwrap_or(OWN)
    }

    /// Where a message of this folder goes that begins like this, and what a person recognises it by. A
    /// canary of Mailgrant's own goes nowhere.
    pub(crate) async fn route(
        &self,
        message: Announced<'_>,
        folder: FolderId,
        now: Timestamp,
    ) -> Result<(Route, MessageHead), VaultError> {
        let beginning = Beginning::read(message.beginning, now);
        let mut route = self.decide(message, &beginning);
        let (secret, head) = (beginning.canary(), beginning.head());
        if let Some(secret) = secret {
            let place = (folder, message.uid);
            let seen = self.vault.canary_seen(self.account, &secret, place, now);
            if seen.await? {
                route = Route {
                    sink: DROPPED,
                    why: "Mailgrant, whose canary it is".to_owned(),
                    ..Route::default()
                };
            }
        }
        Ok((route, head))
    }

    fn decide(&self, message: Announced<'_>, beginning: &Beginning<'_>) -> Route {
        if message.is_undecided
            && let Some(route) = self.holds_for_size(message.size)
        {
            return route;
        }
        let traits = beginning.traits(&self.folder, message.size);
        let mut route = Route::default();
        if let Some((place, rule)) = self.draft.rules.decide(&traits) {
            route.sink = self.place_of_rule(place);
            route.why = format!("rule {}: {rule}", place + 1);
            if rule.action == Action::Drop {
                return route;
            }
            if route.sink == HELD && message.is_undecided {
                route.why = format!("held by {}. Try it again to have it delivered.", route.why);
                return route;
            }
            if route.sink == HELD {
                // Whoever lets a held message be tried again has decided that it is delivered.
                route = Route::default();
            }
        }
        if message.is_undecided && !message.is_past {
            route.counted_at = beginning.sender().map(|_| beginning.at());
            if let Some(why) = self.goes_in_circles(beginning, message.uid) {
                (route.sink, route.why) = (HELD, why);
            }
        }
        route
    }

    /// Where a message of this size goes, if it is too large to be delivered.
    pub(crate) fn holds_for_size(&self, size: u64) -> Option<Route> {
        self.too_much(size).map(|why| Route {
            sink: HELD,
            why,
            unread: true,
            counted_at: None,
        })
    }

    fn too_much(&self, size: u64) -> Option<String> {
        let largest = self.draft.guard.largest;
        (largest > 0 && size > largest).then(|| {
            format!(
                "held: it has {} MB, and the account takes messages of up to {} MB. Try it again to \
                 have it delivered all the same.",
                size.div_ceil(1 << 20),
                largest >> 20
            )
        })
    }

    fn goes_in_circles(&self, message: &Beginning<'_>, uid: u32) -> Option<String> {
        if message.has_passed(&self.draft.address) {
            return Some(format!(
                "held: it has been through {} before (its X-Loop says so). Try it again to have it \
                 delivered.",
                self.draft.address
            ));
        }
        let sender = message.sender()?;
        if message.is_own_robot(&self.draft.address) {
            return Some(
                "held: a machine sent it from the mailbox's own address (Auto-Submitted), as \
                 happens when two robots answer each other. Try it again to have it delivered."
                    .to_owned(),
            );
        }
        let most = self.draft.guard.per_sender;
        let name = circles::name(&self.folder, uid);
        let too_many = self
            .circles
            .too_many(self.account, sender, message.at(), name, most);
        too_many.then(|| {
            format!(
                "held: more than {most} messages came from {sender} within an hour, as mail does \
                 that goes round in circles. Try it again to have it delivered."
            )
        })
    }

    /// What became of all interrupted messages of the folder; any of the sinks may have them.
    pub(crate) async fn recover(
        &self,
        keys: &[String],
        folder: &Keys,
    ) -> Result<Vec<Recovered>, SinkDown> {
        let mut all = vec![Recovered::Again; keys.len()];
        for place in &self.places {
            let recovered = place
                .sink
                .recover(keys.to_vec(), Some(folder.begin()))
                .await?;
            for (known, found) in all.iter_mut().zip(recovered) {
                if found == Recovered::Taken {
                    *known = found;
                }
            }
        }
        Ok(all)
    }
}
