//! One installation with one sink, whose processes are killed again and again while mail comes.

use std::fs::File;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use mailgrant_sandbox::{IdentityProvider, MailServer, MailServerOptions};

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::chance::{Asked, Chance};
use super::outcome::Outcome;
use super::overheard;
use super::post::{Post, unacknowledged, waiting};
use super::sinks::{Kind, Sink};
use super::victim::{Death, Place, Victim, was_killed};
use crate::installation::{ADDRESS, installation_with};
use crate::support::Mailgrant;

/// How long an undisturbed run may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often it is looked at what a process does.
const LOOK: Duration = Duration::from_millis(1);

/// Which processes are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Fetch,
    FetchByPop3,
    FetchByGraph,
    FetchByGmail,
    Serve,
}

pub(super) struct Campaign {
    title: String,
    runs: u64,
    chance: Chance,
    way: Way,
    mailgrant: Mailgrant,
    _provider: IdentityProvider,
    server: MailServer,
    sink: Sink,
    victim: Victim,
    post: Post,
    kills: u64,
}

impl Campaign {
    pub(super) async fn begin(kind: Kind, way: Way) -> Self {
        let asked = Asked::of_environment();
        let title = format!("{kind:?}, {way:?}, {asked}");
        println!("{title}");
        let chance = Chance::new(asked.seed);

        let after = match chance.below(2) {
            0 if way != Way::FetchByPop3 => "mark-seen",
            _ => "delete",
        };
        let options = MailServerOptions::default()
            .with_every_protocol()
            .with_apis();
        let (mut mailgrant, provider, server) =
            installation_with(options, &["--after", after], ADDRESS).await;
        if way == Way::FetchByPop3 {
            let port = server.pop3s_address().unwrap().port().to_string();
            let flags = [
                "--source",
                "pop3",
                "--pop3-host",
                "localhost",
                "--pop3-port",
                &port,
            ];
            change(&mailgrant, &flags);
        }
        let victim = Victim::default();
        let (sink, mut flags) = Sink::open(kind, &mailgrant, &victim, &server).await;
        if kind == Kind::Append {
            let server = server.plain_address().unwrap();
            let port = overheard::start(server, victim.clone()).await.to_string();
            let through = ["--imap-port", &port, "--imap-security", "plain"];
            flags.extend(through.map(str::to_owned));
        }
        if !flags.is_empty() {
            change(
                &mailgrant,
                &flags.iter().map(String::as_str).collect::<Vec<_>>(),
            );
        }
        let api = server.api_address().unwrap();
        match way {
            Way::FetchByGraph => {
                read_by_api(&mailgrant, "graph", &format!("http://{api}/v1.0")).await;
            }
            Way::FetchByGmail => read_by_api(&mailgrant, "gmail", &format!("http://{api}")).await,
            Way::Fetch | Way::FetchByPop3 | Way::Serve => {}
        }
        // Whatever the kernel gives: a port of one's own may be taken by the time of the next run.
        mailgrant.set("listen", &"127.0.0.1:0");
        Self {
            title,
            runs: asked.runs,
            chance,
            way,
            mailgrant,
            _provider: provider,
            server,
            sink,
            victim,
            post: Post::default(),
            kills: 0,
        }
    }

    /// Kills as often as was asked for, lets the last run be undisturbed, and counts.
    pub(super) async fn run(mut self) -> Outcome {
        self.send(3);
        let begun = Instant::now();
        self.finish().await;
        let usual = begun.elapsed();
        for run in 0..self.runs {
            self.be_killed(run, usual).await;
            if self.chance.below(2) == 0 {
                self.sink.take();
            }
        }
        self.finish().await;
        let arrived = self.sink.arrived(&self.server);
        let runs = (self.runs, self.kills);
        let outcome = Outcome::of(self.title, runs, &self.post.sent, &arrived);
        println!("{outcome}");
        outcome
    }

