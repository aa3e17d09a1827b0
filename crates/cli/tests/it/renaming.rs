//! A provider and an account under a new name.

use serde_json::Value;

use crate::installation::{ADDRESS, add_account, add_provider, installation};
use crate::support::Mailgrant;

/// What is said to a change that is refused.
fn refused(mailgrant: &Mailgrant, args: &[&str]) -> String {
    let output = mailgrant.run(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    said
}

fn names(mailgrant: &Mailgrant, of: &str) -> Vec<String> {
    let listed: Value = serde_json::from_str(&mailgrant.ok(&[of, "list", "--json"])).unwrap();
    let rows = listed.as_array().unwrap();
    rows.iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_account_keeps_its_grant_its_provider_and_what_was_delivered() {
    let (mailgrant, _provider, server) = installation(&[]).await;
    server.deliver(ADDRESS, "INBOX", b"Subject: before\r\n\r\n");
    let fetched = mailgrant.ok(&["fetch", "support"]);
    assert!(fetched.starts_with("1 delivered"), "{fetched}");
    let token = mailgrant.ok(&["token", "support"]);

    mailgrant.ok(&["provider", "change", "sandbox", "--rename", "entra"]);
    mailgrant.ok(&["account", "change", "support", "--rename", "desk"]);
    assert_eq!(names(&mailgrant, "provider"), ["entra"]);
    assert_eq!(names(&mailgrant, "account"), ["desk"]);
    assert_eq!(mailgrant.ok(&["token", "desk"]), token);
    let fetched = mailgrant.ok(&["fetch", "desk"]);
    assert!(fetched.starts_with("0 delivered"), "{fetched}");
    let said = refused(&mailgrant, &["token", "support"]);
    assert!(said.contains("There is no account `support`."), "{said}");
}

#[test]
fn a_new_name_is_checked_like_every_name_and_must_be_free() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    mailgrant.ok(&[
        "provider",
        "add",
        "public",
        "--kind",
        "google",
        "--client-id",
        "x",
        "--no-client-secret",
    ]);
    add_account(&mailgrant, &[]);
    add_account_named(&mailgrant, "desk");
    for (kind, name, taken) in [
        ("provider", "sandbox", "public"),
        ("account", "support", "desk"),
    ] {
        let said = refused(&mailgrant, &[kind, "change", name, "--rename", "a b"]);
        assert!(said.contains("--rename must be 1 to 128 letters"), "{said}");
        let said = refused(&mailgrant, &[kind, "change", name, "--rename", taken]);
        assert!(said.contains(taken), "{said}");
    }
    assert_eq!(names(&mailgrant, "provider"), ["public", "sandbox"]);
    assert_eq!(names(&mailgrant, "account"), ["desk", "support"]);

    // A client without a secret needs none for a new name.
    mailgrant.ok(&["provider", "change", "public", "--rename", "google"]);
    assert_eq!(names(&mailgrant, "provider"), ["google", "sandbox"]);
}

fn add_account_named(mailgrant: &Mailgrant, name: &str) {
    mailgrant.ok(&[
        "account",
        "add",
        name,
        "--provider",
        "sandbox",
        "--address",
        "desk@example.com",
        "--imap-host",
        "localhost",
    ]);
}
