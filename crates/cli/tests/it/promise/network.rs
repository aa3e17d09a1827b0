//! Fetching over a bad network: connections are reset, cut off, stalled, cut into single bytes,
//! interspersed with garbage, answered in another order, and refused. When that is over all mail is
//! there.

use mailgrant_lab::{Dovecot, DovecotOptions, FaultProxy, Harm, Passing};
use mailgrant_sandbox::{IdentityProvider, MailServer, MailServerOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Executor as _};

use super::campaign::change;
use super::chance::{Asked, Chance};
use super::outcome::Outcome;
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

/// Which connection is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Imap,
    ImapWithoutTls,
    Pop3,
    DovecotsImap,
    /// To the sink: LMTP.
    Lmtp,
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
    proxy: FaultProxy,
    sink: Sink,
    post: Post,
}

impl Journey {
    async fn begin(bad: Bad, kind: Kind) -> Self {
        let asked = Asked::of_environment();
        let title = format!("{bad:?} through a bad network into {kind:?}, {asked}");
        println!("{title}");
        let options = MailServerOptions::default().with_every_protocol();
        let (mut mailgrant, provider, server) =
            installation_with(options, &["--after", "delete"], ADDRESS).await;
        let (sink, mut flags) = Sink::open(kind, &mailgrant, &Victim::default()).await;
        let dovecot = (bad == Bad::DovecotsImap).then(|| {
            let address = provider.origin();
            let address = address.trim_start_matches("http://");
            let url = format!("http://dovecot:dovecot-secret@{address}/introspect");
            Dovecot::start(&DovecotOptions {
                introspection_url: url,
                mechanisms: "xoauth2 oauthbearer",
                password: None,
            })
        });
        if let Some(dovecot) = &dovecot {
            mailgrant.trust(dovecot.certificate_pem());
        }

        let relay = flags.iter().position(|flag| flag == "--relay");
        let (to, passing, harms) = match bad {
            Bad::Imap => (server.tls_address(), Passing::Opaque, OPAQUE),
            Bad::ImapWithoutTls => (server.plain_address().unwrap(), Passing::Imap, IMAP),
            Bad::Pop3 => (server.pop3s_address().unwrap(), Passing::Opaque, OPAQUE),
            Bad::DovecotsImap => {
                let port = dovecot.as_ref().unwrap().imaps_port();
                let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
                (address, Passing::Opaque, OPAQUE)
            }
            Bad::Lmtp => {
                let relay = flags[relay.unwrap() + 1].parse().unwrap();
                (relay, Passing::Lines, OPAQUE)
            }
        };
        let proxy = FaultProxy::start(to, passing, harms, asked.seed).await;
        let port = proxy.address().port().to_string();
        let through: &[&str] = match bad {
            Bad::Imap | Bad::DovecotsImap => &["--imap-port", &port],
            Bad::ImapWithoutTls => &["--imap-port", &port, "--imap-security", "plain"],
            Bad::Pop3 => &[
                "--source",
                "pop3",
                "--pop3-host",
                "localhost",
                "--pop3-port",
                &port,
            ],
            Bad::Lmtp => {
                flags[relay.unwrap() + 1] = proxy.address().to_string();
                &[]
            }
        };
        flags.extend(through.iter().map(|flag| (*flag).to_owned()));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        change(&mailgrant, &flags);
        Self {
            title,
            runs: asked.runs * 2,
            chance: Chance::new(asked.seed),
            mailgrant,
            _provider: provider,
            server,
            dovecot,
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
        let done = self.proxy.done();
        let outcome = Outcome::of(
            format!("{} {done:?}", self.title),
            (
                self.runs,
                done.values().map(|times| u64::from(*times)).sum(),
            ),
            &self.post.sent,
            &self.sink.arrived(),
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
async fn plain_lmtp_over_a_bad_network_loses_nothing_and_doubles_no_more_than_was_cut_off() {
    let outcome = Journey::begin(Bad::Lmtp, Kind::Lmtp).await.run().await;
    assert!(outcome.doubled <= outcome.blows, "{outcome}");
    nothing_lost(&outcome);
}
