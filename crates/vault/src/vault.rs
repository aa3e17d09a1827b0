//! The store's handle.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::hmac;
use mailgrant_base::Random;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::changes::News;
use crate::seal::{self, Place};
use crate::store::{Answer, Found, Store};
use crate::{Changes, Key, VaultError, postgres, sqlite};

/// Proof of the key: a sealed value that everybody knows.
const KEY_CHECK: Place = Place {
    table: "vault",
    column: "key_check",
};
const KEY_CHECK_ROW: &str = "1";
const KEY_CHECK_VALUE: &[u8] = b"mailgrant";

/// How many passwords are hashed at once: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;

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
    inner: Arc<Inner>,
}

struct Inner {
    store: Box<dyn Store>,
    key: Key,
    random: Arc<dyn Random>,
    news: Arc<News>,
    hashing: Arc<Semaphore>,
    app_password_key: OnceLock<hmac::Key>,
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
        let news = Arc::new(News::default());
        let store: Box<dyn Store> = match location {
            Location::Sqlite(path) => Box::new(sqlite::Backend::new(path, Arc::clone(&news))?),
            Location::Postgres(url) => Box::new(postgres::Backend::new(url, Arc::clone(&news))?),
        };
        let opened = Self::prove(store.as_ref(), &key, random.as_ref()).await;
        match opened {
            Ok(count) => news.others(count),
            Err(error) => {
                store.close().await;
                return Err(error);
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                key,
                random,
                news,
                hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
                app_password_key: OnceLock::new(),
            }),
        })
    }

    async fn prove(store: &dyn Store, key: &Key, random: &dyn Random) -> Result<i64, VaultError> {
        let explain = |error| store.explain(error);
        let Found { schema, key_check } = store.inspect().await.map_err(explain)?;
        let known = store.known_schema();
        if let Some(found) = schema.filter(|found| *found > known) {
            return Err(VaultError::TooNew {
                location: store.location().to_owned(),
                found,
                known,
            });
        }
        if let Some(there) = key_check {
            check_key(store, key, &there)?;
        } else if schema.is_some() {
            return Err(VaultError::Damaged {
                table: KEY_CHECK.table,
                column: KEY_CHECK.column,
                row: KEY_CHECK_ROW.to_owned(),
            });
        }
        let fresh = seal::seal(key, random, KEY_CHECK, KEY_CHECK_ROW, KEY_CHECK_VALUE)?;
        let there = store.upgrade(&fresh).await.map_err(explain)?;
        // Another process may have been first, with another key.
        check_key(store, key, &there)?;
        store.change_count().await.map_err(explain)
    }

    /// Tells of changes made through this handle, through others and by other processes.
    pub fn changes(&self) -> Changes {
        self.inner.news.listen(self.clone())
    }

    /// Whether the database answers: for `/readyz`.
    pub async fn ping(&self) -> Result<(), VaultError> {
        self.told(self.store().ping().await)
    }

    /// Closes the database in good order.
    pub async fn close(&self) {
        self.store().close().await;
    }

    pub(crate) async fn changes_by_others(&self) -> Result<i64, VaultError> {
        let count = self.told(self.store().change_count().await)?;
        Ok(self.inner.news.others(count))
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.inner.store.as_ref()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.inner.random.as_ref()
    }

    pub(crate) fn hashing(&self) -> Arc<Semaphore> {
        Arc::clone(&self.inner.hashing)
    }

    pub(crate) fn kept_app_password_key(&self) -> &OnceLock<hmac::Key> {
        &self.inner.app_password_key
    }

    /// The database's answer, or its error in words.
    pub(crate) fn told<T>(&self, answer: Answer<T>) -> Result<T, VaultError> {
        answer.map_err(|error| self.store().explain(error))
    }

    pub(crate) fn seal(
        &self,
        place: Place,
        row: &str,
        secret: &SecretString,
    ) -> Result<Vec<u8>, VaultError> {
        let Inner { key, random, .. } = self.inner.as_ref();
        let plain = secret.expose_secret().as_bytes();
        seal::seal(key, random.as_ref(), place, row, plain)
    }

    pub(crate) fn unseal(
        &self,
        place: Place,
        row: &str,
        sealed: &[u8],
    ) -> Result<SecretString, VaultError> {
        let plain = seal::open(&self.inner.key, place, row, sealed)?;
        std::str::from_utf8(&plain)
            .map(SecretString::from)
            .map_err(|_| VaultError::Damaged {
                table: place.table,
                column: place.column,
                row: row.to_owned(),
            })
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

fn check_key(store: &dyn Store, key: &Key, there: &[u8]) -> Result<(), VaultError> {
    match seal::open(key, KEY_CHECK, KEY_CHECK_ROW, there) {
        Ok(value) if value.as_slice() == KEY_CHECK_VALUE => Ok(()),
        _ => Err(VaultError::WrongKey {
            location: store.location().to_owned(),
        }),
    }
}
