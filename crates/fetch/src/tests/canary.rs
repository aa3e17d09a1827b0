//! A message that Mailgrant sends to a mailbox to see it arrive there.

use std::sync::Arc;

use jiff::SignedDuration;
use mailgrant_base::ManualClock;
use mailgrant_oauth::{EndpointOverrides, ProviderKind, Scope};
use mailgrant_sandbox::{LineFault, MailServerOptions};
use mailgrant_vault::{
    AfterDelivery, Alarm, AlarmKind, MessageSearch, NewGrant, ProviderDraft, Watch,
};

use super::silence::Shown;
use super::{ADDRESS, Plan, World, now};
use crate::{Fetcher, canary, watch};

fn plan(after: AfterDelivery) -> Plan {
    Plan {
        after,
        watch: Watch {
            canary: Some(6),
            ..Watch::default()
        },
        server: MailServerOptions::default().with_every_protocol(),
        ..Plan::default()
    }
}

async fn send(fetcher: &Fetcher, world: &World) {
    canary::send(fetcher.shared(), &world.account)
        .await
        .unwrap();
}

/// Looks after the worker has come to the end of a look.
async fn alarms(fetcher: &Fetcher, world: &World) -> Vec<Alarm> {
    let shared = fetcher.shared();
    shared.board.completed(world.account.id, shared.now());
    watch::look(shared).await.unwrap();
    world.vault.alarms().await.unwrap()
}

#[tokio::test]
async fn a_canary_comes_through_is_handed_to_no_sink_and_counts_as_no_mail() {
    let world = plan(AfterDelivery::Delete).build().await;
    let id = world.account.id;
    send(&world.fetcher, &world).await;
    assert_eq!(world.inbox().len(), 1);
    let sent = world.vault.canaries(id, 5).await.unwrap();
    assert_eq!((sent.len(), sent[0].round_trip()), (1, None));
    let mail = world.receive(1);

    world.fetch().await.unwrap();
    assert_eq!(world.delivered(), mail, "the canary went nowhere");
    let sent = world.vault.canaries(id, 5).await.unwrap();
    assert!(sent[0].round_trip().is_some(), "{sent:?}");
    assert!(
        world.inbox().is_empty(),
        "what is done with mail is done with it"
    );
    let counts = world.vault.counts(id).await.unwrap();
    assert_eq!(counts.delivered, 1);
    let search = MessageSearch {
        text: Some("Canary".to_owned()),
        limit: 5,
        ..MessageSearch::default()
    };
    let found = world.vault.find_messages(&search).await.unwrap().messages;
    let answer = found[0].answer.as_deref();
    assert_eq!(answer, Some("dropped by Mailgrant, whose canary it is"));
    assert_eq!(alarms(&world.fetcher, &world).await, []);
}

#[tokio::test]
async fn a_canary_stays_where_mail_stays() {
    let world = plan(AfterDelivery::MarkSeen).build().await;
    send(&world.fetcher, &world).await;
    world.fetch().await.unwrap();
    let inbox = world.inbox();
    assert_eq!(inbox[0].1, ["\\Seen"]);
    assert!(world.delivered().is_empty());
}

#[tokio::test]
async fn a_message_that_only_looks_like_a_canary_is_delivered() {
    let world = plan(AfterDelivery::Keep).build().await;
    let raw = b"X-Mailgrant-Canary: a guess\r\nSubject: pay\r\n\r\nnow\r\n";
    world.server.deliver(ADDRESS, "INBOX", raw);
    world.fetch().await.unwrap();
    assert_eq!(world.delivered(), [raw.to_vec()]);
}

#[tokio::test]
async fn a_canary_that_does_not_arrive_is_missed_until_one_does() {
    let world = plan(AfterDelivery::Keep).build().await;
    let clock = Arc::new(ManualClock::new(now()));
    let fetcher = world.fetcher.at(Shown(Arc::clone(&clock)));
    world.server.smtp_fault(LineFault::LoseMessage, Some(1));
    send(&fetcher, &world).await;
    world.fetch().await.unwrap();
    clock.advance(SignedDuration::from_mins(50));
    assert_eq!(alarms(&fetcher, &world).await, [], "it may still come");
    clock.advance(SignedDuration::from_mins(11));
    let raised = alarms(&fetcher, &world).await;
    assert_eq!(raised[0].kind, AlarmKind::Canary);
    assert!(raised[0].what.contains("has not arrived"), "{raised:?}");
    assert!(raised[0].next.contains("junk"), "{raised:?}");

    send(&fetcher, &world).await;
    assert_eq!(alarms(&fetcher, &world).await, raised, "nobody knows yet");
    world.fetch().await.unwrap();
    assert_eq!(alarms(&fetcher, &world).await, []);
}

#[tokio::test]
async fn a_server_that_takes_no_canary_is_told_in_its_own_words() {
    let world = plan(AfterDelivery::Keep).build().await;
    let clock = Arc::new(ManualClock::new(now()));
    let fetcher = world.fetcher.at(Shown(Arc::clone(&clock)));
    let refusal = LineFault::Answer {
        command: "MAIL".to_owned(),
        lines: vec!["550 5.7.60 may not send as this sender".to_owned()],
    };
    world.server.smtp_fault(refusal, Some(1));
    send(&fetcher, &world).await;
    let sent = world.vault.canaries(world.account.id, 1).await.unwrap();
    let failure = sent[0].failure.clone().unwrap();
    assert!(failure.contains("may not send as this sender"), "{failure}");
    clock.advance(SignedDuration::from_hours(2));
    let raised = alarms(&fetcher, &world).await;
    assert!(
        raised[0].what.contains("no canary could be sent"),
        "{raised:?}"
    );
    assert_eq!(raised[0].next, failure);
}

#[tokio::test]
async fn a_grant_without_a_scope_for_sending_says_which_one_is_missing() {
    let world = plan(AfterDelivery::Keep).build().await;
    let (vault, account) = (&world.vault, &world.account);
    let known = vault
        .provider(account.draft.provider)
        .await
        .unwrap()
        .unwrap();
    let mut profile = known.profile;
    profile.kind = ProviderKind::Microsoft;
    profile.issuer = None;
    profile.endpoints = EndpointOverrides::default();
    profile.scopes = None;
    let draft = ProviderDraft {
        name: "entra".to_owned(),
        profile,
    };
    let entra = vault.add_provider(&draft, now()).await.unwrap();
    let mut draft = account.draft.clone();
    draft.provider = entra.id;
    let changed = vault.change_account(account.id, account.version, &draft, now());
    changed.await.unwrap();
    let scopes = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
    let grant = NewGrant {
        refresh_token: Some("refresh".into()),
        scopes: Scope::parse_list(scopes).unwrap(),
        subject: None,
        signed_in: None,
        access_token: "access".into(),
        resource: mailgrant_oauth::Resource::Mail,
        expires_at: now() + SignedDuration::from_mins(10),
    };
    vault.store_grant(account.id, &grant, now()).await.unwrap();
    let raised = alarms(&world.fetcher, &world).await;
    assert!(
        raised[0].what.contains("has no scope for SMTP"),
        "{raised:?}"
    );
    assert!(raised[0].next.contains("`smtp`"), "{raised:?}");
}
