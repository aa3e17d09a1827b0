//! Whatever a server lists and sends over POP3, the same comes of it in all pieces.
//!
//! The first byte is the size of the pieces, the second says whether commands wait for answers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::Pop3Message;
use mailgrant_mail::rehearsal::{Words, pop3_list, pop3_retrieve};

fuzz_target!(|data: &[u8]| {
    let &[piece, pipelining, ref bytes @ ..] = data else {
        return;
    };
    let words = |piece| Words {
        bytes,
        piece,
        longest: 256,
    };
    let listed = |piece| {
        let rehearsal = pop3_list(words(piece));
        let outcome = rehearsal.outcome.map_err(|error| error.to_string());
        (outcome, rehearsal.before_tls)
    };
    let list = listed(usize::MAX);
    assert_eq!(list, listed(piece.into()));
    if let Ok(Some(messages)) = list.0 {
        for message in messages {
            assert!(message.number > 0 && (1..=70).contains(&message.unique_id.len()));
            assert!(
                message
                    .unique_id
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic())
            );
        }
    }
    let wanted = [1, 2, 7].map(|number| Pop3Message {
        number,
        unique_id: number.to_string(),
        same_id_before: 0,
        size: 100,
    });
    let retrieved = |piece| {
        let rehearsal = pop3_retrieve(&wanted, pipelining % 2 == 1, words(piece));
        let outcome = rehearsal.outcome.map_err(|error| error.to_string());
        (outcome, rehearsal.before_tls)
    };
    assert_eq!(retrieved(usize::MAX), retrieved(piece.into()));
});
