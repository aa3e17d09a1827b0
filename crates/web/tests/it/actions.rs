//! Buttons do what they say, are recorded, and can be pressed twice.

use mailgrant_base::Clock as _;
use mailgrant_vault::{Account, EventKind, GrantState, ProviderForm};
use secrecy::ExposeSecret as _;

use crate::visitor::Visitor;
use crate::world::World;

async fn kinds(world: &World) -> Vec<EventKind> {
    let events = world.events().await;
    for event in &events {
        assert_eq!(event.actor, "anna", "{event:?}");
    }
    events.iter().map(|event| event.kind).collect()
}

/// Presses a button, and looks at what the page says that follows.
async fn press(visitor: &mut Visitor, path: &str, fields: &[(&str, &str)], told: &str) {
    let answer = visitor.post(path, fields).await;
    let next = answer.leads_to().to_owned();
    let page = visitor.page(&next).await;
    let words = crate::html::tags(&page);
    let notice = words.iter().find(|tag| tag.get("id") == Some("notice"));
    assert_eq!(notice.unwrap().text, told);
}

fn path(account: &Account, action: &str) -> String {
    format!("/accounts/{}/{action}", account.id.0)
}

#[tokio::test]
async fn an_account_is_paused_and_resumed() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let pause = path(&account, "pause");
    for _ in 0..2 {
        let told = "The account is paused: no mail is fetched, its grant is kept alive.";
        press(&mut visitor, &pause, &[("paused", "yes")], told).await;
        let stored = world.vault.account(account.id).await.unwrap().unwrap();
        assert!(stored.paused);
    }
    for _ in 0..2 {
        let told = "The account works again.";
        press(&mut visitor, &pause, &[("paused", "no")], told).await;
        let stored = world.vault.account(account.id).await.unwrap().unwrap();
        assert!(!stored.paused);
    }
    let expected = [EventKind::AccountPaused, EventKind::AccountResumed];
    assert_eq!(kinds(&world).await, expected, "once each");
}

#[tokio::test]
async fn a_provider_is_paused_and_resumed() {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut visitor = world.administrator().await;
    let pause = format!("/providers/{}/pause", provider.id.0);
    for (paused, told) in [
        ("yes", "The provider is paused: its accounts fetch no mail."),
        ("no", "The provider works again."),
    ] {
        press(&mut visitor, &pause, &[("paused", paused)], told).await;
        let stored = world.vault.provider(provider.id).await.unwrap().unwrap();
        assert_eq!(stored.paused, paused == "yes");
    }
    let expected = [EventKind::ProviderPaused, EventKind::ProviderResumed];
    assert_eq!(kinds(&world).await, expected);
}

#[tokio::test]
async fn what_a_button_never_said_neither_pauses_nor_resumes() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.vault.pause_account(account.id, true).await.unwrap();
    let provider = account.draft.provider;
    world.vault.pause_provider(provider, true).await.unwrap();
    let before = world.everything().await;
    let mut visitor = world.administrator().await;
    for path in [
        path(&account, "pause"),
        format!("/providers/{}/pause", provider.0),
    ] {
        for fields in [&[][..], &[("paused", "")], &[("paused", "maybe")]] {
            let answer = visitor.post(&path, fields).await;
            answer.says(422, &["nothing was done"]);
        }
    }
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn an_account_is_removed_after_a_question() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let mut visitor = world.administrator().await;
    let remove = path(&account, "remove");
    let page = visitor.page(&remove).await;
    assert!(page.contains("Remove account desk?"), "{page}");
    assert!(world.vault.account(account.id).await.unwrap().is_some());
    press(&mut visitor, &remove, &[], "The account was removed.").await;
    assert!(world.vault.account(account.id).await.unwrap().is_none());
    assert!(world.vault.grant(account.id).await.unwrap().is_none());
    let again = visitor.post(&remove, &[]).await;
    again.says(404, &["There is no such account"]);
    // Its grant is ended first, so that nothing goes on opening the mailbox.
    let told = [EventKind::GrantRevoked, EventKind::AccountRemoved];
    assert_eq!(kinds(&world).await, told);
    let events = world.events().await;
    let told = "anna removed account desk.";
    assert!(events.iter().any(|event| event.text == told), "{events:?}");
}

