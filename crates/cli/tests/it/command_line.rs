//! What is typed and what is answered.

use mailgrant_sandbox::TokenBook;
use serde_json::Value;

use crate::installation::{ADDRESS, add_account, add_provider, authorize};
use crate::support::{Mailgrant, provider};

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
