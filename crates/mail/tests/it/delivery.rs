//! Messages handed over to a server that a test speaks for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use mailgrant_mail::{
    Delivered, DeliveryPoint, DeliverySession, Envelope, Limits, MailError, Trust,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use crate::scripted::Turn::{self, Leave, Line, Message, Rest, Say, Sleep};
use crate::scripted::{Scripted, Way};

const TAKEN: &str = "250 2.0.0 taken\r\n";

/// Up to the first command.
const LMTP: [Turn; 2] = [
    Say("220 hello\r\n"),
    Line("LHLO ", "250-x\r\n250-8BITMIME\r\n250 SIZE 1000\r\n"),
];
const SMTP: [Turn; 2] = [Say("220 hello\r\n"), Line("EHLO ", "250 x\r\n")];

/// From MAIL to 354, for two recipients.
const ASKED: [Turn; 4] = [
    Line("MAIL FROM:<>", "250 yes\r\n"),
    Line("RCPT TO:<a@x>", "250 yes\r\n"),
    Line("RCPT TO:<b@x>", "250 yes\r\n"),
    Line("DATA", "354 go on\r\n"),
];

async fn server(way: Way, turns: &[&[Turn]]) -> Scripted {
    let begin: &[Turn] = match way {
        Way::Smtp => &SMTP,
        Way::Lmtp | Way::LmtpSocket => &LMTP,
    };
    Scripted::start(way, [begin, &turns.concat()].concat()).await
}

/// Short enough that a test which waits in vain ends, long enough for a busy machine.
fn limits() -> Limits {
    Limits {
        answer: Duration::from_secs(10),
        ..Limits::default()
    }
}

async fn open(server: &Scripted) -> DeliverySession {
    open_within(server, limits()).await
}

async fn open_within(server: &Scripted, limits: Limits) -> DeliverySession {
    let trust = Trust::system().unwrap();
    let session = DeliverySession::open(server.point(), &trust, limits).await;
    session.unwrap()
}

fn envelope() -> Envelope {
    Envelope::new("", ["a@x", "b@x"]).unwrap()
}

async fn deliver(
    session: &mut DeliverySession,
    message: &str,
) -> Result<Vec<Delivered>, MailError> {
    let size = message.len() as u64;
    session.deliver(&envelope(), message.as_bytes(), size).await
}

fn taken(said: &str) -> Delivered {
    Delivered::Taken(said.to_owned())
}

fn never(said: &str) -> Delivered {
    Delivered::Never(said.to_owned())
}

#[tokio::test]
async fn an_lmtp_server_answers_for_each_recipient_of_message_after_message() {
    for way in [Way::Lmtp, Way::LmtpSocket] {
        let first = [
            Message,
            Say("250 2.0.0 <a@x> taken\r\n"),
            Say("552 5.2.2 <b@x> full\r\n"),
        ];
        let second = [Message, Say("250-one\r\n250 two\r\n451 4.2.0 busy\r\n")];
        let end = [Line("QUIT", "221 bye\r\n"), Rest];
        let server = server(way, &[&ASKED, &first, &ASKED, &second, &end]).await;
        let mut session = open(&server).await;
        let verdicts = deliver(&mut session, "Subject: x\n\n.dot\n").await.unwrap();
        let full = never("552 5.2.2 <b@x> full");
        assert_eq!(verdicts, [taken("250 2.0.0 <a@x> taken"), full]);
        let verdicts = deliver(&mut session, "second").await.unwrap();
        let busy = Delivered::Later("451 4.2.0 busy".to_owned());
        assert_eq!(verdicts, [taken("250 one two"), busy]);
        session.quit().await;
        let asked = |size| {
            format!(
                "MAIL FROM:<> SIZE={size} BODY=8BITMIME\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
            )
        };
        let expected = [
            "LHLO [127.0.0.1]\r\n",
            &asked(17),
            "Subject: x\r\n\r\n..dot\r\n.\r\n",
            &asked(6),
            "second\r\n.\r\nQUIT\r\n",
        ];
        assert_eq!(server.heard().await, expected.concat());
    }
}

