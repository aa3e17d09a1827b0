//! Every answer of the table, said by the sandbox's mail servers over real connections in each
//! protocol that it may be said in, and what Mailgrant makes of it.

use mailgrant_base::Diagnose as _;
use mailgrant_mail::answers::{self, Meaning, Row, Seat, rows};
use mailgrant_mail::sasl::Mechanism;
use mailgrant_mail::{MailError, Protocol, Security};
use mailgrant_sandbox::{ImapFault, LineFault, MailServerOptions};

use crate::world::{World, token};

/// Where in the conversation the words come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the place of the login's success.
    Login,
    /// At the first command after it.
    FirstCommand,
}

/// One answer, as one server says it.
struct Scene {
    row: &'static Row,
    protocol: Protocol,
    at: At,
    /// All behind the tag, or the lines.
    lines: Vec<String>,
    challenge: Option<String>,
}

/// The row's words in the protocols that it may be said in.
fn scenes(row: &'static Row) -> Vec<Scene> {
    let protocols: &[Protocol] = match row.protocol {
        answers::Protocol::Imap => &[Protocol::Imap],
        answers::Protocol::Pop3 => &[Protocol::Pop3],
        answers::Protocol::Smtp => &[Protocol::Smtp],
        answers::Protocol::Any | answers::Protocol::Gmail => &Protocol::ALL,
    };
    let scene = |protocol: &Protocol| {
        let said = match row.seat {
            Seat::Answer => row.example,
            Seat::Challenge => "NO no",
        };
        let at = match row.meaning {
            Meaning::NotConnected | Meaning::TokenEnded => At::FirstCommand,
            Meaning::Later | Meaning::Act => At::Login,
        };
        Scene {
            row,
            protocol: *protocol,
            at,
            lines: in_the_words_of(*protocol, said),
            challenge: (row.seat == Seat::Challenge).then(|| row.example.to_owned()),
        }
    };
    protocols.iter().map(scene).collect()
}

/// Words that may be said in any protocol are written down as in IMAP.
fn in_the_words_of(protocol: Protocol, said: &str) -> Vec<String> {
    let bare = |said: &str| {
        let known = said
            .split_once(' ')
            .filter(|(word, _)| matches!(*word, "NO" | "BAD"));
        known.map(|(_, text)| text.to_owned())
    };
    match (protocol, bare(said)) {
        (Protocol::Pop3, Some(text)) => vec![format!("-ERR {text}")],
        (Protocol::Smtp, Some(text)) => vec![format!("535 {text}")],
        // RFC 5321, section 4.2.1: the last line has a space where the others have a hyphen.
        (Protocol::Smtp, None) if said.as_bytes().get(3) == Some(&b'-') => {
            vec![said.to_owned(), said.replacen('-', " ", 1)]
        }
        _ => vec![said.to_owned()],
    }
}

impl Scene {
    fn set(&self, world: &World) {
        let (challenge, lines) = (self.challenge.clone(), self.lines.clone());
        let server = world.server();
        if self.protocol == Protocol::Imap {
            let text = lines.concat();
            let fault = match self.at {
                At::Login => ImapFault::LoginAnswer { challenge, text },
                At::FirstCommand => ImapFault::FirstAnswer(text),
            };
            return server.fault(fault, Some(1));
        }
        let fault = match self.at {
            At::Login => LineFault::LoginAnswer { challenge, lines },
            At::FirstCommand => LineFault::FirstAnswer(lines),
        };
        match self.protocol {
            Protocol::Pop3 => server.pop3_fault(fault, Some(1)),
            _ => server.smtp_fault(fault, Some(1)),
        }
    }

    fn assert_heard(&self, error: &MailError) {
        let Self { row, protocol, .. } = self;
        let diagnosis = error.diagnosis();
        let about = format!("{protocol:?} {row:?}\n{error:?}\n{diagnosis:?}");
        assert!(diagnosis.what.ends_with(row.what), "{about}");
        assert!(diagnosis.what.starts_with("127.0.0.1:"), "{about}");
        assert_eq!(diagnosis.next, row.next, "{about}");
        assert_eq!(diagnosis.fault, row.fault, "{about}");
        assert_eq!(diagnosis.place.as_deref(), row.place, "{about}");
        assert_eq!(diagnosis.source, Some(row.source), "{about}");
        let kind = match error {
            MailError::Later { .. } => Meaning::Later,
            MailError::NotConnected { .. } => Meaning::NotConnected,
            MailError::Closed {
                token_ended: true, ..
            } => Meaning::TokenEnded,
            MailError::LoginRefused { .. } => Meaning::Act,
            other => panic!("{other:?}: {about}"),
        };
        assert_eq!(kind, row.meaning, "{about}");
        // The server's very words are there for whoever asks its maker.
        let said = diagnosis.said.unwrap();
        let words = match self.row.seat {
            Seat::Answer => self.lines.last().unwrap(),
            Seat::Challenge => "no",
        };
        let words = ["NO ", "BAD ", "BYE ", "-ERR "]
            .iter()
            .find_map(|word| words.strip_prefix(word))
            .unwrap_or(words);
        assert!(said.contains(words), "{words}: {about}");
    }
}

#[tokio::test]
async fn each_answer_of_the_table_is_heard_over_the_wire_as_what_it_means() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    let mut heard = Vec::new();
    for row in rows() {
        for scene in scenes(row) {
            scene.set(&world);
            let login = world.log_in(scene.protocol, Security::Tls, Mechanism::XOAuth2, token());
            let error = login.await.expect_err(row.example);
            scene.assert_heard(&error);
            heard.push(scene.protocol);
        }
    }
    // Without its fault each server lets the same token in.
    for protocol in Protocol::ALL {
        let login = world.log_in(protocol, Security::Tls, Mechanism::XOAuth2, token());
        login.await.unwrap().end().await;
        assert!(
            heard.iter().filter(|it| **it == protocol).count() > 10,
            "{protocol:?}"
        );
    }
}
