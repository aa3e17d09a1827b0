//! In whatever pieces the server's bytes come, the same comes of them.

use proptest::prelude::*;

use super::{envelope, offers};
use crate::delivery::asking::Asking;
use crate::talk::{Shown, run};

const ANSWERS: &[&str] = &[
    "250 fine\r\n",
    "250-2.1.5 fine\r\n250 2.1.5 very\r\n",
    "354 go on\r\n",
    "450 not now\r\n",
    "550-5.1.1 no\r\n550 5.1.1 never\r\n",
    "421 bye\r\n",
    "garbage\r\n",
    "2",
];

fn ask(turns: &[Vec<u8>], sizes: &[usize]) -> Vec<String> {
    let envelope = envelope(&["a@x", "b@x"]);
    let asking = Asking::new(&envelope, 7, &offers(&["SIZE"]));
    run(asking, turns, sizes, |asked| {
        Shown::Last(format!("knows: {asked:?}"))
    })
}

proptest! {
    #[test]
    fn asking_is_the_same_in_pieces_of_every_size(
        answers in proptest::collection::vec(proptest::sample::select(ANSWERS), 1..6),
        sizes in proptest::collection::vec(1usize..9, 1..6),
    ) {
        // The server speaks only when it was asked.
        let mut turns = vec![Vec::new()];
        turns.extend(answers.iter().map(|text| text.as_bytes().to_vec()));
        prop_assert_eq!(ask(&turns, &sizes), ask(&turns, &[usize::MAX]));
    }
}

#[test]
fn a_message_that_is_awaited_is_among_them() {
    let turns = ["", ANSWERS[0], ANSWERS[1], ANSWERS[4], ANSWERS[2]];
    let did = ask(&turns.map(|text| text.as_bytes().to_vec()), &[1]);
    assert!(did.last().unwrap().ends_with("then: Message }"), "{did:?}");
}
