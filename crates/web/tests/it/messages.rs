//! The history's pages: where is the customer's mail?

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_vault::{
    Account, Delivery, EventKind, FirstSight, Floor, FolderId, MessageHead, MessageState, Prepared,
};

use crate::html::{control, tags};
use crate::pages::plain;
use crate::visitor::Visitor;
use crate::world::World;

/// An account whose inbox has three messages: one delivered, one refused, one that waits.
async fn three_messages(world: &World) -> (Account, FolderId) {
    let account = world.add_mailbox().await;
    let folder = world.open_inbox(&account).await;
    let (vault, now) = (&world.vault, world.clock.now());
    let messages: Vec<_> = [(1, "An order"), (2, "A complaint"), (3, "A question")]
        .map(|(uid, subject)| prepared(world, uid, subject))
        .into();
    world.clock.advance(SignedDuration::from_mins(1));
    vault
        .note_prepared(folder, &messages, Floor::New(4), world.clock.now())
        .await
        .unwrap();
    world.clock.advance(SignedDuration::from_mins(1));
    let then = world.clock.now();
    let delivery = Delivery {
        uid: 1,
        answer: "Ticket#1001".to_owned(),
    };
    vault
        .note_delivered(folder, &[delivery], then)
        .await
        .unwrap();
    vault.note_acknowledged(folder, &[1], then).await.unwrap();
    let reason = "exit status 65: no such queue";
    vault
        .note_quarantined(folder, 2, reason, then)
        .await
        .unwrap();
    let again = now + SignedDuration::from_hours(1);
    vault
        .note_deferred(folder, 3, "exit status 75", again, then)
        .await
        .unwrap();
    (account, folder)
}

fn prepared(world: &World, uid: u32, subject: &str) -> Prepared {
    Prepared {
        uid,
        key: format!("key-{uid}"),
        digest: [7; 32],
        size: 4096,
        head: MessageHead {
            message_id: Some(format!("{uid}@example.net")),
            sender: Some(format!("customer{uid}@example.net")),
            subject: Some(subject.to_owned()),
        },
        seen_at: world.clock.now(),
        going_to: None,
        counted_at: None,
    }
}

/// The subjects that a page lists.
async fn listed(visitor: &mut Visitor, query: &str) -> Vec<String> {
    let page = visitor.page(&format!("/messages{query}")).await;
    let links = tags(&page);
    let links = links.iter().filter(|tag| {
        let to = tag.get("href").unwrap_or_default();
        to.strip_prefix("/messages/").is_some()
    });
    links.map(|tag| tag.text.clone()).collect()
}

#[tokio::test]
async fn the_pages_say_where_each_message_is() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    insta::assert_snapshot!("messages_none", plain(&visitor.page("/messages").await));
    let (_, folder) = three_messages(&world).await;
    insta::assert_snapshot!("messages", plain(&visitor.page("/messages").await));
    for (uid, name) in [
        (1, "message_delivered"),
        (2, "message_in_quarantine"),
        (3, "message_waiting"),
    ] {
        let page = visitor.page(&format!("/messages/{}-{uid}", folder.0)).await;
        insta::assert_snapshot!(name, without_instants(&plain(&page)));
    }
}

/// Exact instants differ from run to run.
fn without_instants(page: &str) -> String {
    let mut text = String::new();
    for part in page.split_inclusive("UTC</span>") {
        let instant = part
            .rfind("<span>")
            .filter(|_| part.ends_with("UTC</span>"));
        text.push_str(&part[..instant.unwrap_or(part.len())]);
    }
    text
}

#[tokio::test]
async fn a_search_finds_by_words_account_and_state_and_is_shown_again() {
    let world = World::new().await;
    let (account, _) = three_messages(&world).await;
    let mut visitor = world.administrator().await;
    let own = format!("?account={}", account.id.0);
    let all = ["A question", "A complaint", "An order"];
    for (query, found) in [
        ("", &all[..]),
        (&own, &all),
        ("?account=77", &[]),
        ("?text=COMPLAINT", &["A complaint"]),
        ("?text=customer1%40example.net", &["An order"]),
        ("?text=%3C3%40example.net%3E", &["A question"]),
        ("?where=delivered", &["An order"]),
        ("?where=quarantined", &["A complaint"]),
        ("?where=waiting", &["A question"]),
        ("?where=dropped", &[]),
        ("?text=nobody", &[]),
        ("?text=&account=&where=&before=", &all),
        ("?account=x&where=nowhere&before=never", &all),
    ] {
        assert_eq!(listed(&mut visitor, query).await, found, "{query}");
    }
    let page = visitor
        .page("/messages?text=%22A+complaint&where=quarantined")
        .await;
    assert_eq!(control(&page, "text").get("value"), Some("\"A complaint"));
    assert!(page.contains("There is no such message."), "{page}");
}

