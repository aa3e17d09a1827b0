//! Workers: listening, polling, holding still, stopping.

use mailgrant_base::Fault;
use mailgrant_sandbox::{ImapFault, MailServerOptions};
use mailgrant_vault::{GrantState, MaildirSink, Sink};

use crate::connect::Login;
use crate::connections::own_share;

use super::{Plan, World, contents, now};

const LISTENING: Option<&str> = Some("listening");

#[tokio::test]
async fn new_mail_is_delivered_as_soon_as_the_server_tells_of_it() {
    let world = World::new().await;
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == LISTENING)
        .await;
    for number in 1..=3 {
        world.receive(1);
        world
            .until("it arrives", |world| world.delivered().len() == number)
            .await;
    }
    assert_eq!(world.server.connections(), 1);
    running.stop().await;
    assert!(world.fetcher.status().borrow().is_empty());
}

#[tokio::test]
async fn who_only_listens_leaves_its_connection_to_who_waits_and_listens_again_later() {
    let world = World::new().await;
    let running = world.run();
    let listening = |world: &World| world.activity() == LISTENING;
    world.until("it listens", listening).await;
    let login = Login::new(world.fetcher.shared());
    let mut others = Vec::new();
    for _ in 0..own_share(None) {
        others.push(login.open(&world.account).await.unwrap());
    }
    drop(others);
    world.until("it listens again", listening).await;
    world.receive(1);
    world
        .until("it arrives", |world| world.delivered().len() == 1)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn without_idle_the_mailbox_is_polled() {
    let server = MailServerOptions {
        idle: false,
        ..MailServerOptions::default()
    };
    let world = Plan {
        server,
        ..Plan::default()
    }
    .build()
    .await;
    let running = world.run();
    world
        .until("it polls", |world| world.activity() == Some("polling"))
        .await;
    world.receive(2);
    world
        .until("they arrive", |world| world.delivered().len() == 2)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_grant_that_ends_holds_the_mailbox_until_somebody_authorises_again() {
    let world = World::new().await;
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == LISTENING)
        .await;
    let grant = world.vault.grant(world.account.id).await.unwrap().unwrap();
    let ended = GrantState::NeedsAuthorization;
    let (id, version) = (world.account.id, grant.version);
    world
        .vault
        .end_grant(id, version, ended, "the password was changed", now())
        .await
        .unwrap();
    world
        .until("it holds", |world| world.activity() == Some("held"))
        .await;
    let trouble = world.fetcher.status().borrow()[&id]
        .trouble
        .clone()
        .unwrap();
    assert_eq!(trouble.fault, Fault::Owner, "{trouble}");
    world.receive(1);
    world.authorize().await;
    world
        .until("it arrives", |world| world.delivered().len() == 1)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_refuses_every_token_costs_the_provider_one_renewal() {
    let world = World::new().await;
    world.server.fault(ImapFault::RefuseToken, None);
    let running = world.run();
    let trouble = |world: &World| {
        let status = world.fetcher.status();
        let status = status.borrow();
        status
            .get(&world.account.id)
            .and_then(|status| status.trouble.clone())
    };
    world
        .until("it is told", |world| trouble(world).is_some())
        .await;
    let attempts = |world: &World| {
        world
            .server
            .transcript()
            .iter()
            .filter(|line| line.contains("AUTHENTICATE"))
            .count()
    };
    let so_far = attempts(&world);
    world
        .until("it is tried again", |world| attempts(world) > so_far)
        .await;
    assert_eq!(world.provider.refreshes(), 1);
    world.server.clear_faults();
    world.receive(1);
    world
        .until("it arrives", |world| world.delivered().len() == 1)
        .await;
    assert!(trouble(&world).is_none());
    running.stop().await;
}

#[tokio::test]
async fn a_paused_account_has_no_connection_and_goes_on_where_it_was() {
    let world = World::new().await;
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == LISTENING)
        .await;
    world
        .vault
        .pause_account(world.account.id, true)
        .await
        .unwrap();
    world
        .until("it is gone", |world| world.activity().is_none())
        .await;
    world.receive(1);
    world
        .vault
        .pause_account(world.account.id, false)
        .await
        .unwrap();
    world
        .until("it arrives", |world| world.delivered().len() == 1)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_changed_account_is_looked_after_as_it_is_now() {
    let mut world = World::new().await;
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == LISTENING)
        .await;
    let since = |world: &World| {
        let statuses = world.fetcher.status().borrow().clone();
        statuses.get(&world.account.id).map(|status| status.since)
    };
    let before = since(&world);
    let elsewhere = world.folder.path().join("elsewhere");
    let mut draft = world.account.draft.clone();
    draft.sink = Some(Sink::Maildir(MaildirSink {
        path: elsewhere.clone(),
    }));
    let (id, version) = (world.account.id, world.account.version);
    world.account = world
        .vault
        .change_account(id, version, &draft, now())
        .await
        .unwrap();
    // Mail that comes in between may still go where it went before.
    let anew = |world: &World| world.activity() == LISTENING && since(world) > before;
    world.until("it listens anew", anew).await;
    world.receive(1);
    let arrived = |_: &World| contents(&elsewhere.join("new")).len() == 1;
    world.until("it arrives there", arrived).await;
    running.stop().await;
    assert!(world.delivered().is_empty());
}

#[tokio::test]
async fn a_stop_finishes_the_message_in_hand_and_takes_no_other() {
    // Tells that it has begun, waits until it may end, and keeps the message.
    let script = r#"echo x >> "$1/../started"; echo > "$1/../begun"; read -r _ < "$1/../may-end"; cat > "$1/$MAILGRANT_KEY""#;
    let world = Plan::script(script).build().await;
    let pipe = |name: &str| {
        let path = world.folder.path().join(name);
        let made = std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap();
        assert!(made.success());
        path
    };
    let (begun, may_end) = (pipe("begun"), pipe("may-end"));
    world.receive(5);
    let running = world.run();
    tokio::task::spawn_blocking(move || mailgrant_base::files::read(&begun).unwrap())
        .await
        .unwrap();
    running.stopping.cancel();
    tokio::task::spawn_blocking(move || {
        use std::io::Write as _;
        let mut pipe = std::fs::OpenOptions::new()
            .write(true)
            .open(may_end)
            .unwrap();
        pipe.write_all(b"\n").unwrap();
    })
    .await
    .unwrap();
    running.stop().await;
    assert_eq!(world.written().len(), 1);
    let started = mailgrant_base::files::read(&world.folder.path().join("started")).unwrap();
    assert_eq!(started, b"x\n", "no other was even begun");
    assert_eq!(
        world
            .vault
            .counts(world.account.id)
            .await
            .unwrap()
            .delivered,
        1
    );
}

#[tokio::test]
async fn one_accounts_trouble_is_not_anothers() {
    let world = World::new().await;
    let mut draft = world.account.draft.clone();
    draft.name = "other".into();
    draft.address = "other@example.com".into();
    let other = world.vault.add_account(&draft, now()).await.unwrap();
    let running = world.run();
    let status = world.fetcher.status();
    let troubled = |account| {
        let status = status.borrow();
        status.get(&account).map(|one| one.trouble.is_some())
    };
    world
        .until("the other is in trouble", |_| {
            troubled(other.id) == Some(true)
        })
        .await;
    world.receive(2);
    world
        .until("they arrive", |world| world.delivered().len() == 2)
        .await;
    assert_eq!(troubled(world.account.id), Some(false));
    assert_eq!(troubled(other.id), Some(true));
    running.stop().await;
}

#[tokio::test]
async fn a_quarantine_that_is_tried_again_wakes_a_worker_that_listens() {
    let script = r#"[ -e "$1/../mended" ] || exit 65; cat > "$1/$MAILGRANT_KEY""#;
    let world = Plan::script(script).build().await;
    world.receive(1);
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == Some("listening"))
        .await;
    let counts = world.vault.counts(world.account.id).await.unwrap();
    assert_eq!((counts.quarantined, counts.delivered), (1, 0));

    std::fs::File::create(world.folder.path().join("mended")).unwrap();
    let retried = world.vault.retry_quarantine(world.account.id, now()).await;
    assert_eq!(retried.unwrap(), 1);
    world
        .until("it is delivered", |world| world.written().len() == 1)
        .await;
    running.stop().await;
}