#[tokio::test]
async fn an_smtp_server_answers_once_for_all_that_it_did_not_refuse() {
    let turns = [
        Line("MAIL FROM:<>\r\n", "250 yes\r\n"),
        Line("RCPT TO:<a@x>", "550 5.1.1 who\r\n"),
        Line("RCPT TO:<b@x>", "250 yes\r\n"),
        Line("DATA", "354 go on\r\n"),
        Message,
        Say(TAKEN),
    ];
    let end = [Line("QUIT", "221 bye\r\n")];
    let refused = [Message, Say("554 5.7.1 spam\r\n")];
    let server = server(Way::Smtp, &[&turns, &ASKED, &refused, &end]).await;
    let mut session = open(&server).await;
    let verdicts = deliver(&mut session, "x").await.unwrap();
    assert_eq!(verdicts, [never("550 5.1.1 who"), taken("250 2.0.0 taken")]);
    let verdicts = deliver(&mut session, "x").await.unwrap();
    assert_eq!(verdicts, [never("554 5.7.1 spam"), never("554 5.7.1 spam")]);
    session.quit().await;
    server.heard().await;
}

#[tokio::test]
async fn where_nobody_may_have_a_message_it_stays_here_and_the_next_one_goes() {
    let refused = [
        Line("MAIL FROM:<>", "250 yes\r\n"),
        Line("RCPT TO:<a@x>", "550 no\r\n"),
        Line("RCPT TO:<b@x>", "550 no\r\n"),
        Line("RSET", "250 forgotten\r\n"),
    ];
    let taken_both = [Message, Say(TAKEN), Say(TAKEN)];
    let server = server(Way::Lmtp, &[&refused, &ASKED, &taken_both]).await;
    let mut session = open(&server).await;
    let verdicts = deliver(&mut session, "x").await.unwrap();
    assert_eq!(verdicts, [never("550 no"), never("550 no")]);
    let verdicts = deliver(&mut session, "x").await.unwrap();
    assert_eq!(
        verdicts,
        [taken("250 2.0.0 taken"), taken("250 2.0.0 taken")]
    );
    server.heard().await;
}

#[tokio::test]
async fn what_the_server_says_it_never_takes_is_not_sent() {
    let server = server(Way::Lmtp, &[&[Line("QUIT", "221 bye\r\n")]]).await;
    let mut session = open(&server).await;
    let large = session.deliver(&envelope(), tokio::io::empty(), 1001).await;
    for verdict in large.unwrap() {
        assert!(
            matches!(&verdict, Delivered::Never(why) if why.ends_with("up to 1000 bytes, and this one has 1001")),
            "{verdict:?}"
        );
    }
    let envelope = Envelope::new("jörg@x", ["a@x"]).unwrap();
    let utf8 = session.deliver(&envelope, &b"x"[..], 1).await.unwrap();
    assert!(
        matches!(&utf8[..], [Delivered::Never(why)] if why.contains("SMTPUTF8")),
        "{utf8:?}"
    );
    session.quit().await;
    assert_eq!(server.heard().await, "LHLO [127.0.0.1]\r\nQUIT\r\n");
}

