//! Files whose errors name them, and writes that last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{Diagnose, Diagnosis, Fault};

/// A file operation that failed, with the path that it was about.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = path.display())]
pub struct FileError {
    /// What was tried, as a verb: `read`, `write`, `create`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl FileError {
    fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

impl Diagnose for FileError {
    fn diagnosis(&self) -> Diagnosis {
        let path = self.path.display();
        let what = format!("Mailgrant cannot {} {path}.", self.action);
        let next = match self.source.kind() {
            io::ErrorKind::NotFound => "Check that the path is right and exists.",
            io::ErrorKind::PermissionDenied => {
                "Give the user that Mailgrant runs as the right to do so."
            }
            io::ErrorKind::StorageFull => "The disk is full: make room.",
            io::ErrorKind::ReadOnlyFilesystem => {
                "The file system is read-only: choose another path or mount it writable."
            }
            _ => "Look at what the operating system said.",
        };
        Diagnosis::new(Fault::Operator, what, next).said(self.source.to_string())
    }
}

/// Reads a whole file.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the wrapper that names the path"
)]
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(FileError::new("read", path))
}

/// Reads a whole text file.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the wrapper that names the path"
)]
pub fn read_to_string(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(FileError::new("read", path))
}

/// Creates a folder and its parents; folders that it makes are for the owner alone (mode 0700).
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(FileError::new("create", path))
}

/// Writes a new file for the owner alone (mode 0600), durably; fails where the file exists.
pub fn create_private(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(FileError::new("create", path))?;
    file.write_all(contents)
        .and_then(|()| file.sync_all())
        .map_err(FileError::new("write", path))?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

/// Makes the names in a folder durable: a rename without this can be undone by a power cut.
pub fn sync_dir(path: &Path) -> Result<(), FileError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(FileError::new("sync", path))
}
