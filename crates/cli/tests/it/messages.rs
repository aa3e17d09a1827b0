//! `mailgrant message …`: where is the customer's mail?

use mailgrant_sandbox::{IdentityProvider, MailServer};
use serde_json::Value;

use crate::installation::{ADDRESS, hand_to, installation};
use crate::support::Mailgrant;

/// One message that the program takes, and one that it refuses until `mended` is there.
async fn one_of_each() -> (Mailgrant, IdentityProvider, MailServer) {
    let (mailgrant, provider, server) = installation(&[]).await;
    let mended = mailgrant.path("mended").display().to_string();
    hand_to(
        &mailgrant,
        &format!(
            "/bin/sh -c 'grep -q refused || exit 0; test -e {mended} && exit 0; echo no queue >&2; exit 65'"
        ),
    );
    for (number, subject) in [(1, "=?utf-8?q?Caf=C3=A9_order?="), (2, "refused")] {
        let raw = format!(
            "Message-ID: <{number}@example.com>\r\nFrom: Customer <customer{number}@example.com>\r\n\
             Subject: {subject}\r\n\r\n"
        );
        server.deliver(ADDRESS, "INBOX", raw.as_bytes());
    }
    let fetched = mailgrant.ok(&["fetch", "support"]);
    assert!(fetched.contains("1 in quarantine"), "{fetched}");
    (mailgrant, provider, server)
}

/// Times and ids of rows differ from run to run, or might.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let moment = rest.get(.."2026-11-25 08:27:48Z".len()).unwrap_or_default();
        let is_moment = moment.ends_with('Z') && moment.as_bytes().get(10) == Some(&b' ');
        let taken = if is_moment { moment.len() } else { 2 };
        plain.push_str(if is_moment { "<a moment>" } else { "20" });
        rest = &rest[taken..];
    }
    plain + rest
}

fn listed(mailgrant: &Mailgrant, flags: &[&str]) -> Vec<String> {
    let args = [&["message", "list", "--json"], flags].concat();
    let page: Value = serde_json::from_str(&mailgrant.ok(&args)).unwrap();
    let messages = page["messages"].as_array().unwrap().iter();
    let subject = |message: &Value| message["subject"].as_str().unwrap().to_owned();
    messages.map(subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_and_its_way_is_shown() {
    let (mailgrant, _provider, _server) = one_of_each().await;
    insta::assert_snapshot!("message_list", plain(&mailgrant.ok(&["message", "list"])));
    for (flags, found) in [
        (&["--search", "CAF\u{c9}"][..], &["Caf\u{e9} order"][..]),
        (&["--search", "customer2@"], &["refused"]),
        (&["--search", "<2@example.com>"], &["refused"]),
        (&["--state", "quarantined"], &["refused"]),
        (&["--state", "delivered"], &["Caf\u{e9} order"]),
        (&["--state", "dropped"], &[]),
        (&["--account", "support"], &["refused", "Caf\u{e9} order"]),
        (&["--limit", "1"], &["refused"]),
        (&["--since", "2020-01-01"], &["refused", "Caf\u{e9} order"]),
        (&["--since", "2100-01-01T08:00Z"], &[]),
    ] {
        assert_eq!(listed(&mailgrant, flags), found, "{flags:?}");
    }
    let first = mailgrant.ok(&["message", "list", "--limit", "1"]);
    let (_, place) = first.trim().rsplit_once(' ').unwrap();
    let second = listed(&mailgrant, &["--limit", "1", "--before", place]);
    assert_eq!(second, ["Caf\u{e9} order"]);

    let nothing = mailgrant.ok(&["message", "list", "--search", "elsewhere"]);
    assert_eq!(nothing.trim(), "There is no such message.");
    for (id, name) in [("1-1", "message_delivered"), ("1-2", "message_quarantined")] {
        insta::assert_snapshot!(name, plain(&mailgrant.ok(&["message", "show", id])));
    }
    let json: Value =
        serde_json::from_str(&mailgrant.ok(&["message", "show", "1-2", "--json"])).unwrap();
    assert_eq!(json["state"], "quarantined");
    assert_eq!(json["account_name"], "support");
    assert_eq!(json["sender"], "customer2@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_quarantine_is_tried_again_by_itself() {
    let (mailgrant, _provider, _server) = one_of_each().await;
    std::fs::write(mailgrant.path("mended"), "").unwrap();
    let said = mailgrant.ok(&["message", "retry", "1-2"]);
    assert_eq!(said.trim(), "Message 1-2 will be tried again.");
    let fetched = mailgrant.ok(&["fetch", "support"]);
    assert!(fetched.starts_with("1 delivered"), "{fetched}");
    let again = mailgrant.run(&["message", "retry", "1-2"]);
    assert_eq!(again.status.code(), Some(78));
    insta::assert_snapshot!("not_in_quarantine", String::from_utf8_lossy(&again.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_dropped_only_by_somebody_who_means_it() {
    let (mailgrant, _provider, server) = one_of_each().await;
    let asked = mailgrant.run(&["message", "drop", "1-2"]);
    assert_eq!(asked.status.code(), Some(78));
    insta::assert_snapshot!("drop_unsaid", String::from_utf8_lossy(&asked.stderr));
    assert_eq!(listed(&mailgrant, &["--state", "quarantined"]), ["refused"]);

    let said = mailgrant.ok(&["message", "drop", "1-2", "--yes"]);
    assert_eq!(said.trim(), "Dropped message 1-2.");
    assert_eq!(listed(&mailgrant, &["--state", "dropped"]), ["refused"]);
    std::fs::write(mailgrant.path("mended"), "").unwrap();
    let fetched = mailgrant.ok(&["fetch", "support"]);
    assert!(fetched.starts_with("0 delivered"), "{fetched}");
    assert_eq!(server.contents(ADDRESS, "INBOX").len(), 2, "it stays there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_told() {
    let mailgrant = Mailgrant::new();
    crate::installation::add_provider(&mailgrant, "https://login.example.com/");
    for verb in ["show", "retry", "drop"] {
        let refused = mailgrant.run(&["message", verb, "7-42"]);
        assert_eq!(refused.status.code(), Some(78), "{verb}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("There is no message 7-42."), "{said}");
        let nonsense = mailgrant.run(&["message", verb, "seven"]);
        assert_eq!(nonsense.status.code(), Some(2), "{verb}");
        let said = String::from_utf8(nonsense.stderr).unwrap();
        assert!(said.contains("looks like `7-42`"), "{said}");
    }
    assert_eq!(mailgrant.run(&["message", "retry"]).status.code(), Some(2));
    let nonsense = mailgrant.run(&["message", "list", "--since", "yesterday"]);
    let said = String::from_utf8(nonsense.stderr).unwrap();
    assert!(said.contains("neither a day"), "{said}");
}
