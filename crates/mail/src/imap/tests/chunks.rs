//! In whatever pieces the server's bytes come, the same comes of them.

use proptest::prelude::*;
use secrecy::SecretString;

use super::opening::{server, token};
use crate::Security;
use crate::imap::Opening;
use crate::imap::command::{Command, Tags};
use crate::imap::fetching::Fetching;
use crate::imap::idling::AwaitChange;
use crate::imap::response::{Response, Untagged};
use crate::imap::{FetchEvent, Machine, Reader, Step};
use crate::talk::{Shown, run};

fn open(security: Security, turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let (server, token): (_, SecretString) = (server(security), token());
    let machine = Opening::new(&server, "u", &token);
    run(machine, turns, sizes, |login| {
        Shown::Last(format!("is open: {:?}", login.opened))
    })
}

fn fetch(turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let sets = vec!["1:9".to_owned(), "12".to_owned()];
    let machine = Fetching::new(&mut Tags::default(), sets);
    run(machine, turns, sizes, |event| match event {
        None => Shown::Last("is over".to_owned()),
        Some(FetchEvent::Chunk(bytes)) => Shown::Part(bytes.escape_ascii().to_string()),
        Some(event) => Shown::Whole(format!("{event:?}")),
    })
}

fn command(turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let machine = Command::new(&mut Tags::default(), "NOOP", "NOOP");
    run(machine, turns, sizes, |answer| {
        let others = answer
            .untagged
            .iter()
            .filter(|untagged| !matches!(untagged, Untagged::Search(_)));
        let found: Vec<u32> = answer
            .untagged
            .iter()
            .filter_map(|untagged| match untagged {
                Untagged::Search(uids) => Some(uids),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        let others: Vec<_> = others.collect();
        Shown::Last(format!("{:?} {others:?} {found:?}", answer.status))
    })
}

fn idle(turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    run(AwaitChange, turns, sizes, |()| {
        Shown::Last("changed".to_owned())
    })
}

/// Every response that can be read from these bytes, chunks put together.
fn responses(bytes: &[u8], sizes: &[usize]) -> Vec<String> {
    struct All;
    impl Machine for All {
        type Reader = Reader;
        type Done = Response;
        fn step(&mut self, reader: &mut Reader) -> Result<Step<Response>, crate::MailError> {
            Ok(reader.next()?.map_or(Step::NeedInput, Step::Done))
        }
    }
    run(All, &[bytes.to_vec()], sizes, |response| match response {
        Response::BodyChunk(bytes) => Shown::Part(bytes.escape_ascii().to_string()),
        Response::Untagged(Untagged::Search(uids)) => {
            let uids: Vec<String> = uids.iter().map(|uid| format!("{uid} ")).collect();
            Shown::Part(uids.concat())
        }
        other => Shown::Whole(format!("{other:?}")),
    })
}

/// What servers say, and what they should not.
const WORDS: &[&str] = &[
    "* ",
    "a1 ",
    "a2 ",
    "a3 ",
    "a1f1 ",
    "+ ",
    "OK ",
    "NO ",
    "BYE ",
    "[CAPABILITY IMAP4rev1 STARTTLS SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER] ",
    "CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER",
    "12 FETCH (",
    "UID 7 ",
    "UID 12 ",
    "FLAGS (\\Seen) ",
    "BODY[] ",
    "{3}\r\nabc",
    "{1500}\r\n",
    "{0}\r\n",
    "~{2}\r\n)\n",
    "\"q\\\"\" ",
    "NIL ",
    ")",
    "\r\n",
    "\n",
    "\r",
    "SEARCH 1 22 333",
    " (MODSEQ 5)",
    "5 EXISTS",
    "LIST () \"/\" {5}\r\nINBOX",
    "{",
    "}",
    "\0\u{fc}",
];

fn said() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        20 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(vec![b'x'; 1500]),
        1 => Just(b" 123456".repeat(200)),
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

fn turns() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let sound = prop::sample::select(vec![
        "* OK [CAPABILITY IMAP4rev1 STARTTLS SASL-IR AUTH=XOAUTH2] hi\r\n",
        "* OK hi\r\n",
        "a1 OK [CAPABILITY IMAP4rev1 IDLE] done\r\n",
        "a1 OK done\r\n",
        "+ \r\n",
        "* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\na2 OK done\r\n",
        "a2 OK done\r\n",
        "a3 OK done\r\n",
        "* 12 FETCH (UID 7 BODY[] {3}\r\nabc)\r\n* 5 EXISTS\r\na1f1 OK done\r\n",
        "* 12 FETCH (BODY[] {3}\r\nabc UID 7)\r\na1f1 OK done\r\n",
    ])
    .prop_map(|line| line.as_bytes().to_vec());
    prop::collection::vec(prop_oneof![3 => sound, 1 => said()], 1..7)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..4_usize, 1..200_usize], 1..8)
}

const ALL_AT_ONCE: &[usize] = &[usize::MAX];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn responses_are_the_same(bytes in said(), sizes in sizes()) {
        prop_assert_eq!(responses(&bytes, &sizes), responses(&bytes, ALL_AT_ONCE));
    }

    #[test]
    fn noise_is_the_same(bytes in any::<Vec<u8>>(), sizes in sizes()) {
        prop_assert_eq!(responses(&bytes, &sizes), responses(&bytes, ALL_AT_ONCE));
    }

    #[test]
    fn fetches_are_the_same(turns in turns(), sizes in sizes()) {
        prop_assert_eq!(fetch(&turns, &sizes), fetch(&turns, ALL_AT_ONCE));
    }

    #[test]
    fn commands_are_the_same(turns in turns(), sizes in sizes()) {
        prop_assert_eq!(command(&turns, &sizes), command(&turns, ALL_AT_ONCE));
    }

    #[test]
    fn changes_are_the_same(turns in turns(), sizes in sizes()) {
        prop_assert_eq!(idle(&turns, &sizes), idle(&turns, ALL_AT_ONCE));
    }

    #[test]
    fn openings_are_the_same(turns in turns(), sizes in sizes()) {
        for security in [Security::Tls, Security::Plain] {
            prop_assert_eq!(
                open(security, &turns, &sizes),
                open(security, &turns, ALL_AT_ONCE)
            );
        }
    }
}

#[test]
fn a_message_comes_the_same_in_pieces_of_every_size() {
    let message: Vec<u8> = (0..=255).cycle().take(2500).collect();
    let mut turn = b"* 12 FETCH (UID 7 BODY[] {2500}\r\n".to_vec();
    turn.extend_from_slice(&message);
    turn.extend_from_slice(b" FLAGS ())\r\n* 13 FETCH (BODY[] {40}\r\n");
    turn.extend_from_slice(&message[..40]);
    turn.extend_from_slice(b" UID 8)\r\na1f1 OK done\r\n");
    let turns = [turn, Vec::new(), b"a1f2 OK done\r\n".to_vec()];
    let expected = fetch(&turns, ALL_AT_ONCE);
    assert!(expected.contains(&message.escape_ascii().to_string()));
    assert_eq!(expected.last().unwrap(), "is over");
    for size in 1..=2600 {
        assert_eq!(fetch(&turns, &[size]), expected, "in pieces of {size}");
    }
}
