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
    "220 hello\r\n",
    "220-a\r\n220 b\r\n",
    "421 later\r\n",
    "hi\r\n",
];
const OFFERS: &[&str] = &[
    "250-x\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n",
    "250-x\r\n250-SIZE 1\r\n250 AUTH OAUTHBEARER PLAIN\r\n",
    "250 x\r\n",
    "502 what?\r\n",
];
const ANSWERS: &[&str] = &[
    "220 go\r\n",
    "334 \r\n",
    "334 eyJzdGF0dXMiOiI0MDAifQ==\r\n",
    "235 in\r\n",
    "250 fine\r\n",
    "535-5.7.8 no\r\n535 5.7.8 never\r\n",
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
            (Security::StartTls, vec![greeting, offers, b"220 go\r\n".to_vec(), again])
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
    let turns: Vec<Vec<u8>> = [GREETINGS[0], OFFERS[0], ANSWERS[3], ANSWERS[4]]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
    let did = open(Security::Tls, &turns, &[1]);
    assert!(did.last().unwrap().starts_with("is open"), "{did:?}");
}
