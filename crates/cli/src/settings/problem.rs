//! What can be wrong with the settings.

use mailgrant_base::files::FileError;
use mailgrant_base::{Diagnose, Diagnosis, Fault};

use super::{Origin, SETTINGS};

/// A setting that cannot be used; nothing starts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not TOML.
    #[error("{origin}: {why}")]
    Syntax { origin: Origin, why: String },
    /// A key that nobody knows.
    #[error("{origin}: there is no setting `{name}`; {}", meant(name))]
    Unknown { origin: Origin, name: String },
    /// A value that cannot be used.
    #[error("{origin}: `{name}` is `{value}`; expected {expected}")]
    Value {
        origin: Origin,
        name: &'static str,
        value: String,
        expected: String,
    },
    /// Values that do not go together, or are missing.
    #[error("{what}")]
    Together { what: String },
}

impl Diagnose for SettingsError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::File(error) => error.diagnosis(),
            _ => Diagnosis::new(
                Fault::Operator,
                format!("{self}."),
                "Correct it and start again; nothing was changed.",
            ),
        }
    }
}

/// The setting whose name is part of the one that was written, or all of them.
fn meant(name: &str) -> String {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '.'], "");
    let written = plain(name);
    let near = SETTINGS.iter().map(|setting| setting.name).find(|known| {
        let known = plain(known);
        known == written
            || (written.len() > 3 && known.starts_with(&written))
            || written.starts_with(&known)
            || differ_by_one(&known, &written)
    });
    if let Some(near) = near {
        return format!("perhaps `{near}` is meant");
    }
    let all: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    format!("there are: {}", all.join(", "))
}

/// Whether one letter is missing, too many or another.
fn differ_by_one(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short
        .bytes()
        .zip(long.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let skip = usize::from(short.len() == long.len());
    short.as_bytes().get(same + skip..).unwrap_or_default()
        == &long.as_bytes()[(same + 1).min(long.len())..]
}
