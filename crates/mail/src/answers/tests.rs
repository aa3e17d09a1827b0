use std::collections::HashSet;

use mailgrant_base::Diagnose as _;
use proptest::prelude::*;

use super::*;
use crate::MailError;
use crate::imap::Status;
use crate::verdict::Peer;

#[test]
fn no_words_stand_twice() {
    let mut seen = HashSet::new();
    for row in rows() {
        for words in row.words {
            let gmail = row.protocol == Protocol::Gmail;
            assert!(seen.insert((row.seat, gmail, *words)), "{words}");
            assert_eq!(*words, words.to_ascii_lowercase());
        }
    }
}

#[test]
fn every_row_is_whole() {
    for row in rows() {
        for text in [row.what, row.next] {
            let begins = text.chars().next().is_some_and(char::is_uppercase);
            assert!(
                begins && text.ends_with('.') && !text.contains("  "),
                "{row:?}"
            );
        }
        assert!(
            row.source.starts_with("https://") || row.source.starts_with("RFC "),
            "{row:?}"
        );
        assert!(
            !row.words.is_empty() && !row.example.contains("  "),
            "{row:?}"
        );
    }
}

#[test]
fn whose_turn_it_is_agrees_with_what_it_means() {
    for row in rows() {
        let passes = matches!(row.meaning, Meaning::Later | Meaning::TokenEnded);
        assert_eq!(passes, row.fault.passes_by_itself(), "{row:?}");
    }
}

#[test]
fn what_a_server_really_says_is_found_as_its_row() {
    for row in rows() {
        let found = match row.seat {
            Seat::Answer => of_words(row.example),
            Seat::Challenge => {
                let challenge = Challenge::decode(encoded(row.example).as_bytes()).unwrap();
                of_login("NO [AUTHENTICATIONFAILED] no", Some(&challenge))
            }
        };
        assert!(
            found.is_some_and(|found| std::ptr::eq(found, row)),
            "{row:?}: {found:?}"
        );
    }
}

#[test]
fn what_an_imap_server_says_becomes_the_rows_diagnosis() {
    let peer = Peer::new("imap.example.com:993");
    for row in rows().filter(|row| row.seat == Seat::Answer && row.protocol == Protocol::Imap) {
        let status = Status::read(row.example.as_bytes()).unwrap();
        let error = if row.example.starts_with("BYE") {
            peer.bye(&status)
        } else {
            peer.login_refused(&status, None)
        };
        let diagnosis = error.diagnosis();
        assert!(diagnosis.what.ends_with(row.what), "{diagnosis:?}");
        assert!(
            diagnosis.what.starts_with("imap.example.com:993 "),
            "{diagnosis:?}"
        );
        assert_eq!(diagnosis.fault, row.fault, "{diagnosis:?}");
        assert_eq!(diagnosis.next, row.next);
        assert_eq!(diagnosis.place.as_deref(), row.place);
        assert_eq!(diagnosis.source, Some(row.source));
        let said = diagnosis.said.unwrap();
        assert!(row.example.ends_with(&said), "{said}");
    }
}

#[test]
fn a_token_that_ended_explains_no_refused_login() {
    let error = MailError::LoginRefused {
        server: "s:993".to_owned(),
        said: "AccessTokenExpired".to_owned(),
        challenge: None,
    };
    assert!(!error.diagnosis().fault.passes_by_itself());
}

#[test]
fn words_that_tell_go_before_the_challenge_and_the_challenge_before_the_rest() {
    let challenge = Challenge::decode(encoded(r#"{"status":"insufficient_scope"}"#).as_bytes());
    let general = "[AUTHENTICATIONFAILED] Authentication failed.";
    let by = |said, challenge: Option<&Challenge>| of_login(said, challenge).unwrap().words[0];
    assert_eq!(by(general, challenge.as_ref()), "insufficient_scope");
    assert_eq!(by(general, None), "[authenticationfailed]");
    assert_eq!(
        by(
            "Your account is not enabled for IMAP use",
            challenge.as_ref()
        ),
        "not enabled for imap"
    );
}

fn encoded(json: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(json)
}

proptest! {
    #[test]
    fn any_words_are_diagnosed_in_bounds_and_without_control_characters(text in any::<Vec<u8>>()) {
        let peer = Peer::new("imap.example.com:993");
        let line = [b"NO ".as_slice(), &text].concat();
        if let Some(status) = Status::read(&line) {
            let diagnosis = peer.login_refused(&status, None).diagnosis();
            let shown = format!("{diagnosis} {}", diagnosis.said.clone().unwrap_or_default());
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert!(shown.chars().count() < 3000);
        }
    }
}
