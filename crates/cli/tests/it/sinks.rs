//! `mailgrant account sink …`: where rules can send mail besides.

use crate::installation::{ADDRESS, installation};

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_is_added_tested_chosen_by_a_rule_and_removed() {
    let (mailgrant, _provider, server) = installation(&[]).await;
    let (one, two) = (mailgrant.path("one"), mailgrant.path("two"));
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    let run = |args: &[&str]| mailgrant.ok(&[&["account"][..], args].concat());
    let refused = |args: &[&str], words: &str| {
        let output = mailgrant.run(&[&["account"][..], args].concat());
        assert_eq!(output.status.code(), Some(78), "{args:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(words), "{said}");
    };
    let rules = ["change", "support", "--rules", "sink billing to billing@*"];
    refused(
        &rules,
        "--rules choose the sink billing: there is no further sink yet",
    );
    refused(
        &["sink", "add", "support", "own", "--maildir", one],
        "NAME must be another: the account's own",
    );
    refused(
        &["sink", "add", "support", "billing"],
        "--sink must be maildir, command",
    );
    let added = run(&["sink", "add", "support", "billing", "--maildir", one]);
    assert!(
        added.contains("account test support --sink billing --send"),
        "{added}"
    );
    refused(
        &["sink", "add", "support", "billing", "--maildir", two],
        "has a sink billing already",
    );
    run(&["sink", "change", "support", "billing", "--maildir", two]);
    run(&rules);
    let listed = run(&["sink", "list", "support"]);
    assert!(listed.contains(&format!("Maildir {two}")), "{listed}");
    let json = run(&["sink", "list", "support", "--json"]);
    assert!(json.contains(r#""billing""#), "{json}");
    assert!(run(&["show", "support"]).contains("Further sink billing: Maildir"));

    let tested = run(&["test", "support"]);
    assert!(
        tested.contains("ok      the sink billing: Maildir"),
        "{tested}"
    );
    let sent = run(&["test", "support", "--sink", "billing", "--send"]);
    assert_eq!(sent.lines().count(), 2, "{sent}");
    assert_eq!(mailgrant.maildir("two").len(), 1);
    let sent = run(&["test", "support", "--send"]);
    assert!(
        sent.contains("No rule fits; it goes where the account's mail goes"),
        "{sent}"
    );
    refused(
        &["test", "support", "--sink", "other"],
        "no further sink `other`",
    );

    let raw = "To: billing@example.com\r\nSubject: x\r\n\r\n";
    server.deliver(ADDRESS, "INBOX", raw.as_bytes());
    let message = mailgrant.path("message");
    std::fs::write(&message, raw).unwrap();
    let route = ["message", "route", "support", message.to_str().unwrap()];
    let told = mailgrant.ok(&route);
    let expected = format!("It goes to the sink billing: Maildir {two}");
    assert!(told.contains(&expected), "{told}");
    mailgrant.ok(&["fetch", "support"]);
    assert_eq!(mailgrant.maildir("two").len(), 2);
    assert_eq!(mailgrant.maildir("mail").len(), 1, "the test message");

    refused(
        &["sink", "remove", "support", "billing"],
        "is chosen by rule 1",
    );
    run(&["change", "support", "--rules", ""]);
    run(&["sink", "remove", "support", "billing"]);
    refused(
        &["sink", "change", "support", "billing"],
        "no further sink `billing`",
    );
    assert_eq!(
        run(&["sink", "list", "support"]).trim(),
        "There is no further sink."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sink_has_a_webhook_secret_of_its_own() {
    let (mailgrant, _provider, _server) = installation(&[]).await;
    let hook = ["--webhook", "https://desk.example.com/in"];
    for name in ["one", "two"] {
        mailgrant.ok(&[&["account", "sink", "add", "support", name][..], &hook].concat());
    }
    let secret = |flags: &[&str]| {
        mailgrant.ok(&[&["account", "webhook-secret", "support"][..], flags].concat())
    };
    let (own, one, two) = (
        secret(&[]),
        secret(&["--sink", "one"]),
        secret(&["--sink", "two"]),
    );
    assert!(own != one && one != two && own != two);
    assert_ne!(secret(&["--sink", "one", "--new"]), one);
    assert_eq!(
        (secret(&["--sink", "own"]), secret(&["--sink", "two"])),
        (own, two)
    );
    let nobody = mailgrant.run(&["account", "webhook-secret", "support", "--sink", "three"]);
    assert_eq!(nobody.status.code(), Some(78));
}