#[tokio::test]
async fn a_connection_that_is_lost_leaves_it_open_what_became_of_the_message() {
    for end in [
        &[Leave][..],
        &[Message, Leave],
        &[Message, Say("25"), Leave],
    ] {
        for way in [Way::Lmtp, Way::LmtpSocket, Way::Smtp] {
            let server = server(way, &[&ASKED, end]).await;
            let mut session = open(&server).await;
            let error = deliver(&mut session, "x").await.unwrap_err();
            assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
            assert!(!session.is_ready());
            let error = deliver(&mut session, "x").await.unwrap_err();
            assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn verdicts_that_came_are_kept_when_the_server_leaves() {
    for (said, rest) in [
        ("250 taken\r\n", "hung up"),
        ("250 taken\r\n550", "hung up"),
        ("250 taken\r\nwhat?\r\n", "broke the protocol"),
        ("250 taken\r\n421 4.3.2 bye\r\n", "421 4.3.2 bye"),
    ] {
        let server = server(Way::Lmtp, &[&ASKED, &[Message, Say(said), Leave]]).await;
        let mut session = open(&server).await;
        let verdicts = deliver(&mut session, "x").await.unwrap();
        assert!(
            matches!(&verdicts[..], [Delivered::Taken(_), Delivered::Later(why)] if why.contains(rest)),
            "{verdicts:?}"
        );
        assert!(!session.is_ready());
    }
    // Nobody is left to speak for the second.
    let server = server(Way::Lmtp, &[&ASKED, &[Message, Say("421 bye\r\n"), Sleep]]).await;
    let mut session = open(&server).await;
    let verdicts = deliver(&mut session, "x").await.unwrap();
    assert!(
        matches!(&verdicts[..], [Delivered::Later(_), Delivered::Later(why)] if why.contains("without a word")),
        "{verdicts:?}"
    );
}

#[tokio::test]
async fn a_server_that_has_left_meanwhile_is_noticed_before_the_next_message() {
    for goodbye in [
        &[Say("421 4.4.2 idle for too long\r\n"), Sleep][..],
        &[Leave],
    ] {
        for way in [Way::Smtp, Way::LmtpSocket] {
            let first = [Message, Say("250 a\r\n250 b\r\n")];
            let first: &[Turn] = match way {
                Way::Smtp => &[Message, Say(TAKEN)],
                _ => &first,
            };
            let server = server(way, &[&ASKED, first, &ASKED, first, goodbye]).await;
            let mut session = open(&server).await;
            assert!(session.is_still_open().await);
            deliver(&mut session, "x").await.unwrap();
            assert!(session.is_still_open().await);
            deliver(&mut session, "x").await.unwrap();
            let noticed = async {
                while session.is_still_open().await {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(limits().answer, noticed)
                .await
                .unwrap();
            assert!(!session.is_ready());
        }
    }
}

#[tokio::test]
async fn a_verdict_too_many_ends_the_use_of_the_connection() {
    let said = Say("250 a\r\n250 b\r\n250 who?\r\n");
    let server = server(Way::Lmtp, &[&ASKED, &[Message, said, Rest]]).await;
    let mut session = open(&server).await;
    let verdicts = deliver(&mut session, "x").await.unwrap();
    assert_eq!(verdicts, [taken("250 a"), taken("250 b")]);
    let error = deliver(&mut session, "x").await.unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_message_that_is_not_whole_here_is_never_brought_to_its_end() {
    let short = || &b"half of it\r\n"[..];
    let broken = || short().chain(Broken);
    let messages: [(Box<dyn AsyncRead + Unpin + Send>, u64, &str); 3] = [
        (Box::new(short()), 20, "8 of its 20 bytes are missing"),
        (Box::new(short()), 5, "longer than its 5 bytes"),
        (Box::new(broken()), 20, "the disk is gone"),
    ];
    for (message, size, why) in messages {
        let server = server(Way::Smtp, &[&ASKED, &[Rest]]).await;
        let mut session = open(&server).await;
        let error = session
            .deliver(&envelope(), message, size)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, MailError::Unread { why: said, .. } if said.contains(why)),
            "{error:?}"
        );
        let error = deliver(&mut session, "x").await.unwrap_err();
        assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
        let error = session.probe(&envelope()).await.unwrap_err();
        assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
        session.quit().await;
        let heard = server.heard().await;
        let (_, message) = heard.split_once("DATA\r\n").unwrap();
        assert!("half of it\r\n".starts_with(message), "{message:?}");
    }
}

#[tokio::test]
async fn a_message_that_was_given_up_on_halfway_ends_the_use_of_the_connection() {
    let server = server(Way::Smtp, &[&ASKED, &[Rest]]).await;
    let mut session = open(&server).await;
    let endless = tokio::io::repeat(b'x');
    let given_up = Duration::from_millis(50);
    let envelope = envelope();
    let delivering = session.deliver(&envelope, endless, u64::MAX);
    tokio::time::timeout(given_up, delivering)
        .await
        .unwrap_err();
    assert!(!session.is_ready());
    let error = deliver(&mut session, "x").await.unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
    session.quit().await;
    let heard = server.heard().await;
    assert!(!heard.contains("\r\n.\r\n") && !heard.contains("QUIT"));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_without_end() {
    let limits = Limits {
        answer: Duration::from_millis(50),
        ..limits()
    };
    for silent in [
        &[Sleep][..],
        &ASKED[..1],
        &ASKED[..3],
        &[&ASKED[..], &[Message]].concat(),
    ] {
        let server = server(Way::Lmtp, &[silent, &[Sleep]]).await;
        let mut session = open_within(&server, limits).await;
        let error = deliver(&mut session, "x").await.unwrap_err();
        assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn of_a_large_message_no_more_is_read_than_the_server_takes() {
    const LARGE: u64 = 150 << 20;
    let limits = Limits {
        answer: Duration::from_millis(200),
        ..limits()
    };
    // A unix socket holds some hundred kilobytes.
    let greeting = [Say("220 hello\r\n"), Line("LHLO ", "250 x\r\n")];
    let turns = [&greeting[..], &ASKED, &[Sleep]].concat();
    let server = Scripted::start(Way::LmtpSocket, turns).await;
    let mut session = open_within(&server, limits).await;
    let read = Arc::new(AtomicU64::new(0));
    let message = Counted(tokio::io::repeat(b'\n'), Arc::clone(&read));
    let error = session
        .deliver(&envelope(), message, LARGE)
        .await
        .unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
    let read = read.load(Ordering::Relaxed);
    assert!(read < 2 << 20, "{read}");
}

#[tokio::test]
async fn a_large_message_arrives_whole() {
    let turns = [&SMTP[..], &ASKED, &[Message, Say(TAKEN)]].concat();
    let server = Scripted::start(Way::Smtp, turns).await;
    let mut session = open(&server).await;
    let line = [&[b'.'; 63][..], b"\n"].concat();
    let message = line.repeat(1 << 17);
    let size = message.len() as u64;
    let verdicts = session.deliver(&envelope(), &message[..], size).await;
    assert_eq!(verdicts.unwrap()[0], taken("250 2.0.0 taken"));
    let heard = server.heard().await;
    let (_, heard) = heard.split_once("DATA\r\n").unwrap();
    let wire = format!("{}\r\n", ".".repeat(64)).repeat(1 << 17);
    assert!(heard.strip_suffix(".\r\n") == Some(&wire));
}

#[tokio::test]
async fn a_socket_that_is_not_there_or_that_nobody_serves_is_told() {
    let trust = Trust::system().unwrap();
    let open = async |point: &DeliveryPoint| {
        let opened = DeliverySession::open(point, &trust, limits()).await;
        opened.unwrap_err().to_string()
    };
    let nowhere = DeliveryPoint::LmtpSocket("/nowhere/lmtp".into());
    let error = open(&nowhere).await;
    assert_eq!(
        error,
        "cannot connect to /nowhere/lmtp: there is no such socket"
    );

    let server = Scripted::start(Way::LmtpSocket, [Leave]).await;
    let error = open(server.point()).await;
    assert!(
        error.ends_with("ended the connection: it hung up"),
        "{error}"
    );
    // Its listener is gone with its only client; its path is still there.
    let path = server.path().display().to_string();
    let error = open(server.point()).await;
    assert_eq!(
        error,
        format!("cannot connect to {path}: nobody listens on that socket")
    );
}

/// A disk that is gone.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the disk is gone")))
    }
}

/// Counts what is read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.0).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        polled
    }
}

#[tokio::test]
async fn who_is_refused_is_known_without_a_message() {
    let turns = [
        Line("MAIL FROM:<>", "250 yes\r\n"),
        Line("RCPT TO:<a@x>", "250 yes\r\n"),
        Line("RCPT TO:<b@x>", "550 5.1.1 no such user\r\n"),
        Line("RSET", "250 forgotten\r\n"),
    ];
    let server = server(Way::Lmtp, &[&turns, &[Line("QUIT", "221 bye\r\n")]]).await;
    let mut session = open(&server).await;
    let refused = session.probe(&envelope()).await.unwrap();
    let no = Delivered::Never("550 5.1.1 no such user".to_owned());
    assert_eq!(refused, [None, Some(no)]);
    assert!(session.is_ready());
    session.quit().await;
}
