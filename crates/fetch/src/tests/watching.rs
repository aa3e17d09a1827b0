//! Several folders of a mailbox, all of them waited for.

use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_base::ManualClock;
use mailgrant_sandbox::{ImapFault, MailServerOptions};
use tokio_util::sync::CancellationToken;

use super::{ADDRESS, Plan, World, now, sorted};
use crate::connect::Login;
use crate::visit::{Memory, Visit};
use crate::{Fetched, Fetcher};

/// A mailbox that is asked about its folders once an hour: what comes sooner was told.
fn rarely_asked(folders: &'static str, server: MailServerOptions) -> Plan {
    Plan {
        folders,
        server,
        poll: Duration::from_hours(1),
        ..Plan::default()
    }
}

fn without_notify() -> MailServerOptions {
    MailServerOptions {
        notify: false,
        ..MailServerOptions::default()
    }
}

fn put(world: &World, folder: &str, text: &str) -> Vec<u8> {
    let raw = format!("Subject: {text}\r\n\r\n{text}\r\n").into_bytes();
    world.server.deliver(ADDRESS, folder, &raw);
    raw
}

/// How many commands begin so.
fn commands(world: &World, text: &str) -> usize {
    let lines = world.server.transcript();
    let is_one = |line: &&String| {
        let said = line
            .split_once(" C: ")
            .and_then(|(_, said)| said.split_once(' '));
        said.is_some_and(|(_, said)| said.starts_with(text))
    };
    lines.iter().filter(is_one).count()
}

async fn until_it_listens(world: &World) {
    world
        .until("it listens", |world| world.activity() == Some("listening"))
        .await;
}

async fn until_delivered(world: &World, count: usize) {
    world
        .until("all are there", |world| world.delivered().len() == count)
        .await;
}

/// One look at all folders, with what is remembered of the looks before.
async fn look(fetcher: &Fetcher, world: &World, memory: &mut Memory) -> Fetched {
    let shared = fetcher.shared();
    let mut source = Login::new(shared)
        .open(&world.account)
        .await
        .unwrap()
        .source;
    let never = CancellationToken::new();
    let visit = Visit::begin(shared, &world.account, &mut source, memory, &never).await;
    visit.unwrap().fetch().await.unwrap().fetched
}

