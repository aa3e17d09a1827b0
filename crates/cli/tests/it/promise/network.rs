//! Fetching over a bad network: connections are reset, cut off, stalled, cut into single bytes,
//! interspersed with garbage, answered in another order, and refused. When that is over all mail is
//! there.

use mailgrant_lab::{Dovecot, DovecotOptions, FaultProxy, Harm, Passing};
use mailgrant_sandbox::{IdentityProvider, MailServer, MailServerOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Executor as _};

use super::campaign::{change, read_by_api};
use super::chance::{Asked, Chance};
use super::outcome::{Arrived, Outcome, print_of};
use super::post::{Post, waiting};
use super::sinks::{Kind, Sink};
use super::victim::Victim;
use crate::installation::{ADDRESS, installation_with};
use crate::support::Mailgrant;

/// What becomes of TLS.
const OPAQUE: &[Harm] = &[
    Harm::Reset,
    Harm::Truncate,
    Harm::Stall,
    Harm::Crumbs,
    Harm::Garbage,
    Harm::Refuse,
];
/// What becomes of IMAP in plain text.
const IMAP: &[Harm] = &[
    Harm::Reset,
    Harm::Truncate,
    Harm::Stall,
    Harm::Crumbs,
    Harm::Garbage,
    Harm::Reorder,
    Harm::Reorder,
    Harm::Refuse,
];

/// What becomes of HTTP, whose messages in plain text have nothing to notice garbage by.
const HTTP: &[Harm] = &[
    Harm::Reset,
    Harm::Truncate,
    Harm::Stall,
    Harm::Crumbs,
    Harm::Refuse,
];

/// Which connection is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Imap,
    ImapWithoutTls,
    Pop3,
    DovecotsImap,
    Graph,
    Gmail,
    /// To the sink: LMTP.
    Lmtp,
    /// To the sink: SMTP.
    Smtp,
    /// To the sink: HTTP.
    Webhook,
    /// To the sink, and from the source too.
    Append,
    /// To the sink: a Dovecot's LMTP.
    DovecotsLmtp,
}

/// An installation with a bad connection.
struct Journey {
    title: String,
    runs: u64,
    chance: Chance,
    mailgrant: Mailgrant,
    _provider: IdentityProvider,
    server: MailServer,
    dovecot: Option<Dovecot>,
    /// It takes the mail.
    takes: Option<Dovecot>,
    proxy: FaultProxy,
    sink: Sink,
    post: Post,
}

