//! What can go wrong with the store.

use mailgrant_base::{Diagnose, Diagnosis, Fault, files::FileError};

/// A store operation that failed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database could not be reached, opened or written: file, disk, rights, network.
    #[error("the database {location} cannot be used: {why}")]
    Unusable {
        /// Which database, without credentials.
        location: String,
        /// What happened, in words.
        why: String,
    },
    /// The database was written by a newer Mailgrant.
    #[error(
        "the database {location} was written by a newer Mailgrant (schema {found}, this one knows {known})"
    )]
    TooNew {
        /// Which database.
        location: String,
        /// Its schema number.
        found: i64,
        /// The newest schema number of this program.
        known: i64,
    },
    /// The sealing key is not the one that this database was sealed with. Nothing was changed.
    #[error("the sealing key does not open the database {location}")]
    WrongKey {
        /// Which database.
        location: String,
    },
    /// A sealed value does not open: it was moved or damaged.
    #[error("a sealed value in {table}.{column}, row {row}, does not open")]
    Damaged {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row.
        row: String,
    },
    /// The name is taken.
    #[error("there is already {what} named `{name}`")]
    NameTaken {
        /// `a provider`, `an account`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The account's mail would come back to it.
    #[error("the account's mail would go round: {way}")]
    GoesRound {
        /// `support puts it into the mailbox of archive, which…`
        way: String,
    },
    /// The provider cannot be removed while accounts use it.
    #[error("the provider is used by {accounts} account(s)")]
    InUse {
        /// How many.
        accounts: u64,
    },
    /// A sink cannot be removed while rules choose it.
    #[error("the sink {name} is chosen by {}", in_words(rules))]
    SinkChosen {
        /// The sink's name.
        name: String,
        /// Which rules, counted from 1.
        rules: Vec<usize>,
    },
    /// Somebody else changed or removed the row meanwhile; what came late was discarded.
    #[error("{what} was changed meanwhile")]
    Stale {
        /// `the grant`, `the account`…
        what: &'static str,
    },
    /// Only a message in quarantine can be tried again or dropped.
    #[error("the message is not in quarantine: {where_it_is}")]
    NotQuarantined {
        /// `it has been delivered`…
        where_it_is: &'static str,
    },
    /// The message's UID means nothing any more, or its folder is not fetched any more.
    #[error(
        "the message comes from a folder that is not fetched any more, or from the time before the \
         folder's UIDs began anew"
    )]
    OlderEpoch,
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A query failed in a way that only a mistake of ours explains.
    #[error("unexpected answer of the database: {0}")]
    Unexpected(String),
}

impl Diagnose for VaultError {
    fn diagnosis(&self) -> Diagnosis {
        let what = format!("{}.", capital(&self.to_string()));
        let (fault, next) = match self {
            Self::File(error) => return error.diagnosis(),
            Self::Unusable { location, why } => {
                return Diagnosis::new(
                    Fault::Operator,
                    format!("Mailgrant cannot use its database {location}."),
                    "Check the path or address, the rights of the user that Mailgrant runs as, and \
                     the room on the disk; restore a backup where the database is damaged. Nothing \
                     is half done: what was not confirmed can be done again.",
                )
                .said(why.clone());
            }
            Self::TooNew { .. } => (
                Fault::Operator,
                "Run the newer Mailgrant again, or give this one a backup of the time before the \
                 upgrade. Nothing was changed.",
            ),
            Self::WrongKey { .. } => (
                Fault::Operator,
                "Give the key file that was made together with this database (look into a backup). \
                 Without it the secrets in the database cannot be read. Nothing was changed.",
            ),
            Self::Damaged { .. } => (
                Fault::Operator,
                "Somebody or something changed the database behind Mailgrant's back: restore a \
                 backup, or enter that secret again or authorise that account again.",
            ),
            Self::NameTaken { .. } => (Fault::Operator, "Choose another name."),
            Self::GoesRound { .. } => (
                Fault::Operator,
                "Give one of these accounts another sink or another folder: one that none of them \
                 fetches. Nothing was changed.",
            ),
            Self::InUse { .. } => (
                Fault::Operator,
                "Remove these accounts first, or give them another provider.",
            ),
            Self::SinkChosen { .. } => (
                Fault::Operator,
                "Change these rules first. Nothing was changed.",
            ),
            Self::Stale { .. } => (
                Fault::Operator,
                "Look at it as it is now (it may be gone), and do it again if it is still wanted.",
            ),
            Self::NotQuarantined { .. } => (
                Fault::Operator,
                "Nothing was changed, and nothing has to be done.",
            ),
            Self::OlderEpoch => (
                Fault::Operator,
                "If the folder's UIDs began anew, look for the message's newer entry, and do it \
                 there. If the folder is not fetched any more, name it among the account's folders \
                 first. Nothing was changed.",
            ),
            Self::Unexpected(_) => (
                Fault::Bug,
                "This is a mistake in Mailgrant: please report it with the log.",
            ),
        };
        Diagnosis::new(fault, what, next)
    }
}

