//! The providers that the tests run against, and the person at the browser.

use std::time::Duration;

use mailgrant_lab::{
    AuthlibProvider, AuthlibProviderOptions, OidcClient, OidcProvider, OidcProviderOptions,
};
use mailgrant_oauth::SecretMethod;
use mailgrant_sandbox::{
    Browser, Client, IdentityProvider, Page, ProviderOptions, TokenBook, User, answer_device,
    sign_in, sign_in_and_deny,
};
use serde_json::Value;
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

    /// How the client sends its secret.
    fn method(&self) -> SecretMethod {
        SecretMethod::Basic
    }

    /// What the provider says of a token at its introspection endpoint (RFC 7662).
    async fn introspect(&self, token: &str) -> Value;

    /// Nothing that the keeper did may ever look like a stolen refresh token.
    fn assert_nothing_looked_stolen(&self);
}

/// A provider with device authorization.
pub(crate) trait DevicePeer: Peer {
    /// `who` types the code that a device shows, signs in, and allows or denies.
    async fn answer_device(&self, verification_uri: &str, user_code: &str, who: &str, allow: bool);
}

/// A provider whose signing keys can be changed.
pub(crate) trait RotatingPeer: Peer {
    /// Signs with a new key from now on; the old ones stay published, or not.
    fn rotate_keys(&self, keep_old: bool);
}

/// The sandbox's options: both clients, some people, tokens for an hour, rotation.
pub(crate) fn sandbox_options() -> ProviderOptions {
    let client = |id: &str| Client {
        id: id.to_owned(),
        secret: Some(CLIENT_SECRET.to_owned()),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        ..Client::default()
    };
    let mut people: Vec<String> = (0..100).map(|n| format!("desk{n}@example.com")).collect();
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
    start_oidc_provider_for(registered(CLIENT, "client_secret_basic"))
}

/// oidc-provider with this client, which may prove itself in any way, and the other.
pub(crate) fn start_oidc_provider_for(client: OidcClient) -> OidcProvider {
    OidcProvider::start(&OidcProviderOptions {
        clients: vec![client, registered(OTHER_CLIENT, "client_secret_basic")],
        access_token_seconds: 3600,
    })
}

/// Authlib's clients post their secrets: in the Basic scheme it takes them as they stand, and ours
/// is one that has to be wrapped there.
pub(crate) fn start_authlib_provider() -> AuthlibProvider {
    let clients = [CLIENT, OTHER_CLIENT].map(|id| registered(id, "client_secret_post"));
    AuthlibProvider::start(&AuthlibProviderOptions {
        clients: clients.into(),
        access_token_seconds: 3600,
    })
}

/// A client that is registered with this way of proving itself.
pub(crate) fn registered(id: &str, method: &'static str) -> OidcClient {
    OidcClient {
        id: id.to_owned(),
        secret: CLIENT_SECRET.to_owned(),
        method,
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        ..OidcClient::default()
    }
}

/// Asks an introspection endpoint as the other client.
#[expect(
    clippy::disallowed_methods,
    reason = "the provider is asked by a stranger, not by the keeper"
)]
async fn introspect(url: String, token: &str, method: SecretMethod) -> Value {
    let request = reqwest::Client::new().post(url);
    let mut form = vec![("token", token)];
    let request = match method {
        SecretMethod::Basic => {
            let wrapped: String =
                url::form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
            request.basic_auth(OTHER_CLIENT, Some(wrapped))
        }
        SecretMethod::Post => {
            form.extend([
                ("client_id", OTHER_CLIENT),
                ("client_secret", CLIENT_SECRET),
            ]);
            request
        }
    };
    let answer = request.form(&form).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
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

    async fn introspect(&self, token: &str) -> Value {
        let url = format!("{}/introspect", self.origin());
        introspect(url, token, self.method()).await
    }

    fn assert_nothing_looked_stolen(&self) {
        assert_eq!(self.reuse_detected(), 0, "{:#?}", self.requests());
    }
}

impl DevicePeer for IdentityProvider {
    async fn answer_device(&self, verification_uri: &str, user_code: &str, who: &str, allow: bool) {
        let who = (who, PASSWORD);
        answer_device(verification_uri, user_code, who, allow)
            .await
            .unwrap();
    }
}

impl RotatingPeer for IdentityProvider {
    fn rotate_keys(&self, keep_old: bool) {
        self.rotate_keys(keep_old).unwrap();
    }
}

impl Peer for OidcProvider {
    fn issuer(&self) -> String {
        self.issuer()
    }

    async fn agree(&self, url: &Url, who: &str) -> Url {
        let mut browser = Browser::default();
        let page = browser.open(url.as_str()).await.unwrap();
        let page = sign_in_to_oidc_provider(&mut browser, page, who).await;
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

    async fn introspect(&self, token: &str) -> Value {
        let url = format!("{}/token/introspection", self.issuer());
        introspect(url, token, self.method()).await
    }

    /// It ends the grant then, so that the next renewal would fail.
    fn assert_nothing_looked_stolen(&self) {}
}

impl DevicePeer for OidcProvider {
    async fn answer_device(&self, verification_uri: &str, user_code: &str, who: &str, allow: bool) {
        let mut browser = Browser::default();
        let page = browser.open(verification_uri).await.unwrap();
        let code = [("user_code", user_code)];
        let page = browser.press(&page, "op.deviceInputForm", &code).await;
        let decision: &[_] = if allow { &[] } else { &[("abort", "yes")] };
        let confirm = "op.deviceConfirmForm";
        let page = browser.press(&page.unwrap(), confirm, decision).await;
        let mut page = page.unwrap();
        if allow {
            page = sign_in_to_oidc_provider(&mut browser, page, who).await;
        }
        let shown = if allow {
            "Sign-in Success"
        } else {
            "was interrupted"
        };
        assert!(page.body.contains(shown), "{}", page.body);
    }
}

impl RotatingPeer for OidcProvider {
    fn rotate_keys(&self, keep_old: bool) {
        self.rotate_keys(keep_old);
    }
}

impl Peer for AuthlibProvider {
    fn issuer(&self) -> String {
        self.issuer()
    }

    async fn agree(&self, url: &Url, who: &str) -> Url {
        sign_in_to_authlib(url, "allow", who).await
    }

    async fn decline(&self, url: &Url, who: &str) -> Url {
        sign_in_to_authlib(url, "deny", who).await
    }

    fn method(&self) -> SecretMethod {
        SecretMethod::Post
    }

    async fn introspect(&self, token: &str) -> Value {
        let url = format!("{}/introspect", self.issuer());
        introspect(url, token, self.method()).await
    }

    /// It ends the grant then, so that the next renewal would fail.
    fn assert_nothing_looked_stolen(&self) {}
}

async fn sign_in_to_authlib(url: &Url, button: &str, who: &str) -> Url {
    let mut browser = Browser::default();
    let page = browser.open(url.as_str()).await.unwrap();
    let page = browser.press(&page, button, &[("login", who)]).await;
    page.unwrap().leads_to.unwrap()
}

async fn sign_in_to_oidc_provider(browser: &mut Browser, mut page: Page, who: &str) -> Page {
    for typed in [&[("login", who), ("password", PASSWORD)][..], &[]] {
        if page.leads_to.is_none() {
            page = with_a_named_button(page);
            page = browser.press(&page, "go", typed).await.unwrap();
        }
    }
    page
}

/// Its buttons have no names.
fn with_a_named_button(mut page: Page) -> Page {
    page.body = page.body.replace("<button ", "<button id=\"go\" ");
    page
}
