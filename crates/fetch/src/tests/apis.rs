//! Mail that is read by an API: Microsoft Graph and Gmail's.

use std::io::Read as _;

use jiff::Timestamp;
use mailgrant_base::Diagnose as _;
use mailgrant_mail::MailError;
use mailgrant_sandbox::{ApiFault, MailServerOptions, samples};
use mailgrant_vault::{AfterDelivery, MessageSearch, Source, StartFrom};
use tokio_util::sync::CancellationToken;

use super::{ADDRESS, Plan, World, sorted};
use crate::connect::Login;
use crate::plug::Plug;
use crate::visit::{Memory, Visit};
use crate::{FetchError, Fetched};

/// An API, and by what its requests are told apart.
#[derive(Debug, Clone, Copy)]
struct Way {
    source: Source,
    /// For changes since a place.
    changes: &'static str,
    /// For a message.
    message: &'static str,
    /// To delete one.
    delete: &'static str,
    /// For the inbox.
    inbox: &'static str,
    /// The API's word for a message that has gone.
    gone: &'static str,
    /// The API's word for too many requests, and the status.
    throttled: (u16, &'static str),
}

const WAYS: [Way; 2] = [
    Way {
        source: Source::Graph,
        changes: "messages/delta",
        message: "$value",
        delete: "/move",
        inbox: "mailFolders/inbox",
        gone: "ErrorItemNotFound",
        throttled: (429, "ApplicationThrottled"),
    },
    Way {
        source: Source::Gmail,
        changes: "/history",
        message: "format=raw",
        delete: "/trash",
        inbox: "labels/INBOX",
        gone: "notFound",
        throttled: (403, "userRateLimitExceeded"),
    },
];

impl Way {
    fn plan(self) -> Plan {
        Plan {
            source: self.source,
            server: MailServerOptions::default().with_apis(),
            ..Plan::default()
        }
    }

    async fn world(self, after: AfterDelivery) -> World {
        Plan {
            after,
            ..self.plan()
        }
        .build()
        .await
    }
}

fn delivered(count: u64) -> Fetched {
    Fetched {
        delivered: count,
        ..Fetched::default()
    }
}

fn refuse(to: &str, status: u16, code: &str, retry_after: Option<u64>) -> ApiFault {
    ApiFault::Refuse {
        to: to.to_owned(),
        status,
        code: code.to_owned(),
        retry_after,
    }
}

fn is_seen(flags: &[String]) -> bool {
    flags.iter().any(|flag| flag == "\\Seen")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_arrives_once_byte_for_byte() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let mut sent: Vec<Vec<u8>> = samples(7).into_iter().map(|sample| sample.raw).collect();
        for raw in &sent {
            world.server.deliver(ADDRESS, "INBOX", raw);
        }
        let first = world.fetch().await.unwrap();
        assert_eq!(first, delivered(sent.len() as u64));
        // More than one page of changes.
        sent.extend(world.receive(45));
        assert_eq!(world.fetch().await.unwrap(), delivered(45));
        assert_eq!(world.fetch().await.unwrap(), delivered(0));
        let (got, sent) = (world.delivered(), sorted(sent));
        for (got, sent) in got.iter().zip(&sent) {
            assert!(got == sent, "{}", String::from_utf8_lossy(sent));
        }
        assert_eq!(got.len(), sent.len());
        assert!(world.inbox().iter().all(|(_, flags, _)| !is_seen(flags)));
    }
}

