//! A mailbox that falls silent.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Clock, ManualClock};
use mailgrant_vault::{
    Alarm, AlarmKind, Event, EventKind, FirstSight, Floor, FolderId, MessageHead, Prepared,
    Silence, StartFrom, Watch,
};

use super::{Plan, World};
use crate::{Fetcher, watch};

/// A Wednesday.
const BEGINNING: &str = "2026-11-04T00:30:00Z";

fn at(hours: i64) -> Timestamp {
    BEGINNING.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

/// A clock that somebody else has a hand on.
pub(super) struct Shown(pub(super) Arc<ManualClock>);

impl Clock for Shown {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// A mailbox whose worker has come to the end of a look, and the time.
struct Scene {
    world: World,
    fetcher: Fetcher,
    clock: Arc<ManualClock>,
    folder: FolderId,
}

impl Scene {
    async fn of(silence: Silence, first: FirstSight) -> Self {
        let watch = Watch {
            silence,
            canary: None,
        };
        let plan = Plan {
            watch,
            ..Plan::default()
        };
        let world = plan.build().await;
        let clock = Arc::new(ManualClock::new(at(0)));
        let fetcher = world.fetcher.at(Shown(Arc::clone(&clock)));
        let (vault, account) = (&world.vault, world.account.id);
        let folder = vault.open_folder(account, "INBOX", 7, first, at(0)).await;
        let folder = folder.unwrap().id;
        Self {
            world,
            fetcher,
            clock,
            folder,
        }
    }

    async fn new(silence: Silence) -> Self {
        let first = FirstSight {
            next_uid: 1,
            start: StartFrom::Everything,
        };
        Self::of(silence, first).await
    }

    /// Mail that comes in this hour.
    async fn comes(&self, uid: u32, hour: i64) {
        let message = Prepared {
            uid,
            key: format!("key-{uid}"),
            digest: [0; 32],
            size: 1,
            head: MessageHead::default(),
            seen_at: at(hour),
            going_to: None,
            counted_at: None,
        };
        let (vault, floor) = (&self.world.vault, Floor::New(uid + 1));
        let (folder, message) = (self.folder, [message]);
        let noted = vault.note_prepared(folder, &message, floor, at(hour));
        noted.await.unwrap();
    }

    /// Looks in this hour, after the worker has come to the end of a look.
    async fn look(&self, hour: i64) -> Vec<Alarm> {
        let now = at(hour);
        self.clock.advance(now.duration_since(self.clock.now()));
        let shared = self.fetcher.shared();
        shared.board.completed(self.world.account.id, now);
        watch::look(shared).await.unwrap();
        self.world.vault.alarms().await.unwrap()
    }

    async fn told(&self) -> Vec<Event> {
        let events = self.world.vault.events(Some(self.world.account.id), 50);
        let mut events = events.await.unwrap();
        events
            .retain(|event| matches!(event.kind, EventKind::MailboxSilent | EventKind::AlarmOver));
        events.reverse();
        events
    }
}

#[tokio::test]
async fn a_mailbox_with_mail_every_hour_is_silent_after_a_day_until_mail_comes() {
    let scene = Scene::new(Silence::Learnt).await;
    for hour in 0..100 {
        scene.comes(u32::try_from(hour).unwrap() + 1, hour).await;
    }
    assert_eq!(scene.look(123).await, []);
    for hour in [124, 125] {
        let alarms = scene.look(hour).await;
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        assert_eq!(
            (alarms[0].kind, alarms[0].since),
            (AlarmKind::Silent, at(99))
        );
        let what =
            "desk: no mail since 2026-11-08 03:30 UTC; it usually gets some nearly every hour.";
        assert_eq!(alarms[0].what, what);
        assert!(alarms[0].next.contains("desk@example.com"), "{alarms:?}");
    }
    let gauge = scene.fetcher.shared().metrics.alarms(AlarmKind::Silent);
    assert_eq!(gauge.get(), 1);
    scene.comes(101, 126).await;
    assert_eq!(scene.look(126).await, []);
    assert_eq!(gauge.get(), 0);
    let kinds: Vec<EventKind> = scene.told().await.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [EventKind::MailboxSilent, EventKind::AlarmOver],
        "once each"
    );
}

#[tokio::test]
async fn a_mailbox_with_mail_on_working_days_is_not_silent_at_the_weekend() {
    let scene = Scene::new(Silence::Learnt).await;
    let mut uid = 0;
    // From Wednesday on, for a month: until Friday, 17:00.
    let last = 30 * 24 + 16;
    for hour in 0..=last {
        // Days after a Wednesday: Saturday is the third.
        let (day, of_day) = (hour / 24 % 7, hour % 24);
        if day != 3 && day != 4 && (9..17).contains(&of_day) {
            uid += 1;
            scene.comes(uid, hour).await;
        }
    }
    for hour in [last + 30, last + 50, last + 65] {
        assert_eq!(scene.look(hour).await, [], "hour {hour}");
    }
    // On Monday at 15:00 mail is missing.
    let alarms = scene.look(last + 8 + 48 + 15).await;
    assert!(
        alarms[0].what.contains("in 6 different hours"),
        "{alarms:?}"
    );
}

#[tokio::test]
async fn mail_that_was_there_before_teaches_nothing() {
    let first = FirstSight {
        next_uid: 200,
        start: StartFrom::Everything,
    };
    let scene = Scene::of(Silence::Learnt, first).await;
    for hour in 0..100 {
        scene.comes(u32::try_from(hour).unwrap() + 1, hour).await;
    }
    assert_eq!(scene.look(200).await, []);
}

#[tokio::test]
async fn a_number_of_hours_counts_from_the_last_mail_whatever_day_it_is() {
    let scene = Scene::new(Silence::After(5)).await;
    scene.comes(1, 0).await;
    assert_eq!(scene.look(4).await, []);
    // The account was made when the test began: so long nobody could have got mail.
    let created = scene.world.account.created_at;
    let hours = created.duration_since(at(0)).as_hours();
    assert_eq!(scene.look(hours + 4).await, []);
    let alarms = scene.look(hours + 6).await;
    assert!(alarms[0].what.contains("after 5 hours"), "{alarms:?}");
}

#[tokio::test]
async fn who_switches_it_off_hears_nothing_of_it() {
    let scene = Scene::new(Silence::Off).await;
    for hour in 0..100 {
        scene.comes(u32::try_from(hour).unwrap() + 1, hour).await;
    }
    assert_eq!(scene.look(200).await, []);
}

#[tokio::test]
async fn who_has_not_looked_into_the_mailbox_calls_nobody_silent() {
    let scene = Scene::new(Silence::Learnt).await;
    for hour in 0..100 {
        scene.comes(u32::try_from(hour).unwrap() + 1, hour).await;
    }
    scene.clock.advance(SignedDuration::from_hours(200));
    watch::look(scene.fetcher.shared()).await.unwrap();
    assert_eq!(scene.world.vault.alarms().await.unwrap(), []);
}
