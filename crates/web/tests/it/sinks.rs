//! An account's further sinks, and where its rules have messages go.

use mailgrant_base::Clock as _;
use mailgrant_vault::{Account, EventKind, Rules};
use secrecy::ExposeSecret as _;

use crate::html::told_at;
use crate::world::World;

const BILLING: [(&str, &str); 3] = [
    ("name", "billing"),
    ("sink", "webhook"),
    ("webhook", "https://desk.example.com/in"),
];

async fn stored(world: &World, account: &Account) -> Account {
    world.vault.account(account.id).await.unwrap().unwrap()
}

/// The account has these rules from now on.
async fn rules_are(world: &World, account: &Account, rules: &str) {
    let account = stored(world, account).await;
    let mut draft = account.draft.clone();
    draft.rules = Rules::read(rules).unwrap();
    let now = world.clock.now();
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now);
    changed.await.unwrap();
}

#[tokio::test]
async fn a_sink_is_added_changed_and_removed() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let home = format!("/accounts/{}", account.id.0);
    let (add, billing) = (format!("{home}/sinks"), format!("{home}/sinks/billing"));
    assert!(
        visitor
            .page(&home)
            .await
            .contains(&format!("href=\"{add}\""))
    );
    visitor.page(&add).await;

    let version = stored(&world, &account).await.version.to_string();
    let seen = ("version", version.as_str());
    let wrong = visitor
        .post(&add, &[seen, ("name", "own"), ("sink", "maildir")])
        .await;
    wrong.says(
        422,
        &["the account&#39;s own sink is called that", "absolute path"],
    );
    let added = visitor.post(&add, &[&BILLING[..], &[seen]].concat()).await;
    assert_eq!(added.leads_to(), billing);
    let page = visitor.page(&billing).await;
    let secret = world
        .vault
        .webhook_secret(account.id, Some("billing"))
        .await
        .unwrap();
    assert!(page.contains(secret.expose_secret()), "{page}");
    assert!(page.contains("No rule chooses it yet"), "{page}");
    let page = visitor.page(&home).await;
    assert!(
        page.contains("Webhook https://desk.example.com/…"),
        "{page}"
    );
    assert!(!page.contains(secret.expose_secret()), "{page}");

    let stale = visitor
        .post(&billing, &[&BILLING[1..], &[seen]].concat())
        .await;
    stale.says(409, &["Somebody else changed this account"]);
    let version = stored(&world, &account).await.version.to_string();
    let seen = ("version", version.as_str());
    let twice = visitor.post(&add, &[&BILLING[..], &[seen]].concat()).await;
    assert_eq!(twice.status, 422);
    assert!(told_at(&twice.body, "name").unwrap().contains("taken"));
    let to_maildir = [seen, ("sink", "maildir"), ("maildir", "/var/mail/billing")];
    let changed = visitor.post(&billing, &to_maildir).await;
    assert_eq!(changed.leads_to(), billing);
    assert!(!visitor.page(&billing).await.contains("whsec_"));

    rules_are(&world, &account, "drop from x\nsink billing to billing@*").await;
    let page = visitor.page(&billing).await;
    assert!(page.contains("Rule 2 chooses it."), "{page}");
    for answer in [
        visitor.get(&format!("{billing}/remove")).await,
        visitor.post(&format!("{billing}/remove"), &[]).await,
    ] {
        answer.says(
            409,
            &[
                "The sink billing is chosen by rule 2.",
                "Change these rules first",
            ],
        );
    }
    rules_are(&world, &account, "").await;
    visitor.page(&format!("{billing}/remove")).await;
    let removed = visitor.post(&format!("{billing}/remove"), &[]).await;
    assert_eq!(removed.leads_to(), home);
    assert!(stored(&world, &account).await.draft.sinks.is_empty());
    assert_eq!(visitor.get(&billing).await.status, 404);
    let told: Vec<String> = world
        .events()
        .await
        .into_iter()
        .filter(|event| event.kind == EventKind::AccountChanged)
        .map(|event| event.text)
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told.iter()
            .any(|text| text.contains("removed the sink billing of account"))
    );
}

#[tokio::test]
async fn changing_an_account_leaves_its_further_sinks_alone() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let sink = account.draft.sink.clone().unwrap();
    let now = world.clock.now();
    let account = world
        .vault
        .put_sink(&account, "billing", sink, now)
        .await
        .unwrap();
    let mut visitor = world.administrator().await;
    let edit = format!("/accounts/{}/edit", account.id.0);
    let version = account.version.to_string();
    let draft = &account.draft;
    let port = draft.imap.port.to_string();
    let form = [
        ("version", version.as_str()),
        ("name", draft.name.as_str()),
        ("address", draft.address.as_str()),
        ("provider", "sandbox"),
        ("imap_host", draft.imap.host.as_str()),
        ("imap_port", port.as_str()),
        ("sink", "maildir"),
        ("maildir", "/var/mail/elsewhere"),
        ("rules", "sink other"),
    ];
    let wrong = visitor.post(&edit, &form).await;
    wrong.says(422, &["choose the sink other: there are billing"]);
    let mut form = form.to_vec();
    form.pop();
    form.push(("rules", "sink billing"));
    visitor.post(&edit, &form).await.leads_to();
    let stored = stored(&world, &account).await;
    assert_eq!(stored.draft.sinks, account.draft.sinks);
    assert_eq!(stored.draft.rules_that_choose("billing"), [1]);
}

#[tokio::test]
async fn where_a_message_would_go_is_told_and_nothing_is_done() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    rules_are(
        &world,
        &account,
        "hold from *@held.example\nmaildir /var/mail/big size >1M",
    )
    .await;
    let mut visitor = world.administrator().await;
    let route = format!("/accounts/{}/route", account.id.0);
    let before = world.everything().await;
    let page = visitor.page(&route).await;
    assert!(page.contains("<code>hold from"), "{page}");
    let held = "From: A <a@held.example>\r\nSubject: <b>x</b>\r\n\r\n";
    for (fields, expected) in [
        (&[("message", held)][..], "Rule 1 decides: hold from"),
        (
            &[("message", "Subject: x"), ("size", "2000000")],
            "It goes to: Maildir /var/mail/big",
        ),
        (
            &[("message", "Subject: x"), ("size", "much")],
            "No rule fits",
        ),
        (&[], "No rule fits"),
    ] {
        let answer = visitor.post(&route, fields).await;
        answer.says(200, &[expected]);
    }
    assert_eq!(
        visitor.page(&format!("{route}?message=nonsense")).await,
        page
    );
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn a_sink_is_tested_alone_and_handed_a_test_message() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing");
    let sink = mailgrant_vault::Sink::Maildir(mailgrant_vault::MaildirSink { path: path.clone() });
    let now = world.clock.now();
    world
        .vault
        .put_sink(&account, "billing", sink, now)
        .await
        .unwrap();
    let mut visitor = world.administrator().await;
    let test = format!("/accounts/{}/test", account.id.0);
    let tested = visitor.post(&test, &[("to", "billing")]).await;
    tested.says(
        200,
        &["Test of the sink billing", "can be written", "All is well"],
    );
    let sent = visitor
        .post(&test, &[("to", "billing"), ("send", "yes")])
        .await;
    sent.says(200, &["the sink billing: Maildir", "took it"]);
    assert_eq!(std::fs::read_dir(path.join("new")).unwrap().count(), 1);
}
