//! What a POP3 server answers a command with (RFC 1939, section 3; RFC 5034, section 4).

use bytes::Bytes;

use crate::MailError;
use crate::imap::{LONGEST_WORDS, shown};
use crate::lines::Lines;
use crate::machine::Incoming as _;
use crate::verdict::Refusal;

/// The first line of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// `+OK`, and what stands behind it.
    Ok(Bytes),
    /// `-ERR`, and what stands behind it, fit to be shown.
    Err(String),
    /// `+`, and what stands behind it: the server asks for more.
    Continue(Bytes),
}

/// Response codes that pass by themselves (RFC 2449, section 8; RFC 3206).
const PASSING_CODES: [&str; 3] = ["SYS/TEMP", "IN-USE", "LOGIN-DELAY"];

impl Reply {
    /// The next one; `None` until more has been read.
    pub(super) fn next(reader: &mut Lines) -> Result<Option<Self>, MailError> {
        let Some(line) = reader.next()? else {
            return Ok(None);
        };
        let reply = Self::read(&line);
        reply.map(Some).ok_or_else(|| {
            let why = "it sent something that is not POP3";
            reader.peer().protocol(why)
        })
    }

    /// Reads a line; `None` when it is no POP3.
    pub(super) fn read(line: &Bytes) -> Option<Self> {
        let end = line.iter().position(|&byte| byte == b' ');
        let word = line.get(..end.unwrap_or(line.len()))?;
        let rest = end.map_or_else(Bytes::new, |end| line.slice(end + 1..));
        if word == b"+" {
            Some(Self::Continue(rest))
        } else if word.eq_ignore_ascii_case(b"+OK") {
            Some(Self::Ok(rest))
        } else if word.eq_ignore_ascii_case(b"-ERR") {
            Some(Self::Err(shown(&rest, LONGEST_WORDS)))
        } else {
            None
        }
    }
}

/// The words of `-ERR` as a refusal.
pub(super) fn refusal(said: String) -> Refusal {
    let code = said
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map(|(code, _)| code.to_ascii_uppercase());
    Refusal {
        passes: code.is_some_and(|code| PASSING_CODES.contains(&code.as_str())),
        said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Reply> {
        Reply::read(&Bytes::copy_from_slice(line.as_bytes()))
    }

    #[test]
    fn the_first_word_tells_what_a_line_is() {
        assert_eq!(read("+OK"), Some(Reply::Ok(Bytes::new())));
        assert_eq!(read("+ok 2 320"), Some(Reply::Ok("2 320".into())));
        assert_eq!(read("+ "), Some(Reply::Continue(Bytes::new())));
        assert_eq!(read("+"), Some(Reply::Continue(Bytes::new())));
        assert_eq!(read("+ e30="), Some(Reply::Continue("e30=".into())));
        assert_eq!(read("-ERR no\x07"), Some(Reply::Err("no".into())));
        for line in ["", "OK", "+OKAY", "-ERROR", "* OK", "220 smtp.example.com"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_code_says_whether_a_refusal_passes() {
        for (said, passes) in [
            ("[SYS/TEMP] later", true),
            ("[in-use] locked", true),
            ("[LOGIN-DELAY] too soon", true),
            ("[SYS/PERM] never", false),
            ("[AUTH] no", false),
            ("[SYS/TEMP", false),
            ("no [SYS/TEMP]", false),
        ] {
            assert_eq!(refusal(said.to_owned()).passes, passes, "{said}");
        }
    }
}
