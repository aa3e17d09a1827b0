//! Sinks that rules choose by name, and rules that change between a crash and what follows it.

use std::path::Path;
use std::sync::Arc;

use mailgrant_base::SystemRandom;
use mailgrant_sandbox::ImapFault;
use mailgrant_vault::{AppendSink, MaildirSink, Rules, Sink, Sinks, WebhookFormat, WebhookSink};

use super::append::ARCHIVE;
use super::local_delivery::LocalDelivery;
use super::receiver::Receiver;
use super::webhook::is_signed_with;
use super::{ADDRESS, Plan, World, contents, now, sorted};
use crate::connections::Place;
use crate::plug::Plug;
use crate::{FetchError, TestTo, explain_route};

fn maildir(path: &Path) -> Sink {
    Sink::Maildir(MaildirSink { path: path.into() })
}

async fn world(sinks: impl IntoIterator<Item = (&str, Sink)>, rules: &str) -> World {
    let mut named = Sinks::default();
    for (name, sink) in sinks {
        named.put(name, sink);
    }
    let plan = Plan {
        sinks: named,
        rules: Rules::read(rules).unwrap(),
        ..Plan::default()
    };
    plan.build().await
}

fn put(world: &World, subject: &str) -> Vec<u8> {
    let raw = format!("Message-ID: <{subject}@example.org>\r\nSubject: {subject}\r\n\r\n");
    world.server.deliver(ADDRESS, "INBOX", raw.as_bytes());
    raw.into_bytes()
}

/// The account has these rules and no others from now on.
async fn rules_are(world: &World, rules: &str) {
    let account = world.vault.account(world.account.id).await.unwrap();
    let account = account.unwrap();
    let mut draft = account.draft.clone();
    draft.rules = Rules::read(rules).unwrap();
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now());
    changed.await.unwrap();
}

async fn messages(world: &World, text: &str) -> Vec<mailgrant_vault::Message> {
    let search = mailgrant_vault::MessageSearch {
        account: Some(world.account.id),
        text: Some(text.to_owned()),
        limit: 9,
        ..mailgrant_vault::MessageSearch::default()
    };
    world.vault.find_messages(&search).await.unwrap().messages
}

