//! Folders that are meant by what the server says they are for.

use mailgrant_base::Diagnose as _;
use mailgrant_sandbox::{ImapFault, MailServerOptions};

use super::{ADDRESS, Plan, World, sorted};
use crate::FetchError;

fn marking(folders: &'static str) -> Plan {
    let marked = |name: &str, mark: &str| (name.to_owned(), mark.to_owned());
    Plan {
        folders,
        server: MailServerOptions {
            special_use: vec![
                marked("Spam", "\\Junk"),
                marked("Bulk", "\\Junk"),
                marked("Kept", "\\Archive"),
            ],
            ..MailServerOptions::default()
        },
        ..Plan::default()
    }
}

fn put(world: &World, folder: &str) -> Vec<u8> {
    let raw = format!("Subject: in {folder}\r\n\r\n").into_bytes();
    world.server.deliver(ADDRESS, folder, &raw);
    raw
}

#[tokio::test]
async fn mail_of_every_folder_that_is_marked_so_is_fetched_and_of_no_other() {
    let world = marking("INBOX; \\Junk").build().await;
    put(&world, "Kept");
    let sent = ["INBOX", "Spam", "Bulk"].map(|folder| put(&world, folder));
    assert_eq!(world.fetch().await.unwrap().delivered, 3);
    assert_eq!(world.delivered(), sorted(sent.to_vec()));
}

#[tokio::test]
async fn that_none_is_marked_so_is_told_and_holds_back_none_of_the_others() {
    let world = marking("\\Sent; INBOX").build().await;
    let sent = put(&world, "INBOX");
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::NotMarked { .. }), "{error}");
    let diagnosis = error.diagnosis();
    assert!(diagnosis.what.contains("\\Sent"), "{}", diagnosis.what);
    assert_eq!(world.delivered(), [sent]);

    let world = marking("\\Sent").build().await;
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::NotMarked { .. }), "{error}");
    let check = world.fetcher.check(world.account.id).await;
    let Some((step, Err(diagnosis))) = check.steps.last() else {
        panic!("{check:?}");
    };
    assert_eq!(step, "folder");
    assert!(diagnosis.what.contains("\\Sent"), "{}", diagnosis.what);
}

#[tokio::test]
async fn a_server_that_does_not_mark_on_request_is_asked_without() {
    let world = marking("INBOX; \\Junk").build().await;
    let refused = ImapFault::Answer {
        command: "LIST \"\" \"*\" RETURN".to_owned(),
        text: "BAD what is that?".to_owned(),
    };
    world.server.fault(refused, None);
    let sent = put(&world, "INBOX");
    // The sandbox marks nothing without being asked.
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::NotMarked { .. }), "{error}");
    assert_eq!(world.delivered(), [sent]);
}
