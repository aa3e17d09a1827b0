//! Whatever a server sends is read, or refused, the same in all pieces.
//!
//! The first byte is the size of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::rehearsal::{Words, responses};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    let words = |piece| Words {
        bytes,
        piece,
        longest: 4096,
    };
    let whole = responses(words(usize::MAX));
    let pieces = responses(words(piece.into()));
    // Chunks of messages and parts of SEARCH are as many as the pieces; all else is the same.
    assert_eq!(
        whole.map_err(|error| error.to_string()).err(),
        pieces.map_err(|error| error.to_string()).err()
    );
});