#[tokio::test]
async fn a_provider_that_is_used_is_not_removed() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let remove = format!("/providers/{}/remove", account.draft.provider.0);
    visitor.page(&remove).await;
    let answer = visitor.post(&remove, &[]).await;
    answer.says(
        409,
        &["Provider sandbox was not removed: 1 account uses it."],
    );
    assert_eq!(kinds(&world).await, []);

    world.vault.remove_account(account.id).await.unwrap();
    press(&mut visitor, &remove, &[], "The provider was removed.").await;
    assert_eq!(kinds(&world).await, [EventKind::ProviderRemoved]);
    visitor.post(&remove, &[]).await.says(404, &[]);
}

#[tokio::test]
async fn a_grant_is_revoked_here_and_at_the_provider() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let mut visitor = world.administrator().await;
    let revoke = path(&account, "revoke");
    visitor.page(&revoke).await;
    let told = "The grant is revoked, here and at the provider.";
    press(&mut visitor, &revoke, &[], told).await;
    let grant = world.vault.grant(account.id).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Revoked);
    assert!(grant.refresh_token.is_none());
    let asked = world.provider.requests();
    assert!(
        asked.iter().any(|line| line.contains("revoke")),
        "{asked:?}"
    );
    assert_eq!(kinds(&world).await, [EventKind::GrantRevoked]);
}

#[tokio::test]
async fn a_grant_is_revoked_here_also_where_the_provider_does_not_answer() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    world.provider.stop().await.unwrap();
    let mut visitor = world.administrator().await;
    let told = "The grant is revoked here. The provider was not told: it offers no way to, or \
                did not answer.";
    press(&mut visitor, &path(&account, "revoke"), &[], told).await;
    let grant = world.vault.grant(account.id).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Revoked);
}

#[tokio::test]
async fn where_a_provider_cannot_be_told_the_place_to_revoke_is_named() {
    let world = World::new().await;
    let form = ProviderForm {
        name: "entra".to_owned(),
        kind: "microsoft".to_owned(),
        client_id: "x".to_owned(),
        ..ProviderForm::default()
    };
    let draft = form.check(None).unwrap();
    let added = world.vault.add_provider(&draft, world.clock.now()).await;
    let account = world.add_account("desk", &added.unwrap()).await;
    let mut visitor = world.administrator().await;
    let page = visitor.page(&path(&account, "revoke")).await;
    for part in [
        "Where the provider cannot be told",
        "https://entra.microsoft.com",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn what_was_never_authorised_cannot_be_revoked_and_is_told_so() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let answer = visitor.post(&path(&account, "revoke"), &[]).await;
    answer.says(403, &["desk"]);
    assert_eq!(kinds(&world).await, []);
}

#[tokio::test]
async fn the_quarantine_is_tried_again() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let (vault, now) = (&world.vault, world.clock.now());
    let folder = world.open_inbox(&account).await;
    for uid in [1, 2] {
        let noted = vault.note_quarantined(folder, uid, "a bad one", now).await;
        noted.unwrap();
    }
    let mut visitor = world.administrator().await;
    let page = visitor.page(&format!("/accounts/{}", account.id.0)).await;
    assert!(page.contains("2 messages are in quarantine."), "{page}");
    assert!(page.contains("INBOX, UID 2") && page.contains("a bad one"));
    let retry = path(&account, "retry");
    let told = "The quarantined messages are tried again.";
    for _ in 0..2 {
        press(&mut visitor, &retry, &[], told).await;
    }
    let counts = vault.counts(account.id).await.unwrap();
    assert_eq!((counts.waiting, counts.quarantined), (2, 0));
    assert_eq!(kinds(&world).await, [EventKind::QuarantineRetried], "once");
}

