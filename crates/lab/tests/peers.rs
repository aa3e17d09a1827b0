//! Each peer starts, answers and stops.

use mailgrant_lab::{
    AuthlibProvider, AuthlibProviderOptions, Chromium, Dovecot, DovecotOptions, OidcProvider,
    OidcProviderOptions, Postgres,
};

#[test]
#[ignore = "needs PostgreSQL; ./test installs it"]
fn postgresql_gives_each_caller_an_empty_database() {
    let (one, two) = (Postgres::shared().database(), Postgres::shared().database());
    assert_ne!(one, two);
}

#[test]
#[ignore = "needs PostgreSQL; ./test installs it"]
fn the_shared_postgresql_leaves_nothing_behind_when_the_tests_have_ended() {
    let temporary = tempfile::tempdir().unwrap();
    // PostgreSQL has a user of its own, where this is root.
    let anybody = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(temporary.path(), anybody).unwrap();
    let tests = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact"])
        .arg("postgresql_gives_each_caller_an_empty_database")
        .env("TMPDIR", temporary.path())
        // Ends when whoever could still write there has ended: also what they left running.
        .output()
        .unwrap();
    assert!(tests.status.success(), "{tests:?}");
    assert!(
        String::from_utf8_lossy(&tests.stdout).contains("1 passed"),
        "{tests:?}"
    );
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
#[ignore = "needs PostgreSQL; ./test installs it"]
fn postgresql_keeps_its_databases_over_a_stop() {
    let mut server = Postgres::start();
    let url = server.database();
    let ask = || {
        let mut psql = std::process::Command::new("psql");
        psql.args([&url, "-c", "SELECT 1"])
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(ask());
    server.stop();
    assert!(!ask());
    server.resume();
    assert!(ask());
}

#[test]
#[ignore = "needs Dovecot; ./test installs it"]
fn dovecot_serves_what_was_delivered() {
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: "http://127.0.0.1:9/".to_owned(),
        mechanisms: "xoauth2 oauthbearer",
        password: Some("secret".to_owned()),
    });
    dovecot.deliver("help@example.org", b"Subject: one\n\nbody\n");
    let url = format!("imap://127.0.0.1:{}/INBOX;UID=1", dovecot.imap_port());
    let fetched = std::process::Command::new("curl")
        .args([
            "-s",
            "--login-options",
            "AUTH=PLAIN",
            "-u",
            "help@example.org:secret",
            &url,
        ])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&fetched.stdout),
        "Subject: one\r\n\r\nbody\r\n",
        "{}",
        dovecot.log()
    );
}

#[tokio::test]
#[ignore = "needs oidc-provider and Chromium; ./test installs them"]
async fn chromium_opens_the_providers_discovery_document() {
    let provider = OidcProvider::start(&OidcProviderOptions {
        clients: Vec::new(),
        access_token_seconds: 600,
    });
    let browser = Chromium::start().await;
    let url = format!("{}/.well-known/openid-configuration", provider.issuer());
    browser.window.goto(&url).await.unwrap();
    assert!(
        browser
            .window
            .source()
            .await
            .unwrap()
            .contains("token_endpoint")
    );
    browser.window.clone().close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs Authlib; ./test installs it"]
async fn authlib_answers_with_its_discovery_document_and_stops_when_dropped() {
    let provider = AuthlibProvider::start(&AuthlibProviderOptions {
        clients: Vec::new(),
        access_token_seconds: 600,
    });
    let url = format!("{}/.well-known/openid-configuration", provider.issuer());
    let ask = || {
        std::process::Command::new("curl")
            .args(["-s", &url])
            .output()
            .unwrap()
            .stdout
    };
    let document: serde_json::Value = serde_json::from_slice(&ask()).unwrap();
    assert_eq!(document["issuer"], provider.issuer());
    drop(provider);
    assert_eq!(ask(), b"");
}

#[test]
#[ignore = "needs oidc-provider; ./test installs it"]
fn the_provider_signs_with_another_key_after_a_rotation_and_publishes_the_old_one_or_not() {
    let provider = OidcProvider::start(&OidcProviderOptions {
        clients: Vec::new(),
        access_token_seconds: 600,
    });
    let url = format!("{}/jwks", provider.issuer());
    let published = || {
        let curl = std::process::Command::new("curl")
            .args(["-s", &url])
            .output();
        let set: serde_json::Value = serde_json::from_slice(&curl.unwrap().stdout).unwrap();
        let keys = set["keys"].as_array().unwrap().clone();
        keys.iter()
            .map(|key| key["kid"].to_string())
            .collect::<Vec<_>>()
    };
    let first = published();
    provider.rotate_keys(true);
    let second = published();
    assert_eq!((first.len(), second.len()), (1, 2));
    assert!(second.contains(&first[0]));
    provider.rotate_keys(false);
    let third = published();
    assert_eq!(third.len(), 1);
    assert!(!second.contains(&third[0]));
}
