//! Delivery into a folder of another account's mailbox.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Clock, ManualClock, Random as _, SystemRandom};
use mailgrant_oauth::{ProviderKind, Resource, Scope};
use mailgrant_sandbox::ImapFault;
use mailgrant_vault::{
    AccountDraft, AppendSink, NewGrant, ProviderDraft, ProviderId, Sink, Source,
};
use secrecy::SecretString;

use super::{ADDRESS, Plan, SCOPE, World, count, now, sorted, unmarked};
use crate::connections::{Place, own_share};
use crate::plug::Plug;
use crate::{FetchError, Fetched};

pub(super) const ARCHIVE: &str = "archive@example.com";

fn into_folder(account: &str, folder: &str) -> Plan {
    Plan {
        sink: Some(Sink::Append(AppendSink {
            account: account.to_owned(),
            folder: folder.to_owned(),
        })),
        ..Plan::default()
    }
}

/// A world whose mail goes into the folder `Tickets & more` of the account `archive`.
async fn world() -> World {
    let world = into_folder("archive", "Tickets & more").build().await;
    archive(&world, Source::default(), SCOPE).await;
    world
        .server
        .wait_for(ARCHIVE, "Tickets &- more", |_| true)
        .await;
    world
}

/// Adds the account that takes the mail. It has no sink of its own.
pub(super) async fn archive(world: &World, source: Source, scope: &str) {
    archive_at(world, world.account.draft.provider, source, scope).await;
}

async fn archive_at(world: &World, provider: ProviderId, source: Source, scope: &str) {
    let draft = AccountDraft {
        name: "archive".into(),
        address: ARCHIVE.into(),
        provider,
        source,
        sink: None,
        ..world.account.draft.clone()
    };
    let account = world.vault.add_account(&draft, now()).await.unwrap();
    let access_token = SystemRandom.token();
    world.tokens.issue(&access_token, ARCHIVE, scope, 600);
    let grant = NewGrant {
        refresh_token: Some(SecretString::from(
            world.provider.grant("us", ARCHIVE, scope),
        )),
        scopes: Scope::parse_list(scope).unwrap(),
        subject: Some(ARCHIVE.into()),
        signed_in: Some(ARCHIVE.into()),
        access_token: SecretString::from(access_token),
        resource: Resource::Mail,
        expires_at: now() + SignedDuration::from_mins(10),
    };
    let stored = world.vault.store_grant(account.id, &grant, now()).await;
    stored.unwrap();
}

fn archived(world: &World) -> Vec<Vec<u8>> {
    let contents = world.server.contents(ARCHIVE, "Tickets &- more");
    contents.iter().map(|(_, _, raw)| unmarked(raw)).collect()
}

/// The server comes to the end of a message after all, and the folder has it as it was sent there.
fn takes_late(world: &World, raw: &[u8]) {
    let marked = [b"X-Loop: desk@example.com\r\n", raw].concat();
    world.server.deliver(ARCHIVE, "Tickets &- more", &marked);
}

/// Puts different messages into the inbox that have a Message-ID each.
fn receive(world: &World, count: usize) -> Vec<Vec<u8>> {
    let before = world.inbox().len();
    let messages = (before..before + count).map(|number| {
        let raw = format!("Message-ID: <{number}@example.org>\r\nSubject: x\r\n\r\nbody\r\n");
        world.server.deliver(ADDRESS, "INBOX", raw.as_bytes());
        raw.into_bytes()
    });
    messages.collect()
}

/// All that waits is due.
async fn fetch_later(world: &World) -> Result<Fetched, FetchError> {
    let later = now() + SignedDuration::from_hours(2);
    let clock = ManualClock::new(later);
    world.authorize().await;
    world.fetcher.at(clock).fetch_once(world.account.id).await
}

/// A clock that the test keeps its hands on.
pub(super) struct Shown(pub(super) Arc<ManualClock>);

