//! The test of the whole way.

use mailgrant_sandbox::ImapFault;
use mailgrant_vault::{AfterDelivery, MaildirSink, Sink};

use super::{Plan, World, now};
use crate::MailboxCheck;

async fn check(world: &World) -> MailboxCheck {
    world.fetcher.check(world.account.id).await
}

/// The names of the steps; the last one failed if it ends with `!`.
fn steps(check: &MailboxCheck) -> Vec<String> {
    let name = |(name, outcome): &(String, Result<_, _>)| {
        format!("{name}{}", if outcome.is_ok() { "" } else { "!" })
    };
    check.steps.iter().map(name).collect()
}

#[tokio::test]
async fn a_good_mailbox_passes_every_step_and_nothing_is_fetched() {
    let world = World::new().await;
    world.receive(2);
    let check = check(&world).await;
    assert_eq!(
        steps(&check),
        ["access token", "connection", "login", "folder", "sink"]
    );
    assert_eq!(check.steps[3].1.as_deref(), Ok("INBOX has 2 messages"));
    assert!(world.delivered().is_empty());
}

#[tokio::test]
async fn each_step_that_fails_is_the_last_one() {
    let world = World::new().await;
    world.server.fault(ImapFault::RefuseToken, None);
    assert_eq!(
        steps(&check(&world).await),
        ["access token", "connection", "login!"]
    );
    world.server.clear_faults();

    let world = with(world, |draft| {
        draft.folders = mailgrant_vault::Folders::one("No such");
    })
    .await;
    let checked = check(&world).await;
    assert_eq!(
        steps(&checked),
        ["access token", "connection", "login", "folder!"]
    );

    let world = with(world, |draft| {
        draft.folders = mailgrant_vault::Folders::one("Nothing*");
    })
    .await;
    let checked = check(&world).await;
    assert_eq!(
        steps(&checked),
        ["access token", "connection", "login", "folder!"],
        "what fetching would refuse is not said to be well"
    );

    let path = world.folder.path().join("no/parent");
    let world = with(world, |draft| {
        draft.folders = mailgrant_vault::Folders::one("INBOX");
        draft.sink = Some(Sink::Maildir(MaildirSink { path }));
    })
    .await;
    let checked = check(&world).await;
    assert_eq!(steps(&checked).last().unwrap(), "sink!");
    let told = checked.steps[4].1.as_ref().unwrap_err();
    assert!(told.what.contains("no/parent"), "{told}");

    let world = with(world, |draft| draft.imap.port = 1).await;
    assert_eq!(steps(&check(&world).await), ["access token", "connection!"]);
}

#[tokio::test]
async fn a_folder_to_move_to_that_is_not_there_is_told() {
    let after = AfterDelivery::Move {
        folder: "Nowhere".into(),
    };
    let world = Plan {
        after,
        ..Plan::default()
    }
    .build()
    .await;
    world.receive(1);
    let checked = check(&world).await;
    let told = checked.steps[3].1.as_ref().unwrap_err();
    assert!(format!("{told:?}").contains("Nowhere"), "{told}");
}

async fn with(mut world: World, change: impl FnOnce(&mut mailgrant_vault::AccountDraft)) -> World {
    change(&mut world.account.draft);
    let (id, version, draft) = (
        world.account.id,
        world.account.version,
        &world.account.draft,
    );
    world.account = world
        .vault
        .change_account(id, version, draft, now())
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn a_test_message_reaches_the_application_and_stands_in_no_ledger() {
    let world = World::new().await;
    let sent = world
        .fetcher
        .hand_over_test(world.account.id, &crate::TestTo::Rules)
        .await;
    let (step, outcome) = &sent.steps[0];
    assert_eq!(step, "test message");
    let words = outcome.as_ref().unwrap();
    assert!(words.contains("Maildir"), "{words}");
    let message = String::from_utf8(world.delivered().remove(0)).unwrap();
    assert!(message.contains("Subject: Test message of Mailgrant\r\n"));
    assert!(message.contains("\r\nAuto-Submitted: auto-generated\r\n"));
    assert!(message.contains(" -0000\r\n"), "{message}");
    let counts = world.vault.counts(world.account.id).await.unwrap();
    assert_eq!(counts.delivered, 0);

    let plan = Plan::script("echo no; exit 77");
    let world = plan.build().await;
    let sent = world
        .fetcher
        .hand_over_test(world.account.id, &crate::TestTo::Rules)
        .await;
    let said = sent.steps[0].1.as_ref().unwrap_err();
    assert!(said.what.contains("EX_NOPERM"), "{said:?}");
}
