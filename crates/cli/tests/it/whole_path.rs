//! From sign-in to delivered mail: set the password, add provider and account, authorise on the
//! provider's own login page, see the mail counted, compare every byte.

use std::collections::BTreeMap;
use std::time::Duration;

use mailgrant_lab::fantoccini::{Client, Locator};
use mailgrant_lab::{
    Chromium, Dovecot, DovecotOptions, OidcClient, OidcProvider, OidcProviderOptions, as_served,
};
use mailgrant_sandbox::samples;

use crate::browsing::{choose, click, fill, see, set_password};
use crate::support::Mailgrant;

const ADDRESS: &str = "support@example.com";

#[tokio::test]
#[ignore = "needs Dovecot, oidc-provider and Chromium; ./test installs them"]
async fn a_newcomer_goes_from_sign_in_to_delivered_mail() {
    let mut mailgrant = Mailgrant::new();
    // A redirect URI that was registered for another application, with a query of its own.
    let redirect_uri = format!(
        "{}/erizone/index.pl?Action=AdminMailAccount",
        mailgrant.url()
    );
    let provider = OidcProvider::start(&OidcProviderOptions {
        clients: vec![OidcClient {
            id: "mailgrant".to_owned(),
            secret: "app-secret".to_owned(),
            method: "client_secret_basic",
            redirect_uris: vec![redirect_uri.clone()],
            ..OidcClient::default()
        }],
        access_token_seconds: 600,
    });
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: provider.introspection_url(),
        mechanisms: "xoauth2 oauthbearer",
        password: None,
    });
    let messages = samples(1);
    assert!(messages.len() >= 100);
    dovecot.deliver_all(ADDRESS, messages.iter().map(|sample| sample.raw.as_slice()));
    mailgrant
        .set("redirect_uri", &redirect_uri)
        .trust(dovecot.certificate_pem());
    let server = mailgrant.serve();

    let browser = Chromium::start().await;
    let page = &browser.window;
    set_password(page, &server.link).await;
    add_provider(page, &mailgrant, &provider).await;
    add_account(page, &mailgrant, &dovecot).await;

    click(page, "#authorize").await;
    sign_in_at_oidc_provider(page).await;
    see(page, "#notice").await;
    assert!(
        page.current_url()
            .await
            .unwrap()
            .as_str()
            .starts_with(&mailgrant.url())
    );
    assert!(!page.current_url().await.unwrap().as_str().contains("code="));

    let wanted = messages.len().to_string();
    wait_for_count(page, &mailgrant, &wanted).await;
    // The provider's pages are its own affair.
    let mut complaints = browser.complaints().await;
    complaints.retain(|complaint| complaint.contains(&mailgrant.url()));
    assert!(complaints.is_empty(), "{complaints:?}");
    page.clone().close().await.unwrap();

    let expected = sorted(messages.iter().map(|sample| as_served(&sample.raw)));
    let delivered = sorted(mailgrant.maildir("mail"));
    assert_eq!(delivered.len(), expected.len());
    assert!(
        delivered == expected,
        "what was delivered differs from what was put into Dovecot"
    );
    assert!(server.stop());
    no_secret_in(&mailgrant.log());
}

async fn add_provider(page: &Client, mailgrant: &Mailgrant, provider: &OidcProvider) {
    page.goto(&format!("{}/providers/new", mailgrant.url()))
        .await
        .unwrap();
    fill(page, "[name=name]", "lab").await;
    choose(page, "kind", "oidc").await;
    fill(page, "[name=client_id]", "mailgrant").await;
    fill(page, "[name=client_secret]", "app-secret").await;
    fill(page, "[name=issuer]", &provider.issuer()).await;
    click(page, "summary").await;
    fill(page, "[name=scopes]", "openid offline_access email mail").await;
    click(page, "#save").await;
    see(page, "#notice").await;
}

async fn add_account(page: &Client, mailgrant: &Mailgrant, dovecot: &Dovecot) {
    page.goto(&format!("{}/accounts/new", mailgrant.url()))
        .await
        .unwrap();
    let maildir = mailgrant.path("mail").display().to_string();
    fill(page, "[name=name]", "support").await;
    fill(page, "[name=address]", ADDRESS).await;
    choose(page, "provider", "lab").await;
    fill(page, "[name=imap_host]", "localhost").await;
    fill(page, "[name=imap_port]", &dovecot.imaps_port().to_string()).await;
    choose(page, "sink", "maildir").await;
    fill(page, "[name=maildir]", &maildir).await;
    click(page, "#save").await;
    see(page, "#authorize").await;
}

/// The pages of oidc-provider's own: login, then consent.
async fn sign_in_at_oidc_provider(page: &Client) {
    fill(page, "[name=login]", ADDRESS).await;
    fill(page, "[name=password]", "anything").await;
    click(page, "[type=submit]").await;
    see(page, "[value=consent]").await;
    click(page, "[type=submit]").await;
}

/// The page updates by itself; where it does not, that is the failure.
async fn wait_for_count(page: &Client, mailgrant: &Mailgrant, wanted: &str) {
    let shown = format!(
        "//*[@data-account='support']//*[@data-count='delivered'][normalize-space()='{wanted}'] | \
         //*[@data-account='support'][@data-count='delivered'][normalize-space()='{wanted}']"
    );
    let found = page
        .wait()
        .at_most(Duration::from_secs(90))
        .for_element(Locator::XPath(&shown))
        .await;
    if found.is_err() {
        let source = page.source().await.unwrap();
        panic!(
            "the page never showed {wanted} messages:\n{source}\n{}",
            mailgrant.log()
        );
    }
}

fn sorted(messages: impl IntoIterator<Item = Vec<u8>>) -> BTreeMap<Vec<u8>, usize> {
    messages
        .into_iter()
        .fold(BTreeMap::new(), |mut all, message| {
            *all.entry(message).or_default() += 1;
            all
        })
}

fn no_secret_in(log: &str) {
    for secret in ["app-secret", "a long enough password", "eyJ", "Bearer "] {
        assert!(
            !log.contains(secret),
            "the log shows a secret ({secret}):\n{log}"
        );
    }
    assert!(
        log.contains("\"message\""),
        "the log has structured lines:\n{log}"
    );
}
