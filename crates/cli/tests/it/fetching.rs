//! Fetching once, from the command line, and how far the mail has come that was there before.

use std::time::Duration;

use mailgrant_lab::{Dovecot, DovecotOptions, OidcClient, OidcProvider, OidcProviderOptions};
use serde_json::Value;

use crate::doctor::sign_in_at_oidc_provider;
use crate::installation::{ADDRESS, add_account, add_provider, authorize_by, installation};
use crate::support::Mailgrant;

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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot and oidc-provider; ./test installs them"]
async fn a_canary_comes_through_a_real_server() {
    let mut mailgrant = Mailgrant::new();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = OidcProvider::start(&OidcProviderOptions {
        clients: vec![OidcClient {
            id: "mailgrant".to_owned(),
            secret: "mailgrant-secret".to_owned(),
            method: "client_secret_basic",
            redirect_uris: vec![redirect_uri],
            ..OidcClient::default()
        }],
        access_token_seconds: 600,
    });
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: provider.introspection_url(),
        mechanisms: "xoauth2 oauthbearer",
        password: None,
    });
    mailgrant.trust(dovecot.certificate_pem());
    add_provider(&mailgrant, &provider.issuer());
    let (imap, smtp) = (dovecot.imaps_port(), dovecot.submissions_port());
    let (imap, smtp) = (imap.to_string(), smtp.to_string());
    let flags = [
        "--imap-port",
        &imap,
        "--smtp-host",
        "localhost",
        "--smtp-port",
        &smtp,
    ];
    add_account(
        &mailgrant,
        &[&flags[..], &["--canary", "6", "--after", "delete"]].concat(),
    );
    authorize_by(&mailgrant, ADDRESS, sign_in_at_oidc_provider).await;
    // It makes a mailbox when mail comes.
    dovecot.deliver_all(ADDRESS, [&b"Subject: one\r\n\r\n"[..]]);
    let serving = mailgrant.serve();
    let shown = || -> Value {
        serde_json::from_str(&mailgrant.ok(&["account", "show", "support", "--json"])).unwrap()
    };
    let arrived = async {
        while !shown()["canary"]["arrived_at"].is_string() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let arrived = tokio::time::timeout(Duration::from_mins(1), arrived).await;
    assert!(arrived.is_ok(), "{}\n{}", mailgrant.log(), dovecot.log());
    assert_eq!(
        mailgrant.maildir("mail").len(),
        1,
        "it went to no application"
    );
    let told = mailgrant.ok(&["account", "show", "support"]);
    assert!(told.contains("came through in"), "{told}");
    assert_eq!(shown()["mail"]["delivered"], 1);
    assert!(serving.stop());
}
