//! The same conversation whatever sizes the bytes arrive in.

use mailgrant_base::Protocol;
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::{Cover, Dialogue, Input, Step, begin};
use crate::{Refusal, RefusalKind};

/// Turns of a client: each is sent once the dialogue waits. A login is refused, so that all is read.
fn run(protocol: Protocol, cover: Cover, turns: &[&[u8]], sizes: &[usize]) -> Vec<String> {
    let mut dialogue = begin(protocol, cover, "mail.example.com", Vec::new());
    let mut input = Input::default();
    let mut sizes = sizes.iter().copied().cycle();
    let mut did = Vec::new();
    goes_on(dialogue.as_mut(), &mut input, &mut did);
    for turn in turns {
        let mut left = *turn;
        while !left.is_empty() {
            let size = sizes.next().unwrap_or(1).min(left.len());
            let (now, later) = left.split_at(size);
            left = later;
            input.room().extend_from_slice(now);
            if !goes_on(dialogue.as_mut(), &mut input, &mut did) {
                return did;
            }
        }
    }
    did
}

/// Runs until more is waited for (`true`) or it ends.
fn goes_on(dialogue: &mut dyn Dialogue, input: &mut Input, did: &mut Vec<String>) -> bool {
    loop {
        let done = match dialogue.step(input) {
            Step::NeedInput => return true,
            Step::Say(bytes) => format!("says {}", bytes.escape_ascii()),
            Step::LogIn(login) => {
                let refused = dialogue.refuse(&Refusal::new(RefusalKind::Wrong, "no"));
                did.push(format!("asks {login:?} {}", login.password.expose_secret()));
                format!("refuses {}", refused.say.escape_ascii())
            }
            Step::BeginTls(bytes) => {
                dialogue.secured();
                format!("begins TLS {}", bytes.escape_ascii())
            }
            Step::End(bytes) => {
                did.push(format!("ends {}", bytes.escape_ascii()));
                return false;
            }
        };
        did.push(done);
    }
}

const IMAP: &[&[u8]] = &[
    b"a CAPABILITY\r\n",
    b"b LOGIN desk secret\r\nc LOGIN \"a b\" {3+}\r\nx\ny {9}\r\n",
    b"d LOGIN {4}\r\n",
    b"desk {2}\r\n",
    b"xy\r\n",
    b"e AUTHENTICATE PLAIN\r\n",
    b"AGRlc2sAc2VjcmV0\r\n",
    b"f AUTHENTICATE LOGIN\r\nZGVzaw==\r\n",
    b"c2VjcmV0\r\n",
    b"g ID (\"a\" NIL)\r\nh NOOP\n\r\n",
    b"i LOGOUT\r\n",
];

const POP3: &[&[u8]] = &[
    b"CAPA\r\nUSER desk\r\n",
    b"PASS a b\r\nAUTH PLAIN AGRlc2sAc2VjcmV0\r\n",
    b"AUTH LOGIN\r\nZGVzaw==\r\nc2VjcmV0\r\nLIST\r\n",
    b"QUIT\r\n",
];

const SMTP: &[&[u8]] = &[
    b"EHLO me\r\nAUTH PLAIN\r\n",
    b"AGRlc2sAc2VjcmV0\r\nAUTH LOGIN\r\n",
    b"ZGVzaw==\r\nc2VjcmV0\r\nMAIL FROM:<>\r\n",
    b"QUIT\r\n",
];

proptest! {
    #[test]
    fn pieces_of_any_size_make_the_same_conversation(sizes in prop::collection::vec(1_usize..20, 1..20)) {
        for (protocol, turns) in [(Protocol::Imap, IMAP), (Protocol::Pop3, POP3), (Protocol::Smtp, SMTP)] {
            let whole = run(protocol, Cover::Tls, turns, &[100_000]);
            prop_assert!(whole.len() > 6, "{whole:?}");
            prop_assert_eq!(&run(protocol, Cover::Tls, turns, &sizes), &whole);
            let before_tls = run(protocol, Cover::StartTls, turns, &[100_000]);
            prop_assert!(!before_tls.iter().any(|did| did.starts_with("asks")), "{before_tls:?}");
        }
    }

    #[test]
    fn whatever_comes_nothing_breaks(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for protocol in Protocol::ALL {
            for cover in [Cover::Plain, Cover::StartTls, Cover::Tls] {
                let whole = run(protocol, cover, &[&bytes], &[100_000]);
                for did in &whole {
                    prop_assert!(cover != Cover::StartTls || !did.starts_with("asks"));
                }
            }
        }
    }
}
