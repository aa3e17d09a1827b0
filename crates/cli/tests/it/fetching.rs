//! Fetching once, from the command line, and how far the mail has come that was there before.

use serde_json::Value;

use crate::installation::{ADDRESS, installation};

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_account_is_fetched_only_by_who_says_that_it_is_paused() {
    let (mailgrant, _provider, server) = installation(&[]).await;
    server.deliver(ADDRESS, "INBOX", b"Subject: before\r\n\r\n");
    mailgrant.ok(&["account", "pause", "support"]);
    let refused = mailgrant.run(&["fetch", "support"]);
    assert_eq!(refused.status.code(), Some(78));
    insta::assert_snapshot!(String::from_utf8_lossy(&refused.stderr), @r"
    error: The account support is paused: its mail is not fetched.

    hint: Let it go on with `mailgrant account resume support`, or fetch this once all the same with --paused.
    ");
    let fetched = mailgrant.ok(&["fetch", "support", "--paused", "--json"]);
    let fetched: Value = serde_json::from_str(&fetched).unwrap();
    assert_eq!(fetched["delivered"], 1, "{fetched}");
    let shown: Value =
        serde_json::from_str(&mailgrant.ok(&["account", "show", "support", "--json"])).unwrap();
    assert_eq!(shown["paused"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_earlier_mail_is_shown_to_people_and_machines() {
    let (mailgrant, _provider, server) = installation(&[]).await;
    let account = |args: &[&str]| {
        let json = mailgrant.ok(&[&["account"], args, &["support", "--json"]].concat());
        serde_json::from_str::<Value>(json.trim()).unwrap()
    };
    assert_eq!(account(&["show"])["backfill"], serde_json::json!([]));
    server.deliver(ADDRESS, "INBOX", b"Subject: before\r\n\r\n");
    mailgrant.ok(&["account", "backfill", "support", "--pause"]);
    mailgrant.ok(&["fetch", "support"]);
    mailgrant.ok(&["account", "backfill", "support", "--resume"]);
    mailgrant.ok(&["fetch", "support"]);
    let watched = mailgrant.ok(&["account", "backfill", "support", "--watch"]);
    assert_eq!(watched, "support: no earlier mail is left to fetch.\n");
    assert_eq!(account(&["backfill", "--watch"]), serde_json::json!([]));
    let shown = account(&["show"]);
    assert_eq!(shown["mail"]["delivered"], 1, "{shown}");
    assert_eq!(shown["alarms"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_silence_is_told_is_chosen_by_a_flag() {
    let (mailgrant, _provider, _server) = installation(&["--silence", "36"]).await;
    let shown = || -> Value {
        serde_json::from_str(&mailgrant.ok(&["account", "show", "support", "--json"])).unwrap()
    };
    assert_eq!(shown()["watch"]["silence"]["after"], 36);
    mailgrant.ok(&["account", "change", "support", "--silence", "off"]);
    assert_eq!(shown()["watch"]["silence"], "off");
    mailgrant.ok(&["account", "change", "support", "--silence", "learnt"]);
    assert_eq!(shown()["watch"]["silence"], "learnt");
    let refused = mailgrant.run(&["account", "change", "support", "--silence", "soon"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("--silence must be empty, off, or a whole number"),
        "{said}"
    );
}
