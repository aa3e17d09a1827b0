//! Delivery to a web address.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mailgrant_vault::{Sink, WebhookFormat, WebhookSink};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::receiver::{Receiver, Request};
use super::{ADDRESS, Plan, World, count};
use crate::plug::Plug;
use crate::{FetchError, Fetched};

fn sink(url: Url, format: WebhookFormat) -> WebhookSink {
    WebhookSink {
        url,
        format,
        time_limit: Duration::from_secs(20),
        anywhere: false,
    }
}

async fn world(receiver: &Receiver, format: WebhookFormat) -> World {
    let plan = Plan {
        sink: Some(Sink::Webhook(sink(receiver.url(), format))),
        ..Plan::default()
    };
    plan.build().await
}

/// With the secret of the account's own sink.
async fn is_signed(world: &World, request: &Request) -> bool {
    let secret = world.vault.webhook_secret(world.account.id, None).await;
    is_signed_with(&secret.unwrap(), request)
}

/// As a receiver verifies it, after the scheme's description.
pub(super) fn is_signed_with(secret: &SecretString, request: &Request) -> bool {
    let key = BASE64_STANDARD.decode(&secret.expose_secret()["whsec_".len()..]);
    let (id, time) = (
        request.header("webhook-id"),
        request.header("webhook-timestamp"),
    );
    let mut signed = format!("{id}.{time}.").into_bytes();
    signed.extend(&request.body);
    let signature = request.header("webhook-signature");
    let signature = signature.strip_prefix("v1,").unwrap();
    let tag = BASE64_STANDARD.decode(signature).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.unwrap());
    hmac::verify(&key, &signed, &tag).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_messages_of_every_size_arrive_byte_for_byte_and_signed() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, WebhookFormat::Raw).await;
    let large = [b"Subject: large\r\n\r\n".as_slice(), &vec![b'x'; 3 << 20]].concat();
    let sent = [b"Subject: small\r\n\r\n\x00\xff\r\n".to_vec(), large];
    for raw in &sent {
        world.server.deliver(ADDRESS, "INBOX", raw);
    }
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    for (request, raw) in requests.iter().zip(&sent) {
        assert!(request.body == *raw);
        assert_eq!(request.header("content-type"), "message/rfc822");
        assert_eq!(request.header("mailgrant-account"), "desk");
        assert_eq!(request.header("mailgrant-folder"), "INBOX");
        assert!(is_signed(&world, request).await);
    }
    // Only the lock file is left.
    assert_eq!(count(&world.folder.path().join("spool")), 1);
}

#[tokio::test]
async fn a_message_arrives_as_json() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, WebhookFormat::Json).await;
    world.receive(1);
    world.fetch().await.unwrap();
    let request = receiver.requests().remove(0);
    assert_eq!(request.header("content-type"), "application/json");
    assert!(is_signed(&world, &request).await);
    let event: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(event["type"], "message.received");
    assert_eq!(event["data"]["subject"], "number 0");
    assert_eq!(event["data"]["text"], "body of 0\r\n");
    assert_eq!(event["data"]["key"], request.header("webhook-id"));
}

#[tokio::test]
async fn each_answer_means_what_it_means_and_holds_up_no_other_message() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, WebhookFormat::Raw).await;
    let later = [301, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503];
    let never = [400, 413, 415, 422];
    for status in [&later[..], &never, &[200, 202, 204]].concat() {
        receiver.answer_next(status, &[("retry-after", "1800")]);
        world.receive(1);
    }
    let fetched = world.fetch().await.unwrap();
    assert_eq!(
        fetched,
        Fetched {
            delivered: 3,
            deferred: 11,
            quarantined: 4
        }
    );
    let held = world.vault.quarantine(world.account.id, 100).await.unwrap();
    assert!(
        held.iter()
            .all(|held| held.reason.contains("the receiver's words")),
        "{held:?}"
    );
}

#[tokio::test]
async fn nobody_there_holds_the_mailbox_back_and_tells_no_secret() {
    let receiver = Receiver::start().await;
    let gone = sink(
        Url::parse("http://127.0.0.1:1/in?token=hidden").unwrap(),
        WebhookFormat::Raw,
    );
    drop(receiver);
    let plan = Plan {
        sink: Some(Sink::Webhook(gone)),
        ..Plan::default()
    };
    let world = plan.build().await;
    world.receive(2);
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::SinkDown { .. }), "{error}");
    let words = format!("{error} {error:?}");
    assert!(words.contains("refused"), "{words}");
    assert!(!words.contains("hidden"), "{words}");
}

#[tokio::test]
async fn nothing_is_sent_where_a_cloud_keeps_its_secrets() {
    for url in ["http://169.254.169.254/latest", "https://[fe80::1]/"] {
        let sink = sink(Url::parse(url).unwrap(), WebhookFormat::Raw);
        let plan = Plan {
            sink: Some(Sink::Webhook(sink)),
            ..Plan::default()
        };
        let world = plan.build().await;
        world.receive(1);
        let error = world.fetch().await.unwrap_err().to_string();
        assert!(error.contains("link-local"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_at_any_effect_every_message_has_arrived_and_one_id_each() {
    for effects in 0.. {
        let receiver = Receiver::start().await;
        let world = world(&receiver, WebhookFormat::Raw).await;
        let sent = world.receive(3);
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        assert_eq!(crashed, plug.pulled(), "after {effects} effects");
        world.fetch().await.unwrap();
        let requests = receiver.requests();
        let ids: BTreeSet<_> = requests
            .iter()
            .map(|request| (request.header("webhook-id"), &request.body))
            .collect();
        let bodies: BTreeSet<_> = sent.iter().collect();
        assert_eq!(ids.len(), sent.len(), "after {effects} effects");
        let arrived: BTreeSet<_> = ids.into_iter().map(|(_, body)| body).collect();
        assert_eq!(arrived, bodies, "after {effects} effects");
        assert!(requests.len() <= sent.len() + 1, "after {effects} effects");
        if !crashed {
            assert!(effects > 6, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test]
async fn the_test_of_an_account_asks_the_receiver_and_sends_it_no_mail() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, WebhookFormat::Raw).await;
    let checked = world.fetcher.check(world.account.id).await;
    let (step, outcome) = checked.steps.last().unwrap();
    let words = outcome.as_ref().unwrap();
    assert_eq!(step, "sink");
    assert!(words.contains("answers"), "{words}");
    assert!(!words.contains("hidden"), "{words}");
    assert!(receiver.requests().is_empty());
}
