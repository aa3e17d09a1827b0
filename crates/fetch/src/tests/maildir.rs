//! Delivery into a Maildir.

use mailgrant_base::Diagnose as _;
use mailgrant_sandbox::samples;
use mailgrant_vault::StartFrom;

use super::{Plan, World, count, sorted};
use crate::{FetchError, Fetched};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_arrives_byte_for_byte() {
    let world = World::new().await;
    let samples: Vec<Vec<u8>> = samples(7).into_iter().map(|sample| sample.raw).collect();
    for raw in &samples {
        world.server.deliver(super::ADDRESS, "INBOX", raw);
    }
    let fetched = world.fetch().await.unwrap();
    assert_eq!(
        fetched,
        Fetched {
            delivered: samples.len() as u64,
            ..Fetched::default()
        }
    );
    assert!(world.delivered() == sorted(samples), "a message differs");
    assert_eq!(count(&world.maildir().join("tmp")), 0);
    assert_eq!(world.fetch().await.unwrap(), Fetched::default());
}

#[tokio::test]
async fn more_messages_than_fit_into_a_batch_arrive_once_and_in_order() {
    let world = World::new().await;
    let sent = world.receive(450);
    assert_eq!(world.fetch().await.unwrap().delivered, 450);
    let mut names: Vec<_> = std::fs::read_dir(world.maildir().join("new"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let read = |path: &std::path::PathBuf| mailgrant_base::files::read(path).unwrap();
    assert!(names.iter().map(read).eq(sent));
}

#[tokio::test]
async fn only_what_arrives_from_now_on_is_fetched_where_that_was_chosen() {
    let world = Plan {
        start: StartFrom::OnlyNew,
        ..Plan::default()
    }
    .build()
    .await;
    world.receive(3);
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
    let new = world.receive(2);
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.delivered(), sorted(new));
}

#[tokio::test]
async fn a_maildir_that_cannot_be_written_holds_everything_back_and_loses_nothing() {
    let world = World::new().await;
    let sent = world.receive(3);
    // A file where the folder should be: no right of root's helps against that.
    let new = world.maildir().join("new");
    std::fs::create_dir(world.maildir()).unwrap();
    mailgrant_base::files::create_private(&new, b"").unwrap();
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::SinkDown { .. }), "{error:?}");
    assert!(
        error.diagnosis().what.contains("Maildir"),
        "{}",
        error.diagnosis()
    );
    assert_eq!(count(&world.maildir().join("tmp")), 0);

    std::fs::remove_file(&new).unwrap();
    world.fetch().await.unwrap();
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
#[ignore = "needs root, to mount a small tmpfs"]
async fn a_full_disk_holds_everything_back_and_leaves_no_half_written_files() {
    let world = World::new().await;
    std::fs::create_dir(world.maildir()).unwrap();
    let mount = |arguments: &[&str]| {
        let path = world.maildir();
        let status = std::process::Command::new(arguments[0])
            .args(&arguments[1..])
            .arg(path)
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    };
    mount(&["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"]);
    let small = world.receive(2);
    let large = vec![b'x'; 100_000];
    let huge = vec![b'y'; 700_000];
    for raw in [&large, &huge] {
        world.server.deliver(super::ADDRESS, "INBOX", raw);
    }
    let outcome = world.fetch().await;
    let left_over = count(&world.maildir().join("tmp"));
    mount(&["mount", "-o", "remount,size=4m"]);
    let mended = world.fetch().await;
    let delivered = world.delivered();
    mount(&["umount"]);
    assert!(
        matches!(outcome, Err(FetchError::SinkDown { .. })),
        "{outcome:?}"
    );
    assert_eq!(left_over, 0);
    assert!(mended.is_ok(), "{mended:?}");
    assert!(delivered == sorted([small, vec![large, huge]].concat()));
}

#[tokio::test]
async fn two_messages_of_the_same_content_are_both_delivered() {
    let world = World::new().await;
    for _ in 0..2 {
        world
            .server
            .deliver(super::ADDRESS, "INBOX", b"Subject: twin\r\n\r\n");
    }
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.delivered().len(), 2);
}
