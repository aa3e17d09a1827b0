//! What a folder is for, where the server says so (RFC 6154; RFC 8457 for `\Important`).

use std::fmt;

/// What a folder is for, as the server marks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// All messages of the mailbox.
    All,
    /// What is kept.
    Archive,
    /// What is being written.
    Drafts,
    /// What somebody has flagged.
    Flagged,
    /// What the server thinks is important.
    Important,
    /// Unwanted mail.
    Junk,
    /// What has been sent.
    Sent,
    /// What has been thrown away.
    Trash,
}

impl SpecialUse {
    /// All of them.
    pub const EVERY: [Self; 8] = [
        Self::All,
        Self::Archive,
        Self::Drafts,
        Self::Flagged,
        Self::Important,
        Self::Junk,
        Self::Sent,
        Self::Trash,
    ];

    /// As it is written, by servers and by people: `\Junk`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Important => "\\Important",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// Reads `\Junk`, in whatever case.
    pub fn read(text: &str) -> Option<Self> {
        let mut every = Self::EVERY.into_iter();
        every.find(|one| one.name().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for SpecialUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_is_written_and_in_whatever_case() {
        for one in SpecialUse::EVERY {
            assert_eq!(SpecialUse::read(one.name()), Some(one));
            assert_eq!(SpecialUse::read(&one.to_string().to_uppercase()), Some(one));
        }
        for other in ["", "Junk", "\\Spam", "\\Noselect", "\\Junk "] {
            assert_eq!(SpecialUse::read(other), None, "{other}");
        }
    }
}
