//! Delivery to a server, by LMTP.

use mailgrant_vault::{EnvelopeSender, RelaySink, Sink};

use super::local_delivery::LocalDelivery;
use super::{ADDRESS, Plan, World, sorted, unmarked};
use crate::plug::Plug;
use crate::{FetchError, Fetched};

async fn world(sink: RelaySink) -> World {
    let plan = Plan {
        sink: Some(Sink::Lmtp(sink)),
        ..Plan::default()
    };
    plan.build().await
}

fn messages(server: &LocalDelivery) -> Vec<Vec<u8>> {
    let letters = server.letters().into_iter();
    letters.map(|(_, _, message)| unmarked(&message)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_every_size_arrive_on_one_connection() {
    let server = LocalDelivery::start().await;
    let world = world(server.sink(&["desk"])).await;
    let line = b".a line with a dot before it\r\n";
    let large: Vec<u8> = line.iter().copied().cycle().take(3 << 20).collect();
    let large = [b"Subject: large\r\n\r\n".as_slice(), &large, b"\r\n"].concat();
    let mut sent = world.receive(3);
    world.server.deliver(ADDRESS, "INBOX", &large);
    sent.push(large);
    assert_eq!(world.fetch().await.unwrap().delivered, 4);
    assert!(messages(&server) == sent);
    assert_eq!(server.connections(), 1);
    let (sender, recipient, _) = server.letters().remove(0);
    assert_eq!((sender.as_str(), recipient.as_str()), ("", "desk"));
}

#[tokio::test]
async fn header_lines_and_the_envelope_are_as_the_account_has_them() {
    let server = LocalDelivery::start().await;
    let sink = RelaySink {
        sender: EnvelopeSender::ReturnPath,
        headers: true,
        ..server.sink(&["desk"])
    };
    let world = world(sink).await;
    let raw = b"Return-Path: <customer@example.org>\r\nSubject: x\r\n\r\n";
    world.server.deliver(ADDRESS, "INBOX", raw);
    world.fetch().await.unwrap();
    let (sender, _, message) = server.letters().remove(0);
    assert_eq!(sender, "customer@example.org");
    let message = String::from_utf8(message).unwrap();
    let (lines, rest) = message.split_at(message.len() - raw.len());
    assert_eq!(rest.as_bytes(), raw);
    assert!(lines.starts_with("Delivered-To: desk@example.com\r\n"));
    assert!(lines.contains("\r\nX-Mailgrant-Folder: INBOX\r\nX-Mailgrant-Key: a"));
    assert!(lines.ends_with("\r\nX-Loop: desk@example.com\r\n"));
}

#[tokio::test]
async fn a_message_without_a_return_path_is_given_the_envelopes() {
    for (sender, expected) in [
        (EnvelopeSender::Nobody, "Return-Path: <>\r\nDelivered-To: "),
        (
            EnvelopeSender::Address("robot@example.com".to_owned()),
            "Return-Path: <robot@example.com>\r\nDelivered-To: ",
        ),
    ] {
        let server = LocalDelivery::start().await;
        let sink = RelaySink {
            sender,
            headers: true,
            ..server.sink(&["desk"])
        };
        let world = world(sink).await;
        world.receive(1);
        world.fetch().await.unwrap();
        let (_, _, message) = server.letters().remove(0);
        let message = String::from_utf8(message).unwrap();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn each_reply_means_what_it_means_and_holds_up_no_other_message() {
    let server = LocalDelivery::start().await;
    let world = world(server.sink(&["desk"])).await;
    world.receive(1);
    server.say("desk", "452 4.2.2 mailbox is full");
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    server.say("desk", "550 5.7.1 not wanted");
    world.receive(1);
    assert_eq!(world.fetch().await.unwrap().quarantined, 1);
    let held = world.vault.quarantine(world.account.id, 9).await.unwrap();
    assert!(held[0].reason.contains("not wanted"), "{held:?}");
    server.say("desk", "250 yes");
    world.receive(1);
    let fetched = world.fetch().await.unwrap();
    let delivered = Fetched {
        delivered: 1,
        ..Fetched::default()
    };
    assert_eq!(fetched, delivered);
}

#[tokio::test]
async fn who_has_a_message_does_not_get_it_again_for_anothers_sake() {
    let server = LocalDelivery::start().await;
    let world = world(server.sink(&["one", "two"])).await;
    world.receive(1);
    server.say("two", "550 5.2.1 not now");
    assert_eq!(world.fetch().await.unwrap().quarantined, 1);
    server.say("two", "250 yes");
    let now = super::now();
    let again = world.vault.retry_quarantine(world.account.id, now).await;
    assert_eq!(again.unwrap(), 1);
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    let letters = server.letters();
    let to: Vec<&str> = letters.iter().map(|(_, to, _)| to.as_str()).collect();
    assert_eq!(to, ["one", "two"]);
}

#[tokio::test]
async fn a_message_at_which_the_server_hangs_up_holds_back_no_other() {
    let server = LocalDelivery::start().await;
    let world = world(server.sink(&["desk"])).await;
    world
        .server
        .deliver(ADDRESS, "INBOX", b"Subject: poison\r\n\r\npoison\r\n");
    let sent = world.receive(2);
    server.hang_up_at("poison");
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.deferred), (2, 1));
    assert!(sorted(messages(&server)) == sorted(sent));
}

#[tokio::test]
async fn nobody_there_holds_the_mailbox_back() {
    let server = LocalDelivery::start().await;
    let mut sink = server.sink(&["desk"]);
    sink.at = mailgrant_vault::RelayPlace::Socket("/nowhere/lmtp".into());
    let world = world(sink).await;
    world.receive(1);
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::SinkDown { .. }), "{error}");
    assert!(error.to_string().contains("/nowhere/lmtp"), "{error}");
}

#[tokio::test]
async fn the_test_of_an_account_names_the_recipient_who_is_refused() {
    let server = LocalDelivery::start().await;
    let good = world(server.sink(&["desk", "other"])).await;
    let checked = good.fetcher.check(good.account.id).await;
    let words = checked.steps.last().unwrap().1.clone().unwrap();
    assert!(words.contains("takes mail for desk, other"), "{words}");
    let bad = world(server.sink(&["desk", "nobody"])).await;
    let checked = bad.fetcher.check(bad.account.id).await;
    let said = checked.steps.last().unwrap().1.clone().unwrap_err();
    assert!(said.what.contains("nobody: 550 5.1.1"), "{said:?}");
    assert!(server.letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_at_any_effect_all_has_arrived_and_at_most_one_message_twice() {
    for effects in 0.. {
        let server = LocalDelivery::start().await;
        let world = world(server.sink(&["desk"])).await;
        let sent = world.receive(3);
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        assert_eq!(crashed, plug.pulled(), "after {effects} effects");
        world.fetch().await.unwrap();
        let mut arrived = sorted(messages(&server));
        assert!(arrived.len() <= sent.len() + 1, "after {effects} effects");
        arrived.dedup();
        assert!(arrived == sorted(sent), "after {effects} effects");
        if !crashed {
            assert!(effects > 6, "the plug is asked before every effect");
            return;
        }
    }
}
