//! One command and what comes of it.

use crate::MailError;
use crate::imap::command::{Command, Tags};
use crate::imap::response::{Listed, Untagged};
use crate::talk::{LONGEST, Talk};

fn command() -> Talk<Command> {
    let command = Command::new(&mut Tags::default(), "LIST \"\" \"*\"", "LIST");
    let mut talk = Talk::with(command);
    talk.client("a1 LIST \"\" \"*\"\r\n");
    talk
}

fn listed(name: &str, can_be_selected: bool) -> Untagged {
    Untagged::List(Listed {
        name: name.into(),
        can_be_selected,
        uses: Vec::new(),
    })
}

fn broken(bytes: impl AsRef<[u8]>) -> String {
    let error = command().server(bytes).fails();
    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_command_gives_what_came_until_its_tagged_answer() {
    let mut talk = command();
    talk.waits()
        .server("* LIST () \"/\" INBOX\r\n* LIST (\\Noselect) \"/\" {2}\r\nab\r\n")
        .waits()
        .server("* 3 EXISTS\r\n* 1 EXPUNGE\r\na1 OK [X] done\r\n");
    let answer = talk.done();
    assert!(answer.status.has_code("X"));
    assert_eq!(
        answer.untagged,
        [
            listed("INBOX", true),
            listed("ab", false),
            Untagged::Exists(3),
            Untagged::Expunge,
        ]
    );
    assert!(talk.reader().changed());
}

#[test]
fn a_refusal_names_the_command() {
    for answer in ["a1 NO no\r\n", "a1 BAD no\r\n"] {
        let error = command().server(answer).fails();
        assert!(
            matches!(&error, MailError::Refused { command, said, .. }
                if command == "LIST" && said == "no"),
            "{error:?}"
        );
    }
}

#[test]
fn a_bye_in_the_middle_is_an_end() {
    let error = command()
        .server("* LIST () \"/\" INBOX\r\n* BYE Session invalidated - AccessTokenExpired\r\n")
        .fails();
    assert!(
        matches!(
            error,
            MailError::Closed {
                token_ended: true,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn an_answer_to_another_command_is_refused() {
    for answer in ["a2 OK done\r\n", "A1 OK done\r\n", "+ go on\r\n"] {
        broken(answer);
    }
}

#[test]
fn garbage_is_refused() {
    for garbage in [
        "\r\n",
        "*\r\n",
        "* \r\n",
        "hello\r\n",
        "a1 MAYBE\r\n",
        "a1 BYE x\r\n",
        "\0\u{1}\u{2}\n",
        "* 99999999999 EXISTS\r\n",
        "* SEARCH 1 two 3\r\n",
        "* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n",
        "* 1 FETCH (UID x)\r\n",
        "* 1 FETCH UID 1\r\n",
    ] {
        broken(garbage);
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let long = "x".repeat(LONGEST);
    broken(format!("* OK {long}"));
    broken(format!("* OK {long}\r\n"));
    // A literal of the response itself, announced or made of many small ones.
    broken("* LIST () \"/\" {1000}\r\n");
    broken("* LIST () \"/\" {9223372036854775807}\r\n");
    let part = " {100}\r\n".to_owned() + &"x".repeat(100);
    broken("* XLIST".to_owned() + &part.repeat(10));
    let (most, rest) = ("x".repeat(LONGEST - 50), "x".repeat(100));
    broken(format!("* XLIST {{{}}}\r\n{most}{rest}\r\n", most.len()));
}

#[test]
fn a_response_of_too_many_parts_is_refused() {
    let parts = |count| "* XLIST".to_owned() + &" {0}\r\n".repeat(count) + "\r\na1 OK done\r\n";
    command().server(parts(100)).done();
    let error = broken(parts(101));
    assert!(error.contains("too many parts"), "{error}");
}

#[test]
fn a_message_that_nobody_asked_for_passes_by() {
    let mut talk = command();
    talk.server("* 1 FETCH (UID 1 BODY[] {5000}\r\n")
        .waits()
        .server([b'x'; 5000])
        .waits()
        .server(")\r\na1 OK done\r\n");
    talk.done();
}

#[test]
fn a_search_response_has_no_limit_but_that_of_memory() {
    let uids: Vec<u32> = (1_000_000..1_050_000).collect();
    let numbers: Vec<String> = uids.iter().map(ToString::to_string).collect();
    let numbers = numbers.join(" ");
    for more in ["", " (MODSEQ 917162500)"] {
        let mut talk = command();
        talk.server(format!(
            "* SEARCH {numbers}{more}\r\n* 5 EXISTS\r\na1 OK Search completed (0.001 secs).\r\n"
        ));
        let mut found = Vec::new();
        for untagged in talk.done().untagged {
            match untagged {
                Untagged::Search(some) => found.extend(some),
                other => assert_eq!(other, Untagged::Exists(5)),
            }
        }
        assert_eq!(found, uids);
    }
}

#[test]
fn an_answer_that_never_ends_is_not_kept() {
    let mut talk = command();
    let part = "* SEARCH".to_owned() + &" 1".repeat(500_000) + "\r\n";
    for _ in 0..40 {
        talk.server(&part);
        match talk.step() {
            Ok(_) => {}
            Err(error) => {
                assert!(error.to_string().contains("no end"), "{error}");
                return;
            }
        }
    }
    panic!("it would be kept for ever");
}
