//! Where large messages wait for a sink that has no room of its own, below the data folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailgrant_vault::AccountId;

use super::staged::{self, blocking};
use crate::lease::Lease;
use crate::plug::Plug;

/// One account's files there. Keeps the mailbox's lease alive for as long as it is used.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// What the names of this account's files begin with.
    prefix: String,
    plug: Plug,
    _lease: Arc<Lease>,
}

impl Spool {
    pub(crate) fn new(folder: &Path, account: AccountId, plug: Plug, lease: Arc<Lease>) -> Self {
        Self {
            folder: folder.to_owned(),
            prefix: format!("a{}-", account.0),
            plug,
            _lease: lease,
        }
    }

    /// Where a message goes that is too large for memory.
    pub(crate) fn staging_path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.eml"))
    }

    /// Whether there is still power; asked right before each effect.
    pub(super) fn power(&self) -> io::Result<()> {
        self.plug.power()
    }

    /// Removes what an interrupted run left behind.
    pub(super) async fn sweep(&self) -> io::Result<()> {
        let this = self.clone();
        let swept = blocking(move || {
            for entry in std::fs::read_dir(&this.folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if name
                    .to_str()
                    .is_some_and(|name| name.starts_with(&this.prefix))
                {
                    this.plug.power()?;
                    staged::remove_quietly(&entry.path());
                }
            }
            Ok(())
        });
        swept.await.map_err(|error| {
            let folder = self.folder.display();
            io::Error::new(
                error.kind(),
                format!("cannot look through {folder}: {error}"),
            )
        })
    }
}
