//! In whatever pieces the server's bytes come, the same comes of them.

use proptest::prelude::*;

use super::retrieving::{pipelined, retrieving};
use super::{Opening, server, token};
use crate::Security;
use crate::pop3::RetrieveEvent;
use crate::pop3::listing::Listing;
use crate::talk::{Shown, run};

fn open(security: Security, turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let (server, token) = (server(security), token());
    run(Opening::new(&server, "u", &token), turns, sizes, |opened| {
        Shown::Last(format!("is open: {opened:?}"))
    })
}

fn list(turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    run(Listing::new(true), turns, sizes, |messages| {
        Shown::Last(format!("lists {messages:?}"))
    })
}

fn retrieve(pipelining: bool, turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let wanted = &[(1, 10), (2, 20), (5, 50)];
    let machine = if pipelining {
        pipelined(wanted)
    } else {
        retrieving(wanted)
    };
    run(machine, turns, sizes, |event| match event {
        None => Shown::Last("is over".to_owned()),
        Some(RetrieveEvent::Chunk(bytes)) => Shown::Part(bytes.escape_ascii().to_string()),
        Some(event) => Shown::Whole(format!("{event:?}")),
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

const LISTS: &[&str] = &[
    "+OK\r\n1 a\r\n2 b\r\n.\r\n",
    "+OK\r\n2 20\r\n1 10 x\r\n.\r\n",
    "+OK\r\n.\r\n",
    "+OK\r\n1 a\r\n1 a\r\n",
    "-ERR no\r\n",
];
const MESSAGES: &[&str] = &[
    "+OK 8\r\nA: b\r\n\r\n.\r\n",
    "+OK\r\n..\r\n\r.\r\n.\n\r\n...\r\n.\r\n",
    "+OK\r\n.\r\n+OK\r\n",
    "-ERR no\r\n",
    "-ERR [SYS/TEMP] later\r\n",
];

/// A conversation of such turns, some of them noise.
fn talk_of(sound: &'static [&'static str]) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let sound = prop::sample::select(sound).prop_map(|text| text.as_bytes().to_vec());
    let noise = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(prop::sample::select(b"+OK .\r\n12a".to_vec()), 0..40),
    ];
    // The first turn comes before anything has been asked.
    let turns = prop::collection::vec(prop_oneof![4 => sound, 1 => noise], 0..5);
    turns.prop_map(|turns| [vec![Vec::new()], turns].concat())
}

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

    #[test]
    fn a_list_is_the_same_in_pieces_of_every_size(
        turns in talk_of(LISTS),
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        prop_assert_eq!(list(&turns, &sizes), list(&turns, &[usize::MAX]));
    }

    #[test]
    fn messages_are_the_same_in_pieces_of_every_size(
        turns in talk_of(MESSAGES),
        sizes in prop::collection::vec(1usize..9, 1..6),
        pipelining: bool,
    ) {
        let turns = if pipelining { vec![Vec::new(), turns.concat()] } else { turns };
        prop_assert_eq!(
            retrieve(pipelining, &turns, &sizes),
            retrieve(pipelining, &turns, &[usize::MAX])
        );
    }
}

#[test]
fn a_whole_list_and_whole_messages_are_among_them() {
    let turns = |turns: [&str; 4]| turns.map(|text| text.as_bytes().to_vec());
    let did = list(&turns(["", LISTS[0], LISTS[1], ""]), &[1]);
    assert!(did.last().unwrap().contains("size: 20"), "{did:?}");
    let turns = turns(["", MESSAGES[0], MESSAGES[1], MESSAGES[3]]);
    let at_once = [Vec::new(), turns.concat()];
    for (size, pipelining) in (1..60).flat_map(|size| [(size, false), (size, true)]) {
        let turns = if pipelining { &at_once[..] } else { &turns[..] };
        let did = retrieve(pipelining, turns, &[size]);
        assert!(did.contains(&"A: b\\r\\n\\r\\n".to_owned()), "{did:?}");
        let dots = ".\\r\\n\\r.\\r\\n\\n\\r\\n..\\r\\n".to_owned();
        assert!(did.contains(&dots), "{did:?}");
        assert_eq!(did.last().unwrap(), "is over");
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
