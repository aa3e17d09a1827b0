//! No secret in anything that the product says, at its most talkative.

use std::path::Path;

use mailgrant_sandbox::{Browser, ImapFault, samples, sign_in};

use crate::installation::{ADDRESS, installation};
use crate::support::{PASSWORD, secrets_in};

const OWN_PASSWORD: &str = "the administrators long password";

#[tokio::test(flavor = "multi_thread")]
async fn a_mailboxs_whole_life_leaves_no_secret_in_the_log() {
    let (mut mailgrant, provider, server) = installation(&["--after", "mark-seen"]).await;
    mailgrant.set("log", &"debug");
    let running = mailgrant.serve();
    let link = running.link.clone();
    let mut browser = Browser::default();
    let page = browser.open(&link).await.unwrap();
    let typed = [
        ("name", "ada"),
        ("password", OWN_PASSWORD),
        ("password-again", OWN_PASSWORD),
    ];
    browser.press(&page, "set-up", &typed).await.unwrap();

    // Mail, a refused token (which is renewed), and an authorization that goes round again.
    for sample in samples(5).iter().take(3) {
        server.deliver(ADDRESS, "INBOX", &sample.raw);
    }
    server.fault(ImapFault::RefuseToken, Some(1));
    server.drop_connections();
    let account = format!("{}/accounts/1", mailgrant.url());
    let page = browser.open(&account).await.unwrap();
    let away = browser.press(&page, "authorize", &[]).await.unwrap();
    let leaving = away.leads_to.unwrap();
    let back = sign_in(leaving.as_str(), ADDRESS, PASSWORD).await.unwrap();
    browser.open(&back).await.unwrap();
    let replayed = browser.open(&back).await.unwrap();
    assert!(!replayed.status.is_success());
    server
        .wait_for(ADDRESS, "INBOX", |messages| {
            messages.iter().all(|message| !message.flags.is_empty())
        })
        .await;

    let token = mailgrant.ok(&["token", "support"]);
    let fetched = mailgrant.run(&["fetch", "support"]);
    provider.revoke_grants(ADDRESS);
    assert!(running.stop());
    let said = mailgrant.log() + &String::from_utf8(fetched.stderr).unwrap();
    for told in ["granted", "a refused token was renewed", "fetched mail"] {
        assert!(said.contains(told), "nothing of `{told}` in\n{said}");
    }
    assert_eq!(secrets_in(&said), [""; 0]);

    let value = |url: &str, name: &str| {
        let pairs = url::Url::parse(url).unwrap();
        let found = pairs.query_pairs().find(|(key, _)| key == name);
        found.unwrap().1.into_owned()
    };
    let setup = Path::new(&link).file_name().unwrap().to_str().unwrap();
    for secret in [
        OWN_PASSWORD,
        PASSWORD,
        "mailgrant-secret",
        setup,
        token.trim(),
        &value(&back, "code"),
        &value(&back, "state"),
        &value(leaving.as_str(), "nonce"),
    ] {
        assert!(!said.contains(secret), "`{secret}` stands in\n{said}");
    }
}

#[test]
fn a_planted_secret_is_found() {
    for planted in [
        "token=at_0123456789abcdef",
        "Authorization: Bearer abcdefgh12345",
        "dXNlcj1hAWF1dGg9QmVhcmVyIGE",
    ] {
        assert_eq!(secrets_in(planted).len(), 1, "{planted}");
    }
    assert_eq!(secrets_in("code = co_t3o… at_6… Bearer at_…"), [""; 0]);
}