    /// One run, which ends by a kill unless there was nothing left to do.
    async fn be_killed(&mut self, run: u64, usual: Duration) {
        self.send(1 + self.chance.below(3));
        let death = self.death(run, usual);
        // More mail comes while it works.
        let later = self.chance.below(3);
        let mut later: Vec<Duration> = (0..later)
            .map(|_| usual.mul_f64(self.chance.fraction()))
            .collect();
        later.sort_unstable();
        later.reverse();

        self.sink.prepare(death);
        self.start(Some(death));
        let begun = Instant::now();
        let mut acknowledged = self.acknowledged().await;
        if death.place == Place::Started {
            self.victim.reaches(Place::Started);
        }
        let status = loop {
            if let Some(status) = self.victim.ended() {
                break status;
            }
            while later.pop_if(|then| *then <= begun.elapsed()).is_some() {
                self.send(1);
            }
            self.sink.look(&self.victim);
            let now = self.acknowledged().await;
            for _ in acknowledged..now {
                self.victim.reaches(Place::Acknowledged);
            }
            acknowledged = now.max(acknowledged);
            if begun.elapsed() > usual * 3 + Duration::from_secs(1) {
                // What it was to be killed at does not happen: `serve` has nothing left to do.
                self.victim.dies();
            }
            tokio::time::sleep(LOOK).await;
        };
        // Whenever it ended: the seed decides what comes.
        self.send(later.len() as u64);
        assert!(
            was_killed(status) || status.success(),
            "{}: {status}\n{}",
            self.title,
            self.mailgrant.log()
        );
        self.kills += u64::from(was_killed(status));
    }

    /// Each place in its turn, so that few runs see all of them.
    fn death(&self, run: u64, usual: Duration) -> Death {
        let soon = Duration::from_millis(3);
        let (place, longest) = match run % 8 {
            1 | 5 => (Place::Offered, Duration::ZERO),
            3 => (Place::Taken, Duration::ZERO),
            4 => (Place::Answered, soon),
            7 => (Place::Acknowledged, soon),
            _ => (Place::Started, usual),
        };
        let at_the_second = place != Place::Started && self.chance.below(4) == 0;
        Death {
            place,
            time: 1 + u64::from(at_the_second),
            delay: longest.mul_f64(self.chance.fraction()),
        }
    }

    /// An undisturbed run, after which nothing is left to do.
    async fn finish(&mut self) {
        // There is always something to do: that it is done shows that the process is up.
        self.send(1);
        if self.way == Way::Serve {
            self.start(None);
            let settled = self
                .server
                .wait_for(ADDRESS, "INBOX", |inbox| unacknowledged(inbox) == 0);
            let settled = tokio::time::timeout(PATIENCE, settled).await;
            assert!(settled.is_ok(), "{}\n{}", self.title, self.mailgrant.log());
            let id = self.victim.id().unwrap().to_string();
            mailgrant_lab::send_signal("TERM", &id);
            let status = self.end().await;
            assert!(status.success(), "{}: {status}", self.title);
        }
        self.mailgrant.ok(&["fetch", "support"]);
        assert_eq!(waiting(&self.server).await, 0, "{}", self.title);
    }

    async fn end(&self) -> ExitStatus {
        loop {
            if let Some(status) = self.victim.ended() {
                return status;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn start(&self, death: Option<Death>) {
        let arguments: &[&str] = match self.way {
            Way::Serve => &["serve"],
            _ => &["fetch", "support"],
        };
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.mailgrant.path("log"))
            .unwrap();
        let mut command = self.mailgrant.command(arguments);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.victim.starts(child, death);
    }

    fn send(&mut self, count: u64) {
        for _ in 0..count {
            let message = self.post.write(&self.chance);
            self.server.deliver(ADDRESS, "INBOX", message);
        }
    }

    async fn acknowledged(&self) -> usize {
        self.post.sent.len() - waiting(&self.server).await
    }
}

/// Has the account's mail read by an API of the sandbox, which the form would not let in: the
/// sandbox's provider is none of those that have one.
pub(super) async fn read_by_api(mailgrant: &Mailgrant, source: &str, base: &str) {
    let path = mailgrant.path("data").join("mailgrant.db");
    let options = SqliteConnectOptions::new().filename(path);
    let mut store = SqliteConnection::connect_with(&options).await.unwrap();
    let changed = sqlx::query(
        "UPDATE accounts SET settings = json_set(settings, '$.source', $1, '$.api', $2)",
    );
    let changed = changed.bind(source).bind(base).execute(&mut store).await;
    assert_eq!(changed.unwrap().rows_affected(), 1);
    store.close().await.unwrap();
}

pub(super) fn change(mailgrant: &Mailgrant, flags: &[&str]) {
    mailgrant.ok(&[&["account", "change", "support"], flags].concat());
}