fn hook(receiver: &Receiver) -> Sink {
    Sink::Webhook(WebhookSink {
        url: receiver.url(),
        format: WebhookFormat::Raw,
        time_limit: std::time::Duration::from_secs(30),
        anywhere: false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_goes_to_the_sink_that_its_rule_names() {
    let folder = tempfile::tempdir().unwrap();
    let billing = folder.path().join("billing");
    let (one, two) = (Receiver::start().await, Receiver::start().await);
    let sinks = [
        ("billing", maildir(&billing)),
        ("desk", hook(&one)),
        ("robot", hook(&two)),
    ];
    let rules = "sink billing subject b*\nsink desk subject d*\nsink robot subject r*\n\
                 sink billing subject x*";
    let world = world(sinks, rules).await;
    let (b, d, r) = (put(&world, "b"), put(&world, "d"), put(&world, "r"));
    let (x, own) = (put(&world, "x"), put(&world, "own"));
    assert_eq!(world.fetch().await.unwrap().delivered, 5);
    assert!(sorted(contents(&billing.join("new"))) == sorted(vec![b, x]));
    assert!(world.delivered() == [own]);
    let (one, two) = (one.requests(), two.requests());
    assert!((&one[0].body, &two[0].body) == (&d, &r));

    let id = world.account.id;
    let secret_of = async |sink| world.vault.webhook_secret(id, Some(sink)).await.unwrap();
    let (desk, robot) = (secret_of("desk").await, secret_of("robot").await);
    assert!(is_signed_with(&desk, &one[0]) && is_signed_with(&robot, &two[0]));
    assert!(!is_signed_with(&desk, &two[0]), "each sink has its own");

    let found = messages(&world, "b@example.org").await;
    let answer = found[0].answer.clone().unwrap();
    assert!(answer.starts_with("the sink billing: new/"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_and_doubles_nothing_although_the_rule_goes_meanwhile() {
    for effects in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        let rules = format!("maildir {} subject *1", other.display());
        let world = world([], &rules).await;
        let sent: Vec<_> = ["a1", "b1", "c"].map(|subject| put(&world, subject)).into();
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        rules_are(&world, "deliver").await;
        world.fetch().await.unwrap();
        let arrived = [contents(&other.join("new")), world.delivered()].concat();
        assert!(sorted(arrived) == sorted(sent), "after {effects} effects");
        if !crashed {
            assert!(effects > 8, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maildir_that_went_with_its_rule_is_not_made_anew() {
    for effects in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        let rules = format!("maildir {}", other.display());
        let world = world([], &rules).await;
        let sent = [put(&world, "a"), put(&world, "b")];
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        rules_are(&world, "").await;
        let shown = contents(&other.join("new"));
        std::fs::remove_dir_all(&other).ok();
        world.fetch().await.unwrap();
        assert!(!other.exists(), "after {effects} effects");
        let mut arrived = [shown, world.delivered()].concat();
        arrived.sort();
        arrived.dedup();
        assert!(arrived == sorted(sent.to_vec()), "after {effects} effects");
        if !crashed {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_place_that_cannot_be_asked_leaves_it_to_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    let rules = format!("maildir {}", other.display());
    for effects in 0.. {
        let world = world([], &rules).await;
        put(&world, "a");
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        assert!(fetcher.fetch_once(world.account.id).await.is_err());
        if messages(&world, "").await.is_empty() {
            continue;
        }
        rules_are(&world, "").await;
        std::fs::remove_dir_all(other.join("new")).unwrap();
        mailgrant_base::files::create_private(&other.join("new"), b"in the way").unwrap();
        assert_eq!(world.fetch().await.unwrap().quarantined, 1);
        let held = world.vault.quarantine(world.account.id, 9).await.unwrap();
        let why = &held[0].reason;
        assert!(why.contains("on its way to Maildir"), "{why}");
        let retried = world.vault.retry_quarantine(world.account.id, now()).await;
        assert_eq!(retried.unwrap(), 1);
        assert_eq!(world.fetch().await.unwrap().delivered, 1);
        assert_eq!(world.delivered().len(), 1);
        return;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_on_its_way_to_another_mailbox_is_looked_for_there() {
    for effects in 0.. {
        let append = Sink::Append(AppendSink {
            account: "archive".to_owned(),
            folder: "Kept".to_owned(),
        });
        let world = world([("archive", append)], "sink archive").await;
        super::append::archive(&world, mailgrant_vault::Source::default(), super::SCOPE).await;
        world
            .server
            .wait_for(super::append::ARCHIVE, "Kept", |_| true)
            .await;
        let sent = [put(&world, "a"), put(&world, "b")];
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        // The first time another rule still names the sink, the second time none does.
        let rules = ["sink archive from nobody", ""][usize::from(effects % 2 == 0)];
        rules_are(&world, rules).await;
        world.fetch().await.unwrap();
        let there = world.server.contents(super::append::ARCHIVE, "Kept");
        let there: Vec<_> = there
            .iter()
            .map(|(_, _, raw)| super::unmarked(raw))
            .collect();
        let arrived = [there, world.delivered()].concat();
        assert!(
            sorted(arrived) == sorted(sent.to_vec()),
            "after {effects} effects"
        );
        if !crashed {
            assert!(effects > 4, "the plug is asked before every effect");
            return;
        }
    }
}

/// A message is in the mailbox `archive`, but nobody has said so, and no rule names the mailbox now.
async fn doubtful() -> (World, Vec<u8>) {
    let append = Sink::Append(AppendSink {
        account: "archive".to_owned(),
        folder: "Kept".to_owned(),
    });
    let world = world([("archive", append)], "sink archive").await;
    add_archive(&world).await;
    world.server.wait_for(ARCHIVE, "Kept", |_| true).await;
    let sent = put(&world, "a");
    let then = Some(Box::new(ImapFault::Unavailable));
    let cut_off = ImapFault::HangUpAppend { keeps: true, then };
    world.server.fault(cut_off, Some(1));
    world.fetch().await.unwrap_err();
    world.server.clear_faults();
    rules_are(&world, "").await;
    (world, sent)
}

async fn add_archive(world: &World) {
    super::append::archive(world, mailgrant_vault::Source::default(), super::SCOPE).await;
}

async fn remove_archive(world: &World) {
    let archive = world.vault.account_named("archive").await.unwrap();
    let removed = world.vault.remove_account(archive.unwrap().id).await;
    removed.unwrap();
}

#[tokio::test]
async fn a_former_mailbox_that_cannot_be_opened_now_is_waited_for() {
    let (world, _) = doubtful().await;
    let place = Place {
        server: world.account.draft.imap.to_string(),
        user: ARCHIVE.to_owned(),
    };
    let busy = world.fetcher.unplugged(Plug::default());
    let connections = &busy.shared().connections;
    let asked = Some(std::time::Duration::from_mins(9));
    connections.refused(&place, "too many", asked, &SystemRandom);
    let error = busy.fetch_once(world.account.id).await.unwrap_err();
    assert!(matches!(error, FetchError::SinkDown { .. }), "{error}");
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert!(world.delivered().is_empty(), "it was there");
}

#[tokio::test]
async fn a_message_whose_former_mailbox_is_gone_waits_and_is_looked_for_once_more() {
    for comes_back in [false, true] {
        let (world, sent) = doubtful().await;
        remove_archive(&world).await;
        assert_eq!(world.fetch().await.unwrap().quarantined, 1);
        if comes_back {
            add_archive(&world).await;
        }
        let retried = world.vault.retry_quarantine(world.account.id, now()).await;
        assert_eq!(retried.unwrap(), 1);
        assert_eq!(world.fetch().await.unwrap().delivered, 1);
        let expected = if comes_back { vec![] } else { vec![sent] };
        assert!(world.delivered() == expected, "{comes_back}");
    }
}

#[tokio::test]
async fn who_has_a_message_at_one_server_has_it_not_at_another() {
    let (one, two) = (LocalDelivery::start().await, LocalDelivery::start().await);
    let sinks = [
        ("one", Sink::Lmtp(one.sink(&["desk", "other"]))),
        ("two", Sink::Lmtp(two.sink(&["desk"]))),
    ];
    let world = world(sinks, "sink one").await;
    one.say("other", "452 4.2.2 mailbox is full");
    let sent = put(&world, "x");
    let clock = Arc::new(mailgrant_base::ManualClock::new(now()));
    let fetcher = world.fetcher.at(super::append::Shown(Arc::clone(&clock)));
    let round = fetcher.fetch_once(world.account.id).await;
    assert_eq!(round.unwrap().deferred, 1);
    rules_are(&world, "sink two").await;
    clock.advance(jiff::SignedDuration::from_mins(2));
    let round = fetcher.fetch_once(world.account.id).await;
    assert_eq!(round.unwrap().delivered, 1);
    assert!(super::unmarked(&two.letters()[0].2) == sent);
}

#[tokio::test]
async fn a_test_message_goes_by_the_rules_or_where_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (billing, spare) = (folder.path().join("billing"), folder.path().join("spare"));
    let sinks = [("billing", maildir(&billing)), ("spare", maildir(&spare))];
    let rules = "drop subject nothing\nsink billing to desk@*";
    let world = world(sinks, rules).await;
    let id = world.account.id;
    let send = async |to: &TestTo| {
        let mut sent = world.fetcher.hand_over_test(id, to).await;
        sent.steps.remove(0).1
    };
    let said = send(&TestTo::read(None)).await.unwrap();
    assert!(
        said.starts_with("Rule 2 decides: sink billing to desk@*"),
        "{said}"
    );
    assert!(said.contains("took it: new/"), "{said}");
    assert_eq!(super::count(&billing.join("new")), 1);
    send(&TestTo::read(Some("own"))).await.unwrap();
    assert_eq!(world.delivered().len(), 1);
    let said = send(&TestTo::read(Some("spare"))).await.unwrap();
    assert!(said.starts_with("the sink spare: Maildir "), "{said}");
    assert_eq!(super::count(&spare.join("new")), 1);
    let none = send(&TestTo::read(Some("none"))).await.unwrap_err();
    assert!(none.what.contains("it has billing, spare"), "{none}");
    rules_are(&world, "drop").await;
    let said = send(&TestTo::Rules).await.unwrap();
    assert!(said.ends_with("Nothing was handed over."), "{said}");

    let checked = world.fetcher.check(id).await.steps;
    let steps: Vec<&str> = checked.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(
        steps[steps.len() - 3..],
        ["sink", "the sink billing", "the sink spare"]
    );
    let checked = world.fetcher.check_sink(id, "spare").await.steps;
    assert!(
        checked[0].1.as_ref().unwrap().contains("can be written"),
        "{checked:?}"
    );
}

#[tokio::test]
async fn where_a_message_would_go_is_told_in_words() {
    let sinks = [("billing", maildir(Path::new("/var/mail/billing")))];
    let rules = "drop subject spam\nhold subject held\nsink billing subject bill\n\
                 maildir /var/mail/big size >1M\ndeliver subject mine";
    let world = world(sinks, rules).await;
    let told = |subject: &str, size| {
        let raw = format!("Subject: {subject}\r\n\r\n");
        explain_route(&world.account, "INBOX", (raw.as_bytes(), size), now())
    };
    for (subject, size, expected) in [
        (
            "spam",
            9,
            "Rule 1 decides: drop subject spam. It is not delivered",
        ),
        (
            "held",
            9,
            "Rule 2 decides: hold subject held. It waits in quarantine",
        ),
        (
            "bill",
            9,
            "It goes to the sink billing: Maildir /var/mail/billing",
        ),
        ("big", 2 << 20, "It goes to: Maildir /var/mail/big"),
        (
            "mine",
            9,
            "Rule 5 decides: deliver subject mine. It goes where the account's",
        ),
        (
            "other",
            9,
            "No rule fits; it goes where the account's mail goes: Maildir",
        ),
    ] {
        let told = told(subject, size);
        assert!(told.contains(expected), "{told}");
    }
}