impl Journey {
    async fn begin(bad: Bad, kind: Kind) -> Self {
        let asked = Asked::of_environment();
        let title = format!("{bad:?} through a bad network into {kind:?}, {asked}");
        println!("{title}");
        let options = MailServerOptions::default()
            .with_every_protocol()
            .with_apis();
        let (mut mailgrant, provider, server) =
            installation_with(options, &["--after", "delete"], ADDRESS).await;
        let (sink, mut flags) = Sink::open(kind, &mailgrant, &Victim::default(), &server).await;
        let start_dovecot = || {
            let address = provider.origin();
            let address = address.trim_start_matches("http://");
            let url = format!("http://dovecot:dovecot-secret@{address}/introspect");
            Dovecot::start(&DovecotOptions {
                introspection_url: url,
                mechanisms: "xoauth2 oauthbearer",
                password: None,
            })
        };
        let dovecot = (bad == Bad::DovecotsImap).then(start_dovecot);
        let takes = (bad == Bad::DovecotsLmtp).then(start_dovecot);
        if let Some(dovecot) = &dovecot {
            mailgrant.trust(dovecot.certificate_pem());
        }

        let relay = flags.iter().position(|flag| flag == "--relay");
        let webhook = flags.iter().position(|flag| flag == "--webhook");
        let (to, passing, harms) = match bad {
            Bad::Imap | Bad::Append => (server.tls_address(), Passing::Opaque, OPAQUE),
            Bad::Graph | Bad::Gmail => (server.api_address().unwrap(), Passing::Opaque, HTTP),
            Bad::ImapWithoutTls => (server.plain_address().unwrap(), Passing::Imap, IMAP),
            Bad::Pop3 => (server.pop3s_address().unwrap(), Passing::Opaque, OPAQUE),
            Bad::DovecotsImap => {
                let port = dovecot.as_ref().unwrap().imaps_port();
                let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
                (address, Passing::Opaque, OPAQUE)
            }
            Bad::Lmtp | Bad::Smtp => {
                let relay = flags[relay.unwrap() + 1].parse().unwrap();
                (relay, Passing::Lines, OPAQUE)
            }
            Bad::DovecotsLmtp => {
                let port = takes.as_ref().unwrap().lmtp_port();
                let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
                (address, Passing::Lines, OPAQUE)
            }
            Bad::Webhook => {
                let url: url::Url = flags[webhook.unwrap() + 1].parse().unwrap();
                let port = url.port().unwrap();
                (([127, 0, 0, 1], port).into(), Passing::Opaque, HTTP)
            }
        };
        let proxy = FaultProxy::start(to, passing, harms, asked.seed).await;
        let port = proxy.address().port().to_string();
        let through: &[&str] = match bad {
            Bad::Imap | Bad::Append | Bad::DovecotsImap => &["--imap-port", &port],
            Bad::Graph | Bad::Gmail => &[],
            Bad::ImapWithoutTls => &["--imap-port", &port, "--imap-security", "plain"],
            Bad::Pop3 => &[
                "--source",
                "pop3",
                "--pop3-host",
                "localhost",
                "--pop3-port",
                &port,
            ],
            Bad::Webhook => {
                flags[webhook.unwrap() + 1] = format!("http://{}/in", proxy.address());
                &[]
            }
            Bad::Lmtp | Bad::Smtp | Bad::DovecotsLmtp => {
                flags[relay.unwrap() + 1] = proxy.address().to_string();
                &[]
            }
        };
        flags.extend(through.iter().map(|flag| (*flag).to_owned()));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        if !flags.is_empty() {
            change(&mailgrant, &flags);
        }
        let api = proxy.address();
        match bad {
            Bad::Graph => read_by_api(&mailgrant, "graph", &format!("http://{api}/v1.0")).await,
            Bad::Gmail => read_by_api(&mailgrant, "gmail", &format!("http://{api}")).await,
            _ => {}
        }
        Self {
            title,
            runs: asked.runs * 2,
            chance: Chance::new(asked.seed),
            mailgrant,
            _provider: provider,
            server,
            dovecot,
            takes,
            proxy,
            sink,
            post: Post::default(),
        }
    }

    async fn run(mut self) -> Outcome {
        for _ in 0..self.runs {
            for _ in 0..=self.chance.below(3) {
                self.send();
            }
            let output = self.mailgrant.run(&["fetch", "support"]);
            let said = String::from_utf8_lossy(&output.stderr);
            // The network's trouble, the server's or the sink's; never ours.
            let code = output.status.code();
            assert!(
                matches!(code, Some(0 | 75 | 78)),
                "{}: {code:?} {said}",
                self.title
            );
            self.time_passes().await;
        }
        self.proxy.calm_down().await;
        self.mailgrant.ok(&["fetch", "support"]);
        let left = match &self.dovecot {
            Some(dovecot) => dovecot.count(ADDRESS),
            None => waiting(&self.server).await,
        };
        let arrived = match &self.takes {
            Some(dovecot) => arrived_at(dovecot),
            None => self.sink.arrived(&self.server),
        };
        let done = self.proxy.done();
        let outcome = Outcome::of(
            format!("{} {done:?}", self.title),
            (
                self.runs,
                done.values().map(|times| u64::from(*times)).sum(),
            ),
            &self.post.sent,
            &arrived,
        );
        println!("{outcome}");
        assert_eq!(left, 0, "{outcome}");
        outcome
    }

