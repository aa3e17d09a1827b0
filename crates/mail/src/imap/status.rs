//! `OK`, `NO`, `BAD`, `BYE` and `PREAUTH` (RFC 9051, section 7.1).
//!
//! Read by hand and not by imap-codec: real servers write 8-bit text, leave the text out or break
//! a response code, and exactly then their words are what a person needs.

use crate::Offers;
use mailgrant_base::is_treacherous;

/// The word a status begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

/// A status with its response code and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) kind: Kind,
    /// The response code's name, in upper case: `ALERT`, `UIDVALIDITY`.
    pub(crate) code: Option<String>,
    /// What follows the code's name inside the brackets.
    pub(crate) argument: String,
    /// All that was said behind the word, code included, fit to be shown.
    pub(crate) said: String,
}

/// As much of a server's words as is kept.
pub(crate) const LONGEST_WORDS: usize = 600;

impl Status {
    /// Reads what stands behind the tag or the asterisk; `None` when it is no status.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let (word, rest) = split_word(text);
        let kind = [
            ("OK", Kind::Ok),
            ("NO", Kind::No),
            ("BAD", Kind::Bad),
            ("BYE", Kind::Bye),
            ("PREAUTH", Kind::PreAuth),
        ]
        .into_iter()
        .find_map(|(name, kind)| word.eq_ignore_ascii_case(name.as_bytes()).then_some(kind))?;
        let bracketed = rest.strip_prefix(b"[").and_then(|inside| {
            let end = inside.iter().position(|&byte| byte == b']')?;
            inside.get(..end)
        });
        let (code, argument) = bracketed.map_or((None, String::new()), |inside| {
            let (name, argument) = split_word(inside);
            let name = shown(name, LONGEST_WORDS).to_ascii_uppercase();
            (Some(name), String::from_utf8_lossy(argument).into_owned())
        });
        Some(Self {
            kind,
            code,
            argument,
            said: shown(rest, LONGEST_WORDS),
        })
    }

    /// Whether the response code is this one.
    pub(crate) fn has_code(&self, name: &str) -> bool {
        self.code.as_deref() == Some(name)
    }

    /// What the server offers, where the response code says it.
    pub(crate) fn offers(&self) -> Option<Offers> {
        self.has_code("CAPABILITY")
            .then(|| Offers::of_words(&self.argument))
    }

    /// The number that the response code `name` carries.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.has_code(name)
            .then(|| self.argument.trim().parse().ok())
            .flatten()
    }

    /// The number of the folder's latest change (RFC 7162, section 3.1.2.1).
    pub(crate) fn modseq(&self) -> Option<u64> {
        let number: i64 = self
            .has_code("HIGHESTMODSEQ")
            .then(|| self.argument.trim().parse().ok())
            .flatten()?;
        u64::try_from(number).ok().filter(|number| *number > 0)
    }
}

/// The first word and what follows the space behind it.
pub(crate) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == b' ') {
        Some(space) => (
            text.get(..space).unwrap_or_default(),
            text.get(space + 1..).unwrap_or_default(),
        ),
        None => (text, b""),
    }
}

/// A server's bytes as one line of text for people: nothing that a terminal obeys or that cannot be
/// seen, at most `most` bytes.
pub(crate) fn shown(bytes: &[u8], most: usize) -> String {
    let head = bytes.get(..most).unwrap_or(bytes);
    let text: String = String::from_utf8_lossy(head)
        .chars()
        .map(|c| if is_treacherous(c) { ' ' } else { c })
        .collect();
    let text = text.trim();
    if bytes.len() > most {
        format!("{text}…")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Status {
        Status::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_status_has_a_word_a_code_and_words() {
        let status = read("NO [ALERT] Too many simultaneous connections. (Failure)");
        assert_eq!(status.kind, Kind::No);
        assert_eq!(status.code.as_deref(), Some("ALERT"));
        assert_eq!(
            status.said,
            "[ALERT] Too many simultaneous connections. (Failure)"
        );
        assert_eq!(
            read("ok [uidvalidity 77] fine").number("UIDVALIDITY"),
            Some(77)
        );
    }

    #[test]
    fn what_servers_get_wrong_is_borne_with() {
        assert_eq!(read("OK").said, "");
        assert_eq!(read("OK [READ-ONLY]").code.as_deref(), Some("READ-ONLY"));
        assert_eq!(read("NO [never closed").code, None);
        assert_eq!(read("OK [UIDVALIDITY -3] x").number("UIDVALIDITY"), None);
        assert_eq!(
            read("OK [UIDVALIDITY 99999999999] x").number("UIDVALIDITY"),
            None
        );
        let status = Status::read(b"BAD gr\xfc\xdfe\0\x1b[31m").unwrap();
        assert_eq!(status.said, "gr\u{fffd}\u{fffd}e  [31m");
        assert!(Status::read(b"MAYBE so").is_none());
    }

    #[test]
    fn long_words_are_cut() {
        let status = read(&format!("NO {}", "x".repeat(5000)));
        assert_eq!(status.said.chars().count(), LONGEST_WORDS + 1);
    }
}
