//! Folder names on the wire: modified UTF-7 (RFC 3501, section 5.1.3), between quotes.
//!
//! Modified UTF-7 turns whatever is not printable ASCII into printable ASCII, so a quoted string
//! can carry every name: none needs a literal.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const SHIFTED: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// A UTF-8 name as the server wants it, quotes included.
pub(crate) fn quoted(name: &str) -> String {
    let escaped = encode(name).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// UTF-8 to modified UTF-7.
pub(crate) fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_plain = first == '&' || is_printable(first);
        let run_end = rest
            .find(|c| (c == '&' || is_printable(c)) != is_plain)
            .unwrap_or(rest.len());
        let (run, behind) = rest.split_at(run_end);
        if is_plain {
            encoded.push_str(&run.replace('&', "&-"));
        } else {
            let units: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            encoded.push('&');
            encoded.push_str(&SHIFTED.encode(units));
            encoded.push('-');
        }
        rest = behind;
    }
    encoded
}

/// Modified UTF-7 to UTF-8; `None` when it is not what [`encode`] makes, for a name that cannot be
/// said back to the server cannot be used.
pub(crate) fn decode(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(shift) = rest.find('&') {
        let (plain, shifted) = rest.split_at(shift);
        let (inside, behind) = shifted.strip_prefix('&')?.split_once('-')?;
        decoded.push_str(plain);
        if inside.is_empty() {
            decoded.push('&');
        } else {
            let bytes = SHIFTED.decode(inside).ok()?;
            let (pairs, odd) = bytes.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            for unit in char::decode_utf16(pairs.iter().copied().map(u16::from_be_bytes)) {
                decoded.push(unit.ok()?);
            }
        }
        rest = behind;
    }
    decoded.push_str(rest);
    (encode(&decoded) == name).then_some(decoded)
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_rfc_and_of_real_mailboxes() {
        for (utf8, utf7) in [
            ("INBOX", "INBOX"),
            ("Tickets & Orders", "Tickets &- Orders"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("Gelöschte Elemente", "Gel&APY-schte Elemente"),
            ("📥", "&2D3c5Q-"),
            ("a\r\nb", "a&AA0ACg-b"),
        ] {
            assert_eq!(encode(utf8), utf7);
            assert_eq!(decode(utf7.as_bytes()).as_deref(), Some(utf8));
        }
    }

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
    }

    #[test]
    fn what_cannot_be_said_back_is_not_understood() {
        for name in [
            "&",
            "&AP",
            "&AP!-",
            "&2D0-",
            "&AGEAYg-",
            "Entw\u{fc}rfe",
            "&APw-&APw-",
        ] {
            assert_eq!(decode(name.as_bytes()), None, "{name}");
        }
        assert_eq!(decode(b"Entw\xfcrfe"), None);
    }

    proptest! {
        #[test]
        fn every_name_survives_and_is_printable_ascii(name in any::<String>()) {
            let encoded = encode(&name);
            prop_assert!(encoded.chars().all(is_printable));
            prop_assert_eq!(decode(encoded.as_bytes()), Some(name));
        }

        #[test]
        fn anything_can_be_decoded_without_harm(name in any::<Vec<u8>>()) {
            if let Some(decoded) = decode(&name) {
                prop_assert_eq!(encode(&decoded).into_bytes(), name);
            }
        }
    }
}
