//! What a canary looks like, and by what it is known.

use jiff::Timestamp;
use mailgrant_vault::Account;
use secrecy::{ExposeSecret as _, SecretString};

use crate::letter::Letter;

/// The header line that carries its secret.
pub(crate) const HEADER: &str = "X-Mailgrant-Canary";
/// No secret is longer, in bytes.
const LONGEST: usize = 64;

pub(super) fn letter(account: &Account, secret: &SecretString, id: &str, now: Timestamp) -> String {
    let text = format!(
        "Mailgrant sends this message to the mailbox of the account {} and sees whether it\r\n\
         arrives. It is handed to no application, and may be deleted.\r\n",
        account.draft.name
    );
    let line = format!("{HEADER}: {}\r\n", secret.expose_secret());
    let letter = Letter {
        name: "",
        address: &account.draft.address,
        subject: "Canary of Mailgrant",
        id,
        line: &line,
        text: &text,
    };
    letter.written(now)
}

/// The secret in that line, if it is like a canary's. Whether it is one the vault knows.
pub(crate) fn secret(value: &str) -> Option<SecretString> {
    let value = value.trim();
    let fits = !value.is_empty() && value.len() <= LONGEST;
    fits.then(|| SecretString::from(value))
}