fn in_words(rules: &[usize]) -> String {
    let numbers: Vec<String> = rules.iter().map(usize::to_string).collect();
    let rule = if rules.len() == 1 { "rule" } else { "rules" };
    format!("{rule} {}", numbers.join(", "))
}

fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::too_many_lines, reason = "one of each")]
    fn one_of_each() -> Vec<(VaultError, Fault, [&'static str; 2])> {
        let location = || "/var/lib/mailgrant/mailgrant.db".to_owned();
        let file = FileError {
            action: "create",
            path: location().into(),
            source: std::io::Error::from(std::io::ErrorKind::PermissionDenied),
        };
        vec![
            (
                VaultError::Unusable {
                    location: location(),
                    why: "database or disk is full".to_owned(),
                },
                Fault::Operator,
                ["/var/lib/mailgrant/mailgrant.db", "room on the disk"],
            ),
            (
                VaultError::TooNew {
                    location: location(),
                    found: 9,
                    known: 1,
                },
                Fault::Operator,
                ["schema 9, this one knows 1", "newer Mailgrant again"],
            ),
            (
                VaultError::WrongKey {
                    location: location(),
                },
                Fault::Operator,
                ["/var/lib/mailgrant/mailgrant.db", "key file"],
            ),
            (
                VaultError::Damaged {
                    table: "grants",
                    column: "refresh_token",
                    row: "7".to_owned(),
                },
                Fault::Operator,
                ["grants.refresh_token, row 7", "restore a backup"],
            ),
            (
                VaultError::NameTaken {
                    what: "an account",
                    name: "desk".to_owned(),
                },
                Fault::Operator,
                ["already an account named `desk`", "another name"],
            ),
            (
                VaultError::GoesRound {
                    way: "one → two".to_owned(),
                },
                Fault::Operator,
                ["would go round: one → two", "another sink"],
            ),
            (
                VaultError::InUse { accounts: 2 },
                Fault::Operator,
                ["2 account(s)", "Remove these accounts"],
            ),
            (
                VaultError::SinkChosen {
                    name: "archive".to_owned(),
                    rules: vec![1, 3],
                },
                Fault::Operator,
                [
                    "archive is chosen by rules 1, 3",
                    "Change these rules first",
                ],
            ),
            (
                VaultError::Stale { what: "the grant" },
                Fault::Operator,
                ["The grant was changed meanwhile.", "do it again"],
            ),
            (
                VaultError::NotQuarantined {
                    where_it_is: "it has been delivered",
                },
                Fault::Operator,
                [
                    "not in quarantine: it has been delivered",
                    "Nothing was changed",
                ],
            ),
            (
                VaultError::OlderEpoch,
                Fault::Operator,
                ["UIDs began anew", "newer entry"],
            ),
            (
                VaultError::File(file),
                Fault::Operator,
                ["cannot create /var/lib/mailgrant/mailgrant.db", "right"],
            ),
            (
                VaultError::Unexpected("no such column".to_owned()),
                Fault::Bug,
                ["no such column", "report it"],
            ),
        ]
    }

    #[test]
    fn each_error_says_in_sentences_what_happened_and_what_to_do() {
        for (error, fault, [what, next]) in one_of_each() {
            let diagnosis = error.diagnosis();
            assert_eq!(diagnosis.fault, fault, "{diagnosis}");
            assert!(diagnosis.what.contains(what), "{diagnosis}");
            assert!(diagnosis.next.contains(next), "{diagnosis}");
            for sentence in [&diagnosis.what, &diagnosis.next] {
                assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }

    #[test]
    fn the_databases_own_words_go_with_what_it_refuses() {
        let (unusable, ..) = one_of_each().remove(0);
        let said = unusable.diagnosis().said;
        assert_eq!(said.as_deref(), Some("database or disk is full"));
    }
}
