//! Whatever a server says, a message is announced once and no refusal is taken for a yes; what is told
//! is short and fit to be shown.
//!
//! The first byte is the size of the pieces, the second what the server can do.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::rehearsal::{Words, append};
use mailgrant_mail::{Append, Appended, Capabilities};

fuzz_target!(|data: &[u8]| {
    let [piece, can, bytes @ ..] = data else {
        return;
    };
    let can = Capabilities {
        literal_plus: can & 1 > 0,
        literal_minus: can & 2 > 0,
        ..Capabilities::default()
    };
    let message = Append {
        folder: "INBOX",
        flags: &[],
        arrived: None,
        size: 4000,
        has_nul: false,
    };
    let became = |piece| {
        let words = Words {
            bytes,
            piece,
            longest: 256,
        };
        let rehearsal = append(&message, can, words);
        let outcome = rehearsal.outcome.map_err(|error| error.to_string());
        (outcome, rehearsal.before_tls)
    };
    let (outcome, sent) = became(usize::MAX);
    assert_eq!((outcome.clone(), sent.clone()), became((*piece).into()));
    assert!(sent.starts_with(b"a1 APPEND \"INBOX\" {4000") && sent.len() < 30);
    let Ok(Some(appended)) = outcome else {
        return;
    };
    let (Appended::Taken { said, .. }
    | Appended::NoFolder(said)
    | Appended::Later(said)
    | Appended::Never(said)) = appended;
    assert!(said.chars().count() < 700 && !said.contains(char::is_control));
});
