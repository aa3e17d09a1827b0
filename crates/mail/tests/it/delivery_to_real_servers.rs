//! Messages handed over to Dovecot by LMTP and to Postfix by SMTP.

use mailgrant_lab::Postfix;
use mailgrant_mail::{
    Delivered, DeliveryPoint, DeliverySession, Envelope, MailError, MailServer, Security, Trust,
};

use crate::world::{USER, World, limits, trust_in};

/// Lines that a careless client or server stumbles over.
const AWKWARD: &str =
    "Subject: awkward\n\n.\n..\n.dot\nr\u{e4}\n\n.\nMAIL FROM:<evil@example.com>\n";

const OTHER: &str = "other@example.com";

fn at(port: u16, security: Security) -> MailServer {
    MailServer::for_delivery("127.0.0.1", port, security).unwrap()
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope::new("from@example.com", recipients.iter().copied()).unwrap()
}

async fn deliver(
    session: &mut DeliverySession,
    recipients: &[&str],
    message: &[u8],
) -> Result<Vec<Delivered>, MailError> {
    let size = message.len() as u64;
    session.deliver(&envelope(recipients), message, size).await
}

/// Whether a stored message ends with this one: the server writes lines of its own before it.
fn holds(stored: &[u8], message: &str) -> bool {
    let stored = String::from_utf8_lossy(stored).replace("\r\n", "\n");
    stored.ends_with(&format!("\n{message}"))
}