    fn send(&mut self) {
        let message = self.post.write(&self.chance);
        match &self.dovecot {
            Some(dovecot) => dovecot.deliver(ADDRESS, message),
            None => {
                self.server.deliver(ADDRESS, "INBOX", message);
            }
        }
    }

    /// Whatever waits to be tried again is due.
    async fn time_passes(&self) {
        let path = self.mailgrant.path("data").join("mailgrant.db");
        let options = SqliteConnectOptions::new().filename(path);
        let mut store = SqliteConnection::connect_with(&options).await.unwrap();
        let due = "UPDATE messages SET retry_at = 0 WHERE retry_at IS NOT NULL";
        store.execute(due).await.unwrap();
        store.close().await.unwrap();
    }
}

/// What a Dovecot has taken, without the lines that it puts before.
fn arrived_at(dovecot: &Dovecot) -> Vec<Arrived> {
    let arrived = |stored: Vec<u8>| {
        let raw = mailgrant_lab::as_served(&stored);
        let begin = b"From: customer";
        let begin = raw.windows(begin.len()).position(|bytes| bytes == begin);
        Arrived {
            key: None,
            print: print_of(&raw[begin.unwrap_or_default()..]),
        }
    };
    dovecot.messages(ADDRESS).into_iter().map(arrived).collect()
}

async fn arrives_once(bad: Bad, kind: Kind) {
    let outcome = Journey::begin(bad, kind).await.run().await;
    assert_eq!(outcome.doubled, 0, "{outcome}");
    nothing_lost(&outcome);
}

fn nothing_lost(outcome: &Outcome) {
    assert_eq!(outcome.lost, 0, "{outcome}");
    assert_eq!(outcome.strange, 0, "{outcome}");
    assert!(
        outcome.blows * 4 >= outcome.runs,
        "too little harm to show anything: {outcome}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn imap_over_a_bad_network_brings_every_message_once() {
    arrives_once(Bad::Imap, Kind::Maildir).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imap_without_tls_over_a_bad_network_brings_every_message_once() {
    arrives_once(Bad::ImapWithoutTls, Kind::Maildir).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pop3_over_a_bad_network_brings_every_message_once() {
    arrives_once(Bad::Pop3, Kind::Maildir).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_over_a_bad_network_brings_every_message_once() {
    arrives_once(Bad::DovecotsImap, Kind::Maildir).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lmtp_over_a_bad_network_loses_nothing_and_doubles_nothing_where_keys_are_known() {
    arrives_once(Bad::Lmtp, Kind::LmtpWithKeys).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_over_a_bad_network_brings_every_message_once() {
    arrives_once(Bad::Graph, Kind::Maildir).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gmails_api_over_a_bad_network_brings_every_message_once() {
    arrives_once(Bad::Gmail, Kind::Maildir).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_over_a_bad_network_loses_nothing_and_doubles_nothing_where_keys_are_known() {
    arrives_once(Bad::Webhook, Kind::Webhook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mailbox_over_a_bad_network_has_every_message_once() {
    arrives_once(Bad::Append, Kind::Append).await;
}

async fn arrives_at_least_once(bad: Bad, kind: Kind) {
    let outcome = Journey::begin(bad, kind).await.run().await;
    assert!(outcome.doubled <= outcome.blows, "{outcome}");
    nothing_lost(&outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_lmtp_over_a_bad_network_loses_nothing_and_doubles_no_more_than_was_cut_off() {
    arrives_at_least_once(Bad::Lmtp, Kind::Lmtp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_over_a_bad_network_loses_nothing_and_doubles_no_more_than_was_cut_off() {
    arrives_at_least_once(Bad::Smtp, Kind::Smtp).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecots_lmtp_over_a_bad_network_loses_nothing_and_doubles_no_more_than_was_cut_off() {
    arrives_at_least_once(Bad::DovecotsLmtp, Kind::Lmtp).await;
}
