//! Mail into a real Request Tracker, by its own `rt-mailgate`: what `docs/connect` promises.

use std::time::Duration;

use mailgrant_lab::RequestTracker;
use mailgrant_sandbox::MailServer;

use crate::installation::{ADDRESS, hand_to, installation};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Request Tracker; ./test installs it"]
async fn request_tracker_makes_one_ticket_of_each_message_and_joins_replies() {
    let tracker = RequestTracker::start();
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    hand_to(&mailgrant, &tracker.mailgate("General"));
    let subjects = [
        "The printer burns",
        "Wo ist die Straße?",
        "No subject at all",
    ];
    for subject in subjects {
        write(&server, subject);
    }

    let said = mailgrant.ok(&["fetch", "support"]);
    assert!(said.contains("3 delivered"), "{said}");
    assert_eq!(tracker.tickets(), subjects);

    write(&server, "Re: [lab #1] The printer burns");
    let said = mailgrant.ok(&["fetch", "support"]);
    assert!(said.contains("1 delivered"), "{said}");
    assert_eq!(tracker.tickets(), subjects, "a reply makes no ticket");
    assert_eq!(tracker.messages(1), 2);
    assert_eq!(tracker.messages(2), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Request Tracker; ./test installs it"]
async fn mail_waits_while_request_tracker_is_down_and_arrives_once_when_it_is_back() {
    let mut tracker = RequestTracker::start();
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    hand_to(&mailgrant, &tracker.mailgate("General"));
    let mut subjects = ["First", "Second", "Third"];
    for subject in subjects {
        write(&server, subject);
    }

    tracker.pause();
    let said = mailgrant.ok(&["fetch", "support"]);
    assert_eq!(
        said.trim(),
        "0 delivered, 3 to be tried again, 0 in quarantine."
    );
    assert_eq!(seen(&server), 0, "the mailbox still has it as new");
    let waiting = mailgrant.ok(&["message", "list", "--state", "waiting"]);
    assert!(subjects.iter().all(|it| waiting.contains(it)), "{waiting}");
    let id = waiting.lines().last().unwrap().split(' ').next().unwrap();
    let shown = mailgrant.ok(&["message", "show", id]);
    assert!(shown.contains("exit status 75"), "{shown}");
    assert!(shown.contains("HTTP request failed"), "{shown}");

    tracker.resume();
    assert!(tracker.tickets().is_empty());
    let serving = mailgrant.serve();
    // The first retry comes within half a minute.
    let all_seen = server.wait_for(ADDRESS, "INBOX", |messages| {
        messages.iter().all(|message| message.has_flag("\\Seen"))
    });
    let waited = tokio::time::timeout(Duration::from_mins(3), all_seen).await;
    assert!(waited.is_ok(), "it never came:\n{}", mailgrant.log());
    assert!(serving.stop());
    let mut tickets = tracker.tickets();
    tickets.sort_unstable();
    subjects.sort_unstable();
    assert_eq!(tickets, subjects);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Request Tracker; ./test installs it"]
async fn what_request_tracker_refuses_counts_as_delivered_and_holds_nothing_up() {
    let tracker = RequestTracker::start();
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    hand_to(&mailgrant, &tracker.mailgate("Locked"));
    write(&server, "From nobody it knows");

    let said = mailgrant.ok(&["fetch", "support"]);
    assert_eq!(
        said.trim(),
        "1 delivered, 0 to be tried again, 0 in quarantine."
    );
    assert!(tracker.tickets().is_empty());
    assert_eq!(seen(&server), 1);
}

/// A customer's message arrives in the mailbox.
fn write(server: &MailServer, subject: &str) {
    let message = format!(
        "From: Ada <ada@customer.example>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{subject}\r\n"
    );
    server.deliver(ADDRESS, "INBOX", message.as_bytes());
}

fn seen(server: &MailServer) -> usize {
    let messages = server.contents(ADDRESS, "INBOX");
    let is_seen = |flags: &Vec<String>| flags.iter().any(|flag| flag == "\\Seen");
    messages
        .iter()
        .filter(|(_, flags, _)| is_seen(flags))
        .count()
}
