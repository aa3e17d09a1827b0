//! Words from outside never become markup.

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_sandbox::{ProviderFault, sign_in};
use mailgrant_vault::{Account, EventKind, GrantState, NewEvent, Provider, ProviderTrouble};

use crate::authorization::leave;
use crate::html;
use crate::visitor::Visitor;
use crate::world::{ADDRESS, OWNER_PASSWORD, World};

/// Breaks out of text, of an attribute, and of a script.
const EVIL: &str = "'\"></p><img src=x onerror=evil()></script>evil&amp;<!--";

/// Where the words stand, they stand as words. (`Visitor` looks whether the page is well-formed.)
async fn shows_as_words(visitor: &mut Visitor, path: &str) {
    let page = visitor.page(path).await;
    is_shown_as_words(path, &page);
}

fn is_shown_as_words(path: &str, page: &str) {
    assert!(!page.contains("<img src=x"), "{path}: {page}");
    assert!(!page.contains("<!--"), "{path}: {page}");
    let shown = html::tags(page).iter().any(|tag| tag.text.contains(EVIL))
        || html::tags(page)
            .iter()
            .any(|tag| tag.attributes.values().any(|value| value.contains(EVIL)));
    assert!(shown, "{path} does not show it: {page}");
}

struct Evil {
    world: World,
    provider: Provider,
    account: Account,
}

/// A mailbox of which everything that comes from outside says the same.
async fn evil() -> Evil {
    let world = World::new().await;
    let provider = world.add_provider().await;
    let mut draft = world.add_account("desk", &provider).await.draft;
    let account = world.vault.account_named("desk").await.unwrap().unwrap();
    draft.folders = mailgrant_vault::Folders::one(EVIL);
    draft.signs_in = Some(EVIL.to_owned());
    let now = world.clock.now();
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now);
    let account = changed.await.unwrap();
    Evil {
        world,
        provider,
        account,
    }
}

#[tokio::test]
async fn what_is_stored_of_an_account_and_what_others_said_of_it_is_shown_as_words() {
    let Evil { world, account, .. } = evil().await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}", account.id.0);
    for path in ["/", &path, &format!("{path}/edit")] {
        shows_as_words(&mut visitor, path).await;
    }
    world.give_grant(&account).await;
    let vault = &world.vault;
    let (now, later) = (
        world.clock.now(),
        world.clock.now() + SignedDuration::from_hours(1),
    );
    let version = vault.grant(account.id).await.unwrap().unwrap().version;
    let noted = vault.note_renewal_failure(account.id, version, EVIL, later);
    noted.await.unwrap();
    shows_as_words(&mut visitor, &path).await;

    let folder = world.open_inbox(&account).await;
    let noted = vault.note_quarantined(folder, 7, EVIL, now);
    noted.await.unwrap();
    let page = visitor.page(&path).await;
    let quarantine = page.split_once("id=\"quarantine\"").unwrap().1;
    is_shown_as_words("the quarantine", quarantine);

    let prepared = [mailgrant_vault::Prepared {
        uid: 8,
        key: "key".to_owned(),
        digest: [8; 32],
        size: 1,
        head: mailgrant_vault::MessageHead {
            message_id: Some(EVIL.to_owned()),
            sender: Some(EVIL.to_owned()),
            subject: Some(EVIL.to_owned()),
        },
        seen_at: now,
        going_to: None,
        counted_at: None,
    }];
    let floor = mailgrant_vault::Floor::New(9);
    let noted = vault.note_prepared(folder, &prepared, floor, now);
    noted.await.unwrap();
    let noted = vault.note_quarantined(folder, 8, EVIL, now);
    noted.await.unwrap();
    let query = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    shows_as_words(&mut visitor, "/messages").await;
    let message = format!("/messages/{}-8", folder.0);
    for path in [
        &format!("/messages?text={query}"),
        &message,
        &format!("{message}/drop"),
    ] {
        shows_as_words(&mut visitor, path).await;
    }

    let event = NewEvent {
        kind: EventKind::AccountChanged,
        actor: EVIL.to_owned(),
        provider: None,
        account: Some(account.id),
        text: EVIL.to_owned(),
    };
    vault.record(event, now).await.unwrap();
    let page = visitor.page(&path).await;
    is_shown_as_words("the events", page.split_once("id=\"events\"").unwrap().1);

    let ended = vault.end_grant(
        account.id,
        version,
        GrantState::NeedsAuthorization,
        EVIL,
        now,
    );
    ended.await.unwrap();
    for path in ["/", &path] {
        shows_as_words(&mut visitor, path).await;
    }
}

