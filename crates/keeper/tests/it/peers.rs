//! The providers themselves: what the tests rely on, and what a change at the provider does to the
//! keeper.

use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::world::{
    CLIENT, CLIENT_SECRET, DESK, DevicePeer, Peer, RotatingPeer, World, on_all_providers,
};

on_all_providers!(a_token_is_active_at_introspection_until_its_grant_is_revoked);

async fn a_token_is_active_at_introspection_until_its_grant_is_revoked(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let refresh_token = world.row(account).await.refresh_token.unwrap();
    let token = world.token(account).await.unwrap();
    let said = world.peer.introspect(token.token.expose_secret()).await;
    assert_eq!(
        (&said["active"], &said["client_id"]),
        (&true.into(), &CLIENT.into())
    );
    world.keeper.revoke(account, "tester").await.unwrap();
    let said = world.peer.introspect(&refresh_token).await;
    assert_eq!(said["active"], false);
}

/// Runs these tests against the providers that have what they need.
macro_rules! on_able_providers {
    ($($name:ident),* $(,)?) => {
        mod able {
            mod sandbox {
                $(#[tokio::test]
                async fn $name() {
                    super::super::$name(crate::world::World::sandbox().await).await;
                })*
            }

            mod oidc_provider {
                $(#[tokio::test]
                #[ignore = "needs oidc-provider; ./test installs it"]
                async fn $name() {
                    super::super::$name(crate::world::World::oidc_provider().await).await;
                })*
            }
        }
    };
}

on_able_providers!(
    a_provider_that_signs_with_another_key_is_understood_at_the_next_sign_in,
    a_provider_that_publishes_its_old_key_no_more_is_understood_at_the_next_sign_in,
    a_device_gets_its_tokens_once_somebody_has_allowed_it,
);

async fn a_provider_that_signs_with_another_key_is_understood_at_the_next_sign_in(
    world: World<impl RotatingPeer>,
) {
    survives_a_rotation(world, true).await;
}

async fn a_provider_that_publishes_its_old_key_no_more_is_understood_at_the_next_sign_in(
    world: World<impl RotatingPeer>,
) {
    survives_a_rotation(world, false).await;
}

/// Between two sign-ins; more than once in a minute the keys are not looked at anew.
async fn survives_a_rotation(world: World<impl RotatingPeer>, keep_old: bool) {
    let account = world.authorised(DESK).await;
    assert_eq!(world.grant(account).await.signed_in.as_deref(), Some(DESK));
    world.keeper.remove(account, "tester").await.unwrap();
    world.peer.rotate_keys(keep_old);
    let account = world.authorised(DESK).await;
    assert_eq!(world.grant(account).await.signed_in.as_deref(), Some(DESK));
    world.token(account).await.unwrap();
}

async fn a_device_gets_its_tokens_once_somebody_has_allowed_it(world: World<impl DevicePeer>) {
    let issuer = world.peer.issuer();
    let discovery = format!("{issuer}/.well-known/openid-configuration");
    let discovery: Value = json(http().get(discovery)).await;
    let post = async |endpoint: &str, form: &[(&str, &str)]| -> Value {
        let wrapped: String =
            url::form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
        let request = http().post(discovery[endpoint].as_str().unwrap());
        json(request.basic_auth(CLIENT, Some(wrapped)).form(form)).await
    };
    for allow in [true, false] {
        let scope = [("scope", "openid email offline_access")];
        let codes = post("device_authorization_endpoint", &scope).await;
        let text = |name: &str| codes[name].as_str().unwrap();
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", text("device_code")),
            ("client_id", CLIENT),
        ];
        let page = text("verification_uri");
        let answered = world
            .peer
            .answer_device(page, text("user_code"), DESK, allow);
        answered.await;
        let answer = post("token_endpoint", &form).await;
        if allow {
            assert!(answer["refresh_token"].is_string(), "{answer}");
        } else {
            assert_eq!(answer["error"], "access_denied");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider is asked by a device, not by the keeper"
)]
fn http() -> reqwest::Client {
    reqwest::Client::new()
}

async fn json(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}