#[tokio::test]
async fn older_messages_are_a_page_further_of_the_same_search() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let folder = world.open_inbox(&account).await;
    let many: Vec<_> = (1..=70)
        .map(|uid| prepared(&world, uid, &format!("Order & {uid}")))
        .collect();
    let now = world.clock.now();
    let noted = world
        .vault
        .note_prepared(folder, &many, Floor::New(71), now);
    noted.await.unwrap();
    let mut visitor = world.administrator().await;
    let first = visitor.page("/messages?text=Order+%26&where=waiting").await;
    let more = tags(&first)
        .iter()
        .find(|tag| tag.get("id") == Some("more"))
        .and_then(|tag| tag.get("href").map(str::to_owned))
        .unwrap();
    let more = more.replace("&amp;", "&");
    assert!(
        more.starts_with("/messages?text=Order+%26&where=waiting&before="),
        "{more}"
    );
    let query = more.strip_prefix("/messages").unwrap();
    let rest = listed(&mut visitor, query).await;
    assert_eq!(rest.len(), 20);
    assert_eq!(rest.last().unwrap(), "Order & 1");
    assert!(!visitor.page(&more).await.contains("id=\"more\""));
}

#[tokio::test]
async fn a_message_in_quarantine_is_tried_again_or_dropped() {
    for (action, told, state, kind) in [
        (
            "retry",
            "The message is tried again.",
            MessageState::Waiting,
            EventKind::QuarantineRetried,
        ),
        (
            "drop",
            "The message was dropped: it will not be delivered.",
            MessageState::Dropped,
            EventKind::MessageDropped,
        ),
    ] {
        let world = World::new().await;
        let (_, folder) = three_messages(&world).await;
        let mut visitor = world.administrator().await;
        let path = format!("/messages/{}-2", folder.0);
        assert!(visitor.page(&path).await.contains("id=\"refused\""));
        for _ in 0..2 {
            let answer = visitor.post(&format!("{path}/{action}"), &[]).await;
            assert_eq!(answer.leads_to(), path);
            let page = visitor.page(&path).await;
            assert!(page.contains(told), "{page}");
            assert!(!page.contains("id=\"refused\""), "{page}");
        }
        let id = path.strip_prefix("/messages/").unwrap().parse().unwrap();
        let message = world.vault.message(id).await.unwrap().unwrap();
        assert_eq!(message.state, state);
        let events = world.events().await;
        let recorded: Vec<_> = events.iter().map(|event| event.kind).collect();
        assert_eq!(recorded, [kind], "once");
        assert_eq!(events[0].actor, "anna");
    }
}

#[tokio::test]
async fn what_is_dropped_is_asked_for_first() {
    let world = World::new().await;
    let (_, folder) = three_messages(&world).await;
    let mut visitor = world.administrator().await;
    let path = format!("/messages/{}-2/drop", folder.0);
    insta::assert_snapshot!("message_drop", plain(&visitor.page(&path).await));
}

#[tokio::test]
async fn what_is_not_in_quarantine_or_not_there_is_told_and_stays() {
    let world = World::new().await;
    let (account, folder) = three_messages(&world).await;
    let mut visitor = world.administrator().await;
    let delivered = format!("/messages/{}-1", folder.0);
    for action in ["retry", "drop"] {
        let answer = visitor.post(&format!("{delivered}/{action}"), &[]).await;
        answer.says(409, &["not in quarantine", "it has been delivered"]);
    }
    for id in ["77-1", "x", "1", "%FF"] {
        assert_eq!(visitor.get(&format!("/messages/{id}")).await.status, 404);
        let answer = visitor.post(&format!("/messages/{id}/drop"), &[]).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    let later =
        world
            .vault
            .open_folder(account.id, "INBOX", 2, FirstSight::EMPTY, world.clock.now());
    later.await.unwrap();
    let old = format!("/messages/{}-2", folder.0);
    let page = visitor.page(&old).await;
    assert!(page.contains("UIDs began anew") && !page.contains("id=\"retry\""));
    let answer = visitor.post(&format!("{old}/retry"), &[]).await;
    answer.says(409, &["UIDs began anew"]);
    assert_eq!(world.events().await.len(), 0);
}

#[tokio::test]
async fn a_held_message_can_be_looked_at_and_taken_away() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let mut draft = account.draft.clone();
    draft.rules = mailgrant_vault::Rules::read("hold subject *trap*").unwrap();
    let now = world.clock.now();
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now);
    changed.await.unwrap();
    let raw = b"From: mallory@example.net\r\nSubject: a trap\r\n\
        Content-Type: text/html\r\n\r\n<p>Hello</p><script>alert(1)</script>\r\n";
    world.mail.deliver(crate::world::ADDRESS, "INBOX", raw);
    world.fetcher.fetch_once(account.id).await.unwrap();
    let mut visitor = world.administrator().await;
    let held = world.vault.quarantine(account.id, 9).await.unwrap();
    let path = format!("/messages/{}", held[0].id);
    let page = visitor.page(&path).await;
    assert!(page.contains("This message is in quarantine"), "{page}");
    assert!(page.contains("rule 1: hold subject"), "{page}");
    let look = visitor.page(&format!("{path}/look")).await;
    assert!(
        look.contains("Hello") && look.contains("mallory@example.net"),
        "{look}"
    );
    assert!(!look.contains("<script>alert"), "{look}");
    let original = visitor.get(&format!("{path}/original")).await;
    original.says(200, &["alert(1)"]);
    assert_eq!(original.header("content-type"), "application/octet-stream");
    assert!(
        original
            .header("content-disposition")
            .starts_with("attachment;")
    );
    assert_eq!(world.mail.contents(crate::world::ADDRESS, "INBOX").len(), 1);
}
