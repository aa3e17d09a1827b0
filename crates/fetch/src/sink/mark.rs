//! By what a Maildir is known again.
//!
//! What is no longer in `tmp/` was handed over, but only in the very `tmp/` that it was put into.
//! Somebody may have made the Maildir anew since, moved another to its place, or got an older state
//! back from a backup. So each Maildir has a mark, which is part of the names of our files: under
//! another mark nothing counts as handed over, and rather a message comes twice than not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use mailgrant_base::{Random, files};
use sha2::{Digest as _, Sha256};

/// The file that holds what makes a Maildir different from all others. It belongs to all who deliver
/// into the Maildir, and is never changed.
const FILE: &str = "mailgrant-mark";

/// The mark of a Maildir whose folders are there. Where it is not known yet it is made, durably.
///
/// A Maildir of which only the folders within may be written to has none of its own, and is known by
/// its `tmp/` alone.
pub(super) fn read_or_make(maildir: &Path, random: &dyn Random) -> io::Result<String> {
    let tmp = maildir.join("tmp").metadata()?;
    let own = match own(maildir, random) {
        Err(error) if has_none(&error) => Vec::new(),
        // What passes must not change the mark: what was handed over would come again.
        known => known.map_err(|error| about(&maildir.join(FILE), &error))?,
    };
    // A folder that was made anew may have the number of the one before, but not its birthday. Not
    // every file system knows that.
    let born = tmp.created().ok();
    let born = born.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let mut mark = Sha256::new();
    mark.update(own);
    mark.update(tmp.ino().to_le_bytes());
    mark.update(born.unwrap_or_default().as_nanos().to_le_bytes());
    Ok(crate::key::short_hex(mark))
}

/// Whether a Maildir can have no mark of its own, now or later.
fn has_none(error: &io::Error) -> bool {
    use io::ErrorKind::{
        IsADirectory, PermissionDenied, ReadOnlyFilesystem, TooManyLinks, Unsupported,
    };
    // The last two are the words of file systems that know no hard links.
    matches!(
        error.kind(),
        PermissionDenied | ReadOnlyFilesystem | IsADirectory | Unsupported | TooManyLinks
    )
}

fn about(file: &Path, error: &io::Error) -> io::Error {
    let what = format!("cannot read or make {}: {error}", file.display());
    io::Error::new(error.kind(), what)
}

fn own(maildir: &Path, random: &dyn Random) -> io::Result<Vec<u8>> {
    let path = maildir.join(FILE);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    // It appears whole or not at all: two accounts may come to a new Maildir at the same time.
    let draft = maildir.join(format!("{FILE}.{}", random.token()));
    let made = write(&draft, random.token().as_bytes()).and_then(|()| {
        match std::fs::hard_link(&draft, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    super::remove_quietly(&draft);
    made?;
    files::sync_dir(maildir).map_err(|error| error.source)?;
    read(&path)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Reads the little that belongs there.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut content = Vec::new();
    File::open(path)?.take(1024).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use mailgrant_base::SystemRandom;

    use super::*;

    fn maildir() -> (tempfile::TempDir, impl Fn() -> String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail");
        make(&path);
        (folder, move || read_or_make(&path, &SystemRandom).unwrap())
    }

    fn make(path: &Path) {
        std::fs::create_dir_all(path.join("tmp")).unwrap();
    }

    #[test]
    fn a_maildir_keeps_its_mark_also_where_it_is_moved() {
        let (folder, mark) = maildir();
        let first = mark();
        assert_eq!(mark(), first);
        let (here, there) = (folder.path().join("mail"), folder.path().join("there"));
        std::fs::rename(&here, &there).unwrap();
        std::fs::rename(&there, &here).unwrap();
        assert_eq!(mark(), first);
        let left: Vec<_> = std::fs::read_dir(&here).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn one_that_is_made_anew_or_copied_has_another() {
        let (folder, mark) = maildir();
        let first = mark();
        let here = folder.path().join("mail");
        let copied = files::read(&here.join(FILE)).unwrap();
        std::fs::remove_dir_all(&here).unwrap();
        make(&here);
        let second = mark();
        assert_ne!(second, first);
        // As a copy or a backup would have it.
        std::fs::remove_dir_all(&here).unwrap();
        make(&here);
        write(&here.join(FILE), &copied).unwrap();
        assert!(![first, second].contains(&mark()));
    }

    #[test]
    fn where_the_mark_cannot_be_read_now_none_is_told() {
        let (folder, mark) = maildir();
        let first = mark();
        let here = folder.path().join("mail");
        let (file, aside) = (here.join(FILE), here.join("aside"));
        std::fs::rename(&file, &aside).unwrap();
        std::os::unix::fs::symlink(&file, &file).unwrap();
        let error = read_or_make(&here, &SystemRandom).unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
        std::fs::rename(&aside, &file).unwrap();
        assert_eq!(mark(), first);
    }

    #[test]
    fn a_mark_that_cannot_be_kept_is_known_by_the_folder_alone() {
        let (folder, mark) = maildir();
        let here = folder.path().join("mail");
        std::fs::create_dir(here.join(FILE)).unwrap();
        let first = mark();
        assert_eq!(mark(), first);
        std::fs::rename(here.join("tmp"), here.join("former")).unwrap();
        make(&here);
        assert_ne!(mark(), first);
    }
}
