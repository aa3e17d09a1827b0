//! The languages that mail servers speak.

use serde::{Deserialize, Serialize};

/// A language that a mail server speaks, and for which a token may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// IMAP (RFC 9051, RFC 3501): mail is read, with folders.
    Imap,
    /// POP3 (RFC 1939): the inbox is fetched.
    Pop3,
    /// SMTP submission (RFC 6409): mail is sent.
    Smtp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Imap, Self::Pop3, Self::Smtp];

    /// Its name, as people write it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Smtp => "SMTP",
        }
    }

    /// Its word: as it is typed, stored and shown to machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Smtp => "smtp",
        }
    }

    /// The protocol of this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_stored_and_read_by_its_word_and_shown_in_large_letters() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.word(), protocol.label().to_ascii_lowercase());
            assert_eq!(Protocol::parse(protocol.word()), Some(protocol));
            let stored = serde_json::to_value(protocol).unwrap();
            assert_eq!(stored, protocol.word());
            assert_eq!(
                serde_json::from_value::<Protocol>(stored).unwrap(),
                protocol
            );
        }
        assert_eq!(Protocol::parse("IMAP"), None);
    }
}
