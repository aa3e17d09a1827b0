//! Who is at fault, and what a person reads about it.

use std::fmt;

use serde::Serialize;
use tracing::{Level, error, warn};

/// Who has to move before the thing that failed can work. Every error of the product sorts itself
/// into one of these; one table each turns them into a page's status, an exit status and a log
/// level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The identity provider failed or cannot be reached: nobody's turn, Mailgrant tries again.
    Provider,
    /// The mail server failed, broke its protocol or cannot be reached: Mailgrant tries again.
    Server,
    /// The mailbox's owner must act: sign in, consent, ask for access.
    Owner,
    /// The administrator of the mailbox's organisation (of its Entra tenant, of its Workspace
    /// domain) must act: consent for all, exempt from a policy, switch a protocol on.
    Tenant,
    /// Mailgrant's administrator must act: a setting, a secret, a file, a disk.
    Operator,
    /// Mailgrant itself is wrong: to be reported.
    Bug,
}

impl Fault {
    /// The fault as one word, for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Server => "server",
            Self::Owner => "owner",
            Self::Tenant => "tenant",
            Self::Operator => "operator",
            Self::Bug => "bug",
        }
    }

    /// Whose turn it is, in words for people.
    pub fn turn(self) -> &'static str {
        match self {
            Self::Provider | Self::Server => "nobody: it passes by itself",
            Self::Owner => "the mailbox's owner",
            Self::Tenant => "the organisation's administrator",
            Self::Operator => "Mailgrant's administrator",
            Self::Bug => "the makers of Mailgrant: please report it",
        }
    }

    /// The level of a log line about it: what passes by itself, or is another person's turn, is a
    /// warning; what Mailgrant's administrator has to mend is an error.
    pub fn level(self) -> Level {
        match self {
            Self::Provider | Self::Server | Self::Owner | Self::Tenant => Level::WARN,
            Self::Operator | Self::Bug => Level::ERROR,
        }
    }

    /// Whether trying again later can help without anybody doing anything.
    pub fn passes_by_itself(self) -> bool {
        matches!(self, Self::Provider | Self::Server)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure in words for people: what happened, what to do next, and what the other side said.
///
/// No secret ever stands in one: whoever builds it from an answer of the other side takes only the
/// fields that are known to hold none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Who has to move.
    pub fault: Fault,
    /// What happened, as a sentence that names the thing it happened to.
    pub what: String,
    /// What to do next, as a sentence.
    pub next: String,
    /// The other side's own words, where there are any (`AADSTS…`, `NO [ALERT] …`).
    pub said: Option<String>,
    /// The exact place to go: an https address, a menu's path such as `Entra admin center >
    /// Enterprise applications > your app > Users and groups`, or a command to run.
    pub place: Option<String>,
    /// The page or thread that this reading of the other side's words follows.
    pub source: Option<&'static str>,
}

impl Diagnosis {
    /// A diagnosis without the other side's words.
    pub fn new(fault: Fault, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            fault,
            what: what.into(),
            next: next.into(),
            said: None,
            place: None,
            source: None,
        }
    }

    /// Writes it into the log, at its fault's level. `about` is the account's or provider's name.
    pub fn log(&self, about: &str) {
        let (fault, said) = (
            self.fault.as_str(),
            self.said.as_deref().unwrap_or_default(),
        );
        if self.fault.level() == Level::ERROR {
            error!(about, fault, said, "{}", self.what);
        } else {
            warn!(about, fault, said, "{}", self.what);
        }
    }

    /// Adds what the other side said.
    #[must_use]
    pub fn said(mut self, words: impl Into<String>) -> Self {
        self.said = Some(words.into());
        self
    }

    /// Adds the exact place to go.
    #[must_use]
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Adds the page or thread that it follows.
    #[must_use]
    pub fn source(mut self, source: &'static str) -> Self {
        self.source = Some(source);
        self
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.next)?;
        match &self.place {
            Some(place) => write!(f, " Where: {place}"),
            None => Ok(()),
        }
    }
}

/// What every error type of the product can say about itself.
pub trait Diagnose: std::error::Error {
    /// The error in words for people.
    fn diagnosis(&self) -> Diagnosis;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnosis_says_where_to_go_if_that_is_known() {
        let diagnosis = Diagnosis::new(Fault::Tenant, "It is blocked.", "Allow it.");
        assert_eq!(diagnosis.to_string(), "It is blocked. Allow it.");
        let diagnosis = diagnosis.place("Admin console > Security").source("RFC 1");
        assert_eq!(
            diagnosis.to_string(),
            "It is blocked. Allow it. Where: Admin console > Security"
        );
        assert_eq!(diagnosis.source, Some("RFC 1"));
    }

    #[test]
    fn only_what_is_nobodys_turn_passes_by_itself() {
        for fault in [
            Fault::Provider,
            Fault::Server,
            Fault::Owner,
            Fault::Tenant,
            Fault::Operator,
            Fault::Bug,
        ] {
            assert_eq!(
                fault.turn().starts_with("nobody"),
                fault.passes_by_itself(),
                "{fault}"
            );
        }
        assert_eq!(Fault::Tenant.level(), Level::WARN);
    }
}
