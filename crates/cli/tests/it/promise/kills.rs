//! SIGKILL at many instants, into every sink: afterwards no message is missing, and none is there
//! twice where the sink can tell.

use super::campaign::{Campaign, Way};
use super::outcome::Outcome;
use super::sinks::Kind;

/// A sink that can tell a message that it has already: nothing arrives twice.
async fn exactly_once(kind: Kind, way: Way) {
    let outcome = Campaign::begin(kind, way).await.run().await;
    assert_eq!(outcome.doubled, 0, "{outcome}");
    nothing_lost(&outcome);
}

/// A sink that cannot: each kill may double what was in flight, and nothing else.
async fn at_least_once(kind: Kind, way: Way) {
    let outcome = Campaign::begin(kind, way).await.run().await;
    assert!(outcome.doubled <= outcome.blows, "{outcome}");
    nothing_lost(&outcome);
}

fn nothing_lost(outcome: &Outcome) {
    assert_eq!(outcome.lost, 0, "{outcome}");
    assert_eq!(outcome.strange, 0, "{outcome}");
    assert_eq!(outcome.second_names, 0, "{outcome}");
    assert!(
        outcome.blows * 3 >= outcome.runs,
        "too few kills to show anything: {outcome}"
    );
}

macro_rules! campaigns {
    ($($name:ident: $promise:ident($kind:expr, $way:expr);)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $promise($kind, $way).await;
            }
        )*
    };
}

campaigns! {
    a_maildir_has_every_message_once_however_often_fetch_is_killed:
        exactly_once(Kind::Maildir, Way::Fetch);
    a_maildir_has_every_message_once_however_often_serve_is_killed:
        exactly_once(Kind::Maildir, Way::Serve);
    a_maildir_has_every_message_once_though_pop3_is_killed:
        exactly_once(Kind::Maildir, Way::FetchByPop3);
    a_maildir_has_every_message_once_though_fetching_by_graph_is_killed:
        exactly_once(Kind::Maildir, Way::FetchByGraph);
    a_maildir_has_every_message_once_though_fetching_by_gmails_api_is_killed:
        exactly_once(Kind::Maildir, Way::FetchByGmail);
    another_mailbox_has_every_message_once_however_often_fetch_is_killed:
        exactly_once(Kind::Append, Way::Fetch);
    another_mailbox_has_every_message_once_however_often_serve_is_killed:
        exactly_once(Kind::Append, Way::Serve);
    a_program_misses_no_message_however_often_fetch_is_killed:
        at_least_once(Kind::Command, Way::Fetch);
    a_program_misses_no_message_however_often_serve_is_killed:
        at_least_once(Kind::Command, Way::Serve);
    an_lmtp_server_that_knows_keys_has_every_message_once_however_often_fetch_is_killed:
        exactly_once(Kind::LmtpWithKeys, Way::Fetch);
    an_lmtp_server_that_knows_keys_has_every_message_once_however_often_serve_is_killed:
        exactly_once(Kind::LmtpWithKeys, Way::Serve);
    a_plain_lmtp_server_misses_no_message_however_often_fetch_is_killed:
        at_least_once(Kind::Lmtp, Way::Fetch);
    a_plain_lmtp_server_misses_no_message_however_often_serve_is_killed:
        at_least_once(Kind::Lmtp, Way::Serve);
    an_smtp_server_misses_no_message_however_often_fetch_is_killed:
        at_least_once(Kind::Smtp, Way::Fetch);
    an_smtp_server_misses_no_message_however_often_serve_is_killed:
        at_least_once(Kind::Smtp, Way::Serve);
    a_web_receiver_that_knows_keys_has_every_message_once_however_often_fetch_is_killed:
        exactly_once(Kind::Webhook, Way::Fetch);
    a_web_receiver_that_knows_keys_has_every_message_once_however_often_serve_is_killed:
        exactly_once(Kind::Webhook, Way::Serve);
}
