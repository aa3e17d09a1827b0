//! A message between source and sink: in memory while it is small, in a private file when it is
//! not.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mailgrant_vault::MessageHead;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use crate::routing::Route;

/// What is larger than this does not stay in memory. Each mailbox holds at most two batches and one
/// message of this size.
pub(crate) const IN_MEMORY: usize = 512 * 1024;

/// How much of a large message is gathered before it is written.
const WRITE_SIZE: usize = 256 * 1024;

/// A whole message, not yet handed over.
#[derive(Debug)]
pub(crate) struct Staged {
    /// Its UID.
    pub(crate) uid: u32,
    /// Its idempotency key.
    pub(crate) key: String,
    /// SHA-256 of its bytes.
    pub(crate) digest: [u8; 32],
    /// Its size in bytes.
    pub(crate) size: u64,
    /// What a person recognises it by.
    pub(crate) head: MessageHead,
    /// When its first byte was asked for.
    pub(crate) since: Instant,
    /// Where it goes.
    pub(crate) route: Route,
    /// Its bytes; none where nobody will read them.
    pub(crate) body: Body,
}

/// Where a message's bytes are.
#[derive(Debug)]
pub(crate) enum Body {
    /// Here.
    Memory(Vec<u8>),
    /// In a file of ours.
    File(PathBuf),
}

impl Staged {
    /// It goes another way after all, and nobody will read its bytes.
    pub(crate) fn set_aside(&mut self, route: Route) {
        self.discard();
        self.body = Body::Memory(Vec::new());
        self.route = route;
    }

    /// Removes what is on disk.
    pub(crate) fn discard(&self) {
        if let Body::File(path) = &self.body {
            remove_quietly(path);
        }
    }
}

/// A message that is still arriving.
#[derive(Debug)]
pub(crate) struct Staging {
    uid: u32,
    key: String,
    path: PathBuf,
    since: Instant,
    size: u64,
    digest: Sha256,
    memory: Vec<u8>,
    head: MessageHead,
    route: Route,
    file: Option<BufWriter<tokio::fs::File>>,
}

impl Staging {
    /// Begins; `path` is where the message goes if it grows large.
    pub(crate) fn new(uid: u32, key: String, path: PathBuf) -> Self {
        Self {
            uid,
            key,
            path,
            since: Instant::now(),
            size: 0,
            digest: Sha256::new(),
            memory: Vec::new(),
            head: MessageHead::default(),
            route: Route::default(),
            file: None,
        }
    }

    /// The same for a message whose way is known, and what a person recognises it by.
    pub(crate) fn on(mut self, route: Route, head: MessageHead) -> Self {
        self.route = route;
        self.head = head;
        self
    }

    /// Which message this is.
    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// How much has come.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub(crate) async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.size += chunk.len() as u64;
        self.digest.update(chunk);
        if self.route.unread {
            return Ok(());
        }
        if self.file.is_none() && self.memory.len() + chunk.len() > IN_MEMORY {
            let path = self.path.clone();
            let file = blocking(move || create_afresh(&path)).await?;
            let file = BufWriter::with_capacity(WRITE_SIZE, tokio::fs::File::from_std(file));
            let beginning = std::mem::take(&mut self.memory);
            self.file.insert(file).write_all(&beginning).await?;
        }
        if let Some(file) = &mut self.file {
            return file.write_all(chunk).await;
        }
        self.memory.extend_from_slice(chunk);
        Ok(())
    }

    /// The message is complete.
    pub(crate) async fn finish(self) -> io::Result<Staged> {
        let body = match self.file {
            Some(mut file) => {
                // A flush also waits for the last write, and tells if it failed.
                if let Err(error) = file.flush().await {
                    remove_quietly(&self.path);
                    return Err(error);
                }
                Body::File(self.path)
            }
            None => Body::Memory(self.memory),
        };
        Ok(Staged {
            uid: self.uid,
            key: self.key,
            digest: self.digest.finalize().into(),
            size: self.size,
            head: self.head,
            since: self.since,
            route: self.route,
            body,
        })
    }

    /// The message will not be complete: removes what is on disk.
    pub(crate) fn discard(self) {
        if self.file.is_some() {
            remove_quietly(&self.path);
        }
    }
}

/// Creates a file for the owner alone in place of whatever has its name; never through a link that
/// somebody else has put there.
pub(crate) fn create_afresh(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            options.open(path)
        }
        other => other,
    }
}

/// Removes a file of ours; what cannot be removed now is swept up by the next recovery.
pub(crate) fn remove_quietly(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "cannot remove a half-written message yet");
    }
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn stage(path: &Path, chunks: &[&[u8]]) -> Staged {
        let mut staging = Staging::new(7, "key".into(), path.to_owned());
        for chunk in chunks {
            staging.write(chunk).await.unwrap();
        }
        staging.finish().await.unwrap()
    }

    #[tokio::test]
    async fn a_small_message_touches_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let staged = stage(&folder.path().join("m"), &[b"Subject: a\r\n", b"\r\n"]).await;
        assert!(matches!(&staged.body, Body::Memory(bytes) if bytes == b"Subject: a\r\n\r\n"));
        assert_eq!(staged.size, 14);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_large_message_is_in_a_private_file_and_not_in_memory() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let mut part = b"Subject: large\r\n\r\n".to_vec();
        part.resize(IN_MEMORY, b'x');
        let staged = stage(&path, &[&part, b"tail"]).await;
        assert!(matches!(&staged.body, Body::File(at) if *at == path));
        let whole = mailgrant_base::files::read(&path).unwrap();
        assert_eq!(whole.len(), IN_MEMORY + 4);
        assert_eq!(&whole[IN_MEMORY..], b"tail");
        assert_eq!(staged.digest, <[u8; 32]>::from(Sha256::digest(&whole)));
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        staged.discard();
        assert!(!path.exists());
    }

    #[test]
    fn a_link_that_somebody_put_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        mailgrant_base::files::create_private(&victim, b"precious").unwrap();
        let path = folder.path().join("m");
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        drop(create_afresh(&path).unwrap());
        assert_eq!(mailgrant_base::files::read(&victim).unwrap(), b"precious");
        assert!(path.symlink_metadata().unwrap().is_file());
    }
}
