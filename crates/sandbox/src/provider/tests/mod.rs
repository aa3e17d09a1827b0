//! The provider over HTTP, as a client sees it.

mod assertions;
mod authorization;
mod client;
mod device;
mod faults;
mod google;
mod metadata;
mod microsoft;
mod serving;
mod tokens;

use std::time::Duration;

use super::*;

pub(super) const CALLBACK: &str = "http://127.0.0.1:1/callback";
pub(super) const OTRS_CALLBACK: &str = "https://desk.example/index.pl?Action=AdminMailAccount";
pub(super) const USER: &str = "desk@example.com";
pub(super) const PASSWORD: &str = "correct horse";
pub(super) const SCOPE: &str = "openid email imap smtp";

/// Options with two clients (`desk` with a secret, `script` without) and two users.
pub(super) fn options() -> ProviderOptions {
    ProviderOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        clients: vec![
            Client {
                id: "desk".into(),
                secret: Some("s3cret & more".into()),
                redirect_uris: vec![CALLBACK.into(), OTRS_CALLBACK.into()],
                ..Client::default()
            },
            Client {
                id: "script".into(),
                redirect_uris: vec![CALLBACK.into()],
                ..Client::default()
            },
        ],
        users: [USER, "other@example.com"]
            .map(|address| User {
                address: address.into(),
                password: PASSWORD.into(),
            })
            .into(),
        access_token_lifetime: Duration::from_hours(1),
        ..ProviderOptions::default()
    }
}

/// A provider with these options, and the book its tokens are in.
pub(super) async fn start(options: ProviderOptions) -> (IdentityProvider, TokenBook) {
    let book = TokenBook::default();
    let provider = IdentityProvider::start(options, book.clone())
        .await
        .unwrap();
    (provider, book)
}