fn large(bytes: usize) -> Vec<u8> {
    let line = b".twenty megabytes of lines, each with a dot before it and no more than that\n";
    let body = line.iter().copied().cycle().take(bytes);
    b"Subject: large\n\n".iter().copied().chain(body).collect()
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_takes_mail_by_lmtp_on_every_way() {
    let world = World::dovecot("xoauth2").await;
    let dovecot = world.as_dovecot();
    let points = [
        DeliveryPoint::Lmtp(at(dovecot.lmtp_port(), Security::Plain)),
        DeliveryPoint::Lmtp(at(dovecot.lmtp_port(), Security::StartTls)),
        DeliveryPoint::Lmtp(at(dovecot.lmtps_port(), Security::Tls)),
        DeliveryPoint::LmtpSocket(dovecot.lmtp_socket()),
    ];
    for (number, point) in (1..).zip(&points) {
        let session = DeliverySession::open(point, &world.trust(), limits()).await;
        let mut session = session.unwrap_or_else(|error| panic!("{error}\n{}", world.log()));
        let recipients = [USER, "n!body@example.com", OTHER];
        let verdicts = deliver(&mut session, &recipients, AWKWARD.as_bytes()).await;
        let verdicts = verdicts.unwrap();
        assert!(
            matches!(&verdicts[..], [Delivered::Taken(one), Delivered::Never(nobody), Delivered::Taken(other)]
                if one.contains(USER) && nobody.starts_with("550 5.1.1") && other.contains(OTHER)),
            "{verdicts:?}"
        );
        // Nobody, and then somebody again on the same connection.
        let verdicts = deliver(&mut session, &["n!body"], b"x").await.unwrap();
        assert!(
            matches!(verdicts[..], [Delivered::Never(_)]),
            "{verdicts:?}"
        );
        let verdicts = deliver(&mut session, &[OTHER], b"Subject: again\n\nx").await;
        let verdicts = verdicts.unwrap();
        assert!(
            matches!(verdicts[..], [Delivered::Taken(_)]),
            "{verdicts:?}"
        );
        session.quit().await;

        let stored = dovecot.messages(USER);
        assert_eq!(stored.len(), number);
        assert!(
            stored.iter().all(|stored| holds(stored, AWKWARD)),
            "{}",
            world.log()
        );
        assert_eq!(dovecot.count(OTHER), 2 * number);
    }
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_takes_a_large_message_whole() {
    let world = World::dovecot("xoauth2").await;
    let point = DeliveryPoint::LmtpSocket(world.as_dovecot().lmtp_socket());
    let session = DeliverySession::open(&point, &world.trust(), limits()).await;
    let mut session = session.unwrap();
    let message = large(20 << 20);
    let verdicts = deliver(&mut session, &[USER], &message).await.unwrap();
    assert!(
        matches!(verdicts[..], [Delivered::Taken(_)]),
        "{verdicts:?}"
    );
    session.quit().await;
    let stored = world.as_dovecot().messages(USER).remove(0);
    assert!(holds(
        &stored,
        &format!("{}\n", String::from_utf8(message).unwrap())
    ));
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_loses_nothing_and_doubles_nothing_when_a_message_breaks_off() {
    let world = World::dovecot("xoauth2").await;
    let point = DeliveryPoint::LmtpSocket(world.as_dovecot().lmtp_socket());
    let session = DeliverySession::open(&point, &world.trust(), limits()).await;
    let mut session = session.unwrap();
    let half = &b"Subject: half\n\nhalf"[..];
    let broken_off = session.deliver(&envelope(&[USER]), half, 1000).await;
    broken_off.unwrap_err();
    drop(session);

    let session = DeliverySession::open(&point, &world.trust(), limits()).await;
    let mut session = session.unwrap();
    deliver(&mut session, &[USER], AWKWARD.as_bytes())
        .await
        .unwrap();
    let stored = world.as_dovecot().messages(USER);
    assert_eq!(stored.len(), 1);
    assert!(holds(&stored[0], AWKWARD));
}

#[tokio::test]
#[ignore = "needs Postfix; ./test installs it"]
async fn postfix_takes_mail_by_smtp_on_every_way() {
    let postfix = Postfix::start(&["support", "other"]);
    let trust = trust_in(postfix.certificate_pem());
    let servers = [
        at(postfix.smtp_port(), Security::Plain),
        at(postfix.smtp_port(), Security::StartTls),
        at(postfix.smtps_port(), Security::Tls),
    ];
    for (number, server) in (1..).zip(servers) {
        let point = DeliveryPoint::Smtp(server);
        let session = DeliverySession::open(&point, &trust, limits()).await;
        let mut session = session.unwrap_or_else(|error| panic!("{error}\n{}", postfix.log()));
        let recipients = [USER, "nobody@example.com", OTHER, "x@elsewhere.example"];
        let verdicts = deliver(&mut session, &recipients, AWKWARD.as_bytes()).await;
        let verdicts = verdicts.unwrap();
        assert!(
            matches!(&verdicts[..], [Delivered::Taken(one), Delivered::Never(nobody), Delivered::Taken(other), Delivered::Never(elsewhere)]
                if one == other && nobody.contains("User unknown") && elsewhere.contains("Relay access denied")),
            "{verdicts:?}"
        );
        let verdicts = deliver(&mut session, &["nobody@example.com"], b"x").await;
        assert!(matches!(verdicts.unwrap()[..], [Delivered::Never(_)]));
        let verdicts = deliver(&mut session, &[OTHER], b"Subject: again\n\nx").await;
        assert!(matches!(verdicts.unwrap()[..], [Delivered::Taken(_)]));
        session.quit().await;

        let stored = postfix.wait_for("support", number);
        assert_eq!(stored.len(), number);
        assert!(
            stored.iter().all(|stored| holds(stored, AWKWARD)),
            "{}",
            postfix.log()
        );
        assert_eq!(postfix.wait_for("other", 2 * number).len(), 2 * number);
    }
}

#[tokio::test]
#[ignore = "needs Postfix; ./test installs it"]
async fn postfix_is_not_sent_what_it_says_it_never_takes() {
    let postfix = Postfix::start(&["support"]);
    let point = DeliveryPoint::Smtp(at(postfix.smtp_port(), Security::Plain));
    let trust = Trust::system().unwrap();
    let mut session = DeliverySession::open(&point, &trust, limits())
        .await
        .unwrap();
    let message = tokio::io::empty();
    let verdicts = session
        .deliver(&envelope(&[USER]), message, Postfix::LARGEST + 1)
        .await;
    let verdicts = verdicts.unwrap();
    assert!(
        matches!(&verdicts[..], [Delivered::Never(why)] if why.contains("takes messages of up to")),
        "{verdicts:?}"
    );
    assert!(!postfix.log().contains("from=<from@example.com>"));

    let envelope = Envelope::new("jörg@example.com", [USER]).unwrap();
    let verdicts = session.deliver(&envelope, &b"Subject: x\n\n"[..], 12).await;
    let verdicts = verdicts.unwrap();
    assert!(
        matches!(verdicts[..], [Delivered::Taken(_)]),
        "{verdicts:?}"
    );
    session.quit().await;
    postfix.wait_for("support", 1);
}