#[tokio::test]
async fn what_a_provider_says_of_our_registration_is_shown_as_words() {
    let Evil {
        world, provider, ..
    } = evil().await;
    let trouble = ProviderTrouble {
        reason: EVIL.to_owned(),
        since: world.clock.now(),
    };
    let noted = world
        .vault
        .note_provider_trouble(provider.id, provider.version, Some(&trouble));
    noted.await.unwrap();
    let mut visitor = world.administrator().await;
    for path in ["/", &format!("/providers/{}", provider.id.0)] {
        shows_as_words(&mut visitor, path).await;
    }
}

#[tokio::test]
async fn what_is_typed_is_shown_again_as_words() {
    let world = World::new().await;
    world.add_provider().await;
    let mut visitor = world.administrator().await;
    let provider = [
        "name",
        "client_id",
        "tenant",
        "issuer",
        "token_endpoint",
        "scopes",
    ];
    let account = [
        "name",
        "address",
        "signs_in",
        "imap_user",
        "smtp_user",
        "imap_host",
        "imap_port",
        "folder",
        "move_to",
        "maildir",
        "command",
        "command_time_limit",
    ];
    for (path, fields) in [
        ("/providers/new", &provider[..]),
        ("/accounts/new", &account[..]),
    ] {
        for field in fields {
            let answer = visitor.post(path, &[(field, EVIL)]).await;
            is_shown_as_words(path, answer.says(422, &[]));
            let shown = html::control(&answer.body, field);
            assert_eq!(shown.get("value"), Some(EVIL), "{field}");
        }
    }
    let mut stranger = world.visitor();
    stranger.page("/sign-in").await;
    let answer = stranger.post("/sign-in", &[("name", EVIL)]).await;
    is_shown_as_words("/sign-in", answer.says(401, &[]));
}

#[tokio::test]
async fn what_a_provider_answers_is_shown_as_words() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let leaving = leave(&mut visitor, &account).await;
    let (_, state) = leaving.split_once("&state=").unwrap();
    let state = state.split('&').next().unwrap();
    let evil: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let issuer: String =
        url::form_urlencoded::byte_serialize(world.provider.issuer().as_bytes()).collect();
    let arrival = format!(
        "/oauth/callback?state={state}&iss={issuer}&error=server_error&error_description={evil}"
    );
    let answer = visitor.get(&arrival).await;
    answer.says(502, &["evil"]);
    assert!(!answer.body.contains("<img src=x"), "{}", answer.body);

    world.provider.fault(
        ProviderFault::Refuse {
            error: "invalid_grant".to_owned(),
            description: EVIL.to_owned(),
        },
        None,
    );
    let leaving = leave(&mut visitor, &account).await;
    let url = sign_in(&leaving, ADDRESS, OWNER_PASSWORD).await.unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let answer = visitor.get(&format!("/oauth/callback?{query}")).await;
    answer.says(403, &["evil"]);
    assert!(!answer.body.contains("<img src=x"), "{}", answer.body);

    let page = visitor.page(&format!("/accounts/{}", account.id.0)).await;
    assert!(!page.contains("<img src=x"), "{page}");
    world.provider.clear_faults();
    world.provider.fault(
        ProviderFault::Refuse {
            error: "invalid_client".to_owned(),
            description: EVIL.to_owned(),
        },
        None,
    );
    let test = format!("/providers/{}/test", account.draft.provider.0);
    let answer = visitor.post(&test, &[]).await;
    let page = answer.says(200, &["Something is in the way", "evil"]);
    assert!(!page.contains("<img src=x"), "{page}");
}

#[tokio::test]
async fn what_a_mail_server_says_is_shown_as_words() {
    let Evil { world, account, .. } = evil().await;
    world.give_grant(&account).await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}/test", account.id.0);
    // The server names the folder that it does not have.
    let answer = visitor.post(&path, &[]).await;
    answer.says(200, &["Something is in the way", "folder"]);
    assert!(!answer.body.contains("<img src=x"), "{}", answer.body);
    assert!(answer.body.contains("evil"), "{}", answer.body);
}
