//! Passwords of administrators: Argon2id, with the parameters that OWASP asks for (19 MiB, two
//! passes), away from the tasks that serve, and few at once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Vault, VaultError};

/// Hashes a password with a fresh salt, as a PHC string.
pub(crate) async fn hash(vault: &Vault, password: &SecretString) -> Result<String, VaultError> {
    let password = password.clone();
    let mut salt = [0; 16];
    vault.random().fill(&mut salt);
    aside(vault, move || {
        Argon2::default()
            .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
            .map(|hash: PasswordHash| hash.to_string())
            .map_err(|error| VaultError::Unexpected(error.to_string()))
    })
    .await?
}

/// Whether the password is the one that was hashed.
pub(crate) async fn is_right(
    vault: &Vault,
    password: &SecretString,
    hash: String,
) -> Result<bool, VaultError> {
    let password = password.clone();
    aside(vault, move || {
        let hash =
            PasswordHash::new(&hash).map_err(|error| VaultError::Unexpected(error.to_string()))?;
        let password = password.expose_secret().as_bytes();
        Ok(Argon2::default().verify_password(password, &hash).is_ok())
    })
    .await?
}

/// Runs on a thread of its own, when it is its turn.
async fn aside<T: Send + 'static>(
    vault: &Vault,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, VaultError> {
    let closed = |error: &dyn std::fmt::Display| VaultError::Unexpected(error.to_string());
    let turn = vault
        .hashing()
        .acquire_owned()
        .await
        .map_err(|error| closed(&error))?;
    tokio::task::spawn_blocking(move || {
        // Given back when the work is done, also where nobody waits for it any more.
        let _turn = turn;
        work()
    })
    .await
    .map_err(|error| closed(&error))
}
