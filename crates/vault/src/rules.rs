//! Rules that say of each message where it goes, one on a line:
//!
//! ```text
//! drop                                  header X-Spam-Flag YES
//! hold                                  from *@newsletter.example
//! maildir /var/mail/invoices            to invoices@* size <25M
//! command '/usr/bin/rt-mailgate --queue Invoices'   folder Invoices
//! sink archive                          subject *[archive]*
//! ```
//!
//! First what is done, then the conditions, all of which must be fulfilled. The first rule that fits
//! decides; a message that fits none goes where the account's mail goes. `*` stands for anything,
//! and capitals are not told from small letters.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::folders;

/// No account has more rules.
const MOST: usize = 100;

/// An account's rules, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Rules(Vec<Rule>);

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What is done with a message that fits.
    pub action: Action,
    /// What it must be like.
    pub conditions: Vec<Condition>,
}

/// What is done with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes where the account's mail goes.
    Deliver,
    /// It is not delivered, and counts as dealt with.
    Drop,
    /// It is held in quarantine until a person decides.
    Hold,
    /// It goes into this Maildir folder.
    Maildir(PathBuf),
    /// It goes to this program.
    Command(Vec<String>),
    /// It goes to the account's LMTP or SMTP server, for these recipients.
    Recipients(Vec<String>),
    /// It goes to the account's further sink of this name.
    Sink(String),
}

/// What a message must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// An address in `From`.
    From(String),
    /// An address in `To`, `Cc`, `Delivered-To` or `X-Original-To`.
    To(String),
    /// The subject.
    Subject(String),
    /// The folder's name.
    Folder(String),
    /// A header line of this name.
    Header(String, String),
    /// More bytes than these.
    Larger(u64),
    /// Fewer bytes than these.
    Smaller(u64),
}

/// A line that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct RuleError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong and what is expected.
    pub problem: String,
}

/// What a rule may look at.
#[derive(Debug, Clone, Default)]
pub struct Traits<'a> {
    /// The addresses in `From`.
    pub from: Vec<&'a str>,
    /// The addresses that it is for.
    pub to: Vec<&'a str>,
    /// The subject, decoded.
    pub subject: &'a str,
    /// The folder's name.
    pub folder: &'a str,
    /// Names and values of all header lines.
    pub headers: Vec<(&'a str, &'a str)>,
    /// How many bytes it has.
    pub size: u64,
}

impl Rules {
    /// Reads lines. Empty ones, and those that begin with `#`, are left out.
    pub fn read(text: &str) -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |problem| RuleError {
                line: number,
                problem,
            };
            rules.push(Rule::read(line).map_err(wrong)?);
            if rules.len() > MOST {
                return Err(wrong(format!("at most {MOST} rules are expected")));
            }
        }
        Ok(Self(rules))
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first rule that fits, and its place from 0.
    pub fn decide(&self, message: &Traits<'_>) -> Option<(usize, &Rule)> {
        let mut rules = self.0.iter().enumerate();
        rules.find(|(_, rule)| rule.fits(message))
    }
}

impl Rule {
    fn read(line: &str) -> Result<Self, String> {
        let words = shlex::split(line).ok_or("a quotation mark is not closed")?;
        let mut words = words.into_iter();
        let action = Action::read(&mut words)?;
        let mut conditions = Vec::new();
        while let Some(word) = words.next() {
            conditions.push(Condition::read(&word, &mut words)?);
        }
        Ok(Self { action, conditions })
    }

    fn fits(&self, message: &Traits<'_>) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.fits(message))
    }
}

impl Action {
    fn read(words: &mut impl Iterator<Item = String>) -> Result<Self, String> {
        let word = words.next().unwrap_or_default();
        let mut next = |what: &str| {
            let missing = || format!("{what} is missing behind `{word}`");
            words.next().ok_or_else(missing)
        };
        Ok(match word.as_str() {
            "deliver" => Self::Deliver,
            "drop" => Self::Drop,
            "hold" => Self::Hold,
            "maildir" => {
                let path = next("an absolute path")?;
                if !Path::new(&path).is_absolute() {
                    return Err(format!("`{path}` is not an absolute path"));
                }
                Self::Maildir(path.into())
            }
            "command" => {
                let command = next("a program and its arguments, together in quotes,")?;
                let argv = shlex::split(&command).unwrap_or_default();
                let program = argv.first().map(Path::new);
                if !program.is_some_and(Path::is_absolute) {
                    return Err(format!("`{command}` does not begin with an absolute path"));
                }
                Self::Command(argv)
            }
            "recipients" => {
                let addresses = next("an address")?;
                let addresses: Vec<String> = addresses.split(',').map(str::to_owned).collect();
                if !addresses.iter().all(|address| fits_envelope(address)) {
                    return Err("the recipients must be mail addresses, with commas between".into());
                }
                Self::Recipients(addresses)
            }
            "sink" => Self::Sink(next("the name of a further sink")?),
            other => {
                return Err(format!(
                    "a rule begins with deliver, drop, hold, sink, maildir, command or recipients, \
                     not with `{other}`"
                ));
            }
        })
    }
}

