//! Messages that do not go where all the account's mail goes.

use mailgrant_vault::{Guard, Rules};

use super::{ADDRESS, Plan, World, contents, now, sorted};
use crate::Fetched;
use crate::plug::Plug;

async fn world(rules: &str, guard: Guard) -> World {
    let plan = Plan {
        rules: Rules::read(rules).unwrap(),
        guard,
        ..Plan::default()
    };
    plan.build().await
}

fn put(world: &World, raw: &str) -> Vec<u8> {
    world.server.deliver(ADDRESS, "INBOX", raw.as_bytes());
    raw.as_bytes().to_vec()
}

async fn reasons(world: &World) -> Vec<String> {
    let held = world.vault.quarantine(world.account.id, 50).await.unwrap();
    held.into_iter().map(|held| held.reason).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_goes_where_its_rule_says() {
    let folder = tempfile::tempdir().unwrap();
    let invoices = folder.path().join("invoices");
    let file = folder.path().join("piped");
    let rules = format!(
        "drop header X-Spam-Flag YES\nhold from *@held.example\nmaildir {} to invoices@*\n\
         command \"/bin/sh -c 'cat >> {}'\" subject *pipe*",
        invoices.display(),
        file.display()
    );
    let world = world(&rules, Guard::default()).await;
    put(&world, "Subject: spam\r\nX-Spam-Flag: YES\r\n\r\n");
    put(&world, "Subject: held\r\nFrom: a@held.example\r\n\r\n");
    let invoice = put(&world, "Subject: 1\r\nTo: Invoices@example.com\r\n\r\n");
    let piped = put(&world, "Subject: to the pipe\r\n\r\n");
    let sent = world.receive(2);
    let fetched = world.fetch().await.unwrap();
    let expected = Fetched {
        delivered: 5,
        quarantined: 1,
        ..Fetched::default()
    };
    assert_eq!(fetched, expected);
    assert!(world.delivered() == sorted(sent));
    assert_eq!(contents(&invoices.join("new")), [invoice]);
    assert_eq!(mailgrant_base::files::read(&file).unwrap(), piped);
    let reasons = reasons(&world).await;
    assert!(reasons[0].contains("rule 2: hold from"), "{reasons:?}");
}

#[tokio::test]
async fn a_held_message_is_delivered_when_a_person_says_so() {
    let world = world("hold subject number*", Guard::default()).await;
    let sent = world.receive(1);
    assert_eq!(world.fetch().await.unwrap().quarantined, 1);
    let retried = world.vault.retry_quarantine(world.account.id, now()).await;
    assert_eq!(retried.unwrap(), 1);
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert_eq!(world.delivered(), sent);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_held_and_can_be_let_through() {
    let guard = Guard {
        largest: 1 << 20,
        ..Guard::default()
    };
    let world = world("", guard).await;
    let large = format!("Subject: large\r\n\r\n{}", "x".repeat(1 << 20));
    let large = put(&world, &large);
    let mut sent = world.receive(1);
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.quarantined), (1, 1));
    let reasons = reasons(&world).await;
    assert!(reasons[0].contains("2 MB"), "{reasons:?}");
    world
        .vault
        .retry_quarantine(world.account.id, now())
        .await
        .unwrap();
    world.fetch().await.unwrap();
    sent.push(large);
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn mail_that_goes_in_circles_is_held_and_other_mail_is_not() {
    let guard = Guard {
        per_sender: 3,
        ..Guard::default()
    };
    let world = world("", guard).await;
    world.fetch().await.unwrap();
    for number in 0..5 {
        put(
            &world,
            &format!("From: robot@b.example\r\nSubject: {number}\r\n\r\n"),
        );
    }
    put(&world, "X-Loop: desk@example.com\r\nSubject: mine\r\n\r\n");
    put(
        &world,
        "From: Desk <DESK@example.com>\r\nAuto-Submitted: auto-replied\r\n\r\n",
    );
    put(
        &world,
        "From: away@b.example\r\nAuto-Submitted: auto-replied\r\n\r\n",
    );
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.quarantined), (4, 4));
    let reasons = reasons(&world).await.join("\n");
    for expected in [
        "more than 3 messages came from robot@b.example",
        "X-Loop",
        "Auto-Submitted",
    ] {
        assert!(reasons.contains(expected), "{reasons}");
    }
}

