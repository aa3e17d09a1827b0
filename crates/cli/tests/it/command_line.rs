//! What is typed and what is answered.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use mailgrant_sandbox::{Browser, TokenBook, sign_in};
use serde_json::Value;

use crate::support::{Mailgrant, PASSWORD, provider};

const ADDRESS: &str = "support@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_added_authorised_listed_and_hands_out_its_token() {
    let mailgrant = Mailgrant::new();
    let tokens = TokenBook::default();
    let provider = provider(&format!("{}/oauth/callback", mailgrant.url()), &tokens).await;
    add_provider(&mailgrant, &provider.issuer());
    add_account(&mailgrant, &[]);

    let refused = mailgrant.run(&["token", "support"]);
    assert_eq!(refused.status.code(), Some(77));
    insta::assert_snapshot!(String::from_utf8_lossy(&refused.stderr));

    authorize(&mailgrant, ADDRESS).await;

    let token = mailgrant.ok(&["token", "support"]);
    assert_eq!(tokens.look_up(token.trim()).unwrap().0, ADDRESS);
    let again = mailgrant.ok(&["token", "support"]);
    assert_eq!(again, token, "a token that lives is not renewed");

    let listed: Value =
        serde_json::from_str(&mailgrant.ok(&["account", "list", "--json"])).unwrap();
    assert_eq!(listed[0]["name"], "support");
    assert_eq!(listed[0]["grant"]["state"], "active");
    assert_eq!(listed[0]["grant"]["signed_in"], ADDRESS);
    let text = listed.to_string();
    assert!(!text.contains(token.trim()) && !text.contains("mailgrant-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorization_beside_a_running_server_is_seen_by_both() {
    let mailgrant = Mailgrant::new();
    let provider = provider(
        &format!("{}/oauth/callback", mailgrant.url()),
        &TokenBook::default(),
    )
    .await;
    let server = mailgrant.serve();
    add_provider(&mailgrant, &provider.issuer());
    add_account(&mailgrant, &[]);
    authorize(&mailgrant, ADDRESS).await;
    assert!(server.stop(), "{}", mailgrant.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_account_hands_out_nothing_and_says_why() {
    let mailgrant = Mailgrant::new();
    let provider = provider(
        &format!("{}/oauth/callback", mailgrant.url()),
        &TokenBook::default(),
    )
    .await;
    add_provider(&mailgrant, &provider.issuer());
    add_account(&mailgrant, &[]);
    authorize(&mailgrant, ADDRESS).await;

    insta::assert_snapshot!(mailgrant.ok(&["account", "revoke", "support"]));
    let refused = mailgrant.run(&["token", "support"]);
    assert_eq!(refused.status.code(), Some(77));
    insta::assert_snapshot!(String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn providers_and_accounts_are_made_changed_paused_and_removed() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    add_account(&mailgrant, &["--folder", "Tickets"]);
    insta::assert_snapshot!("provider_list", mailgrant.ok(&["provider", "list"]));
    insta::assert_snapshot!("account_list", mailgrant.ok(&["account", "list"]));

    mailgrant.ok(&["account", "change", "support", "--folder", "INBOX"]);
    mailgrant.ok(&["account", "pause", "support"]);
    let shown: Value =
        serde_json::from_str(&mailgrant.ok(&["account", "show", "support", "--json"])).unwrap();
    assert_eq!(shown["folder"], "INBOX");
    assert_eq!(shown["paused"], true);
    assert_eq!(shown["address"], ADDRESS, "what was not given stays");

    let in_use = mailgrant.run(&["provider", "remove", "sandbox"]);
    assert_eq!(in_use.status.code(), Some(78));
    insta::assert_snapshot!("provider_in_use", String::from_utf8_lossy(&in_use.stderr));
    mailgrant.ok(&["account", "remove", "support"]);
    mailgrant.ok(&["provider", "remove", "sandbox"]);
    assert_eq!(mailgrant.ok(&["provider", "list", "--json"]).trim(), "[]");
}

/// Registers the sandbox's provider.
pub(crate) fn add_provider(mailgrant: &Mailgrant, issuer: &str) {
    let secret = mailgrant.path("secret");
    std::fs::write(&secret, "mailgrant-secret\n").unwrap();
    mailgrant.ok(&[
        "provider",
        "add",
        "sandbox",
        "--kind",
        "oidc",
        "--issuer",
        issuer,
        "--client-id",
        "mailgrant",
        "--client-secret-file",
        secret.to_str().unwrap(),
        "--scopes",
        "openid offline_access email mail",
    ]);
}

/// Adds the account `support`, whose mail goes into the Maildir `mail` unless flags say else.
pub(crate) fn add_account(mailgrant: &Mailgrant, flags: &[&str]) {
    let maildir = mailgrant.path("mail").display().to_string();
    let mut args = vec![
        "account",
        "add",
        "support",
        "--provider",
        "sandbox",
        "--address",
        ADDRESS,
        "--imap-host",
        "localhost",
        "--sink",
        "maildir",
        "--maildir",
        &maildir,
    ];
    args.extend(flags);
    mailgrant.ok(&args);
}

/// `mailgrant account authorize`, with the person's part played over HTTP.
pub(crate) async fn authorize(mailgrant: &Mailgrant, user: &str) {
    let mut child = mailgrant
        .command(&["account", "authorize", "support"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let link = loop {
        let mut line = String::new();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "no link was printed"
        );
        if line.trim().starts_with("http") {
            break line.trim().to_owned();
        }
    };

    let mut browser = Browser::default();
    let page = browser.open(&link).await.unwrap();
    let away = browser.press(&page, "authorize", &[]).await.unwrap();
    let back = sign_in(away.leads_to.unwrap().as_str(), user, PASSWORD)
        .await
        .unwrap();
    browser.open(&back).await.unwrap();

    let status = child.wait().unwrap();
    let mut said = String::new();
    output.read_to_string(&mut said).unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(status.success(), "{said}");
    assert!(said.contains(&format!("{user} signed in")), "{said}");
}
