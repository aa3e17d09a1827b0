//! Which folders of a mailbox are fetched.

use std::fmt;

use mailgrant_mail::{ListedFolder, SpecialUse};
use serde::{Deserialize, Serialize};

/// What separates folders where people write them.
const SEPARATOR: char = ';';
/// What stands for any characters in a folder's name.
const ANYTHING: char = '*';
/// No mailbox needs more entries than this.
const MOST: usize = 100;

/// Which folders of a mailbox are fetched: names, in which `*` stands for anything, and uses such as
/// `\Junk`, which the server has marked folders with. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Vec<String>")]
pub struct Folders(Vec<String>);

/// Once there was only one folder.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    One(String),
    Many(Vec<String>),
}

impl From<Stored> for Folders {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::One(name) => Self::one(name),
            Stored::Many(names) if names.is_empty() => Self::default(),
            Stored::Many(names) => Self(names),
        }
    }
}

impl From<Folders> for Vec<String> {
    fn from(folders: Folders) -> Self {
        folders.0
    }
}

impl Default for Folders {
    fn default() -> Self {
        Self::one("INBOX")
    }
}

impl fmt::Display for Folders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl Folders {
    /// One folder.
    pub fn one(name: impl Into<String>) -> Self {
        Self(vec![name.into()])
    }

    /// Reads `INBOX; Support/*; \Junk`; nothing means the inbox. An error says what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut names: Vec<String> = Vec::new();
        for mut name in text.split(SEPARATOR).map(str::trim) {
            if name.starts_with('\\') {
                name = SpecialUse::read(name)
                    .ok_or_else(|| not_a_use(name))?
                    .name();
            }
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        if names.len() > MOST {
            return Err(format!("has more than {MOST} folders; `*` stands for any"));
        }
        Ok(if names.is_empty() {
            Self::default()
        } else {
            Self(names)
        })
    }

    /// Whether each names one folder: then nobody needs to ask the server for its list.
    pub fn are_exact(&self) -> bool {
        self.0
            .iter()
            .all(|name| !name.contains(ANYTHING) && SpecialUse::read(name).is_none())
    }

    /// What folders are for that are meant by their use.
    pub fn uses(&self) -> impl Iterator<Item = SpecialUse> {
        self.0.iter().filter_map(|name| SpecialUse::read(name))
    }

    /// The uses that the server has marked none of its folders with.
    pub fn unmarked(&self, all: &[ListedFolder]) -> Vec<SpecialUse> {
        self.uses()
            .filter(|wanted| !all.iter().any(|folder| folder.uses.contains(wanted)))
            .collect()
    }

    /// Whether a folder is one of these.
    pub fn contains(&self, folder: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, folder))
    }

    /// Those of the server's folders that are meant, in the order of the entries. What is named
    /// without `*` is always meant, so that a missing folder is told and not passed over.
    pub fn among(&self, all: &[ListedFolder]) -> Vec<String> {
        let mut chosen: Vec<String> = Vec::new();
        for pattern in &self.0 {
            let wanted = SpecialUse::read(pattern);
            let plain = wanted.is_none() && !pattern.contains(ANYTHING);
            let named = plain.then_some(pattern);
            let found = all.iter().filter(|folder| match wanted {
                Some(wanted) => folder.uses.contains(&wanted),
                None => !plain && fits(pattern, &folder.name),
            });
            for name in named.into_iter().chain(found.map(|folder| &folder.name)) {
                if !chosen.iter().any(|known| same(known, name)) {
                    chosen.push(name.clone());
                }
            }
        }
        chosen
    }
}

fn not_a_use(text: &str) -> String {
    let known: Vec<&str> = SpecialUse::EVERY
        .into_iter()
        .map(SpecialUse::name)
        .collect();
    format!(
        "has {text}, which is no use that a server marks folders with: {}",
        known.join(", ")
    )
}