#[tokio::test]
async fn earlier_mail_is_shown_and_can_be_made_to_wait() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let (vault, now) = (&world.vault, world.clock.now());
    let first = mailgrant_vault::FirstSight {
        next_uid: 501,
        start: mailgrant_vault::StartFrom::Everything,
    };
    let opened = vault.open_folder(account.id, "INBOX", 1, first, now).await;
    let folder = opened.unwrap().id;
    vault.note_fill(folder, 1, 500, None, now).await.unwrap();
    vault
        .note_fill(folder, 121, 380, Some(2400), now)
        .await
        .unwrap();
    let mut visitor = world.administrator().await;
    let shown = format!("/accounts/{}", account.id.0);
    let page = visitor.page(&shown).await;
    assert!(page.contains("INBOX: 120 of 500 messages"), "{page}");

    let fill = path(&account, "backfill");
    for _ in 0..2 {
        let told = "Earlier mail waits; new mail comes all the same.";
        press(&mut visitor, &fill, &[("paused", "yes")], told).await;
    }
    let page = visitor.page(&shown).await;
    assert!(page.contains("120 of 500 messages, paused"), "{page}");
    let told = "Earlier mail is fetched again.";
    press(&mut visitor, &fill, &[("paused", "no")], told).await;
    let expected = [EventKind::BackfillPaused, EventKind::BackfillResumed];
    assert_eq!(kinds(&world).await, expected, "once each");
}

#[tokio::test]
async fn a_silent_mailbox_needs_somebody_on_the_overview_and_on_its_page() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let alarm = mailgrant_vault::Alarm {
        account: account.id,
        kind: mailgrant_vault::AlarmKind::Silent,
        since: world.clock.now(),
        what: "No mail has come for long.".to_owned(),
        next: "Send a message & see.".to_owned(),
    };
    world.vault.raise_alarm(&alarm).await.unwrap();
    let mut visitor = world.administrator().await;
    for path in ["/".to_owned(), format!("/accounts/{}", account.id.0)] {
        let page = visitor.page(&path).await;
        assert!(page.contains("No mail has come for long."), "{page}");
        assert!(page.contains("Send a message &#38; see."), "{page}");
    }
    world.vault.pause_account(account.id, true).await.unwrap();
    let page = visitor.page("/").await;
    assert!(!page.contains("No mail has come for long."), "{page}");
}

#[tokio::test]
async fn a_provider_is_tested_step_by_step_without_touching_a_grant() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let before = world.grant(&account).await;
    let mut visitor = world.administrator().await;
    let test = format!("/providers/{}/test", account.draft.provider.0);
    let well = visitor.post(&test, &[]).await;
    well.says(200, &["All is well.", "Find the endpoints"]);
    world.provider.stop().await.unwrap();
    let down = visitor.post(&test, &[]).await;
    down.says(200, &["Something is in the way:"]);
    assert_eq!(world.grant(&account).await, before);
}

#[tokio::test]
async fn a_mailbox_is_tested_step_by_step_and_nothing_is_fetched() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let test = path(&account, "test");
    let not_yet = visitor.post(&test, &[]).await;
    not_yet.says(200, &["Something is in the way:", "access token"]);

    world.give_grant(&account).await;
    world
        .mail
        .deliver(crate::world::ADDRESS, "INBOX", b"Subject: x\r\n\r\n");
    let well = visitor.post(&test, &[]).await;
    well.says(
        200,
        &[
            "All is well.",
            "INBOX has 1 messages",
            "Send a test message",
        ],
    );
    let sent = visitor.post(&test, &[("send", "yes")]).await;
    sent.says(200, &["All is well.", "test message", "took it"]);
    let counts = world.vault.counts(account.id).await.unwrap();
    assert_eq!(counts.delivered + counts.waiting, 0);
}

#[tokio::test]
async fn the_secret_of_a_webhook_is_on_its_accounts_page_alone() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let shown = format!("/accounts/{}", account.id.0);
    assert!(!visitor.page(&shown).await.contains("whsec_"));
    let mut draft = account.draft.clone();
    draft.sink = Some(mailgrant_vault::Sink::Webhook(
        mailgrant_vault::WebhookSink {
            url: "https://desk.example.com/in?token=veiled".parse().unwrap(),
            format: mailgrant_vault::WebhookFormat::Json,
            time_limit: std::time::Duration::from_secs(30),
            anywhere: false,
        },
    ));
    let vault = &world.vault;
    let changed = vault.change_account(account.id, account.version, &draft, world.clock.now());
    changed.await.unwrap();
    let page = visitor.page(&shown).await;
    let secret = vault.webhook_secret(account.id, None).await.unwrap();
    assert!(page.contains(secret.expose_secret()), "{page}");
    assert!(
        page.contains("Webhook https://desk.example.com/…<"),
        "{page}"
    );
    let overview = visitor.page("/").await;
    assert!(!overview.contains("whsec_") && !overview.contains("veiled"));
}