impl Condition {
    fn read(word: &str, words: &mut impl Iterator<Item = String>) -> Result<Self, String> {
        let mut next = || {
            let missing = || format!("something is missing behind `{word}`");
            words.next().ok_or_else(missing)
        };
        Ok(match word {
            "from" => Self::From(next()?),
            "to" => Self::To(next()?),
            "subject" => Self::Subject(next()?),
            "folder" => Self::Folder(next()?),
            "header" => Self::Header(next()?, next()?),
            "size" => {
                let size = next()?;
                let wrong = || format!("a size looks like >25M or <100K, not like `{size}`");
                let (larger, rest) = match size.split_at_checked(1) {
                    Some((">", rest)) => (true, rest),
                    Some(("<", rest)) => (false, rest),
                    _ => return Err(wrong()),
                };
                let bytes = bytes(rest).ok_or_else(wrong)?;
                if larger {
                    Self::Larger(bytes)
                } else {
                    Self::Smaller(bytes)
                }
            }
            other => {
                return Err(format!(
                    "a condition is from, to, subject, folder, header or size, not `{other}`"
                ));
            }
        })
    }

    fn fits(&self, message: &Traits<'_>) -> bool {
        let any = |pattern, texts: &[&str]| {
            let mut texts = texts.iter();
            texts.any(|text| like(pattern, text))
        };
        match self {
            Self::From(pattern) => any(pattern, &message.from),
            Self::To(pattern) => any(pattern, &message.to),
            Self::Subject(pattern) => any(pattern, &[message.subject]),
            Self::Folder(pattern) => any(pattern, &[message.folder]),
            Self::Header(name, pattern) => {
                let mut lines = message.headers.iter();
                lines.any(|(known, value)| {
                    known.eq_ignore_ascii_case(name) && like(pattern, value.trim())
                })
            }
            Self::Larger(bytes) => message.size > *bytes,
            Self::Smaller(bytes) => message.size < *bytes,
        }
    }
}

fn like(pattern: &str, text: &str) -> bool {
    folders::fits(&pattern.to_lowercase(), &text.to_lowercase())
}

/// A number of bytes, with K, M or G behind it.
fn bytes(text: &str) -> Option<u64> {
    let (number, factor) = match text.char_indices().last()? {
        (at, 'K' | 'k') => (&text[..at], 1 << 10),
        (at, 'M' | 'm') => (&text[..at], 1 << 20),
        (at, 'G' | 'g') => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn fits_envelope(address: &str) -> bool {
    let foreign = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
    !address.is_empty() && address.len() <= 254 && !address.contains(foreign)
}

/// With K, M or G behind it, where that says the same.
fn in_units(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")].into_iter();
    let mut whole = units.filter(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    match whole.next() {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// A word with quotes where it needs them. What means something to a shell alone does not.
fn quoted(text: &str) -> Cow<'_, str> {
    let special = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\' | '\0');
    if text.is_empty() || text.starts_with('#') || text.contains(special) {
        return shlex::try_quote(text).unwrap_or_default();
    }
    Cow::Borrowed(text)
}

/// As it is written; what needs quotes has them.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Deliver => f.write_str("deliver")?,
            Action::Drop => f.write_str("drop")?,
            Action::Hold => f.write_str("hold")?,
            Action::Maildir(path) => write!(f, "maildir {}", quoted(&path.to_string_lossy()))?,
            Action::Command(argv) => {
                let words = shlex::try_join(argv.iter().map(String::as_str));
                write!(f, "command {}", quoted(&words.unwrap_or_default()))?;
            }
            Action::Recipients(addresses) => {
                write!(f, "recipients {}", quoted(&addresses.join(",")))?;
            }
            Action::Sink(name) => write!(f, "sink {}", quoted(name))?,
        }
        for condition in &self.conditions {
            match condition {
                Condition::From(pattern) => write!(f, " from {}", quoted(pattern))?,
                Condition::To(pattern) => write!(f, " to {}", quoted(pattern))?,
                Condition::Subject(pattern) => write!(f, " subject {}", quoted(pattern))?,
                Condition::Folder(pattern) => write!(f, " folder {}", quoted(pattern))?,
                Condition::Header(name, pattern) => {
                    write!(f, " header {} {}", quoted(name), quoted(pattern))?;
                }
                Condition::Larger(bytes) => write!(f, " size >{}", in_units(*bytes))?,
                Condition::Smaller(bytes) => write!(f, " size <{}", in_units(*bytes))?,
            }
        }
        Ok(())
    }
}

/// One on each line.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl From<Rules> for Vec<String> {
    fn from(rules: Rules) -> Self {
        rules.0.iter().map(ToString::to_string).collect()
    }
}

