//! The store's handle.

use std::path::PathBuf;
use std::sync::Arc;

use mailgrant_base::Random;
use secrecy::SecretString;

use crate::{Changes, Key, VaultError};

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A SQLite file; made where it does not exist.
    Sqlite(PathBuf),
    /// A PostgreSQL database, as a connection URL (which may hold a password).
    Postgres(SecretString),
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<()>,
}

impl Vault {
    /// Opens the database, brings its schema up to date and proves that `key` is its key. A
    /// wrong key, a newer schema or a database that cannot be written is an error that changes
    /// nothing.
    pub async fn open(
        location: &Location,
        key: Key,
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        todo!()
    }

    /// Tells of changes made through this handle, through others and by other processes.
    pub fn changes(&self) -> Changes {
        todo!()
    }

    /// Whether the database answers: for `/readyz`.
    pub async fn ping(&self) -> Result<(), VaultError> {
        todo!()
    }

    /// Closes the database in good order.
    pub async fn close(&self) {
        todo!()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}
