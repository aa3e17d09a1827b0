//! What can go wrong with the store.

use mailgrant_base::{Diagnose, Diagnosis, files::FileError};

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
    /// The provider cannot be removed while accounts use it.
    #[error("the provider is used by {accounts} account(s)")]
    InUse {
        /// How many.
        accounts: u64,
    },
    /// Somebody else changed or removed the row meanwhile; what came late was discarded.
    #[error("{what} was changed meanwhile")]
    Stale {
        /// `the grant`, `the account`…
        what: &'static str,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A query failed in a way that only a mistake of ours explains.
    #[error("unexpected answer of the database: {0}")]
    Unexpected(String),
}

impl Diagnose for VaultError {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}
