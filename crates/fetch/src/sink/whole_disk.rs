//! One sync for the files of a whole batch.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::FsWord;

/// Local file systems, by statfs(2), whose sync waits for the disk. Others, such as those in user
/// space, may answer at once.
const KNOWN: [FsWord; 3] = [EXT4, XFS, BTRFS];
const EXT4: FsWord = 0xEF53;
const XFS: FsWord = 0x5846_5342;
const BTRFS: FsWord = 0x9123_683E;

/// The file system of a folder, all of whose files are made durable at once.
#[derive(Debug)]
pub(super) struct WholeDisk(File);

impl WholeDisk {
    /// That of `folder`; `None` where nobody could rely on it. What fails to be written from here
    /// on is told by [`sync`](Self::sync).
    pub(super) fn of(folder: &Path) -> io::Result<Option<Self>> {
        if !tells_of_errors(rustix::system::uname().release().to_str().unwrap_or("")) {
            return Ok(None);
        }
        let folder = File::open(folder)?;
        let is_known = KNOWN.contains(&rustix::fs::fstatfs(&folder)?.f_type);
        Ok(is_known.then_some(Self(folder)))
    }

    /// Waits until all that was written is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.0)?)
    }
}

/// Before Linux 5.8 syncfs(2) kept errors to itself.
fn tells_of_errors(release: &str) -> bool {
    let mut numbers = release
        .split(|letter: char| !letter.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0_u32));
    let version = (numbers.next(), numbers.next());
    version >= (Some(5), Some(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_keeps_errors_to_itself_is_not_relied_on() {
        for release in ["5.8.0", "5.10.0-28-amd64", "6.1", "10.0-rc1"] {
            assert!(tells_of_errors(release), "{release}");
        }
        for release in ["5.7.19", "4.18.0-553.el8_10.x86_64", "5", "", "unknown"] {
            assert!(!tells_of_errors(release), "{release}");
        }
    }

    #[test]
    fn a_file_system_of_the_kernel_itself_is_not_known() {
        assert!(WholeDisk::of(Path::new("/proc")).unwrap().is_none());
    }
}
