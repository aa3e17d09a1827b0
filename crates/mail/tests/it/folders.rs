//! Many folders at once: what they are for, how they look from outside, and news of them.

use std::time::Duration;

use mailgrant_mail::{Append, IdleEvent, ImapSession, SpecialUse};
use mailgrant_sandbox::{ImapFault, MailServerOptions};

use crate::world::{USER, World};

const MESSAGE: &[u8] = b"Subject: one\r\n\r\n1\r\n";

/// Dovecot tells of other folders only where it keeps an index of them all.
const DOVECOT: &str = "mailbox_list_index = yes
namespace inbox {
  inbox = yes
  mailbox Spam {
    special_use = \\Junk
    auto = create
  }
  mailbox Support {
    auto = create
  }
}
";

async fn sandbox() -> World {
    let world = World::sandbox_with(MailServerOptions {
        special_use: vec![("Spam".to_owned(), "\\Junk".to_owned())],
        ..MailServerOptions::default()
    })
    .await;
    for folder in ["Spam", "Support"] {
        world.server().wait_for(USER, folder, |_| true).await;
    }
    world
}

macro_rules! on_both {
    ($($name:ident,)*) => {
        mod with_sandbox {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::sandbox().await).await;
            })*
        }
        mod with_dovecot {
            $(#[tokio::test]
            #[ignore = "needs Dovecot; ./test installs it"]
            async fn $name() {
                super::$name(crate::world::World::dovecot_with("xoauth2", super::DOVECOT).await).await;
            })*
        }
    };
}

on_both! {
    folders_are_listed_with_what_they_are_for,
    a_change_shows_from_outside_and_nothing_else_does,
    news_of_every_folder_come_during_idle_and_whichever_is_selected,
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

async fn append(session: &mut ImapSession, folder: &str) {
    let append = Append {
        folder,
        flags: &[],
        arrived: None,
        size: MESSAGE.len() as u64,
        has_nul: false,
    };
    session.append(&append, MESSAGE).await.unwrap();
}

async fn folders_are_listed_with_what_they_are_for(world: World) {
    let folders = world.open().await.folders().await.unwrap();
    let uses = |name: &str| {
        let found = folders.iter().find(|folder| folder.name == name);
        found.unwrap_or_else(|| panic!("{folders:?}")).uses.clone()
    };
    assert_eq!(uses("Spam"), [SpecialUse::Junk]);
    assert_eq!(uses("Support"), []);
    assert_eq!(uses("INBOX"), []);
}

async fn a_change_shows_from_outside_and_nothing_else_does(world: World) {
    let mut session = world.open().await;
    assert!(session.opened().capabilities.condstore && session.opened().capabilities.list_status);
    let all = names(&["Support", "Missing", "inbox"]);
    let before = session.marks(&all).await.unwrap();
    assert_eq!(before[1], None);
    let (support, inbox) = (before[0].unwrap(), before[2].unwrap());
    assert!(support.highest_modseq.is_some(), "{support:?}");
    let status = session.select("Support").await.unwrap();
    assert!(status.mark().is_as(&support), "{status:?} {support:?}");

    append(&mut world.open().await, "Support").await;
    let mut session = world.open().await;
    let after = session.marks(&all).await.unwrap();
    assert!(!after[0].unwrap().is_as(&support), "{after:?}");
    assert!(after[2].unwrap().is_as(&inbox), "{after:?}");
    assert_eq!(after[0].unwrap().messages, Some(1));
}

async fn news_of_every_folder_come_during_idle_and_whichever_is_selected(world: World) {
    let (mut session, mut other) = (world.open().await, world.open().await);
    assert!(
        session
            .notify(&names(&["INBOX", "Support", "Spam"]))
            .await
            .unwrap()
    );
    session.select("INBOX").await.unwrap();
    for folder in ["Support", "Spam", "INBOX", "Support"] {
        session.uids_from(1).await.unwrap();
        let (event, ()) = tokio::join!(
            session.idle(Duration::from_mins(1)),
            append(&mut other, folder)
        );
        assert_eq!(event.unwrap(), IdleEvent::Changed, "{}", world.log());
        let news = session.take_news();
        assert_eq!(news.tells_of(folder), folder != "INBOX", "{news:?}");
    }
    // An answer to what was asked is no news.
    session.marks(&names(&["Support", "Spam"])).await.unwrap();
    session.uids_from(1).await.unwrap();
    session.take_news();
    session.marks(&names(&["Support", "Spam"])).await.unwrap();
    assert!(session.take_news().is_none());
    // The one that is selected is another now.
    session.select("Support").await.unwrap();
    session.uids_from(1).await.unwrap();
    append(&mut other, "INBOX").await;
    let event = session.idle(Duration::from_mins(1)).await.unwrap();
    assert_eq!(event, IdleEvent::Changed);
    assert!(session.take_news().tells_of("inbox"));
}

#[tokio::test]
async fn a_wait_can_be_interrupted_and_the_session_is_as_good_as_before() {
    let world = sandbox().await;
    let mut session = world.inbox().await;
    let interrupted = session.idle_or(Duration::from_mins(1), async {}).await;
    assert_eq!(interrupted.unwrap(), IdleEvent::Interrupted);
    append(&mut world.open().await, "INBOX").await;
    let changed = session.idle(Duration::from_mins(1)).await;
    assert_eq!(changed.unwrap(), IdleEvent::Changed);
    assert_eq!(session.uids_from(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_server_offers_and_refuses_is_done_without() {
    let world = sandbox().await;
    let mut session = world.open().await;
    for command in ["NOTIFY", "LIST \"\" (", "LIST \"\" \"*\" RETURN"] {
        let refused = ImapFault::Answer {
            command: command.to_owned(),
            text: "BAD what is that?".to_owned(),
        };
        world.server().fault(refused, None);
    }
    assert!(!session.notify(&names(&["Support"])).await.unwrap());
    let marks = session.marks(&names(&["Support", "Spam"])).await.unwrap();
    assert!(marks.iter().all(Option::is_some), "{marks:?}");
    assert_eq!(session.folders().await.unwrap().len(), 3);
    let refused = ImapFault::Answer {
        command: "STATUS".to_owned(),
        text: "NO not now".to_owned(),
    };
    world.server().fault(refused, None);
    let marks = session.marks(&names(&["Support", "Spam"])).await.unwrap();
    assert_eq!(marks, [None, None]);
}
