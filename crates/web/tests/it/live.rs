//! Live numbers, over the crate's own listener.

use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_vault::{Delivery, Prepared};
use mailgrant_web::Listen;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::log::line_with;
use crate::visitor::Visitor;
use crate::world::World;

/// A test that waits in vain ends some time.
const PATIENCE: Duration = Duration::from_mins(1);

/// The listener of a world.
struct Server {
    address: std::net::SocketAddr,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

impl Server {
    async fn start(world: &World) -> Self {
        let listen = Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            tls: None,
        };
        let bound = listen.bind().await.unwrap();
        let address = bound.listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let serving = mailgrant_web::serve(bound, world.router.clone(), stopping.clone());
        Self {
            address,
            stopping,
            running: tokio::spawn(serving),
        }
    }

    /// Asks for the live numbers; gives the status and what comes.
    async fn follow(&self, visitor: &Visitor) -> (u16, Stream) {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let session = visitor.session().unwrap_or_default();
        let request = format!(
            "GET /events HTTP/1.1\r\nHost: {}\r\nCookie: mailgrant={session}\r\n\r\n",
            self.address
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Stream(BufReader::new(socket));
        let status = stream.line().await.unwrap();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        while !stream.line().await.unwrap().is_empty() {}
        (status, stream)
    }
}

struct Stream(BufReader<TcpStream>);

impl Stream {
    /// The next line, or `None` at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The data of the next event; `None` where there will be none.
    async fn news(&mut self) -> Option<Value> {
        let data = async {
            loop {
                let line = self.line().await?;
                if let Some(data) = line.strip_prefix("data: ") {
                    return Some(serde_json::from_str(data).unwrap());
                }
            }
        };
        timeout(PATIENCE, data).await.unwrap()
    }

    /// Waits for the end, whatever comes before.
    async fn end(&mut self) {
        let end = async { while self.line().await.is_some() {} };
        timeout(PATIENCE, end).await.unwrap();
    }
}

#[tokio::test]
async fn the_numbers_come_at_once_and_again_when_they_change() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let visitor = world.administrator().await;
    let server = Server::start(&world).await;
    let (status, mut stream) = server.follow(&visitor).await;
    assert_eq!(status, 200);
    let first = stream.news().await.unwrap();
    assert_eq!(first["accounts"][0]["account"], "desk");
    assert_eq!(first["accounts"][0]["delivered"], 0);
    let needs = first["needs"].as_str().unwrap();
    assert!(needs.contains("has not been authorised yet"), "{needs}");
    assert!(needs.contains(&visitor.csrf), "its buttons work");

    world.give_grant(&account).await;
    let second = stream.news().await.unwrap();
    let state = second["accounts"][0]["state"].as_str().unwrap();
    assert!(state.contains("Authorised, not fetching yet"), "{state}");
    assert!(!second["needs"].as_str().unwrap().contains("desk"));

    deliver_one(&world, &account).await;
    let third = loop {
        let news = stream.news().await.unwrap();
        if news["accounts"][0]["delivered"] == 1 {
            break news;
        }
    };
    assert!(third["needs"].is_null(), "nothing new is needed: {third}");
    server.stopping.cancel();
}

async fn deliver_one(world: &World, account: &mailgrant_vault::Account) {
    let (vault, now) = (&world.vault, world.clock.now());
    let folder = world.open_inbox(account).await;
    let prepared = Prepared {
        uid: 1,
        key: "a key".to_owned(),
        digest: [7; 32],
        size: 10,
        head: mailgrant_vault::MessageHead::default(),
        seen_at: now,
        going_to: None,
        counted_at: None,
    };
    vault
        .note_prepared(folder, &[prepared], mailgrant_vault::Floor::New(2), now)
        .await
        .unwrap();
    let delivered = Delivery {
        uid: 1,
        answer: String::new(),
    };
    vault
        .note_delivered(folder, &[delivered], now)
        .await
        .unwrap();
}

#[tokio::test]
async fn they_end_with_the_session() {
    let world = World::new().await;
    world.add_mailbox().await;
    let server = Server::start(&world).await;
    let mut leaving = world.administrator().await;
    let (_, mut stream) = server.follow(&leaving).await;
    stream.news().await.unwrap();
    leaving.post("/sign-out", &[]).await;
    stream.end().await;

    let late = world.administrator().await;
    let (_, mut stream) = server.follow(&late).await;
    stream.news().await.unwrap();
    world.clock.advance(SignedDuration::from_hours(12));
    stream.end().await;
    let (status, _) = server.follow(&late).await;
    assert_eq!(status, 303, "and do not begin without one");
    server.stopping.cancel();
}

#[tokio::test]
async fn they_end_when_the_server_stops_which_then_needs_no_patience() {
    let world = World::new().await;
    let visitor = world.administrator().await;
    let server = Server::start(&world).await;
    let (_, mut stream) = server.follow(&visitor).await;
    stream.news().await;
    server.stopping.cancel();
    stream.end().await;
    server.running.await.unwrap();
    assert_eq!(line_with("some requests were cut off"), None);
}

#[tokio::test]
async fn at_most_64_browsers_follow_and_a_place_is_free_again_when_one_leaves() {
    let world = World::new().await;
    world.add_mailbox().await;
    let visitor = world.administrator().await;
    let server = Server::start(&world).await;
    let mut followers = Vec::new();
    for _ in 0..64 {
        let (status, stream) = server.follow(&visitor).await;
        assert_eq!(status, 200);
        followers.push(stream);
    }
    let (status, _) = server.follow(&visitor).await;
    assert_eq!(status, 503);
    // A browser that has left is noticed when it would be told something.
    followers.pop();
    let provider = world.vault.providers().await.unwrap().remove(0);
    let mut count = 0;
    loop {
        count += 1;
        world.add_account(&format!("news-{count}"), &provider).await;
        followers[0].news().await.unwrap();
        let (status, _stream) = server.follow(&visitor).await;
        if status == 200 {
            break;
        }
        assert!(count < 100, "the place never becomes free");
    }
    server.stopping.cancel();
}