#[tokio::test]
async fn what_is_delivered_is_marked_moved_or_put_into_the_bin() {
    for way in WAYS {
        let to_done = AfterDelivery::Move {
            folder: "Done".to_owned(),
        };
        for after in [AfterDelivery::MarkSeen, to_done, AfterDelivery::Delete] {
            let world = way.world(after.clone()).await;
            let sent = world.receive(3);
            assert_eq!(world.fetch().await.unwrap(), delivered(3));
            assert_eq!(world.fetch().await.unwrap(), delivered(0));
            let (inbox, bin) = (
                world.inbox(),
                world.server.contents(ADDRESS, "Deleted Items"),
            );
            let done = world.server.contents(ADDRESS, "Done");
            let counts = (inbox.len(), done.len(), bin.len());
            match after {
                AfterDelivery::MarkSeen => {
                    assert_eq!(counts, (3, 1, 0));
                    assert!(inbox.iter().all(|(_, flags, _)| is_seen(flags)));
                }
                AfterDelivery::Move { .. } => assert_eq!(counts, (0, 4, 0)),
                _ => assert_eq!(counts, (0, 1, 3)),
            }
            assert!(world.delivered() == sorted(sent));
        }
    }
}

#[tokio::test]
async fn a_move_to_nowhere_is_told_and_holds_up_no_mail() {
    for way in WAYS {
        let world = way
            .world(AfterDelivery::Move {
                folder: "Nowhere".to_owned(),
            })
            .await;
        let sent = world.receive(2);
        let error = world.fetch().await.unwrap_err();
        assert!(error.to_string().contains("Nowhere"), "{error}");
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn where_nothing_may_be_moved_mail_comes_all_the_same() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Delete).await;
        let sent = world.receive(2);
        let denied = refuse(way.delete, 403, "ErrorAccessDenied", None);
        world.server.api_fault(denied, None);
        let error = world.fetch().await.unwrap_err();
        assert!(
            error.to_string().contains("to move a message")
                || error.to_string().contains("to delete a message"),
            "{error}"
        );
        assert!(world.delivered() == sorted(sent.clone()));
        // It is made up for once it is allowed.
        world.server.clear_faults();
        world.fetch().await.unwrap();
        assert!(world.inbox().is_empty());
        assert!(world.delivered() == sorted(sent));
    }
}

/// Looks into the mailbox, as a worker does that remembers at which messages it broke off.
async fn look(world: &World, memory: &mut Memory) -> Result<Fetched, FetchError> {
    let (shared, never) = (world.fetcher.shared(), CancellationToken::new());
    let mut source = Login::new(shared).open(&world.account).await?.source;
    let visit = Visit::begin(shared, &world.account, &mut source, memory, &never);
    Ok(visit.await?.fetch().await?.fetched)
}

#[tokio::test]
async fn a_message_for_which_the_server_alone_has_no_time_is_set_aside() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let mut sent = world.receive(1);
        assert_eq!(world.fetch().await.unwrap(), delivered(1));
        world.receive(1);
        let mut memory = Memory::default();
        let (status, code) = way.throttled;
        let busy = |to: &str| refuse(to, status, code, None);
        world.server.api_fault(busy(way.message), Some(1));
        look(&world, &mut memory).await.unwrap_err();
        let (vault, account) = (&world.vault, world.account.id);
        let names = vault.names_of(account, "INBOX", 1 << 31, &[2]).await;
        let name = &names.unwrap().unwrap()[0].1;
        let this_one = match way.source {
            Source::Graph => format!("{name}/$value"),
            _ => format!("{name}?format=raw"),
        };
        world.server.api_fault(busy(&this_one), None);
        let held = loop {
            sent.extend(world.receive(1));
            let fetched = look(&world, &mut memory).await;
            assert!(world.delivered() == sorted(sent.clone()), "the others come");
            if let Ok(fetched) = fetched {
                assert_eq!((fetched.delivered, fetched.quarantined), (1, 1));
                break vault.quarantine(account, 9).await.unwrap();
            }
            assert!(sent.len() < 9, "it is never set aside");
        };
        assert!(held[0].reason.contains("asks for patience"), "{held:?}");
    }
}

