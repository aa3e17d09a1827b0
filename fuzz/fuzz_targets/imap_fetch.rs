//! Whatever a server answers to a fetch, the same messages come of it in all pieces.
//!
//! The first byte is the size of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::rehearsal::{Words, fetch};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    let fetched = |piece| {
        let words = Words {
            bytes,
            piece,
            longest: 256,
        };
        let rehearsal = fetch(&[1, 2, 3, 7, 12], words);
        let outcome = rehearsal.outcome.map_err(|error| error.to_string());
        (outcome, rehearsal.before_tls)
    };
    assert_eq!(fetched(usize::MAX), fetched(piece.into()));
});
