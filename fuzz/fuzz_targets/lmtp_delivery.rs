//! Whatever a server says, a message goes out only where somebody may have it, and each recipient gets
//! one verdict that is short and fit to be shown.
//!
//! The first byte is the size of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::rehearsal::{Words, lmtp_delivery};
use mailgrant_mail::{Delivered, Envelope};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    let envelope = Envelope::new("from@example.com", ["a@example.com", "b@example.com"]).unwrap();
    for piece in [1, piece.into()] {
        let words = Words {
            bytes,
            piece,
            longest: 4096,
        };
        let rehearsal = lmtp_delivery(&envelope, words);
        assert!(rehearsal.behind_tls.is_empty() && rehearsal.before_tls.len() < 300);
        let Ok(Some(verdicts)) = rehearsal.outcome else {
            continue;
        };
        assert_eq!(verdicts.len(), 2);
        for verdict in &verdicts {
            let (Delivered::Taken(said) | Delivered::Later(said) | Delivered::Never(said)) =
                verdict;
            assert!(said.chars().count() < 700 && !said.contains(char::is_control));
        }
        if verdicts
            .iter()
            .any(|verdict| matches!(verdict, Delivered::Taken(_)))
        {
            assert!(rehearsal.before_tls.ends_with(b"DATA\r\n"));
        }
    }
});