impl Clock for Shown {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

fn logins(world: &World) -> u64 {
    let logins = world.server.logins().into_iter();
    logins.map(|(_, count)| count).sum()
}

fn why(error: &FetchError) -> String {
    assert!(matches!(error, FetchError::SinkDown { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_every_size_arrive_byte_for_byte_in_one_session() {
    let world = world().await;
    let line = b"a line that is not worth reading\r\n";
    let large: Vec<u8> = line.iter().copied().cycle().take(3 << 20).collect();
    let large = [b"Subject: large\r\n\r\n".as_slice(), &large].concat();
    let mut sent = world.receive(3);
    sent.push(b"Subject: gr\xfc\xdfe\n\nbare line ends".to_vec());
    sent.push(large);
    for raw in &sent[3..] {
        world.server.deliver(ADDRESS, "INBOX", raw);
    }
    let before = logins(&world);
    assert_eq!(world.fetch().await.unwrap().delivered, 5);
    assert!(archived(&world) == sent);
    assert_eq!(
        logins(&world) - before,
        2,
        "one for the source, one for the sink"
    );
    // Only the lock file is left.
    assert_eq!(count(&world.folder.path().join("spool")), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_nothing_and_doubles_nothing() {
    for effects in 0.. {
        let world = world().await;
        let sent = receive(&world, 3);
        let plug = Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        assert_eq!(crashed, plug.pulled(), "after {effects} effects");
        world.fetch().await.unwrap();
        assert!(
            sorted(archived(&world)) == sorted(sent),
            "after {effects} effects"
        );
        if !crashed {
            assert!(effects > 6, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_behind_a_message_gets_it_once() {
    for keeps in [false, true] {
        let world = world().await;
        let sent = receive(&world, 3);
        world.server.fault(hang_up(keeps), Some(1));
        let fetched = world.fetch().await.unwrap();
        let deferred = u64::from(!keeps);
        assert_eq!(
            (fetched.delivered, fetched.deferred),
            (3 - deferred, deferred)
        );
        fetch_later(&world).await.unwrap();
        assert!(sorted(archived(&world)) == sorted(sent), "{keeps}");
    }
}

#[tokio::test]
async fn what_became_of_a_message_is_found_out_even_after_a_restart() {
    for keeps in [false, true] {
        let world = world().await;
        let sent = receive(&world, 2);
        let out_of_order = ImapFault::HangUpAppend {
            keeps,
            then: Some(Box::new(ImapFault::Unavailable)),
        };
        world.server.fault(out_of_order, Some(1));
        let error = world.fetch().await.unwrap_err();
        assert!(why(&error).contains("UNAVAILABLE"), "{error}");
        world.server.clear_faults();
        let restarted = world.fetcher.unplugged(Plug::default());
        restarted.fetch_once(world.account.id).await.unwrap();
        assert!(sorted(archived(&world)) == sorted(sent), "{keeps}");
    }
}

#[tokio::test]
async fn a_message_that_the_server_takes_late_is_not_doubled() {
    let world = world().await;
    let sent = receive(&world, 1);
    let clock = Arc::new(ManualClock::new(now()));
    let later = world.fetcher.at(Shown(Arc::clone(&clock)));
    world.server.fault(hang_up(false), Some(1));
    let fetched = later.fetch_once(world.account.id).await.unwrap();
    assert_eq!(fetched.deferred, 1);
    takes_late(&world, &sent[0]);
    clock.advance(SignedDuration::from_mins(2));
    let fetched = later.fetch_once(world.account.id).await.unwrap();
    assert_eq!(fetched.delivered, 1);
    assert!(archived(&world) == sent);
}

#[tokio::test]
async fn nor_is_it_where_mailgrant_was_restarted_meanwhile() {
    let world = world().await;
    let sent = receive(&world, 1);
    world.server.fault(hang_up(false), Some(1));
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    takes_late(&world, &sent[0]);
    assert_eq!(fetch_later(&world).await.unwrap().delivered, 1);
    assert!(archived(&world) == sent);
}

/// A copy of a message that is in the folder already is cut off on its way.
#[tokio::test]
async fn of_two_copies_of_a_message_the_first_is_not_taken_for_the_second() {
    for keeps in [false, true] {
        let world = world().await;
        let raw = receive(&world, 1).remove(0);
        assert_eq!(world.fetch().await.unwrap().delivered, 1);
        world.server.deliver(ADDRESS, "INBOX", &raw);
        world.server.fault(hang_up(keeps), Some(1));
        world.fetch().await.unwrap();
        fetch_later(&world).await.unwrap();
        assert!(archived(&world) == [raw.clone(), raw], "{keeps}");
    }
}

/// The first is cut off, the second arrives, and only then is the first looked for again.
#[tokio::test]
async fn of_two_copies_of_a_message_the_second_is_not_taken_for_the_first() {
    for both_are_cut_off in [false, true] {
        let world = world().await;
        let raw = receive(&world, 1).remove(0);
        world.server.deliver(ADDRESS, "INBOX", &raw);
        world
            .server
            .fault(hang_up(false), Some(1 + u32::from(both_are_cut_off)));
        world.fetch().await.unwrap();
        if both_are_cut_off {
            // The server comes to the end of one of them late.
            takes_late(&world, &raw);
        }
        fetch_later(&world).await.unwrap();
        assert!(archived(&world) == [raw.clone(), raw], "{both_are_cut_off}");
    }
}

#[tokio::test]
async fn another_message_of_the_same_id_and_size_is_not_taken_for_this_one() {
    let world = world().await;
    let raw = receive(&world, 1).remove(0);
    let mut other = raw.clone();
    let last = other.len() - 3;
    other[last] = b'Y';
    world.server.fault(hang_up(false), Some(1));
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    world.server.deliver(ARCHIVE, "Tickets &- more", &other);
    fetch_later(&world).await.unwrap();
    assert!(archived(&world) == [other, raw]);
}

/// The server counts it as large as this one would be with the line ends that it should have.
#[tokio::test]
async fn another_message_in_a_size_that_this_one_may_get_is_not_taken_for_this_one() {
    let world = world().await;
    let raw = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\na\nb\n";
    let other = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\na\nbc\n";
    world.server.deliver(ADDRESS, "INBOX", raw);
    world.server.fault(hang_up(false), Some(1));
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    takes_late(&world, other);
    fetch_later(&world).await.unwrap();
    assert!(archived(&world) == [other.to_vec(), raw.to_vec()]);
}

#[tokio::test]
async fn a_message_that_got_the_line_ends_that_it_should_have_is_known_again() {
    let world = world().await;
    let raw = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\na\nb\n";
    let stored = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\na\r\nb\r\n";
    world.server.deliver(ADDRESS, "INBOX", raw);
    world.server.fault(hang_up(false), Some(1));
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    takes_late(&world, stored);
    fetch_later(&world).await.unwrap();
    assert!(archived(&world) == [stored.to_vec()]);
}

#[tokio::test]
async fn the_only_connection_that_a_mailbox_has_is_given_back_before_the_next_one() {
    let world = world().await;
    let sent = receive(&world, 1);
    let place = Place {
        server: world.account.draft.imap.to_string(),
        user: ARCHIVE.to_owned(),
    };
    let connections = &world.fetcher.shared().connections;
    let mut others = Vec::new();
    for _ in 1..own_share(None) {
        let permit = connections.permit(&place, own_share(None)).await;
        others.push(permit.unwrap());
    }
    world.server.fault(hang_up(true), Some(1));
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert!(archived(&world) == sent);
}

#[tokio::test]
async fn a_message_without_an_id_is_rather_doubled_than_lost() {
    let world = world().await;
    let sent = world.receive(1);
    world.server.fault(hang_up(true), Some(1));
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    fetch_later(&world).await.unwrap();
    assert!(archived(&world) == [sent[0].clone(), sent[0].clone()]);
}

#[tokio::test]
async fn another_message_with_the_same_id_is_not_taken_for_this_one() {
    let world = world().await;
    let list = b"Message-ID: <one@example.org>\r\nSubject: [list] x\r\n\r\n";
    let direct = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\n";
    world.server.deliver(ARCHIVE, "Tickets &- more", list);
    world.server.deliver(ADDRESS, "INBOX", direct);
    world.server.fault(hang_up(false), Some(1));
    assert_eq!(world.fetch().await.unwrap().deferred, 1);
    fetch_later(&world).await.unwrap();
    assert!(archived(&world) == [list.to_vec(), direct.to_vec()]);
}

#[tokio::test]
async fn a_full_mailbox_waits_and_a_message_that_is_never_taken_is_put_aside() {
    let world = world().await;
    let refuse = |text: &str| ImapFault::RefuseAppend(text.to_owned());
    world
        .server
        .fault(refuse("NO [OVERQUOTA] Mailbox is full"), Some(1));
    world
        .server
        .fault(refuse("NO [TOOBIG] Message is too large"), Some(1));
    let mut sent = receive(&world, 3);
    sent.push(b"Subject: x\r\n\r\na\0b\r\n".to_vec());
    world.server.deliver(ADDRESS, "INBOX", &sent[3]);
    let fetched = world.fetch().await.unwrap();
    let expected = Fetched {
        delivered: 1,
        deferred: 1,
        quarantined: 2,
    };
    assert_eq!(fetched, expected);
    let held = world.vault.quarantine(world.account.id, 9).await.unwrap();
    let reasons: Vec<&str> = held.iter().map(|held| held.reason.as_str()).collect();
    assert!(
        reasons.iter().any(|why| why.contains("too large")),
        "{reasons:?}"
    );
    assert!(reasons.iter().any(|why| why.contains("NUL")), "{reasons:?}");
    fetch_later(&world).await.unwrap();
    assert!(archived(&world) == [sent[2].clone(), sent[0].clone()]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_holds_the_mailbox_back_and_is_named() {
    let world = into_folder("archive", "Tickets & more").build().await;
    archive(&world, Source::default(), SCOPE).await;
    let sent = receive(&world, 2);
    let said = why(&world.fetch().await.unwrap_err());
    assert!(
        said.contains("archive has no folder Tickets & more"),
        "{said}"
    );
    let checked = world.fetcher.check(world.account.id).await;
    let said = checked.steps.last().unwrap().1.clone().unwrap_err();
    assert!(
        said.what.contains("has no folder Tickets & more"),
        "{said:?}"
    );
    world
        .server
        .wait_for(ARCHIVE, "Tickets &- more", |_| true)
        .await;
    world.fetch().await.unwrap();
    assert!(archived(&world) == sent);
}

#[tokio::test]
async fn an_account_that_is_not_there_or_not_authorised_is_named() {
    let world = into_folder("archive", "INBOX").build().await;
    receive(&world, 1);
    let said = why(&world.fetch().await.unwrap_err());
    assert!(said.contains("there is no account archive"), "{said}");
    let draft = AccountDraft {
        name: "archive".into(),
        address: ARCHIVE.into(),
        sink: None,
        ..world.account.draft.clone()
    };
    world.vault.add_account(&draft, now()).await.unwrap();
    let said = why(&world.fetch().await.unwrap_err());
    assert!(
        said.contains("archive") && said.contains("authori"),
        "{said}"
    );
}

#[tokio::test]
async fn an_account_whose_grant_is_for_another_protocol_is_named() {
    let world = into_folder("archive", "INBOX").build().await;
    let ours = world.vault.provider(world.account.draft.provider).await;
    let mut draft = ProviderDraft {
        name: "entra".into(),
        profile: ours.unwrap().unwrap().profile,
    };
    draft.profile.kind = ProviderKind::Microsoft;
    let provider = world.vault.add_provider(&draft, now()).await.unwrap();
    let scope = "offline_access https://outlook.office.com/SMTP.Send";
    archive_at(&world, provider.id, Source::default(), scope).await;
    receive(&world, 1);
    let said = why(&world.fetch().await.unwrap_err());
    assert!(
        said.contains("the account archive has no scope for IMAP"),
        "{said}"
    );
}

#[tokio::test]
async fn the_test_of_an_account_opens_the_folder_and_puts_nothing_there() {
    let world = world().await;
    let checked = world.fetcher.check(world.account.id).await;
    let (step, outcome) = checked.steps.last().unwrap();
    let words = outcome.as_ref().unwrap();
    assert_eq!(step, "sink");
    assert!(
        words.contains("Tickets & more of the account archive"),
        "{words}"
    );
    assert!(archived(&world).is_empty());
    let handed_over = world
        .fetcher
        .hand_over_test(world.account.id, &crate::TestTo::Rules)
        .await;
    assert!(handed_over.steps[0].1.is_ok(), "{handed_over:?}");
    assert_eq!(archived(&world).len(), 1);
}

#[tokio::test]
async fn a_token_that_ends_in_between_is_replaced_without_a_word() {
    let world = world().await;
    let sent = receive(&world, 1);
    world.fetch().await.unwrap();
    // Only the server knows that it has ended.
    world.tokens.revoke_user(ARCHIVE);
    let more = receive(&world, 1);
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert!(archived(&world) == [sent, more].concat());
}

#[tokio::test]
async fn an_account_whose_own_mail_is_fetched_by_pop3_takes_mail_by_imap() {
    let world = into_folder("archive", "INBOX").build().await;
    archive(&world, Source::Pop3, SCOPE).await;
    let sent = receive(&world, 1);
    world.fetch().await.unwrap();
    assert!(unmarked(&world.server.contents(ARCHIVE, "INBOX")[0].2) == sent[0]);
}

fn hang_up(keeps: bool) -> ImapFault {
    ImapFault::HangUpAppend { keeps, then: None }
}
