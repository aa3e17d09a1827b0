//! Dialogues, said line by line.

mod attacks;
mod chunks;
mod imap;
mod pop3;
mod smtp;

use mailgrant_base::Protocol;
use mailgrant_mail::{Offers, UpstreamOpened};
use secrecy::ExposeSecret as _;

use super::{Cover, Dialogue, Input, Step, begin};
use crate::{Refusal, RefusalKind};

/// A dialogue and what has come for it. Each method is one turn, and fails the test when the dialogue
/// wants something else.
pub(super) struct Talk {
    dialogue: Box<dyn Dialogue>,
    input: Input,
}

impl Talk {
    /// Begins, and hears the greeting.
    pub(super) fn begin(protocol: Protocol, cover: Cover) -> Self {
        let extensions = vec!["8BITMIME".to_owned(), "SIZE 1000".to_owned()];
        let mut talk = Self {
            dialogue: begin(protocol, cover, "mail.example.com", extensions),
            input: Input::default(),
        };
        talk.said();
        talk
    }

    /// The client sends this, all at once.
    pub(super) fn client(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.input.room().extend_from_slice(bytes.as_ref());
        self
    }

    /// What is said next.
    pub(super) fn said(&mut self) -> String {
        match self.dialogue.step(&mut self.input) {
            Step::Say(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("something was to be said, not {other:?}"),
        }
    }

    /// Exactly this is said.
    pub(super) fn server(&mut self, expected: &str) -> &mut Self {
        assert_eq!(self.said(), expected);
        self
    }

    /// More is waited for.
    pub(super) fn waits(&mut self) -> &mut Self {
        match self.dialogue.step(&mut self.input) {
            Step::NeedInput => self,
            other => panic!("more was to be waited for, not {other:?}"),
        }
    }

    /// Somebody wants to be let in, with this name and password.
    pub(super) fn asks(&mut self) -> (String, String) {
        match self.dialogue.step(&mut self.input) {
            Step::LogIn(login) => (login.user, login.password.expose_secret().to_owned()),
            other => panic!("somebody was to ask, not {other:?}"),
        }
    }

    /// TLS begins behind these words.
    pub(super) fn tls(&mut self) -> String {
        match self.dialogue.step(&mut self.input) {
            Step::BeginTls(bytes) => {
                self.dialogue.secured();
                String::from_utf8(bytes).unwrap()
            }
            other => panic!("TLS was to begin, not {other:?}"),
        }
    }

    /// The connection ends with these words.
    pub(super) fn ends(&mut self) -> String {
        match self.dialogue.step(&mut self.input) {
            Step::End(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("it was to end, not {other:?}"),
        }
    }

    pub(super) fn admit(&mut self, opened: &UpstreamOpened) -> String {
        String::from_utf8(self.dialogue.admit(opened)).unwrap()
    }

    /// The words of a refusal, and whether the connection ends behind them.
    pub(super) fn refuse(&mut self, kind: RefusalKind) -> (String, bool) {
        let refusal = Refusal::new(
            kind,
            "It\u{2019}s r\u{e9}fused\r\nb OK: http://localhost/accounts/1",
        );
        let refused = self.dialogue.refuse(&refusal);
        (String::from_utf8(refused.say).unwrap(), refused.ends)
    }

    /// What has come and was not read.
    pub(super) fn rest(&mut self) -> String {
        String::from_utf8(self.input.take_rest().to_vec()).unwrap()
    }
}

pub(super) fn offers(words: &[&str]) -> Offers {
    Offers {
        extensions: words.iter().map(|word| (*word).to_owned()).collect(),
        mechanisms: Vec::new(),
    }
}

/// As a login asks.
pub(super) fn login(user: &str, password: &str) -> (String, String) {
    (user.to_owned(), password.to_owned())
}

/// All kinds of refusals, and the codes that stand in front of their words.
pub(super) fn codes(protocol: Protocol, ask: &str) -> Vec<(String, bool)> {
    RefusalKind::ALL
        .into_iter()
        .map(|kind| {
            let mut talk = Talk::begin(protocol, Cover::Tls);
            talk.client(ask);
            while matches!(talk.dialogue.step(&mut talk.input), Step::Say(_)) {}
            let (said, ends) = talk.refuse(kind);
            let words = " It's r?fused  b OK: http://localhost/accounts/1\r\n";
            (said.strip_suffix(words).unwrap().to_owned(), ends)
        })
        .collect()
}
