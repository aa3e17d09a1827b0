//! One at a time: the right to move a mailbox's mail, across tasks and processes.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use mailgrant_base::files;
use mailgrant_vault::AccountId;

use crate::FetchError;

/// How often a lease that somebody else has is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The right to move a mailbox's mail; given back when dropped, also by a crash.
#[derive(Debug)]
pub(crate) struct Lease(#[expect(dead_code, reason = "holding it is its use")] File);

impl Lease {
    /// Waits until nobody else moves this account's mail, at most `patience`.
    pub(crate) async fn take(
        spool: &Path,
        account: AccountId,
        patience: Duration,
    ) -> Result<Self, FetchError> {
        files::create_private_dir(spool).map_err(|error| FetchError::Spool(error.into()))?;
        let path = spool.join(format!("account-{}.lock", account.0));
        let failed = |action, source| {
            let path = path.clone();
            FetchError::Spool(std::sync::Arc::new(files::FileError {
                action,
                path,
                source,
            }))
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("open", error))?;
        let wait = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(ASK_AGAIN).await,
                    Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
                }
            }
        };
        match tokio::time::timeout(patience, wait).await {
            Ok(taken) => taken.map(|()| Self(file)),
            Err(_) => Err(FetchError::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_one_holds_a_mailbox_and_the_next_gets_it_afterwards() {
        let spool = tempfile::tempdir().unwrap();
        let take = |account| Lease::take(spool.path(), AccountId(account), Duration::ZERO);
        let first = take(1).await.unwrap();
        assert!(matches!(take(1).await, Err(FetchError::Busy)));
        take(2).await.unwrap();
        drop(first);
        take(1).await.unwrap();
    }
}
