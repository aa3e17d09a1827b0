//! What a canary looks like, and by what it is known.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use mailgrant_vault::Account;
use secrecy::{ExposeSecret as _, SecretString};

/// The header line that carries its secret.
const HEADER: &str = "X-Mailgrant-Canary";
/// No secret is longer, in bytes.
const LONGEST: usize = 64;

/// Marked as sent by a machine (RFC 3834), so that no robot answers it.
pub(super) fn letter(account: &Account, secret: &SecretString, id: &str, now: Timestamp) -> String {
    let (name, address) = (&account.draft.name, &account.draft.address);
    let date = DateTimePrinter::new().timestamp_to_string(&now);
    let date = date.unwrap_or_default();
    let secret = secret.expose_secret();
    format!(
        "From: <{address}>\r\n\
         To: <{address}>\r\n\
         Subject: Canary of Mailgrant\r\n\
         Date: {date}\r\n\
         Message-ID: <{id}@mailgrant.invalid>\r\n\
         Auto-Submitted: auto-generated\r\n\
         {HEADER}: {secret}\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         Mailgrant sends this message to the mailbox of the account {name} and sees whether it\r\n\
         arrives. It is handed to no application, and may be deleted.\r\n"
    )
}

/// The secret in a message's header, if it is like a canary's. Whether it is one the vault knows.
pub(crate) fn secret_in(beginning: &[u8]) -> Option<SecretString> {
    let header = beginning
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(beginning, |end| &beginning[..end]);
    let value = header.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(HEADER.len())?;
        let value = value.strip_prefix(b":")?;
        name.eq_ignore_ascii_case(HEADER.as_bytes())
            .then_some(value)
    })?;
    let value = std::str::from_utf8(value).ok()?.trim();
    let fits = !value.is_empty() && value.len() <= LONGEST;
    fits.then(|| SecretString::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(message: &[u8]) -> Option<String> {
        secret_in(message).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_secret_is_found_in_the_header_whatever_a_server_does_to_its_lines() {
        let some = Some("abc".to_owned());
        assert_eq!(found(b"A: b\r\nX-Mailgrant-Canary: abc\r\n\r\nbody"), some);
        assert_eq!(found(b"x-mailgrant-canary:abc \nA: b\n\nbody"), some);
        assert_eq!(found(b"X-Mailgrant-Canary: abc"), some);
    }

    #[test]
    fn what_is_no_header_or_no_secret_is_none() {
        let long = [b"X-Mailgrant-Canary: ".as_slice(), &[b'x'; 65]].concat();
        for message in [
            b"A: b\r\n\r\nX-Mailgrant-Canary: abc\r\n".as_slice(),
            b"X-Mailgrant-Canary:\r\n\r\n",
            b"X-Mailgrant-Canary\r\n\r\n",
            b"X-Mailgrant-Canary: \xff\r\n\r\n",
            b"",
            &long,
        ] {
            assert_eq!(found(message), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_survived(bytes: Vec<u8>) {
            secret_in(&bytes);
            secret_in(&[HEADER.as_bytes(), b":", &bytes].concat());
        }
    }
}
