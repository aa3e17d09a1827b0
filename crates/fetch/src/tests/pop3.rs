//! Mail that is read over POP3.

use jiff::SignedDuration;
use mailgrant_base::ManualClock;
use mailgrant_sandbox::{LineFault, MailServerOptions, UniqueIds, samples};
use mailgrant_vault::{AfterDelivery, Source, StartFrom};

use super::{ADDRESS, Plan, World, now, sorted};
use crate::Fetched;
use crate::plug::Plug;

fn plan() -> Plan {
    Plan {
        source: Source::Pop3,
        server: MailServerOptions::default().with_every_protocol(),
        ..Plan::default()
    }
}

/// A world whose server has such unique-ids.
async fn world_with(unique_ids: UniqueIds, after: AfterDelivery) -> World {
    let plan = plan();
    let server = MailServerOptions {
        unique_ids,
        ..plan.server
    };
    let plan = Plan {
        after,
        server,
        ..plan
    };
    plan.build().await
}

async fn world(after: AfterDelivery) -> World {
    Plan { after, ..plan() }.build().await
}

fn delivered(count: u64) -> Fetched {
    Fetched {
        delivered: count,
        ..Fetched::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_arrives_once_byte_for_byte() {
    let world = world(AfterDelivery::Keep).await;
    let mut sent: Vec<Vec<u8>> = samples(7).into_iter().map(|sample| sample.raw).collect();
    for raw in &sent {
        world.server.deliver(ADDRESS, "INBOX", raw);
    }
    let first = world.fetch().await.unwrap();
    assert_eq!(first, delivered(sent.len() as u64));
    sent.extend(world.receive(3));
    assert_eq!(world.fetch().await.unwrap(), delivered(3));
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    // POP3 knows whole lines alone: a message that ends within one ends with it.
    for raw in sent.iter_mut().filter(|raw| !raw.ends_with(b"\r\n")) {
        raw.extend(b"\r\n");
    }
    let (got, sent) = (world.delivered(), sorted(sent));
    for (got, sent) in got.iter().zip(&sent) {
        assert!(got == sent, "{}", String::from_utf8_lossy(sent));
    }
    assert_eq!(got.len(), sent.len());
}

#[tokio::test]
async fn what_is_delivered_is_deleted_where_that_is_wanted() {
    let world = world(AfterDelivery::Delete).await;
    let mut sent = world.receive(3);
    assert_eq!(world.fetch().await.unwrap(), delivered(3));
    assert!(world.inbox().is_empty());
    // Whoever does not hear whether they are gone looks again, and delivers nothing twice.
    sent.push(b"Subject: one more\r\n\r\n".to_vec());
    world.server.deliver(ADDRESS, "INBOX", &sent[3]);
    world
        .server
        .pop3_fault(LineFault::SilentQuit { deletes: false }, Some(1));
    world.fetch().await.unwrap_err();
    assert_eq!(world.inbox().len(), 1);
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    assert!(world.inbox().is_empty());
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn the_same_message_sent_again_to_an_emptied_mailbox_is_delivered_again() {
    let world = world(AfterDelivery::Delete).await;
    let raw = b"Subject: the same again\r\n\r\n";
    for deletes_unheard in [false, false, true, false] {
        world.server.deliver(ADDRESS, "INBOX", raw);
        let quit = LineFault::SilentQuit { deletes: true };
        world
            .server
            .pop3_fault(quit, deletes_unheard.then_some(1).or(Some(0)));
        let fetched = world.fetch().await;
        assert_eq!(fetched.is_err(), deletes_unheard, "{fetched:?}");
    }
    assert_eq!(world.delivered(), vec![raw.to_vec(); 4]);
}

#[tokio::test]
async fn only_new_mail_comes_where_nothing_else_is_wanted() {
    let plan = Plan {
        start: StartFrom::OnlyNew,
        ..plan()
    };
    let world = plan.build().await;
    world.receive(3);
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    let sent = world.receive(2);
    assert_eq!(world.fetch().await.unwrap(), delivered(2));
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn where_the_server_renames_all_messages_none_is_delivered_again() {
    let world = world(AfterDelivery::Keep).await;
    let mut sent = world.receive(3);
    world.fetch().await.unwrap();
    world.server.renumber(ADDRESS, "INBOX");
    sent.extend(world.receive(1));
    world.fetch().await.unwrap();
    world.fetch().await.unwrap();
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn where_only_new_mail_is_wanted_a_server_that_renames_all_messages_brings_no_old_mail() {
    let plan = Plan {
        start: StartFrom::OnlyNew,
        ..plan()
    };
    let world = plan.build().await;
    let received = |day: &str| {
        let received = format!("from a by b; {day} 10:00:00 +0000");
        format!("Received: {received}\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\nx\r\n")
    };
    for day in ["Mon, 2 Mar 2020", "Tue, 3 Mar 2020"] {
        let raw = received(day).into_bytes();
        world.server.deliver(ADDRESS, "INBOX", &raw);
    }
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    let mut sent = world.receive(1);
    assert_eq!(world.fetch().await.unwrap(), delivered(1));
    world.server.renumber(ADDRESS, "INBOX");
    sent.extend(world.receive(1));
    let today = jiff::tz::TimeZone::UTC.to_datetime(now());
    sent.push(received(&today.strftime("%a, %d %b %Y").to_string()).into_bytes());
    world.server.deliver(ADDRESS, "INBOX", &sent[2]);
    world.fetch().await.unwrap();
    world.fetch().await.unwrap();
    assert!(world.delivered() == sorted(sent));
}

/// From now on the server names the messages that are there like this.
fn named(world: &World, ids: &[&str]) {
    world.server.clear_faults();
    let ids = ids.iter().enumerate();
    let ids = ids.map(|(before, id)| format!("{} {id}", before + 1));
    let lines = ["+OK".to_owned()].into_iter().chain(ids);
    let answer = LineFault::Answer {
        command: "UIDL".to_owned(),
        lines: lines.chain([".".to_owned()]).collect(),
    };
    world.server.pop3_fault(answer, None);
}

/// Puts messages of these sizes into the mailbox.
fn receive_sizes(world: &World, sizes: &[usize]) -> Vec<Vec<u8>> {
    let messages = sizes.iter().map(|size| {
        let raw = format!("Subject: {size}\r\n\r\n{}\r\n", "x".repeat(*size)).into_bytes();
        world.server.deliver(ADDRESS, "INBOX", &raw);
        raw
    });
    messages.collect()
}

#[tokio::test]
async fn a_message_under_the_unique_id_of_another_is_noticed_by_its_size() {
    let world = world(AfterDelivery::Keep).await;
    let mut sent = receive_sizes(&world, &[10, 20, 30]);
    named(&world, &["a", "b", "c"]);
    assert_eq!(world.fetch().await.unwrap(), delivered(3));
    // Somebody else deletes the first one.
    world.server.expunge(ADDRESS, "INBOX", 1);
    sent.extend(receive_sizes(&world, &[40]));
    named(&world, &["b", "c", "a"]);
    assert_eq!(world.fetch().await.unwrap(), delivered(1));
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn unique_ids_that_are_only_the_messages_places_lose_and_double_nothing() {
    let world = world_with(UniqueIds::Places, AfterDelivery::Keep).await;
    let mut sent = receive_sizes(&world, &[10, 20, 30]);
    assert_eq!(world.fetch().await.unwrap(), delivered(3));
    world.server.expunge(ADDRESS, "INBOX", 2);
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    // It is as long as the one that was third before.
    let mut like_the_third = sent[2].clone();
    like_the_third[9] = b'4';
    world.server.deliver(ADDRESS, "INBOX", &like_the_third);
    sent.push(like_the_third);
    assert_eq!(world.fetch().await.unwrap(), delivered(1));
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn a_unique_id_that_was_deleted_may_be_used_again() {
    let world = world_with(UniqueIds::Places, AfterDelivery::Delete).await;
    let mut sent = Vec::new();
    for number in 1..4 {
        sent.push(format!("Subject: {number}\r\n\r\n").into_bytes());
        world.server.deliver(ADDRESS, "INBOX", &sent[number - 1]);
        assert_eq!(world.fetch().await.unwrap(), delivered(1), "{number}");
        assert!(world.inbox().is_empty());
    }
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn a_size_that_the_server_tells_otherwise_doubles_nothing() {
    let world = world(AfterDelivery::Keep).await;
    let sent = receive_sizes(&world, &[10, 20]);
    assert_eq!(world.fetch().await.unwrap(), delivered(2));
    let actual = sent[1].len();
    for size in [7, actual, 8] {
        world.server.clear_faults();
        let sizes = [
            "+OK",
            &format!("1 {}", sent[0].len()),
            &format!("2 {size}"),
            ".",
        ];
        let answer = LineFault::Answer {
            command: "LIST".to_owned(),
            lines: sizes.map(str::to_owned).to_vec(),
        };
        world.server.pop3_fault(answer, None);
        assert_eq!(world.fetch().await.unwrap(), delivered(0), "{size}");
    }
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn of_copies_that_share_a_unique_id_none_is_taken_for_another() {
    let world = world_with(UniqueIds::Contents, AfterDelivery::Delete).await;
    let raw = receive_sizes(&world, &[10]).remove(0);
    world.server.deliver(ADDRESS, "INBOX", &raw);
    let refused = LineFault::RefuseMessage(2);
    world.server.pop3_fault(refused, Some(1));
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.deferred), (1, 1));
    assert_eq!(world.inbox().len(), 2, "one would go by the other's name");
    let later = now() + SignedDuration::from_hours(2);
    world.authorize().await;
    let later = world.fetcher.at(ManualClock::new(later));
    let fetched = later.fetch_once(world.account.id).await;
    assert_eq!(fetched.unwrap(), delivered(1));
    world.authorize().await;
    assert_eq!(world.fetch().await.unwrap(), delivered(0));
    assert!(world.inbox().is_empty());
    assert!(world.delivered() == [raw.clone(), raw]);
}

#[tokio::test]
async fn a_message_that_the_server_does_not_give_out_holds_back_no_other() {
    let world = world(AfterDelivery::Keep).await;
    let sent = world.receive(3);
    world
        .server
        .pop3_fault(LineFault::RefuseMessage(2), Some(1));
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.deferred), (2, 1));
    assert!(world.delivered() == [sent[0].clone(), sent[2].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_nothing_and_doubles_nothing() {
    for effects in 0.. {
        let world = world(AfterDelivery::Delete).await;
        let sent = world.receive(4);
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        assert_eq!(crashed, plug.pulled(), "after {effects} effects");
        world.fetch().await.unwrap();
        assert!(world.delivered() == sorted(sent), "after {effects} effects");
        assert!(world.inbox().is_empty(), "after {effects} effects");
        if !crashed {
            assert!(effects > 12, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test]
async fn what_is_kept_for_some_days_is_deleted_then_and_not_before() {
    for source in [Source::Pop3, Source::Imap] {
        let plan = Plan {
            source,
            after: AfterDelivery::DeleteAfter { days: 3 },
            ..plan()
        };
        let world = plan.build().await;
        let sent = world.receive(2);
        world.fetch().await.unwrap();
        let after = |hours| {
            let at = now() + SignedDuration::from_hours(hours);
            world.fetcher.at(ManualClock::new(at))
        };
        let soon = after(71).fetch_once(world.account.id).await;
        assert_eq!(soon.unwrap(), delivered(0));
        assert_eq!(world.inbox().len(), 2, "{source:?}");
        let later = after(73).fetch_once(world.account.id).await;
        assert_eq!(later.unwrap(), delivered(0));
        assert!(world.inbox().is_empty(), "{source:?}");
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn the_test_of_the_account_speaks_pop3() {
    let world = world(AfterDelivery::Keep).await;
    world.receive(2);
    let checked = world.fetcher.check(world.account.id).await;
    let words: Vec<String> = checked
        .steps
        .iter()
        .map(|(_, outcome)| outcome.clone().unwrap())
        .collect();
    assert!(
        words.contains(&"INBOX has 2 messages".to_owned()),
        "{words:?}"
    );
    let port = world.server.pop3s_address().unwrap().port().to_string();
    assert!(words[1].contains(&port), "{words:?}");
}

#[tokio::test]
async fn a_worker_looks_again_and_again() {
    let world = world(AfterDelivery::Delete).await;
    let running = world.run();
    world.receive(2);
    world
        .until("the first two", |world| world.delivered().len() == 2)
        .await;
    // Of another number than those that are gone.
    let third = b"Subject: the third\r\n\r\n";
    world.server.deliver(ADDRESS, "INBOX", third);
    world
        .until("the third", |world| world.delivered().len() == 3)
        .await;
    running.stop().await;
    assert!(world.inbox().is_empty());
}

#[tokio::test]
async fn a_message_that_is_too_large_is_held_here_too() {
    let plan = Plan {
        guard: mailgrant_vault::Guard {
            largest: 1 << 20,
            ..mailgrant_vault::Guard::default()
        },
        ..plan()
    };
    let world = plan.build().await;
    let large = format!("Subject: large\r\n\r\n{}\r\n", "x\r\n".repeat(1 << 19));
    world.server.deliver(ADDRESS, "INBOX", large.as_bytes());
    let sent = world.receive(1);
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.quarantined), (1, 1));
    assert!(world.delivered() == sent);
}
