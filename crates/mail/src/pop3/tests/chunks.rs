//! In whatever pieces the server's bytes come, the same comes of them.

use proptest::prelude::*;

use super::{Opening, server, token};
use crate::Security;
use crate::talk::{Shown, run};

fn open(security: Security, turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let (server, token) = (server(security), token());
    run(Opening::new(&server, "u", &token), turns, sizes, |opened| {
        Shown::Last(format!("is open: {opened:?}"))
    })
}

const GREETINGS: &[&str] = &[
    "+OK hello\r\n",
    "+OK\n",
    "-ERR [SYS/TEMP] later\r\n",
    "hi\r\n",
];
const OFFERS: &[&str] = &[
    "+OK\r\nSTLS\r\nSASL XOAUTH2\r\n.\r\n",
    "+OK\r\n..dots\r\nSASL OAUTHBEARER PLAIN\r\n.\r\n",
    "+OK\r\n.\r\n",
    "-ERR what?\r\n",
];
const ANSWERS: &[&str] = &[
    "+OK begin\r\n",
    "+ \r\n",
    "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n",
    "+OK 2 320\r\n",
    "-ERR [AUTH] no\r\n",
    "garbage\r\n",
];

type Turns = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<Vec<u8>>);

fn turns() -> impl Strategy<Value = Turns> {
    let one = |of: &'static [&'static str]| {
        proptest::sample::select(of).prop_map(|text: &str| text.as_bytes().to_vec())
    };
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    let behind = prop_oneof![one(OFFERS), one(ANSWERS), bytes];
    let behind = proptest::collection::vec(behind, 0..6);
    (one(GREETINGS), one(OFFERS), one(OFFERS), behind)
}

proptest! {
    #[test]
    fn an_opening_is_the_same_in_pieces_of_every_size(
        (greeting, offers, again, behind) in turns(),
        sizes in proptest::collection::vec(1usize..9, 1..6),
        tls: bool,
    ) {
        // What comes in one piece with the answer to STARTTLS is another story, told elsewhere.
        let (security, before) = if tls {
            (Security::Tls, vec![greeting, offers])
        } else {
            (Security::StartTls, vec![greeting, offers, b"+OK begin\r\n".to_vec(), again])
        };
        let turns = [before, behind].concat();
        prop_assert_eq!(
            open(security, &turns, &sizes),
            open(security, &turns, &[usize::MAX])
        );
    }
}

#[test]
fn a_whole_login_is_among_them() {
    let turns: Vec<Vec<u8>> = [GREETINGS[0], OFFERS[0], ANSWERS[1], ANSWERS[0], ANSWERS[3]]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
    let did = open(Security::Tls, &turns, &[1]);
    assert!(did.last().unwrap().starts_with("is open"), "{did:?}");
}
