//! What is in the mailbox.

use crate::MailError;
use crate::pop3::Pop3Message;
use crate::pop3::listing::Listing;
use crate::talk::{LONGEST, Talk};

fn listing() -> Talk<Listing> {
    let mut talk = Talk::with(Listing::new(true));
    talk.client("UIDL\r\n").waits();
    talk
}

fn message(number: u32, unique_id: &str, same_id_before: u32, size: u64) -> Pop3Message {
    Pop3Message {
        number,
        unique_id: unique_id.to_owned(),
        same_id_before,
        size,
    }
}

/// What a mailbox comes to whose UIDL and LIST have these lines.
fn listed(uidl: &str, list: &str) -> Vec<Pop3Message> {
    listing()
        .server(format!("+OK\r\n{uidl}.\r\n"))
        .client("LIST\r\n")
        .waits()
        .server(format!("+OK\r\n{list}.\r\n"))
        .done()
}

/// What is wrong with such a UIDL.
fn wrong_uidl(uidl: &str) -> String {
    told(&listing().server(format!("+OK\r\n{uidl}\r\n")).fails())
}

/// What is wrong with such a LIST of message 1.
fn wrong_list(list: &str) -> String {
    let mut talk = listing();
    talk.server("+OK\r\n1 a\r\n.\r\n").client("LIST\r\n");
    told(&talk.server(format!("+OK\r\n{list}\r\n")).fails())
}

fn told(error: &MailError) -> String {
    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn each_message_has_its_number_its_unique_id_and_its_size() {
    assert_eq!(listed("", ""), []);
    assert_eq!(
        listed(
            "1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7\r\n",
            "1 120\r\n2 200\r\n"
        ),
        [
            message(1, "whqtswO00WBw418f9t5JxYwZ", 0, 120),
            message(2, "QhdPYR:00WBw1Ph7x7", 0, 200)
        ]
    );
}

#[test]
fn numbers_may_have_gaps_and_any_order_and_a_size_something_behind_it() {
    assert_eq!(
        listed(
            "9 !\r\n4 ~\r\n",
            "4 18446744073709551615 more\r\n09 0 or so\r\n"
        ),
        [message(4, "~", 0, u64::MAX), message(9, "!", 0, 0)]
    );
}

#[test]
fn messages_that_share_a_unique_id_are_all_kept_and_counted() {
    assert_eq!(
        listed(
            "3 same\r\n1 same\r\n2 other\r\n4 same\r\n",
            "1 1\r\n2 2\r\n3 3\r\n4 4\r\n"
        ),
        [
            message(1, "same", 0, 1),
            message(2, "other", 0, 2),
            message(3, "same", 1, 3),
            message(4, "same", 2, 4),
        ]
    );
}

#[test]
fn a_unique_id_has_1_to_70_characters_without_spaces() {
    let longest = "x".repeat(70);
    let messages = listed(&format!("1 {longest}\r\n"), "1 1\r\n");
    assert_eq!(messages[0].unique_id, longest);
    let too_long = format!("1 {longest}x");
    for uidl in [
        "1 ", "1  a", "1 a b", "1 a ", "1 \t", "1 \u{e4}", "1 \x7f", &too_long,
    ] {
        let told = wrong_uidl(uidl);
        assert!(
            told.contains("message 1 a unique-id that is not"),
            "{uidl}: {told}"
        );
    }
}

#[test]
fn a_number_that_is_none_or_does_not_fit_is_told() {
    for uidl in [
        "0 a",
        "4294967296 a",
        "99999999999999999999999 a",
        "-1 a",
        "+1 a",
        "a",
        "1",
        "",
        " 1 a",
        "..",
        "+OK",
    ] {
        let told = wrong_uidl(uidl);
        assert!(
            told.contains("UIDL has a line without the number"),
            "{uidl}: {told}"
        );
    }
    let told = listing().server(b"+OK\r\n1 \xff\r\n").fails().to_string();
    assert!(told.contains("without the number"), "{told}");
    for list in [
        "1 ",
        "1 a",
        "1 -1",
        "1 +1",
        "1 18446744073709551616",
        "1 1.5",
    ] {
        let told = wrong_list(list);
        assert!(told.contains("a size that is no number"), "{list}: {told}");
    }
}

#[test]
fn what_uidl_and_list_do_not_agree_on_is_told() {
    assert!(wrong_uidl("1 a\r\n1 b").contains("message 1 two unique-ids"));
    assert!(wrong_list("2 10").contains("message 2, which has no unique-id"));
    assert!(wrong_list("1 10\r\n1 10").contains("message 1, which has no unique-id"));
    assert!(wrong_list(".").contains("message 1 no size"));
}

#[test]
fn a_server_without_uidl_is_told_from_one_that_has_no_time() {
    for offered in [false, true] {
        let fails = |answer: &str| {
            let mut talk = Talk::with(Listing::new(offered));
            talk.client("UIDL\r\n").server(answer).fails()
        };
        let error = fails("-ERR unknown command\r\n");
        match error {
            MailError::Missing { missing, .. } => {
                assert!(!offered && missing.starts_with("UIDL"), "{missing}");
            }
            MailError::Refused { command, .. } => assert!(offered && command == "UIDL"),
            other => panic!("{other:?}"),
        }
        let error = fails("-ERR [SYS/TEMP] later\r\n");
        assert!(matches!(error, MailError::Later { .. }), "{error:?}");
    }
    let error = listing()
        .server("+OK\r\n.\r\n")
        .client("LIST\r\n")
        .server("-ERR no\r\n")
        .fails();
    assert!(
        matches!(&error, MailError::Refused { command, .. } if command == "LIST"),
        "{error:?}"
    );
}

#[test]
fn a_list_without_an_end_is_not_listened_to() {
    let mut talk = listing();
    talk.server("+OK\r\n");
    let ended = (0_u32..).step_by(1000).find_map(|from| {
        let lines: Vec<String> = (from + 1..=from + 1000)
            .map(|n| format!("{n} x\r\n"))
            .collect();
        match talk.server(lines.concat()).step() {
            Ok(step) => {
                assert!(matches!(step, crate::machine::Step::NeedInput), "{step:?}");
                None
            }
            Err(error) => Some(told(&error)),
        }
    });
    assert!(ended.unwrap().contains("more than 1000000 messages"));
    let mut talk = listing();
    let error = talk.server("+OK\r\n").server([b'1'; LONGEST + 1]).fails();
    assert!(told(&error).contains("too long"));
}
