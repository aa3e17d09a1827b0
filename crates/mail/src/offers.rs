//! What a server says that it can do.

use serde::Serialize;

use crate::imap::{LONGEST_WORDS, shown};
use crate::sasl::Mechanism;

/// What a server says that it can do: IMAP's CAPABILITY, POP3's CAPA (RFC 2449), SMTP's EHLO
/// (RFC 5321, section 4.1.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Offers {
    /// As the server writes them: `AUTH=XOAUTH2` (IMAP), `SASL PLAIN XOAUTH2` (POP3),
    /// `AUTH LOGIN XOAUTH2` (SMTP).
    pub extensions: Vec<String>,
    /// The names of the SASL mechanisms among them, in capitals.
    pub mechanisms: Vec<String>,
}

impl Offers {
    /// Those of IMAP, which stand in one line.
    pub(crate) fn of_words(words: &str) -> Self {
        let extensions: Vec<String> = words
            .split_ascii_whitespace()
            .map(|word| shown(word.as_bytes(), LONGEST_WORDS))
            .collect();
        let mechanisms = extensions.iter().filter_map(|word| {
            let (key, name) = word.split_once('=')?;
            key.eq_ignore_ascii_case("AUTH")
                .then(|| name.to_ascii_uppercase())
        });
        Self {
            mechanisms: mechanisms.collect(),
            extensions,
        }
    }

    /// Those of POP3 and SMTP, which have a line each; `keyword` begins the one with mechanisms.
    pub(crate) fn of_lines(lines: impl IntoIterator<Item = Vec<u8>>, keyword: &str) -> Self {
        let extensions: Vec<String> = lines
            .into_iter()
            .map(|line| shown(&line, LONGEST_WORDS))
            .collect();
        let mut mechanisms = Vec::new();
        for line in &extensions {
            // Some SMTP servers write `AUTH=LOGIN XOAUTH2` besides, for clients of the 1990s.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            if words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
            {
                mechanisms.extend(words.map(str::to_ascii_uppercase));
            }
        }
        mechanisms.sort_unstable();
        mechanisms.dedup();
        Self {
            extensions,
            mechanisms,
        }
    }

    /// Whether this extension is offered, with or without parameters.
    pub fn has(&self, name: &str) -> bool {
        self.parameters(name).is_some()
    }

    /// What stands behind an extension's name: `157286400` for `SIZE`; empty where nothing does.
    pub fn parameters(&self, name: &str) -> Option<&str> {
        self.extensions.iter().find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            word.eq_ignore_ascii_case(name).then_some(rest)
        })
    }

    /// The largest message that the server takes, in bytes (RFC 1870); `None` where it says none.
    pub(crate) fn largest_message(&self) -> Option<u64> {
        let size = self.parameters("SIZE")?.trim().parse().ok()?;
        // 0 means that there is no fixed limit.
        Some(size).filter(|size| *size > 0)
    }

    /// The largest message that can be appended to any folder over IMAP, in bytes (RFC 7889).
    pub(crate) fn append_limit(&self) -> Option<u64> {
        self.extensions.iter().find_map(|word| {
            let (name, limit) = word.split_once('=')?;
            name.eq_ignore_ascii_case("APPENDLIMIT")
                .then(|| limit.parse().ok())
                .flatten()
        })
    }

    /// Whether one can log in with this mechanism.
    pub fn takes(&self, mechanism: Mechanism) -> bool {
        self.mechanisms.iter().any(|name| name == mechanism.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imap_writes_its_mechanisms_apart() {
        let offers = Offers::of_words("IMAP4rev1 sasl-ir AUTH=PLAIN auth=xoauth2 XAUTH=NONE");
        assert_eq!(offers.mechanisms, ["PLAIN", "XOAUTH2"]);
        assert!(offers.has("SASL-IR") && !offers.has("SASL"));
        assert!(offers.takes(Mechanism::XOAuth2) && !offers.takes(Mechanism::OAuthBearer));
    }

    #[test]
    fn pop3_and_smtp_write_them_in_a_line() {
        let read = |text: &str, keyword| {
            let lines = text.lines().map(|line| line.as_bytes().to_vec());
            Offers::of_lines(lines, keyword)
        };
        let pop3 = read("TOP\nSASL PLAIN OAUTHBEARER\nUIDL", "SASL");
        assert_eq!(pop3.mechanisms, ["OAUTHBEARER", "PLAIN"]);
        let smtp = read(
            "SIZE 1000\nAUTH LOGIN XOAUTH2\nAUTH=LOGIN\n8BITMIME",
            "AUTH",
        );
        assert_eq!(smtp.mechanisms, ["LOGIN", "XOAUTH2"]);
        assert_eq!(smtp.parameters("size"), Some("1000"));
        assert_eq!(smtp.parameters("8BITMIME"), Some(""));
        assert_eq!(smtp.parameters("PIPELINING"), None);
        assert_eq!(read("SASLX XOAUTH2", "SASL").mechanisms, [""; 0]);
    }
}
