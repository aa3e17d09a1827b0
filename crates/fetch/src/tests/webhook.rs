//! Delivery to a web address.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use mailgrant_base::{ManualClock, SystemClock, SystemRandom};
use mailgrant_lab::Certificate;
use mailgrant_mail::Trust;
use mailgrant_vault::{MessageSearch, Sink, WebhookFormat, WebhookSink};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::receiver::{Receiver, Request};
use super::{ADDRESS, Plan, World, count, now};
use crate::plug::Plug;
use crate::{FetchError, FetchSettings, Fetched, Fetcher, FetcherMetrics};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_over_https_to_whose_certificate_is_trusted_and_to_nobody_else() {
    let certificate = Certificate::for_loopback();
    let receiver = Receiver::start_with_tls(&certificate).await;
    let mut world = world(&receiver, WebhookFormat::Raw).await;
    let sent = world.receive(2);
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::SinkDown { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(receiver.requests().is_empty());

    trust(&mut world, &certificate);
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    let requests = receiver.requests();
    let arrived: Vec<_> = requests
        .iter()
        .map(|request| request.body.clone())
        .collect();
    assert_eq!(arrived, sent);
    for request in &requests {
        assert!(is_signed(&world, request).await);
    }
}

/// Lets the fetcher trust this certificate besides the mail server's.
fn trust(world: &mut World, certificate: &Certificate) {
    let pems = [
        certificate.certificate.as_str(),
        &world.server.certificate_pem(),
    ];
    let trusted = pems.map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap());
    let shared = world.fetcher.shared();
    let settings = FetchSettings {
        trust: Trust::system_and(trusted.to_vec()).unwrap(),
        ..shared.settings.clone()
    };
    world.fetcher = Fetcher::new(
        world.vault.clone(),
        shared.keeper.clone(),
        settings,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        FetcherMetrics::default(),
    );
}

#[tokio::test]
async fn what_the_receiver_wants_later_is_not_tried_before_the_time_that_it_names() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, WebhookFormat::Raw).await;
    world.receive(1);
    receiver.answer_next(429, &[("retry-after", "1800")]);
    let start = now();
    let at = |time| world.fetcher.at(ManualClock::new(time));
    let first = at(start).fetch_once(world.account.id).await.unwrap();
    assert_eq!(first.deferred, 1);
    let search = MessageSearch {
        limit: 1,
        ..MessageSearch::default()
    };
    let page = world.vault.find_messages(&search).await.unwrap();
    let retry_at = page.messages[0].retry_at.unwrap();
    // The database keeps microseconds.
    let named = start + SignedDuration::from_mins(30) - SignedDuration::from_micros(1);
    assert!(retry_at >= named, "{retry_at} is before {named}");

    let before = at(retry_at - SignedDuration::from_secs(1));
    let second = before.fetch_once(world.account.id).await.unwrap();
    assert_eq!(second, Fetched::default());
    assert_eq!(receiver.requests().len(), 1);
    world.authorize().await;
    let third = at(retry_at).fetch_once(world.account.id).await.unwrap();
    assert_eq!(third.delivered, 1);
}

#[tokio::test]
#[ignore = "needs Python; ./test installs it"]
async fn the_lines_of_the_documentation_verify_a_request_and_nothing_that_was_changed() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, WebhookFormat::Json).await;
    world.receive(1);
    world.fetch().await.unwrap();
    let request = receiver.requests().remove(0);
    let secret = world.vault.webhook_secret(world.account.id, None).await;
    let secret = secret.unwrap().expose_secret().to_owned();
    assert_eq!(verified_by_python(&secret, &request), "True");
    let changed = Request {
        body: [&request.body[..], b" "].concat(),
        ..request.clone()
    };
    assert_eq!(verified_by_python(&secret, &changed), "False");
    let other = format!("whsec_{}", BASE64_STANDARD.encode([7; 24]));
    assert_eq!(verified_by_python(&other, &request), "False");
}

/// What the block in `docs/delivery.md` says to a request.
fn verified_by_python(secret: &str, request: &Request) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/delivery.md");
    let page = mailgrant_base::files::read(&page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let (_, block) = page.split_once("```python\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let ask = "import json, sys
given = json.loads(sys.argv[1])
print(verified(given['secret'], given['headers'], base64.b64decode(given['body'])))";
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: BTreeMap<_, _> = names.map(|name| (name, request.header(name))).into();
    let body = BASE64_STANDARD.encode(&request.body);
    let given = serde_json::json!({ "secret": secret, "headers": headers, "body": body });
    let output = Command::new("/usr/bin/python3")
        .args(["-c", &format!("{block}{ask}"), &given.to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
