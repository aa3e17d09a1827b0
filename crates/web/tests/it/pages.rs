//! The main pages as they are sent. What differs from run to run, and what only the look is made
//! of (classes, drawings), is left out.

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_vault::{Account, Provider, ProviderForm, ProviderTrouble};

use crate::world::World;

/// A provider of which nothing differs from run to run.
async fn microsoft(world: &World) -> Provider {
    let form = ProviderForm {
        name: "entra".to_owned(),
        kind: "microsoft".to_owned(),
        client_id: "0b9e8d5c-6f5e-4b5d-9a57-7f3c8a5d1e2f".to_owned(),
        client_secret: "a secret".to_owned(),
        tenant: "example.com".to_owned(),
        ..ProviderForm::default()
    };
    let draft = form.check(None).unwrap();
    let added = world.vault.add_provider(&draft, world.clock.now()).await;
    added.unwrap()
}

async fn mailbox(world: &World, name: &str, provider: &Provider) -> Account {
    let account = world.add_account(name, provider).await;
    let mut draft = account.draft.clone();
    draft.imap.port = 993;
    draft.sink = Some(mailgrant_vault::Sink::Maildir(
        mailgrant_vault::MaildirSink {
            path: format!("/var/mail/{name}").into(),
        },
    ));
    let now = world.clock.now();
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now);
    changed.await.unwrap()
}

/// The main part of a page, without what differs and without what only the look is made of.
pub(crate) fn plain(page: &str) -> String {
    let (_, main) = page.split_once("<main").unwrap();
    let (main, _) = main.split_once("</main>").unwrap();
    let mut text = format!("<main{main}</main>");
    text = without(&text, "<svg", "</svg>", "");
    for (start, end) in [
        (" class=\"", "\""),
        (" datetime=\"", "\""),
        (" title=\"", "\""),
    ] {
        text = without(&text, start, end, "");
    }
    text = without(
        &text,
        "name=\"csrf\" value=\"",
        "\"",
        "name=\"csrf\" value=\"…\"",
    );
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn without(text: &str, start: &str, end: &str, instead: &str) -> String {
    let mut parts = text.split(start);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(end).unwrap();
        kept.push_str(instead);
        kept.push_str(rest);
    }
    kept
}

#[tokio::test]
async fn the_overview_leads_from_nothing_to_the_first_mailbox() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    insta::assert_snapshot!("overview_empty", plain(&visitor.page("/").await));
    insta::assert_snapshot!("providers_empty", plain(&visitor.page("/providers").await));
    microsoft(&world).await;
    insta::assert_snapshot!("overview_with_provider", plain(&visitor.page("/").await));
}

#[tokio::test]
async fn the_overview_says_first_what_needs_a_person() {
    let world = World::new().await;
    let provider = microsoft(&world).await;
    let fresh = mailbox(&world, "fresh", &provider).await;
    let ended = mailbox(&world, "ended", &provider).await;
    let full = mailbox(&world, "full", &provider).await;
    let off = mailbox(&world, "off", &provider).await;
    world.vault.pause_account(off.id, true).await.unwrap();
    for account in [&ended, &full] {
        world.give_grant(account).await;
    }
    let (vault, now) = (&world.vault, world.clock.now());
    let version = vault.grant(ended.id).await.unwrap().unwrap().version;
    let state = mailgrant_vault::GrantState::NeedsAuthorization;
    let reason = "AADSTS50173: the password was changed";
    let noted = vault.end_grant(ended.id, version, state, reason, now);
    noted.await.unwrap();
    let folder = world.open_inbox(&full).await;
    let noted = vault.note_quarantined(folder, 5, "554 no such queue", now);
    noted.await.unwrap();
    let trouble = ProviderTrouble {
        reason: "AADSTS7000222: the client secret has expired".to_owned(),
        since: now,
    };
    let noted = vault.note_provider_trouble(provider.id, provider.version, Some(&trouble));
    noted.await.unwrap();
    world.clock.advance(SignedDuration::from_mins(90));

    let mut visitor = world.administrator().await;
    insta::assert_snapshot!("overview", plain(&visitor.page("/").await));
    insta::assert_snapshot!("providers", plain(&visitor.page("/providers").await));
    for (name, account) in [
        ("account_fresh", fresh),
        ("account_ended", ended),
        ("account_with_quarantine", full),
        ("account_paused", off),
    ] {
        let page = visitor.page(&format!("/accounts/{}", account.id.0)).await;
        insta::assert_snapshot!(name, plain(&page));
    }
    let page = visitor.page(&format!("/providers/{}", provider.id.0)).await;
    insta::assert_snapshot!("provider_in_trouble", plain(&page));
}

#[tokio::test]
async fn forms_say_what_each_field_means() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    insta::assert_snapshot!("provider_new", plain(&visitor.page("/providers/new").await));
    let provider = microsoft(&world).await;
    let account = mailbox(&world, "desk", &provider).await;
    insta::assert_snapshot!("account_new", plain(&visitor.page("/accounts/new").await));
    let path = format!("/accounts/{}/edit", account.id.0);
    insta::assert_snapshot!("account_edit", plain(&visitor.page(&path).await));
    let wrong = visitor.post("/providers/new", &[("kind", "oidc")]).await;
    insta::assert_snapshot!("provider_new_with_mistakes", plain(&wrong.body));
    let path = format!("/accounts/{}/remove", account.id.0);
    insta::assert_snapshot!("account_remove", plain(&visitor.page(&path).await));
    let mut stranger = world.visitor();
    insta::assert_snapshot!("sign_in", plain(&stranger.page("/sign-in").await));
}

#[tokio::test]
async fn problems_say_what_happened_and_what_to_do_next() {
    let world = World::new().await;
    let provider = microsoft(&world).await;
    mailbox(&world, "desk", &provider).await;
    let mut visitor = world.administrator().await;
    let nowhere = visitor.get("/nowhere").await;
    insta::assert_snapshot!("problem_no_such_page", plain(&nowhere.body));
    let lost = visitor.get("/oauth/callback?state=x&code=y").await;
    insta::assert_snapshot!("problem_unknown_state", plain(&lost.body));
    let path = format!("/providers/{}/remove", provider.id.0);
    let used = visitor.post(&path, &[]).await;
    insta::assert_snapshot!("problem_provider_in_use", plain(&used.body));
    let foreign = visitor.post_bare("/providers/new", &[], &[]).await;
    insta::assert_snapshot!("problem_foreign_form", plain(&foreign.body));
    let mut stranger = world.visitor();
    let dead = stranger.get("/setup/dead").await;
    insta::assert_snapshot!("problem_dead_set_up_link", plain(&dead.body));
}
