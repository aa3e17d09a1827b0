//! Why somebody is not let in.

use mailgrant_base::{Diagnose as _, Diagnosis};
use mailgrant_vault::VaultError;
use url::Url;

/// Why somebody is not let in, for a client and whoever reads what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Of which kind it is.
    pub kind: RefusalKind,
    /// What happened and what to do, in a few sentences without a secret.
    pub words: String,
}

/// What kinds of refusals a client can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The user name or the password is wrong.
    Wrong,
    /// The user name or the password is wrong, and so were too many before.
    Guessing,
    /// The password is right, and not for this protocol or not from there.
    NotAllowed,
    /// The account has too many connections.
    Full,
    /// The provider, the mail server or Mailgrant cannot serve now; it passes by itself.
    Unavailable,
    /// A person has to do something before it can work.
    Person,
}

impl RefusalKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Wrong,
        Self::Guessing,
        Self::NotAllowed,
        Self::Full,
        Self::Unavailable,
        Self::Person,
    ];

    /// One word, for logs and metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong_password",
            Self::Guessing => "too_many_wrong_passwords",
            Self::NotAllowed => "not_allowed",
            Self::Full => "too_many_connections",
            Self::Unavailable => "unavailable",
            Self::Person => "needs_a_person",
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind, words: impl Into<String>) -> Self {
        Self {
            kind,
            words: words.into(),
        }
    }

    /// Says nothing of which of the two is wrong.
    pub(crate) fn wrong() -> Self {
        let words = "The user name or the app password is wrong";
        Self::new(RefusalKind::Wrong, words)
    }

    /// The same, where too many were wrong before.
    pub(crate) fn guessing() -> Self {
        let words = "The user name or the app password is wrong, and so were too many before; \
                     correct it before the next attempt";
        Self::new(RefusalKind::Guessing, words)
    }

    /// An error of the keeper or a mail server. Where it is somebody's turn the words end with the
    /// `page` where it is told what to do.
    pub(crate) fn of(diagnosis: &Diagnosis, page: &Url) -> Self {
        let Diagnosis { fault, what, .. } = diagnosis;
        if fault.passes_by_itself() {
            let words = format!("{} Try again later.", shortened(what, 340));
            return Self::new(RefusalKind::Unavailable, words);
        }
        let turn = fault.turn();
        let words = format!("{} It is the turn of {turn}: {page}", shortened(what, 200));
        Self::new(RefusalKind::Person, words)
    }

    pub(crate) fn of_store(error: &VaultError) -> Self {
        error.diagnosis().log("the proxy");
        let words = "Mailgrant cannot read its database now. Try again later.";
        Self::new(RefusalKind::Unavailable, words)
    }
}

/// The beginning of a sentence that is too long.
fn shortened(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    let head: String = words.chars().take(most).collect();
    format!("{head}...")
}
