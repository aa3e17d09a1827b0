//! The providers that the tests run against, and the person at the browser.

use std::time::Duration;

use mailgrant_lab::{OidcClient, OidcProvider, OidcProviderOptions};
use mailgrant_sandbox::{
    Browser, Client, IdentityProvider, Page, ProviderOptions, TokenBook, User, sign_in,
    sign_in_and_deny,
};
use url::Url;

/// The redirect URI that another application once registered.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:1/erizone/index.pl?Action=AdminMailAccount";

pub(crate) const CLIENT: &str = "mailgrant";
pub(crate) const CLIENT_SECRET: &str = "LEAK/client secret";
/// Another client of the same provider.
pub(crate) const OTHER_CLIENT: &str = "another-application";
const PASSWORD: &str = "LEAK-password";

/// Those who can sign in.
pub(crate) const DESK: &str = "desk@example.com";
pub(crate) const OTHER: &str = "other@example.com";

/// How long access tokens live.
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// Half a minute before: they live, and are no longer handed out where there are newer ones.
pub(crate) const NEARLY_AN_HOUR: Duration = Duration::from_secs(3570);

/// An identity provider.
pub(crate) trait Peer {
    fn issuer(&self) -> String;

    /// `who` signs in and agrees: where that sends the browser.
    async fn agree(&self, url: &Url, who: &str) -> Url;

    /// `who` signs in and does not agree.
    async fn decline(&self, url: &Url, who: &str) -> Url;

    /// Nothing that the keeper did may ever look like a stolen refresh token.
    fn assert_nothing_looked_stolen(&self);
}

/// The sandbox's options: both clients, some people, tokens for an hour, rotation.
pub(crate) fn sandbox_options() -> ProviderOptions {
    let client = |id: &str| Client {
        id: id.to_owned(),
        secret: Some(CLIENT_SECRET.to_owned()),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        ..Client::default()
    };
    let mut people: Vec<String> = (0..20).map(|n| format!("desk{n}@example.com")).collect();
    people.extend([DESK.to_owned(), OTHER.to_owned()]);
    let user = |address| User {
        address,
        password: PASSWORD.to_owned(),
    };
    ProviderOptions {
        clients: vec![client(CLIENT), client(OTHER_CLIENT)],
        users: people.into_iter().map(user).collect(),
        access_token_lifetime: HOUR,
        ..ProviderOptions::default()
    }
}

pub(crate) async fn start_sandbox(options: ProviderOptions) -> IdentityProvider {
    let tokens = TokenBook::default();
    IdentityProvider::start(options, tokens).await.unwrap()
}

pub(crate) fn start_oidc_provider() -> OidcProvider {
    let client = |id: &str| OidcClient {
        id: id.to_owned(),
        secret: CLIENT_SECRET.to_owned(),
        method: "client_secret_basic",
        redirect_uris: vec![REDIRECT_URI.to_owned()],
    };
    OidcProvider::start(&OidcProviderOptions {
        clients: vec![client(CLIENT), client(OTHER_CLIENT)],
        access_token_seconds: 3600,
    })
}

impl Peer for IdentityProvider {
    fn issuer(&self) -> String {
        self.issuer()
    }

    async fn agree(&self, url: &Url, who: &str) -> Url {
        let back = sign_in(url.as_str(), who, PASSWORD).await.unwrap();
        Url::parse(&back).unwrap()
    }

    async fn decline(&self, url: &Url, who: &str) -> Url {
        let back = sign_in_and_deny(url.as_str(), who, PASSWORD).await.unwrap();
        Url::parse(&back).unwrap()
    }

    fn assert_nothing_looked_stolen(&self) {
        assert_eq!(self.reuse_detected(), 0, "{:#?}", self.requests());
    }
}

impl Peer for OidcProvider {
    fn issuer(&self) -> String {
        self.issuer()
    }

    async fn agree(&self, url: &Url, who: &str) -> Url {
        let mut browser = Browser::default();
        let mut page = browser.open(url.as_str()).await.unwrap();
        for typed in [&[("login", who), ("password", PASSWORD)][..], &[]] {
            if page.leads_to.is_none() {
                page = with_a_named_button(page);
                page = browser.press(&page, "go", typed).await.unwrap();
            }
        }
        page.leads_to.unwrap()
    }

    async fn decline(&self, url: &Url, _who: &str) -> Url {
        let mut browser = Browser::default();
        let page = browser.open(url.as_str()).await.unwrap();
        let (before, _) = page.body.split_once("/abort\"").unwrap();
        let abort = format!("{}/abort", before.rsplit_once('"').unwrap().1);
        let page = browser
            .open(page.url.join(&abort).unwrap().as_str())
            .await
            .unwrap();
        page.leads_to.unwrap()
    }

    /// It ends the grant then, so that the next renewal would fail.
    fn assert_nothing_looked_stolen(&self) {}
}

/// Its buttons have no names.
fn with_a_named_button(mut page: Page) -> Page {
    page.body = page.body.replace("<button ", "<button id=\"go\" ");
    page
}
