//! What is typed and what is answered.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use mailgrant_lab::Certificate;
use mailgrant_sandbox::{Browser, TokenBook};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::installation::{ADDRESS, add_account, add_provider, authorize, hand_to, installation};
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
    assert_eq!(shown["folders"][0], "INBOX");
    assert_eq!(shown["paused"], true);
    assert_eq!(shown["address"], ADDRESS, "what was not given stays");

    let in_use = mailgrant.run(&["provider", "remove", "sandbox"]);
    assert_eq!(in_use.status.code(), Some(78));
    insta::assert_snapshot!("provider_in_use", String::from_utf8_lossy(&in_use.stderr));
    mailgrant.ok(&["account", "remove", "support"]);
    mailgrant.ok(&["provider", "remove", "sandbox"]);
    assert_eq!(mailgrant.ok(&["provider", "list", "--json"]).trim(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_shown_changed_paused_resumed_and_tested() {
    let mailgrant = Mailgrant::new();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &TokenBook::default()).await;
    add_provider(&mailgrant, &provider.issuer());
    let show = || -> Value {
        let shown = mailgrant.ok(&["provider", "show", "sandbox", "--json"]);
        assert!(!shown.contains("mailgrant-secret"), "{shown}");
        serde_json::from_str(&shown).unwrap()
    };
    assert_eq!(show()["paused"], false);
    mailgrant.ok(&["provider", "pause", "sandbox"]);
    assert_eq!(show()["paused"], true);
    mailgrant.ok(&["provider", "resume", "sandbox"]);
    assert_eq!(show()["paused"], false);
    let tested = mailgrant.ok(&["provider", "test", "sandbox"]);
    assert!(
        tested.lines().all(|line| line.starts_with("ok ")),
        "{tested}"
    );

    mailgrant.ok(&["provider", "change", "sandbox", "--client-id", "another"]);
    assert_eq!(show()["client_id"], "another");
    let refused = mailgrant.run(&["provider", "test", "sandbox"]);
    assert_eq!(
        refused.status.code(),
        Some(78),
        "the secret is another client's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_setup_link_ends_the_one_before() {
    let mailgrant = Mailgrant::new();
    let _running = mailgrant.serve();
    let link = |text: String| {
        let line = text.lines().find(|line| line.trim().starts_with("http"));
        line.unwrap().trim().to_owned()
    };
    let first = link(mailgrant.ok(&["setup-link"]));
    let second = link(mailgrant.ok(&["setup-link"]));
    assert!(first.starts_with(&format!("{}/setup/", mailgrant.url())));
    let mut browser = Browser::default();
    assert_eq!(browser.open(&first).await.unwrap().status, 410);
    assert_eq!(browser.open(&second).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_waits_in_quarantine_until_it_is_tried_again() {
    let script = "/bin/sh -c 'test -e mended || exit 65; cat > taken'";
    let (mailgrant, _provider, server) = installation(&[]).await;
    let folder = mailgrant.dir.path().display();
    let script = script
        .replace("mended", &format!("{folder}/mended"))
        .replace("taken", &format!("{folder}/taken"));
    hand_to(&mailgrant, &script);
    server.deliver(ADDRESS, "INBOX", b"Subject: refused\r\n\r\n");
    let fetched = mailgrant.ok(&["fetch", "support"]);
    assert!(fetched.contains("1 in quarantine"), "{fetched}");
    mailgrant.ok(&["account", "pause", "support"]);
    mailgrant.ok(&["account", "resume", "support"]);

    std::fs::write(mailgrant.path("mended"), "").unwrap();
    let again = mailgrant.ok(&["message", "retry", "--account", "support"]);
    assert!(again.starts_with("1 message"), "{again}");
    assert!(
        mailgrant
            .ok(&["fetch", "support"])
            .starts_with("1 delivered")
    );
    let taken = std::fs::read(mailgrant.path("taken")).unwrap();
    assert_eq!(taken, b"Subject: refused\r\n\r\n");
}

#[test]
fn a_wrong_key_is_told_by_the_server_too() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let key = mailgrant.path("data/sealing.key");
    let text = std::fs::read_to_string(&key).unwrap();
    let (head, last) = text.trim_end().split_at(text.trim_end().len() - 8);
    let other = format!("{head}{}\n", last.chars().rev().collect::<String>());
    std::fs::write(&key, other).unwrap();
    let refused = mailgrant.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(78));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("does not open the database") || said.contains("is not a sealing key"),
        "{said}"
    );
    std::fs::write(&key, text).unwrap();
    assert!(mailgrant.ok(&["provider", "list"]).contains("sandbox"));
}

#[test]
fn the_sealing_key_may_come_from_a_variable_or_a_file_elsewhere() {
    let mut mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let key = mailgrant.path("data/sealing.key");
    let text = std::fs::read_to_string(&key).unwrap();
    let elsewhere = mailgrant.path("elsewhere.key");
    std::fs::rename(&key, &elsewhere).unwrap();
    assert_eq!(mailgrant.run(&["provider", "list"]).status.code(), Some(78));

    let path = elsewhere.display().to_string();
    let listed = mailgrant.ok(&["provider", "list", "--key-file", &path]);
    assert!(listed.contains("sandbox"), "{listed}");
    mailgrant.set("sealing_key", &text.trim());
    assert!(mailgrant.ok(&["provider", "list"]).contains("sandbox"));
    assert!(!key.exists(), "no other key was made");
}

#[test]
fn with_a_certificate_the_pages_are_served_over_https() {
    let mut mailgrant = Mailgrant::new();
    let made = Certificate::for_loopback();
    let (certificate, key) = (mailgrant.path("tls.pem"), mailgrant.path("tls.key"));
    std::fs::write(&certificate, &made.certificate).unwrap();
    std::fs::write(&key, &made.key).unwrap();
    mailgrant.set("tls_certificate", &certificate.display());
    mailgrant.set("tls_key", &key.display());
    let running = mailgrant.serve();
    assert!(running.link.starts_with("https://"), "{}", running.link);

    let mut roots = rustls::RootCertStore::empty();
    let trusted = CertificateDer::from_pem_slice(made.certificate.as_bytes());
    roots.add(trusted.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let mut tls = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = std::net::TcpStream::connect(("127.0.0.1", mailgrant.port)).unwrap();
    let mut stream = rustls::Stream::new(&mut tls, &mut socket);
    let host = format!("localhost:{}", mailgrant.port);
    let request = format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(running.stop(), "{}", mailgrant.log());
}