#[tokio::test]
async fn one_connection_hears_of_mail_in_all_folders() {
    let plan = rarely_asked("INBOX; A; B; C; D; E", MailServerOptions::default());
    let world = plan.build().await;
    let mut sent = Vec::new();
    for folder in ["INBOX", "A", "B", "C", "D", "E"] {
        sent.push(put(&world, folder, &format!("first in {folder}")));
    }
    let running = world.run();
    until_delivered(&world, 6).await;
    until_it_listens(&world).await;
    let before = commands(&world, "SELECT \"B\"");
    for (number, folder) in ["E", "A", "INBOX", "C"].into_iter().enumerate() {
        sent.push(put(&world, folder, &format!("then in {folder}")));
        until_delivered(&world, 7 + number).await;
    }
    assert_eq!(world.server.connections(), 1);
    assert_eq!(commands(&world, "NOTIFY"), 1);
    assert_eq!(commands(&world, "SELECT \"B\""), before);
    running.stop().await;
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn mail_that_comes_while_a_session_begins_is_heard_of() {
    let world = rarely_asked("INBOX; A", MailServerOptions::default())
        .build()
        .await;
    let mut sent = vec![put(&world, "INBOX", "first")];
    let running = world.run();
    world
        .until("it fetches", |world| world.activity() == Some("fetching"))
        .await;
    for number in 0..20 {
        sent.push(put(&world, "A", &format!("number {number}")));
        tokio::task::yield_now().await;
    }
    until_delivered(&world, 21).await;
    running.stop().await;
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn without_notify_two_more_connections_listen_and_no_more() {
    let world = rarely_asked("INBOX; A; B; C", without_notify())
        .build()
        .await;
    for folder in ["A", "B", "C"] {
        put(&world, folder, &format!("first in {folder}"));
    }
    let running = world.run();
    until_delivered(&world, 3).await;
    until_it_listens(&world).await;
    put(&world, "B", "then in B");
    until_delivered(&world, 4).await;
    put(&world, "A", "then in A");
    until_delivered(&world, 5).await;
    put(&world, "INBOX", "then in the inbox");
    until_delivered(&world, 6).await;
    assert_eq!(world.server.connections(), 3);
    assert_eq!(commands(&world, "NOTIFY"), 0);
    running.stop().await;
}

#[tokio::test]
async fn folders_that_nobody_listens_to_are_asked_about_without_being_opened() {
    let plan = Plan {
        poll: Duration::from_millis(20),
        ..rarely_asked("INBOX; A; B; C; D", without_notify())
    };
    let world = plan.build().await;
    for folder in ["A", "B", "C", "D"] {
        put(&world, folder, &format!("first in {folder}"));
    }
    let running = world.run();
    until_delivered(&world, 4).await;
    put(&world, "C", "then in C");
    until_delivered(&world, 5).await;
    world
        .until("it has asked often", |world| {
            commands(world, "LIST \"\" (\"C\" \"D\") RETURN (STATUS") > 20
        })
        .await;
    assert!(commands(&world, "SELECT \"D\"") < 5);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_refuses_notify_or_stops_it_is_listened_to_otherwise() {
    let world = rarely_asked("INBOX; A", MailServerOptions::default())
        .build()
        .await;
    let refused = ImapFault::Answer {
        command: "NOTIFY".to_owned(),
        text: "NO [NOTIFICATIONOVERFLOW] not for these".to_owned(),
    };
    world.server.fault(refused, None);
    put(&world, "A", "first");
    let running = world.run();
    until_it_listens(&world).await;
    put(&world, "A", "heard by another connection");
    until_delivered(&world, 2).await;
    assert_eq!(world.server.connections(), 2);
    running.stop().await;

    let plan = Plan {
        poll: Duration::from_millis(50),
        ..rarely_asked("INBOX; A", MailServerOptions::default())
    };
    let world = plan.build().await;
    put(&world, "A", "first");
    let running = world.run();
    until_delivered(&world, 1).await;
    until_it_listens(&world).await;
    world.server.fault(ImapFault::NotificationOverflow, Some(1));
    for number in 2..5 {
        put(&world, "A", &format!("number {number}"));
        until_delivered(&world, number).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_has_no_room_for_further_connections_is_asked() {
    let plan = Plan {
        poll: Duration::from_millis(50),
        ..rarely_asked("INBOX; A", without_notify())
    };
    let world = plan.build().await;
    put(&world, "A", "first");
    let running = world.run();
    world
        .until("it has logged in", |world| {
            !world.server.logins().is_empty()
        })
        .await;
    world.server.fault(ImapFault::TooManyConnections, None);
    until_it_listens(&world).await;
    put(&world, "A", "then");
    until_delivered(&world, 2).await;
    running.stop().await;
}

#[tokio::test]
async fn a_folder_in_which_nothing_has_changed_is_not_opened_again() {
    for list_status in [true, false] {
        for condstore in [true, false] {
            let options = MailServerOptions {
                list_status,
                condstore,
                ..MailServerOptions::default()
            };
            let world = rarely_asked("INBOX; A; B", options).build().await;
            let mut sent = vec![put(&world, "A", "one"), put(&world, "B", "two")];
            let (fetcher, mut memory) = (&world.fetcher, Memory::default());
            assert_eq!(look(fetcher, &world, &mut memory).await.delivered, 2);
            // What was there before is over now, and once more it is looked for what is new.
            assert_eq!(look(fetcher, &world, &mut memory).await.delivered, 0);
            let opened = || ["SELECT \"A\"", "SELECT \"B\""].map(|text| commands(&world, text));
            let [a, b] = opened();
            assert_eq!(look(fetcher, &world, &mut memory).await.delivered, 0);
            assert_eq!(opened(), [a, b]);
            sent.push(put(&world, "B", "three"));
            assert_eq!(look(fetcher, &world, &mut memory).await.delivered, 1);
            assert_eq!(opened(), [a, b + 1]);
            assert_eq!(world.delivered(), sorted(sent));
        }
    }
}

#[tokio::test]
async fn what_a_lying_server_hides_is_found_at_the_next_full_check() {
    let world = rarely_asked("INBOX; A", MailServerOptions::default())
        .build()
        .await;
    let mut sent = vec![put(&world, "A", "one")];
    let mut memory = Memory::default();
    assert_eq!(look(&world.fetcher, &world, &mut memory).await.delivered, 1);
    assert_eq!(look(&world.fetcher, &world, &mut memory).await.delivered, 0);
    let epoch = {
        let mut source = Login::new(world.fetcher.shared())
            .open(&world.account)
            .await
            .unwrap()
            .source;
        source.select("A").await.unwrap().uid_validity
    };
    let lie = format!("UIDVALIDITY {epoch} UIDNEXT 2 MESSAGES 1");
    world.server.fault(ImapFault::FalseStatus(lie), None);
    sent.push(put(&world, "A", "two"));
    assert_eq!(look(&world.fetcher, &world, &mut memory).await.delivered, 0);
    let later = ManualClock::new(now() + SignedDuration::from_mins(61));
    let later = world.fetcher.at(later);
    assert_eq!(look(&later, &world, &mut memory).await.delivered, 1);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn a_folder_of_which_the_server_says_nothing_or_nonsense_is_opened() {
    for said in ["UIDNEXT 0", "UIDVALIDITY 99 UIDNEXT 2 MESSAGES 1", ""] {
        let world = rarely_asked("INBOX; A", MailServerOptions::default())
            .build()
            .await;
        put(&world, "A", "one");
        let mut memory = Memory::default();
        for delivered in [1, 0] {
            let fetched = look(&world.fetcher, &world, &mut memory).await;
            assert_eq!(fetched.delivered, delivered);
        }
        let lie = ImapFault::FalseStatus(said.to_owned());
        world.server.fault(lie, None);
        put(&world, "A", "two");
        assert_eq!(look(&world.fetcher, &world, &mut memory).await.delivered, 1);
    }
}

#[tokio::test]
async fn a_message_that_waits_is_tried_again_though_its_folder_has_not_changed() {
    let plan = Plan {
        script: Some("exit 75"),
        ..rarely_asked("INBOX; A", MailServerOptions::default())
    };
    let world = plan.build().await;
    put(&world, "A", "one");
    let mut memory = Memory::default();
    let (fetcher, later) = (&world.fetcher, now() + SignedDuration::from_mins(5));
    assert_eq!(look(fetcher, &world, &mut memory).await.deferred, 1);
    assert_eq!(look(fetcher, &world, &mut memory).await.deferred, 0);
    let later = world.fetcher.at(ManualClock::new(later));
    assert_eq!(look(&later, &world, &mut memory).await.deferred, 1);
}