#[tokio::test]
async fn whoever_looks_at_a_message_numbers_nothing_and_begins_no_epoch() {
    let pop3 = Way {
        source: Source::Pop3,
        ..WAYS[0]
    };
    let imap = Way {
        source: Source::Imap,
        ..WAYS[0]
    };
    for way in [WAYS[0], WAYS[1], pop3, imap] {
        let plan = way.plan();
        let server = plan.server.clone().with_every_protocol();
        let world = Plan { server, ..plan }.build().await;
        let sent = world.receive(1);
        world.fetch().await.unwrap();
        let (vault, account) = (&world.vault, world.account.id);
        let search = MessageSearch {
            limit: 9,
            ..MessageSearch::default()
        };
        let found = vault.find_messages(&search).await.unwrap().messages;
        let before = vault.numbered(account, "INBOX").await.unwrap();
        world.receive(1);
        let original = world.fetcher.original(&found[0]).await.unwrap();
        let mut read = Vec::new();
        original.unwrap().read_to_end(&mut read).unwrap();
        assert!(read == sent[0], "{way:?}");
        // As if the server had begun anew.
        world.server.renumber(ADDRESS, "INBOX");
        let original = world.fetcher.original(&found[0]).await.unwrap();
        assert!(original.is_none(), "{way:?}");
        let after = vault.numbered(account, "INBOX").await.unwrap();
        assert_eq!(before, after, "{way:?}");
        let again = vault.find_messages(&search).await.unwrap().messages;
        assert!(again[0].present, "{way:?}");
        assert_eq!(again.len(), 1);
    }
}

/// Another process has begun a new epoch while a session was open.
#[tokio::test]
async fn numbers_that_mean_others_by_now_let_no_message_pass_for_gone() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        world.receive(1);
        let (vault, account) = (&world.vault, world.account.id);
        let mut source = Login::new(world.fetcher.shared())
            .open(&world.account)
            .await
            .unwrap()
            .source;
        source.select("INBOX").await.unwrap();
        let others = ["another".to_owned()];
        vault
            .number_all(account, "INBOX", &others, super::now())
            .await
            .unwrap();
        let asked = source.start_fetch(&[1]).await;
        let error = asked.unwrap_err().to_string();
        assert!(error.contains("other names than before"), "{error}");
    }
}

