//! By what a message is recognised that may be in a folder already.

use std::ops::RangeInclusive;

/// The longest Message-ID that is looked for, in bytes: a line of a header (RFC 5322, section 2.1.1).
const LONGEST: usize = 998;

/// A message's Message-ID and its size, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    message_id: String,
    least: u32,
    most: u32,
}

impl Likeness {
    /// `message_id` is without its angle brackets, `sizes` are those that the server may give the
    /// message (`RFC822.SIZE`). `None` for what cannot be looked for: an ID with more than printable
    /// ASCII, or a size that the protocol has no numbers for.
    pub fn new(message_id: &str, sizes: RangeInclusive<u64>) -> Option<Self> {
        let fits = (1..=LONGEST).contains(&message_id.len())
            && message_id.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let (least, most) = (
            u32::try_from(*sizes.start()).ok()?,
            u32::try_from(*sizes.end()).ok()?,
        );
        (fits && most < u32::MAX).then(|| Self {
            message_id: message_id.to_owned(),
            least,
            most,
        })
    }

    /// Servers look for a part of the field (RFC 9051, section 6.4.4): the brackets make it the whole
    /// ID.
    pub(super) fn command(&self) -> String {
        let id = self.message_id.replace('\\', "\\\\").replace('"', "\\\"");
        let larger = match self.least.checked_sub(1) {
            Some(below) => format!(" LARGER {below}"),
            None => String::new(),
        };
        let above = self.most.saturating_add(1);
        format!("UID SEARCH HEADER Message-ID \"<{id}>\"{larger} SMALLER {above}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn command(id: &str, sizes: RangeInclusive<u64>) -> Option<String> {
        Likeness::new(id, sizes).map(|likeness| likeness.command())
    }

    #[test]
    fn the_whole_id_and_the_size_are_looked_for() {
        assert_eq!(
            command("a@b", 5..=7).as_deref(),
            Some("UID SEARCH HEADER Message-ID \"<a@b>\" LARGER 4 SMALLER 8")
        );
        assert_eq!(
            command("\"a\\b\"@c", 0..=0).as_deref(),
            Some("UID SEARCH HEADER Message-ID \"<\\\"a\\\\b\\\"@c>\" SMALLER 1")
        );
    }

    #[test]
    fn what_cannot_be_said_is_not_looked_for() {
        for id in ["", "a\r\nb", "\u{e4}@b", "a\0b", &"x".repeat(999)] {
            assert_eq!(command(id, 1..=1), None, "{id}");
        }
        assert_eq!(command("a", 1..=u64::from(u32::MAX)), None);
    }

    proptest! {
        #[test]
        fn whatever_the_id_is_it_stays_between_its_quotes(id in any::<String>()) {
            let Some(command) = command(&id, 1..=1) else { return Ok(()) };
            let quoted = command.strip_prefix("UID SEARCH HEADER Message-ID \"<").unwrap();
            let quoted = quoted.strip_suffix(">\" LARGER 0 SMALLER 2").unwrap();
            let mut read = String::new();
            let mut letters = quoted.chars();
            while let Some(letter) = letters.next() {
                prop_assert!((' '..='~').contains(&letter) && letter != '"');
                read.push(if letter == '\\' { letters.next().unwrap() } else { letter });
            }
            prop_assert_eq!(read, id);
        }
    }
}