impl TryFrom<Vec<String>> for Rules {
    type Error = RuleError;

    fn try_from(lines: Vec<String>) -> Result<Self, RuleError> {
        Self::read(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "
        # Spam
        drop header X-Spam-Flag yes
        hold from *@newsletter.example size >25M
        maildir '/var/mail/in voices' to invoices@* folder INBOX
        command '/usr/bin/rt-mailgate --queue \"My queue\"' subject '*it is*'
        recipients a@b.example,tickets
        sink archive from ceo@*
        deliver size <1k
    ";

    #[test]
    fn what_is_written_is_read_again_as_the_same() {
        let rules = Rules::read(ALL).unwrap();
        assert_eq!(rules.iter().count(), 7);
        let again = Rules::read(&rules.to_string()).unwrap();
        assert_eq!(again, rules, "{rules}");
        let lines = rules.to_string();
        for readable in [
            "hold from *@newsletter.example size >25M",
            "deliver size <1K",
        ] {
            assert!(lines.contains(readable), "{lines}");
        }
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_all_of_its_conditions_count() {
        let rules = Rules::read(ALL).unwrap();
        let place = |message: &Traits<'_>| rules.decide(message).map(|(place, _)| place);
        let message = Traits {
            from: vec!["A@Newsletter.example"],
            to: vec!["b@example.com", "Invoices@example.com"],
            subject: "this, IT IS",
            folder: "inbox",
            headers: vec![("x-spam-flag", " YES\r\n")],
            size: 30 << 20,
        };
        assert_eq!(place(&message), Some(0));
        let clean = Traits {
            headers: vec![("X-Spam-Flag", "NO")],
            ..message.clone()
        };
        assert_eq!(place(&clean), Some(1));
        let small = Traits {
            size: 2000,
            ..clean.clone()
        };
        assert_eq!(place(&small), Some(2));
        let other = Traits {
            folder: "Other",
            ..small.clone()
        };
        assert_eq!(place(&other), Some(3));
        let plain = Traits {
            subject: "x",
            ..other
        };
        assert_eq!(place(&plain), Some(4), "without conditions it fits all");
        assert_eq!(Rules::default().decide(&plain), None);
    }

    #[test]
    fn a_line_that_is_no_rule_is_told_with_its_number() {
        for (line, problem) in [
            ("burn", "not with `burn`"),
            ("drop sender x", "not `sender`"),
            ("drop from", "missing behind `from`"),
            ("drop size 25M", "looks like >25M"),
            ("drop size >25X", "looks like >25M"),
            ("maildir mail", "not an absolute path"),
            ("command 'cat -'", "absolute path"),
            ("sink", "missing behind `sink`"),
            ("recipients a>b", "mail addresses"),
            ("drop from 'x", "not closed"),
        ] {
            let error = Rules::read(&format!("\n{line}")).unwrap_err();
            assert_eq!(error.line, 2, "{line}");
            assert!(error.problem.contains(problem), "{error}");
        }
        assert!(Rules::read(&"drop\n".repeat(MOST + 1)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_is_written_so_that_it_is_read_again(text in "(drop|hold|deliver)( (from|to|subject|folder) [^\u{0}\r\n]{1,12}){0,3}") {
            if let Ok(rules) = Rules::read(&text) {
                proptest::prop_assert_eq!(Rules::read(&rules.to_string()).unwrap(), rules);
            }
        }
    }
}
