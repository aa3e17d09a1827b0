//! Messages on their way into a folder.

use proptest::prelude::*;

use crate::MailError;
use crate::imap::appending::{Append, AppendUid, Appended, AskAppend, AwaitAppended, Flag, Wanted};
use crate::imap::command::Tags;
use crate::imap::{Capabilities, Machine as _, Step};
use crate::rehearsal::{self, Words};
use crate::talk::Talk;

const MESSAGE: Append<'_> = Append {
    folder: "Entw\u{fc}rfe \"neu\"",
    flags: &[],
    arrived: None,
    size: 5000,
    has_nul: false,
};

fn asking(append: &Append<'_>, can: Capabilities) -> Talk<AskAppend> {
    Talk::with(AskAppend::new(&mut Tags::default(), append, can))
}

/// What a server's words behind the message make of it.
fn behind_the_message(said: &str) -> Result<Appended, MailError> {
    let asked = AskAppend::new(&mut Tags::default(), &MESSAGE, Capabilities::default());
    let mut talk: Talk<AwaitAppended> = Talk::with(asked.then());
    talk.waits().server(said);
    match talk.step()? {
        Step::Done(appended) => Ok(appended),
        other => panic!("{said}: {other:?}"),
    }
}

#[test]
fn the_message_waits_until_the_server_wants_it() {
    let mut talk = asking(&MESSAGE, Capabilities::default());
    talk.client("a1 APPEND \"Entw&APw-rfe \\\"neu\\\"\" {5000}\r\n")
        .waits()
        .server("* 3 EXISTS\r\n")
        .waits()
        .server("+ Ready\r\n");
    assert_eq!(talk.done(), Wanted::Message);
}

#[test]
fn flags_a_date_and_nul_bytes_stand_in_the_command() {
    let append = Append {
        flags: &[Flag::Seen, Flag::Flagged],
        arrived: Some("2026-03-04T05:06:07Z".parse().unwrap()),
        has_nul: true,
        ..MESSAGE
    };
    asking(&append, Capabilities::default()).client(
        "a1 APPEND \"Entw&APw-rfe \\\"neu\\\"\" (\\Seen \\Flagged) \
         \"04-Mar-2026 05:06:07 +0000\" ~{5000}\r\n",
    );
}

#[test]
fn a_message_goes_unasked_only_where_it_may_and_is_small() {
    let plus = Capabilities {
        literal_plus: true,
        ..Capabilities::default()
    };
    let minus = Capabilities {
        literal_minus: true,
        ..Capabilities::default()
    };
    for (can, size, unasked) in [
        (plus, 65536, true),
        (plus, 65537, false),
        (minus, 4096, true),
        (minus, 4097, false),
        (Capabilities::default(), 1, false),
    ] {
        let append = Append { size, ..MESSAGE };
        let mut talk = asking(&append, can);
        assert_eq!(talk.sends().ends_with("+}\r\n"), unasked, "{can:?} {size}");
        if unasked {
            assert_eq!(talk.done(), Wanted::Message);
        } else {
            talk.waits();
        }
    }
}

#[test]
fn a_refusal_in_place_of_the_go_ahead_is_told_and_nothing_is_sent() {
    let mut talk = asking(&MESSAGE, Capabilities::default());
    talk.sends();
    talk.server("a1 NO [TRYCREATE] No such folder\r\n");
    let said = "[TRYCREATE] No such folder".to_owned();
    assert_eq!(talk.done(), Wanted::Nothing(Appended::NoFolder(said)));
    for wrong in ["a1 OK done\r\n", "a2 NO who\r\n"] {
        let mut talk = asking(&MESSAGE, Capabilities::default());
        talk.sends();
        let error = talk.server(wrong).fails();
        assert!(matches!(error, MailError::Protocol { .. }), "{error}");
    }
}

