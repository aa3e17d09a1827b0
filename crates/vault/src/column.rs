//! How values stand in columns: times as microseconds, enumerations as their words, text that every
//! database takes.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::VaultError;

/// The longest free text (a reason, a program's answer) that is kept, in characters.
const LONGEST_TEXT: usize = 2000;

/// A time as microseconds since 1970; finer parts are dropped.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The time that stands in a column.
pub(crate) fn time(micros: i64) -> Result<Timestamp, VaultError> {
    Timestamp::from_microsecond(micros).map_err(|error| unreadable(micros, &error))
}

/// The time that stands in a column, if any.
pub(crate) fn time_if(micros: Option<i64>) -> Result<Option<Timestamp>, VaultError> {
    micros.map(time).transpose()
}

/// An enumeration's value as its serde word.
pub(crate) fn word<T: Serialize>(value: T) -> Result<String, VaultError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(VaultError::Unexpected(format!("no word: {other:?}"))),
    }
}

/// The enumeration's value that a word stands for.
pub(crate) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, VaultError> {
    serde_json::from_value(serde_json::Value::String(word.clone()))
        .map_err(|error| unreadable(word, &error))
}

/// A structure as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, VaultError> {
    serde_json::to_string(value).map_err(|error| VaultError::Unexpected(error.to_string()))
}

/// The structure that stands in a column as JSON.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, VaultError> {
    serde_json::from_str(text).map_err(|error| unreadable("JSON", &error))
}

/// A number of another width than the database's.
pub(crate) fn number<From, To>(number: From) -> Result<To, VaultError>
where
    From: Copy + std::fmt::Display,
    To: TryFrom<From, Error: std::fmt::Display>,
{
    To::try_from(number).map_err(|error| unreadable(number, &error))
}

/// Free text from elsewhere, so that it can be stored and shown: control characters (PostgreSQL
/// takes no NUL) become spaces, and it has an end.
pub(crate) fn plain(text: &str) -> String {
    let mut plain: String = text
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .take(LONGEST_TEXT)
        .collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        plain.push('…');
    }
    plain
}

fn unreadable(value: impl std::fmt::Display, error: &dyn std::fmt::Display) -> VaultError {
    VaultError::Unexpected(format!("`{value}` cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_is_made_storable_and_short() {
        assert_eq!(plain("exit 75\0\x1b[31m\nend"), "exit 75  [31m\nend");
        assert_eq!(
            plain(&"é".repeat(1_000_000)).chars().count(),
            LONGEST_TEXT + 1
        );
    }

    #[test]
    fn words_are_read_as_they_were_written() {
        use crate::GrantState;
        let written = word(GrantState::NeedsAuthorization).unwrap();
        assert_eq!(written, "needs_authorization");
        let read: GrantState = from_word(written).unwrap();
        assert_eq!(read, GrantState::NeedsAuthorization);
        assert!(from_word::<GrantState>("nonsense".to_owned()).is_err());
    }
}
