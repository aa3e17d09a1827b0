//! What machines ask: whether the process lives, whether it can work, and the metrics.

use std::collections::BTreeSet;

use crate::world::{ADDRESS, World};

#[tokio::test]
async fn the_process_is_ready_as_long_as_the_store_answers() {
    let world = World::new().await;
    let mut probe = world.visitor();
    assert_eq!(probe.get("/healthz").await.body, "ok\n");
    let ready = probe.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &*ready.body), (200, "ok\n"));
    world.vault.close().await;
    let ready = probe.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.body, "the store does not answer\n");
    assert_eq!(probe.get("/healthz").await.status, 200, "it still lives");
    assert!(probe.cookies.is_empty());
}

#[tokio::test]
async fn without_its_store_every_page_says_so_in_plain_words() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    world.vault.close().await;
    for path in ["/", "/providers", "/accounts/1", "/sign-in"] {
        let answer = visitor.get(path).await;
        answer.says(409, &["Mailgrant cannot use its database"]);
    }
}

#[tokio::test]
async fn the_metrics_can_be_read_and_name_nobody() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    world.mail.deliver(ADDRESS, "INBOX", b"Subject: x\r\n\r\n");
    world.fetcher.fetch_once(account.id).await.unwrap();
    let mut scraper = world.visitor();
    let answer = scraper.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);

    let mut names = BTreeSet::new();
    for line in answer.body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let kind = comment.split(' ').next().unwrap();
            assert!(matches!(kind, "HELP" | "TYPE" | "UNIT" | "EOF"), "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().unwrap();
        assert!(name.starts_with("mailgrant_"), "{line}");
        names.insert(name.to_owned());
    }
    for name in ["mailgrant_messages_total", "mailgrant_mailboxes"] {
        assert!(names.contains(name), "{name} in {names:?}");
    }
    let delivered = "mailgrant_messages_total{outcome=\"delivered\"} 1\n";
    assert!(answer.body.contains(delivered), "{}", answer.body);
    for name in ["desk", "example.com", "sandbox", "anna", "127.0.0.1"] {
        assert!(!answer.body.contains(name), "{name} in {}", answer.body);
    }
}