#[tokio::test]
async fn folders_are_found_by_the_way_to_them() {
    for way in WAYS {
        let plan = Plan {
            folders: "INBOX; Support/*",
            ..way.plan()
        };
        let world = plan.build().await;
        let mut sent = world.receive(1);
        for (folder, raw) in [
            ("Support/Printers/Broken", b"Subject: smoke\r\n\r\n"),
            ("Support/Printers", b"Subject: paper\r\n\r\n"),
            ("Elsewhere", b"Subject: other\r\n\r\n"),
        ] {
            world.server.deliver(ADDRESS, folder, raw);
            sent.push(raw.to_vec());
        }
        sent.pop();
        assert_eq!(world.fetch().await.unwrap(), delivered(3));
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn where_to_begin_is_what_was_chosen() {
    for way in WAYS {
        let day = jiff::civil::date(2026, 3, 4);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (start, old) in [
            (StartFrom::Everything, 4),
            (StartFrom::Unseen, 2),
            (StartFrom::Since(day), 2),
            (StartFrom::OnlyNew, 0),
        ] {
            let world = Plan {
                start,
                ..way.plan()
            }
            .build()
            .await;
            for (number, flags, received) in [
                (1, &["\\Seen"][..], at("2026-03-03T23:59:59Z")),
                (2, &[], at("2026-03-03T23:59:59Z")),
                (3, &["\\Seen"], at("2026-03-04T00:00:00Z")),
                (4, &[], at("2026-03-05T00:00:00Z")),
            ] {
                let raw = format!("Subject: old {number}\r\n\r\n");
                let server = &world.server;
                server.restore(ADDRESS, "INBOX", raw.as_bytes(), flags, received);
            }
            assert_eq!(world.fetch().await.unwrap(), delivered(old), "{start:?}");
            world.receive(2);
            assert_eq!(world.fetch().await.unwrap(), delivered(2), "{start:?}");
        }
    }
}

#[tokio::test]
async fn a_place_that_is_no_longer_known_delivers_nothing_twice() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let mut sent = world.receive(30);
        world.fetch().await.unwrap();
        world.server.api_fault(ApiFault::ForgottenPlace, Some(1));
        sent.extend(world.receive(2));
        assert_eq!(world.fetch().await.unwrap(), delivered(2));
        assert_eq!(world.fetch().await.unwrap(), delivered(0));
        // Where all ids are others too, mail is known by its content.
        world.server.renumber(ADDRESS, "INBOX");
        sent.extend(world.receive(1));
        assert_eq!(world.fetch().await.unwrap(), delivered(1));
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn new_mail_is_new_although_all_before_it_has_gone_and_the_place_is_forgotten() {
    for way in WAYS {
        let plan = Plan {
            after: AfterDelivery::Delete,
            start: StartFrom::OnlyNew,
            ..way.plan()
        };
        let world = plan.build().await;
        world.fetch().await.unwrap();
        let mut sent = world.receive(2);
        assert_eq!(world.fetch().await.unwrap(), delivered(2));
        world.server.api_fault(ApiFault::ForgottenPlace, Some(1));
        let late = b"Subject: late\r\n\r\n";
        world.server.deliver(ADDRESS, "INBOX", late);
        sent.push(late.to_vec());
        assert_eq!(world.fetch().await.unwrap(), delivered(1));
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn a_throttled_mailbox_says_when_and_loses_nothing() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Delete).await;
        world.fetch().await.unwrap();
        let sent = world.receive(3);
        for to in [way.changes, way.message, way.delete] {
            let (status, code) = way.throttled;
            let fault = refuse(to, status, code, Some(7));
            world.server.api_fault(fault, Some(1));
            let error = world.fetch().await.unwrap_err();
            let FetchError::Mail(MailError::Later { retry_after, .. }) = &error else {
                panic!("{error:?}");
            };
            assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(7));
        }
        world
            .server
            .api_fault(refuse(way.message, 503, "", None), Some(1));
        world.fetch().await.unwrap();
        world.fetch().await.unwrap();
        assert!(world.inbox().is_empty());
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn a_message_that_breaks_off_is_asked_for_again() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let sent = world.receive(3);
        world
            .server
            .api_fault(ApiFault::TruncateMessage(9), Some(1));
        world.fetch().await.unwrap_err();
        world.fetch().await.unwrap();
        assert!(world.delivered() == sorted(sent));
    }
}

#[tokio::test]
async fn a_message_that_the_server_cannot_give_holds_back_no_other() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        world.receive(1);
        let broken = refuse(way.message, 500, "ErrorInternalServerError", None);
        world.server.api_fault(broken, Some(3));
        let running = world.run();
        world
            .until("it is put aside", |world| {
                world.activity() == Some("polling")
            })
            .await;
        let behind = world.receive(3);
        world
            .until("the others", |world| world.delivered().len() == 3)
            .await;
        running.stop().await;
        assert!(world.delivered() == sorted(behind));
        let counts = world.vault.counts(world.account.id).await.unwrap();
        assert_eq!(counts.waiting, 1);
    }
}

#[tokio::test]
async fn a_message_that_has_gone_holds_back_no_other() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let sent = world.receive(3);
        let gone = refuse(way.message, 404, way.gone, None);
        world.server.api_fault(gone, Some(1));
        assert_eq!(world.fetch().await.unwrap(), delivered(2));
        assert_eq!(world.fetch().await.unwrap(), delivered(0));
        let got = world.delivered();
        assert!(got.len() == 2 && got.iter().all(|raw| sent.contains(raw)));
    }
}

#[tokio::test]
async fn what_somebody_has_moved_away_before_it_was_fetched_stays_there() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        world.receive(2);
        let (status, code) = way.throttled;
        let throttled = refuse(way.message, status, code, None);
        world.server.api_fault(throttled, Some(1));
        world.fetch().await.unwrap_err();
        world.server.move_all(ADDRESS, "INBOX", "Done");
        let sent = world.receive(1);
        assert_eq!(world.fetch().await.unwrap(), delivered(1), "{way:?}");
        assert!(world.delivered() == sent);
    }
}

