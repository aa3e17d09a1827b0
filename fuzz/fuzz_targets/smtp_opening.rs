//! Whatever a server says, no token goes out before TLS, and no session is open that nobody opened.
//!
//! The first byte is the size of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::rehearsal::{Words, smtp_opening};
use mailgrant_mail::{MailServer, Security};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    let words = Words {
        bytes,
        piece: piece.into(),
        longest: 4096,
    };
    let token = "t0ken".to_owned().into();
    for security in [Security::Tls, Security::StartTls] {
        let server = MailServer::new("mail.example.com", 110, security).unwrap();
        let rehearsal = smtp_opening(&server, "user@example.com", &token, words);
        let has = |sent: &[u8], what: &[u8]| sent.windows(what.len()).any(|part| part == what);
        if security == Security::StartTls {
            assert!(!has(&rehearsal.before_tls, b"AUTH"));
            assert!(rehearsal.before_tls.len() < 100);
        }
        if let Ok(Some(_)) = rehearsal.outcome {
            let all = [rehearsal.before_tls, rehearsal.behind_tls].concat();
            assert!(has(&all, b"AUTH ") && has(&all, b"NOOP\r\n"));
        }
    }
});
