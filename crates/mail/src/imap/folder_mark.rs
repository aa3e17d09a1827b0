//! What a server says of a folder from outside (RFC 9051, section 6.3.11; RFC 7162, section 3.1.7):
//! by it one sees whether there is anything to look for.

use super::fetch_items::announced;

/// What a server says of a folder. Two that are the same show that nothing has come in between.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderMark {
    /// The epoch of its UIDs.
    pub uid_validity: Option<u32>,
    /// The UID that its next message will get.
    pub uid_next: Option<u32>,
    /// How many messages it has.
    pub messages: Option<u32>,
    /// The number of its latest change (63 bits, RFC 7162); `None` where it counts none.
    pub highest_modseq: Option<u64>,
}

impl FolderMark {
    /// Whether nothing can have come since the folder had this mark. What only one of the two says
    /// proves nothing, and without UIDVALIDITY and UIDNEXT all is uncertain.
    pub fn is_as(&self, before: &Self) -> bool {
        fn same<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> bool {
            one.is_some() && one == other
        }
        fn no_other<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        same(self.uid_validity, before.uid_validity)
            && same(self.uid_next, before.uid_next)
            && no_other(self.messages, before.messages)
            && no_other(self.highest_modseq, before.highest_modseq)
    }
}

/// Reads what stands behind `* STATUS `: a name as it stands on the wire, and its items. What is not
/// known is passed over.
pub(crate) fn read(text: &[u8]) -> Option<(Vec<u8>, FolderMark)> {
    let (name, rest) = name(text)?;
    let items = rest.trim_ascii().strip_prefix(b"(")?.strip_suffix(b")")?;
    let mut words = items
        .split(|&byte| byte == b' ')
        .filter(|word| !word.is_empty());
    let mut mark = FolderMark::default();
    while let (Some(item), Some(value)) = (words.next(), words.next()) {
        let number = std::str::from_utf8(value)
            .ok()
            .and_then(|digits| digits.parse::<i64>().ok())
            .and_then(|number| u64::try_from(number).ok());
        let small = || number.and_then(|number| u32::try_from(number).ok());
        match item.to_ascii_uppercase().as_slice() {
            b"UIDVALIDITY" => mark.uid_validity = small().filter(|number| *number > 0),
            b"UIDNEXT" => mark.uid_next = small().filter(|number| *number > 0),
            b"MESSAGES" => mark.messages = small(),
            // 0: this folder counts no changes (RFC 7162, section 3.1.2.2).
            b"HIGHESTMODSEQ" => mark.highest_modseq = number.filter(|number| *number > 0),
            _ => {}
        }
    }
    Some((name, mark))
}

/// A folder's name, as atom, quoted string or literal, and what follows it.
fn name(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (name, rest) = match text.first()? {
        b'"' => quoted(text.get(1..)?)?,
        b'{' => {
            let end = text.iter().position(|&byte| byte == b'\r')?;
            let size = usize::try_from(announced(text.get(..end)?)?.ok()?).ok()?;
            let (name, rest) = text.get(end + 2..)?.split_at_checked(size)?;
            (name.to_vec(), rest)
        }
        _ => {
            let end = text.iter().position(|&byte| byte == b' ')?;
            let (name, rest) = text.split_at_checked(end)?;
            (name.to_vec(), rest)
        }
    };
    if name.eq_ignore_ascii_case(b"INBOX") {
        return Some((b"INBOX".to_vec(), rest));
    }
    Some((name, rest))
}

fn quoted(inside: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut name = Vec::new();
    let mut bytes = inside.iter().enumerate();
    loop {
        match bytes.next()? {
            (end, b'"') => return Some((name, inside.get(end + 1..)?)),
            (_, b'\\') => name.push(*bytes.next()?.1),
            (_, byte) => name.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> FolderMark {
        read(text.as_bytes()).unwrap().1
    }

    #[test]
    fn a_folder_has_a_name_in_any_spelling_and_items_in_any_order() {
        let all = "(HIGHESTMODSEQ 9223372036854775807 uidnext 7 UIDVALIDITY 3 MESSAGES 0)";
        let whole = FolderMark {
            uid_validity: Some(3),
            uid_next: Some(7),
            messages: Some(0),
            highest_modseq: Some(i64::MAX.unsigned_abs()),
        };
        for (name, spelled) in [
            ("Support", "Support"),
            ("INBOX", "\"inbox\""),
            ("a \"b\\", r#""a \"b\\""#),
            ("a)(", "{3}\r\na)("),
        ] {
            let read = read(format!("{spelled} {all}").as_bytes());
            assert_eq!(read, Some((name.as_bytes().to_vec(), whole)));
        }
    }

    #[test]
    fn what_cannot_be_is_left_out() {
        let text = "x (UIDNEXT 0 UIDVALIDITY -1 MESSAGES 4294967296 HIGHESTMODSEQ 0 SIZE 5)";
        assert_eq!(mark(text), FolderMark::default());
        assert_eq!(
            mark("x (HIGHESTMODSEQ 9223372036854775808 UIDNEXT)").highest_modseq,
            None
        );
        for text in [
            "",
            "x",
            "x ",
            "x UIDNEXT 1",
            "\"x (UIDNEXT 1)",
            "{9}\r\nx (UIDNEXT 1)",
            "{1}",
            "\"x\\",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn only_marks_that_say_enough_show_that_nothing_has_come() {
        let mark = mark("x (UIDVALIDITY 1 UIDNEXT 5 MESSAGES 4 HIGHESTMODSEQ 9)");
        assert!(mark.is_as(&mark));
        let less = FolderMark {
            highest_modseq: None,
            messages: None,
            ..mark
        };
        assert!(less.is_as(&mark) && mark.is_as(&less));
        for other in [
            FolderMark {
                uid_next: Some(6),
                ..mark
            },
            FolderMark {
                uid_next: None,
                ..mark
            },
            FolderMark {
                uid_validity: Some(2),
                ..mark
            },
            FolderMark {
                uid_validity: None,
                ..mark
            },
            FolderMark {
                messages: Some(5),
                ..mark
            },
            FolderMark {
                highest_modseq: Some(10),
                ..mark
            },
            FolderMark::default(),
        ] {
            assert!(!other.is_as(&mark) && !mark.is_as(&other), "{other:?}");
        }
        assert!(!FolderMark::default().is_as(&FolderMark::default()));
    }
}
