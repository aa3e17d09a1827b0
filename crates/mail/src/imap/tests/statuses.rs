//! Many folders asked for at once, and news of them.

use crate::MailError;
use crate::imap::command::Tags;
use crate::imap::idling::AwaitChange;
use crate::imap::statuses::{AskStatuses, How};
use crate::talk::Talk;

fn asking(folders: &[&str], by_list: bool, modseq: bool) -> Talk<AskStatuses> {
    let folders: Vec<String> = folders.iter().map(|&name| name.to_owned()).collect();
    let how = How { by_list, modseq };
    Talk::with(AskStatuses::new(&mut Tags::default(), &folders, how))
}

#[test]
fn all_are_asked_for_before_the_first_answer() {
    let mut talk = asking(&["INBOX", "Entwürfe"], false, false);
    talk.client(
        "a1 STATUS \"INBOX\" (UIDVALIDITY UIDNEXT MESSAGES)\r\n\
         a2 STATUS \"Entw&APw-rfe\" (UIDVALIDITY UIDNEXT MESSAGES)\r\n",
    );
    talk.waits()
        .server("* STATUS Inbox (UIDNEXT 5 UIDVALIDITY 1 MESSAGES 0)\r\na1 OK done\r\n")
        .waits()
        .server("* STATUS Other (UIDNEXT 9)\r\na2 NO no such folder\r\n");
    let answered = talk.done();
    assert!(answered.refused);
    assert_eq!(answered.marks.len(), 1);
    assert_eq!(answered.marks[&b"INBOX"[..]].uid_next, Some(5));
}

#[test]
fn answers_may_come_in_any_order_and_the_last_word_counts() {
    let mut talk = asking(&["a", "b"], false, false);
    talk.sends();
    talk.server("a2 OK done\r\n* STATUS a (UIDNEXT 5)\r\n")
        .waits()
        .server("* STATUS a (UIDNEXT 6)\r\na1 OK done\r\n");
    assert_eq!(talk.done().marks[&b"a"[..]].uid_next, Some(6));
}

#[test]
fn one_command_is_enough_where_the_server_lists_states() {
    let mut talk = asking(&["a", "b c"], true, true);
    talk.client(
        "a1 LIST \"\" (\"a\" \"b c\") RETURN (STATUS (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ))\r\n",
    );
    talk.server("* LIST () \"/\" a\r\n* STATUS a (HIGHESTMODSEQ 8)\r\na1 OK done\r\n");
    let answered = talk.done();
    assert!(!answered.refused);
    assert_eq!(answered.marks[&b"a"[..]].highest_modseq, Some(8));
}

#[test]
fn a_name_that_is_a_pattern_is_never_listed() {
    let mut talk = asking(&["a", "50%"], true, false);
    talk.client(
        "a1 STATUS \"a\" (UIDVALIDITY UIDNEXT MESSAGES)\r\n\
         a2 STATUS \"50%\" (UIDVALIDITY UIDNEXT MESSAGES)\r\n",
    );
}

#[test]
fn no_more_commands_are_under_way_than_answers_fit_into_a_buffer() {
    let names: Vec<String> = (0..100).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut talk = asking(&names, false, false);
    let (mut sent, mut answered) = (lines(&talk.sends()), 0);
    assert!(sent < 100);
    while sent < 100 {
        talk.waits();
        for _ in 0..16 {
            answered += 1;
            talk.server(format!("a{answered} OK done\r\n"));
        }
        sent += lines(&talk.sends());
    }
    while answered < 100 {
        answered += 1;
        talk.server(format!("a{answered} OK done\r\n"));
    }
    assert!(talk.done().marks.is_empty());
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

#[test]
fn an_answer_that_nobody_asked_for_is_refused() {
    for answer in ["a9 OK done\r\n", "+ go on\r\n"] {
        let mut talk = asking(&["a"], false, false);
        talk.sends();
        let error = talk.server(answer).fails();
        assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    }
}

#[test]
fn news_of_another_folder_ends_the_wait_once_they_are_asked_for() {
    let mut talk = Talk::with(AwaitChange);
    talk.server("* STATUS Other (MESSAGES 5)\r\n").waits();
    talk.reader().keep_news(true);
    talk.server("* STATUS inbox (MESSAGES 5)\r\n").done();
    let news = std::mem::take(talk.reader().news().unwrap());
    assert_eq!(news.folders.into_iter().collect::<Vec<_>>(), ["INBOX"]);
    talk.server("* 1 FETCH (FLAGS ())\r\n").waits();
}

#[test]
fn a_server_that_stops_telling_is_heard() {
    let mut talk = Talk::with(AwaitChange);
    talk.reader().keep_news(true);
    talk.server("* OK [NOTIFICATIONOVERFLOW] too much\r\n")
        .done();
    let news = talk.reader().news().unwrap();
    assert!(news.any && news.over);
}

#[test]
fn news_of_endlessly_many_folders_take_no_endless_memory() {
    let mut talk = asking(&["a"], false, false);
    talk.sends();
    talk.reader().keep_news(true);
    for number in 0..3000 {
        talk.server(format!("* STATUS f{number} (MESSAGES 5)\r\n"))
            .waits();
    }
    let news = talk.reader().news().unwrap();
    assert!(news.any && news.folders.len() < 3000);
}