/// `INBOX` is the one name whose case does not matter (RFC 9051, section 5.1).
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other || (one.eq_ignore_ascii_case("INBOX") && other.eq_ignore_ascii_case("INBOX"))
}

/// Whether a name fits a pattern in which `*` stands for anything.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once(ANYTHING) else {
        return same(pattern, name);
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split(ANYTHING).collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place that fits leaves most to those behind it.
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(text: &str) -> Folders {
        Folders::read(text).unwrap()
    }

    #[test]
    fn what_people_write_is_shown_as_they_wrote_it() {
        assert_eq!(folders("").to_string(), "INBOX");
        assert_eq!(
            folders(" INBOX;Support/* ; INBOX").to_string(),
            "INBOX; Support/*"
        );
        let many: Vec<String> = (0..=MOST).map(|number| number.to_string()).collect();
        assert!(Folders::read(&many.join(";")).is_err());
    }

    #[test]
    fn a_star_stands_for_anything_and_a_name_for_itself() {
        let names = ["Inbox", "Support", "Support/A", "Support/B/C", "Sent"];
        let all = names.map(|name| ListedFolder::from(name.to_owned()));
        assert_eq!(
            folders("INBOX; Support/*").among(&all),
            ["INBOX", "Support/A", "Support/B/C"]
        );
        assert_eq!(folders("*").among(&all), names);
        assert_eq!(folders("INBOX; *").among(&all)[0], "INBOX");
        assert_eq!(folders("INBOX; *").among(&all).len(), all.len());
        assert_eq!(folders("S*t*").among(&all).len(), 4);
        assert_eq!(folders("Missing").among(&all), ["Missing"]);
        assert!(folders("*/C").contains("Support/B/C"));
        assert!(!folders("*/C").contains("Support/B/CC"));
        assert!(!folders("a*a").contains("a"));
    }

    #[test]
    fn a_use_stands_for_the_folders_that_the_server_marks_with_it() {
        let folder = |name: &str, uses: &[SpecialUse]| ListedFolder {
            name: name.to_owned(),
            uses: uses.to_vec(),
        };
        let all = [
            folder("INBOX", &[]),
            folder("Spam", &[SpecialUse::Junk]),
            folder("Bulk", &[SpecialUse::Junk, SpecialUse::Archive]),
        ];
        let wanted = folders("INBOX; \\JUNK; \\Archive; \\Sent");
        assert_eq!(wanted.to_string(), "INBOX; \\Junk; \\Archive; \\Sent");
        assert_eq!(wanted.among(&all), ["INBOX", "Spam", "Bulk"]);
        assert_eq!(wanted.unmarked(&all), [SpecialUse::Sent]);
        assert!(!wanted.are_exact() && folders("Junk").are_exact());
        let error = Folders::read("\\Spam").unwrap_err();
        assert!(
            error.contains("\\Spam") && error.contains("\\Junk"),
            "{error}"
        );
    }

    #[test]
    fn a_single_folder_of_earlier_days_is_read() {
        let read: Folders = serde_json::from_str("\"Tickets\"").unwrap();
        assert_eq!(read, Folders::one("Tickets"));
        let text = serde_json::to_string(&folders("a;b")).unwrap();
        assert_eq!(text, r#"["a","b"]"#);
        assert_eq!(
            serde_json::from_str::<Folders>(&text).unwrap(),
            folders("a;b")
        );
    }

    proptest::proptest! {
        #[test]
        fn a_pattern_made_of_a_name_fits_that_name(
            parts in proptest::collection::vec("[a-c/]{0,3}", 1..5),
            between in proptest::collection::vec("[a-c/]{0,3}", 5),
        ) {
            let name: String = parts
                .iter()
                .zip(&between)
                .enumerate()
                .map(|(n, (part, more))| if n + 1 < parts.len() { format!("{part}{more}") } else { part.clone() })
                .collect();
            proptest::prop_assert!(fits(&parts.join("*"), &name));
        }
    }
}