#[tokio::test]
async fn a_token_that_ends_on_the_way_is_replaced() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let sent = world.receive(3);
        // One that is refused at once is renewed ahead of its time.
        world.tokens.revoke_user(ADDRESS);
        assert_eq!(world.fetch().await.unwrap(), delivered(3));
        // One that ends later ends the session, and is no trouble.
        let ended = refuse(way.message, 401, "InvalidAuthenticationToken", None);
        world.server.api_fault(ended, Some(1));
        let more = world.receive(2);
        let running = world.run();
        world
            .until("the others", |world| world.delivered().len() == 5)
            .await;
        running.stop().await;
        assert!(world.delivered() == sorted([sent, more].concat()));
    }
}

#[tokio::test]
async fn a_token_goes_nowhere_but_to_the_api() {
    // Gmail's answers name no address for the next page.
    let world = WAYS[0].world(AfterDelivery::Keep).await;
    world.receive(30);
    world.server.api_fault(ApiFault::ForeignLink, Some(1));
    let error = world.fetch().await.unwrap_err();
    assert!(error.to_string().contains("elsewhere"), "{error}");
    assert_eq!(world.fetch().await.unwrap(), delivered(30));
}

#[tokio::test]
async fn who_has_no_right_to_the_mailbox_is_told_what_to_do() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Keep).await;
        let denied = refuse(way.inbox, 403, "ErrorAccessDenied", None);
        world.server.api_fault(denied, None);
        let error = world.fetch().await.unwrap_err();
        let told = error.diagnosis();
        assert!(told.next.contains("`graph`"), "{told}");
        let said = told.said.unwrap_or_default();
        assert!(said.contains("ErrorAccessDenied"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_nothing_and_doubles_nothing() {
    for way in WAYS {
        for effects in 0.. {
            let world = way.world(AfterDelivery::Delete).await;
            let sent = world.receive(4);
            let plug = Plug::after(effects);
            let fetcher = world.fetcher.unplugged(plug.clone());
            let crashed = fetcher.fetch_once(world.account.id).await.is_err();
            assert_eq!(crashed, plug.pulled(), "after {effects} effects");
            world.fetch().await.unwrap();
            assert!(world.delivered() == sorted(sent), "after {effects} effects");
            assert!(world.inbox().is_empty(), "after {effects} effects");
            if !crashed {
                assert!(effects > 12, "the plug is asked before every effect");
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_test_of_the_account_asks_the_api() {
    for way in WAYS {
        let plan = Plan {
            after: AfterDelivery::Move {
                folder: "Done".to_owned(),
            },
            ..way.plan()
        };
        let world = plan.build().await;
        world.receive(2);
        let checked = world.fetcher.check(world.account.id).await;
        let words: Vec<String> = checked
            .steps
            .iter()
            .map(|(_, outcome)| outcome.clone().unwrap())
            .collect();
        let found = "INBOX has 2 messages, Done is there for delivered mail";
        assert!(words.contains(&found.to_owned()), "{words:?}");
        assert!(
            words.iter().any(|words| words.contains(ADDRESS)),
            "{words:?}"
        );
        assert_eq!(world.fetch().await.unwrap(), delivered(2));
    }
}

#[tokio::test]
async fn a_worker_looks_again_and_again_and_waits_as_it_is_told() {
    for way in WAYS {
        let world = way.world(AfterDelivery::Delete).await;
        let throttled = refuse(way.changes, 429, "TooManyRequests", Some(1));
        world.server.api_fault(throttled, Some(1));
        let running = world.run();
        world.receive(2);
        world
            .until("the first two", |world| world.delivered().len() == 2)
            .await;
        let third = b"Subject: the third\r\n\r\n";
        world.server.deliver(ADDRESS, "INBOX", third);
        world
            .until("the third", |world| world.delivered().len() == 3)
            .await;
        running.stop().await;
        assert!(world.inbox().is_empty());
    }
}
