//! Header lines that are put before a message on its way.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mailgrant_vault::Account;

/// Says that the message has been through this account's mailbox: where it comes there again, it goes
/// round.
pub(super) fn has_passed(account: &Account) -> String {
    format!("X-Loop: {}\r\n", in_a_header(&account.draft.address))
}

/// Header lines that say where a message comes from.
pub(super) fn origin(account: &Account, folder: &str) -> String {
    format!(
        "Delivered-To: {}\r\nX-Mailgrant-Account: {}\r\nX-Mailgrant-Folder: {}\r\n",
        in_a_header(&account.draft.address),
        in_a_header(&account.draft.name),
        in_a_header(folder),
    )
}

/// What is more than printable ASCII as encoded words (RFC 2047), each of them whole and short
/// enough.
fn in_a_header(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in text.chars() {
        if words
            .last()
            .is_some_and(|word| word.len() + letter.len_utf8() > 42)
        {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    let encode = |word: String| format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(word));
    words
        .into_iter()
        .map(encode)
        .collect::<Vec<_>>()
        .join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_name_stands_in_one_header_line_whatever_it_is() {
        assert_eq!(in_a_header("INBOX/Support"), "INBOX/Support");
        assert_eq!(in_a_header("Anfr\u{e4}gen"), "=?utf-8?B?QW5mcsOkZ2Vu?=");
        assert_eq!(in_a_header("a\r\nBcc: b"), "=?utf-8?B?YQ0KQmNjOiBi?=");
        let long = in_a_header(&"\u{e4}".repeat(100));
        assert!(long.lines().count() > 3);
        assert!(
            long.lines()
                .all(|line| line.len() < 76 && line.ends_with("?="))
        );
    }
}