#[tokio::test]
async fn what_was_there_before_is_no_circle() {
    let guard = Guard {
        per_sender: 3,
        ..Guard::default()
    };
    let world = world("", guard).await;
    for number in 0..5 {
        put(
            &world,
            &format!("From: robot@b.example\r\nSubject: {number}\r\n\r\n"),
        );
    }
    assert_eq!(world.fetch().await.unwrap().delivered, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_nothing_and_doubles_nothing() {
    for effects in 0.. {
        let other = tempfile::tempdir().unwrap();
        let path = other.path().join("other");
        let rules = format!(
            "maildir {} subject *1\ndrop subject *2\nhold subject *3",
            path.display()
        );
        let world = world(&rules, Guard::default()).await;
        world.fetch().await.unwrap();
        let sent = world.receive(5);
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        assert_eq!(crashed, plug.pulled(), "after {effects} effects");
        world.fetch().await.unwrap();
        let own = [sent[0].clone(), sent[4].clone()];
        assert!(world.delivered() == own, "after {effects} effects");
        assert_eq!(contents(&path.join("new")), [sent[1].clone()]);
        assert_eq!(reasons(&world).await.len(), 1, "after {effects} effects");
        if !crashed {
            assert!(effects > 12, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test]
async fn a_rule_that_delivers_lets_no_circle_through() {
    let world = world("drop subject drop*\ndeliver", Guard::default()).await;
    world.fetch().await.unwrap();
    put(&world, "X-Loop: desk@example.com\r\nSubject: mine\r\n\r\n");
    put(
        &world,
        "X-Loop: desk@example.com\r\nSubject: drop it\r\n\r\n",
    );
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.quarantined), (1, 1));
    assert!(reasons(&world).await[0].contains("X-Loop"));
    assert!(world.delivered().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_that_is_let_through_arrives_once_whenever_it_crashes() {
    for effects in 0.. {
        let world = world("hold subject number*", Guard::default()).await;
        let sent = world.receive(1);
        world.fetch().await.unwrap();
        let retried = world.vault.retry_quarantine(world.account.id, now()).await;
        retried.unwrap();
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        // The application has taken what it found.
        let mut got = world.delivered();
        let new = world.maildir().join("new");
        for entry in std::fs::read_dir(&new).into_iter().flatten() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        world.fetch().await.unwrap();
        got.extend(world.delivered());
        assert!(got == sent, "after {effects} effects: {}", got.len());
        if !crashed {
            return;
        }
    }
}

#[tokio::test]
async fn how_many_came_from_a_sender_is_known_after_a_restart() {
    let guard = Guard {
        per_sender: 3,
        ..Guard::default()
    };
    let world = world("", guard).await;
    world.fetch().await.unwrap();
    let from = |sender: &str, date: &str, number: usize| {
        format!("From: {sender}\r\nDate: {date}\r\nSubject: {number}\r\n\r\n")
    };
    let just_now = jiff::fmt::rfc2822::DateTimePrinter::new();
    let just_now = just_now.timestamp_to_string(&now()).unwrap();
    let long_ago = "Sun, 01 Nov 2020 10:00:00 +0000";
    for number in 0..3 {
        put(&world, &from("robot@b.example", &just_now, number));
        // They have gathered for a long time, and are all fetched now.
        put(&world, &from("patient@b.example", long_ago, number));
    }
    assert_eq!(world.fetch().await.unwrap().delivered, 6);
    let restarted = world.fetcher.unplugged(Plug::default());
    put(&world, &from("Robot@b.example", &just_now, 3));
    put(&world, &from("patient@b.example", &just_now, 3));
    put(&world, &from("another@b.example", &just_now, 3));
    let fetched = restarted.fetch_once(world.account.id).await.unwrap();
    assert_eq!((fetched.delivered, fetched.quarantined), (2, 1));
    let reasons = reasons(&world).await.join("\n");
    assert!(
        reasons.contains("more than 3 messages came from Robot@b.example"),
        "{reasons}"
    );
}
