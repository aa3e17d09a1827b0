//! Mail that is read over POP3.

use jiff::SignedDuration;
use mailgrant_base::ManualClock;
use mailgrant_sandbox::{ImapFault, LineFault, MailServerOptions, samples};
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
    world.server.fault(ImapFault::NewUidValidity, Some(1));
    sent.extend(world.receive(1));
    world.fetch().await.unwrap();
    world.fetch().await.unwrap();
    assert!(world.delivered() == sorted(sent));
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