#[test]
fn where_the_message_is_comes_with_the_answer() {
    let at = |said: &str| match behind_the_message(&format!("* 4 EXISTS\r\na1 OK {said}\r\n")) {
        Ok(Appended::Taken { at, .. }) => at.map(|at| (at.uid_validity, at.uid)),
        other => panic!("{other:?}"),
    };
    assert_eq!(at("[APPENDUID 38505 3955] done"), Some((38505, 3955)));
    for none in [
        "done",
        "[APPENDUID 1 0] x",
        "[APPENDUID 7] x",
        "[APPENDUID a b] x",
        "",
    ] {
        assert_eq!(at(none), None, "{none}");
    }
    let place = AppendUid {
        uid_validity: 1,
        uid: 2,
    };
    let said = "[APPENDUID 1 2] x".to_owned();
    let at = Some(place);
    assert_eq!(
        behind_the_message("a1 OK [APPENDUID 1 2] x\r\n").unwrap(),
        Appended::Taken { at, said }
    );
}

#[test]
fn each_refusal_means_what_it_means() {
    let sort = |said: &str| match behind_the_message(&format!("a1 {said}\r\n")) {
        Ok(Appended::Taken { .. }) => "taken",
        Ok(Appended::NoFolder(words)) => said.ends_with(&words).then_some("no folder").unwrap(),
        Ok(Appended::Later(words)) => said.ends_with(&words).then_some("later").unwrap(),
        Ok(Appended::Never(words)) => said.ends_with(&words).then_some("never").unwrap(),
        Err(MailError::Closed { token_ended, .. }) if token_ended => "token",
        Err(other) => panic!("{other}"),
    };
    for (said, expected) in [
        ("OK done", "taken"),
        ("NO [TRYCREATE] no", "no folder"),
        ("NO [NONEXISTENT] no", "no folder"),
        ("NO [NOPERM] no", "no folder"),
        ("NO [OVERQUOTA] full", "later"),
        ("NO [LIMIT] slow down", "later"),
        ("NO [UNAVAILABLE] x", "later"),
        ("NO hm", "later"),
        ("NO [TOOBIG] x", "never"),
        ("BAD Invalid message", "never"),
        ("NO Session invalidated - AccessTokenExpired", "token"),
    ] {
        assert_eq!(sort(said), expected, "{said}");
    }
    let bye = behind_the_message("* BYE I am off\r\n").unwrap_err();
    assert!(matches!(bye, MailError::Closed { .. }), "{bye}");
}

#[test]
fn what_a_server_never_takes_is_known_beforehand() {
    let can = Capabilities {
        append_limit: Some(4999),
        ..Capabilities::default()
    };
    let why = MESSAGE.impossible(can, "imap.example.com:993").unwrap();
    assert!(why.contains("4999") && why.contains("5000"), "{why}");
    let with_nul = Append {
        has_nul: true,
        ..MESSAGE
    };
    let why = with_nul.impossible(Capabilities::default(), "x").unwrap();
    assert!(why.contains("NUL") && why.contains("BINARY"), "{why}");
    let can = Capabilities {
        binary: true,
        append_limit: Some(5000),
        ..Capabilities::default()
    };
    assert_eq!(with_nul.impossible(can, "x"), None);
}

proptest! {
    #[test]
    fn the_command_is_one_line_whatever_the_folder_is_called(folder in any::<String>()) {
        let append = Append { folder: &folder, ..MESSAGE };
        let mut asking = AskAppend::new(&mut Tags::default(), &append, Capabilities::default());
        let Ok(Step::Output(line)) = asking.step(&mut crate::talk::reader()) else { panic!() };
        let line = line.strip_suffix(b"\r\n").unwrap();
        prop_assert!(line.iter().all(|byte| (0x20..0x7f).contains(byte)));
        let end = b"\" {5000}";
        prop_assert!(line.ends_with(end));
    }

    #[test]
    fn in_whatever_pieces_the_answer_comes_it_means_the_same(
        words in prop::collection::vec(prop::sample::select(vec![
            "+ ", "a1 ", "a2 ", "* ", "OK ", "NO ", "BAD ", "BYE ", "[APPENDUID 1 2] ",
            "[TRYCREATE] ", "[OVERQUOTA] ", "4 EXISTS", "x", "\r\n", "{3}\r\n", "(", "\0",
        ]), 0..12),
        piece in 1..20_usize,
    ) {
        let bytes = words.concat().into_bytes();
        let became = |piece| {
            let words = Words { bytes: &bytes, piece, longest: 300 };
            let rehearsal = rehearsal::append(&MESSAGE, Capabilities::default(), words);
            (rehearsal.outcome.map_err(|error| error.to_string()), rehearsal.before_tls)
        };
        prop_assert_eq!(became(usize::MAX), became(piece));
    }
}
