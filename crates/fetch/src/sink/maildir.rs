//! Maildir (<https://cr.yp.to/proto/maildir.html>): written to `tmp/`, renamed to `new/`.
//!
//! The file's name is the message's idempotency key, so a crash cannot double a message: what is
//! `Prepared` in the ledger and still in `tmp/` was not handed over; what is no longer there was,
//! even if the application has moved it to `cur/` or taken it away since. That it is the same Maildir
//! is told by its [`mark`].

use std::fmt;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use mailgrant_base::Random;
use mailgrant_vault::AccountId;
use sha2::{Digest as _, Sha256};

use super::staged::{self, blocking};
use super::whole_disk::WholeDisk;
use super::{BatchLimit, Body, Recovered, Sink, SinkDown, Staged, Verdict, mark};
use crate::lease::Lease;
use crate::plug::Plug;

/// `O_NOFOLLOW` (open(2)).
const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// From so many messages on a batch is made durable with one sync of its whole file system, where
/// that is known to wait for the disk and to tell of errors: on a journaling ext4 ten times as quick
/// as a sync of each file (measured), and the fewer syncs the less others wait.
const SYNC_TOGETHER: usize = 16;

/// How many threads write and sync a batch whose files are synced one by one. A sync waits for the
/// disk, and a file system joins the syncs of two threads into one; more than two gain nothing
/// (measured on ext4).
const WRITERS: usize = 2;

/// How a batch is written.
#[derive(Debug, Clone, Copy)]
struct How {
    /// The mode of the files.
    mode: u32,
    /// No file that is written now is synced by itself.
    synced_together: bool,
}

/// A Maildir folder. Cheap to clone: its work goes on in other threads.
#[derive(Clone)]
pub(super) struct Maildir {
    path: PathBuf,
    /// What the names of this account's files begin with.
    prefix: String,
    /// What the names of our files in this folder end with: who we are and which folder it is.
    suffix: String,
    /// What stands before that once [`recover`](Sink::recover) has looked which Maildir it is. A key
    /// with another ending was prepared for another one, and its file's absence here proves nothing.
    mark: Arc<OnceLock<String>>,
    random: Arc<dyn Random>,
    plug: Plug,
    _lease: Arc<Lease>,
}

impl Maildir {
    pub(super) fn new(
        account: AccountId,
        path: &Path,
        spool: &Path,
        lease: Arc<Lease>,
        (random, plug): (Arc<dyn Random>, Plug),
    ) -> Self {
        let mut place = Sha256::new();
        place.update(spool.as_os_str().as_encoded_bytes());
        place.update([0]);
        place.update(path.as_os_str().as_encoded_bytes());
        Self {
            path: path.to_owned(),
            prefix: format!("a{}-", account.0),
            suffix: format!(".{}.mailgrant", crate::key::short_hex(place)),
            mark: Arc::default(),
            random,
            plug,
            _lease: lease,
        }
    }

    fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }

    fn new_folder(&self) -> PathBuf {
        self.path.join("new")
    }

    fn is_ours(&self, name: &str) -> bool {
        name.starts_with(&self.prefix) && name.ends_with(&self.suffix)
    }

    /// What the names of our files in this very Maildir end with.
    fn ending(&self) -> String {
        let mark = self.mark.get().map_or("", String::as_str);
        format!(".{mark}{}", self.suffix)
    }

    fn down(&self, why: &io::Error) -> SinkDown {
        SinkDown {
            sink: self.name(),
            why: why.to_string(),
        }
    }

    /// Makes the folders that are missing (the parent must be there).
    fn make_folders(&self) -> io::Result<()> {
        for folder in [
            self.path.clone(),
            self.tmp(),
            self.new_folder(),
            self.path.join("cur"),
        ] {
            match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => {
                    return Err(about("create", &folder, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The mode of the files: the owner's, and the group's where the folder is shared with it.
    fn mode(&self) -> io::Result<u32> {
        let folder = self.new_folder();
        let metadata = folder
            .metadata()
            .map_err(|error| about("look at", &folder, &error))?;
        Ok(0o600 | (metadata.mode() & 0o060))
    }

    /// Writes one message to `tmp/`.
    fn write(&self, message: &mut Staged, how: How) -> io::Result<()> {
        let path = self.tmp().join(&message.key);
        let named = |error: io::Error| about("write", &path, &error);
        self.plug.power()?;
        let (file, is_written_now) = match &message.body {
            Body::Memory(bytes) => {
                let mut file = staged::create_afresh(&path).map_err(named)?;
                let bytes = bytes.as_slice();
                // From here on the file is there, and a failure has to remove it.
                let written = file.write_all(bytes);
                message.body = Body::File(path.clone());
                written.map_err(named)?;
                (file, true)
            }
            // Others may write to a shared folder: a link that they put there is not followed.
            Body::File(_) => {
                let mut options = File::options();
                let options = options.read(true).custom_flags(NO_FOLLOW);
                (options.open(&path).map_err(named)?, false)
            }
        };
        if how.mode != 0o600 {
            file.set_permissions(Permissions::from_mode(how.mode))
                .map_err(named)?;
        }
        // What failed of a large one before the batch began is told by its own sync alone.
        if how.synced_together && is_written_now {
            return Ok(());
        }
        self.plug.power()?;
        file.sync_all().map_err(named)
    }

    /// Writes a part of a batch; gives the messages back in any case.
    fn write_all(&self, mut messages: Vec<Staged>, how: How) -> (Vec<Staged>, io::Result<()>) {
        let written = messages
            .iter_mut()
            .try_for_each(|message| self.write(message, how));
        (messages, written)
    }

    /// How a batch is written, and the file system that is synced afterwards.
    fn plan(&self, messages: usize) -> io::Result<(How, Option<WholeDisk>)> {
        let disk = if messages < SYNC_TOGETHER {
            None
        } else {
            let tmp = self.tmp();
            WholeDisk::of(&tmp).map_err(|error| about("look at", &tmp, &error))?
        };
        let how = How {
            mode: self.mode()?,
            synced_together: disk.is_some(),
        };
        Ok((how, disk))
    }

    async fn seal_batch(&self, mut batch: Vec<Staged>) -> (Vec<Staged>, io::Result<()>) {
        let (this, messages) = (self.clone(), batch.len());
        let (how, disk) = match blocking(move || this.plan(messages)).await {
            Ok(plan) => plan,
            Err(error) => return (batch, Err(error)),
        };
        let writers = if how.synced_together { 1 } else { WRITERS };
        let share = batch.len().div_ceil(writers).max(1);
        let mut writers = Vec::with_capacity(WRITERS);
        while !batch.is_empty() {
            let rest = batch.split_off(share.min(batch.len()));
            let (this, part) = (self.clone(), std::mem::replace(&mut batch, rest));
            writers.push(tokio::task::spawn_blocking(move || {
                this.write_all(part, how)
            }));
        }
        let mut outcome = Ok(());
        for writer in writers {
            match writer.await {
                Ok((messages, written)) => {
                    batch.extend(messages);
                    outcome = outcome.and(written);
                }
                Err(died) => outcome = outcome.and(Err(io::Error::other(died))),
            }
        }
        let this = self.clone();
        let outcome = match outcome {
            Ok(()) => blocking(move || this.sync_written(disk.as_ref())).await,
            Err(error) => Err(error),
        };
        (batch, outcome)
    }

    fn sync_written(&self, disk: Option<&WholeDisk>) -> io::Result<()> {
        let tmp = self.tmp();
        self.plug.power()?;
        match disk {
            Some(disk) => disk.sync().map_err(|error| about("sync", &tmp, &error)),
            None => sync(&tmp),
        }
    }

    /// Shows one message; `false` where somebody has taken it out of `tmp/`.
    fn show(&self, key: &str) -> io::Result<bool> {
        let from = self.tmp().join(key);
        self.plug.power()?;
        match std::fs::rename(&from, self.new_folder().join(key)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.new_folder().is_dir() => {
                Ok(false)
            }
            Err(error) => Err(about("deliver", &from, &error)),
        }
    }

    fn show_all(&self, keys: &[String]) -> io::Result<Vec<bool>> {
        let shown = keys
            .iter()
            .map(|key| self.show(key))
            .collect::<io::Result<_>>()?;
        self.plug.power()?;
        sync(&self.new_folder())?;
        Ok(shown)
    }

    fn recover_all(&self, keys: &[String], sweep: Option<&str>) -> io::Result<Vec<Recovered>> {
        self.make_folders()?;
        let mark = mark::read_or_make(&self.path, &*self.random)?;
        let ending = {
            self.mark.get_or_init(|| mark);
            self.ending()
        };
        let mut recovered = vec![Recovered::Again; keys.len()];
        let (places, here): (Vec<usize>, Vec<String>) = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| self.is_ours(key) && key.ends_with(&ending))
            .map(|(place, key)| (place, key.clone()))
            .unzip();
        if !here.is_empty() {
            self.show_all(&here)?;
        }
        for place in places {
            recovered[place] = Recovered::Taken;
        }
        let Some(sweep) = sweep else {
            return Ok(recovered);
        };
        // What is of this folder and still here was never promised to the ledger.
        for entry in std::fs::read_dir(self.tmp())? {
            let entry = entry?;
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| self.is_ours(name) && name.starts_with(sweep))
            {
                self.plug.power()?;
                staged::remove_quietly(&entry.path());
            }
        }
        Ok(recovered)
    }

    /// Makes, writes and removes a file, and looks whether a rename can work.
    fn probe(&self) -> io::Result<()> {
        self.make_folders()?;
        let path = self.tmp().join(self.key(&format!("{}probe", self.prefix)));
        let tried = staged::create_afresh(&path)
            .and_then(|mut file| file.write_all(b"probe").and_then(|()| file.sync_all()))
            .map_err(|error| about("write", &path, &error));
        staged::remove_quietly(&path);
        tried?;
        if self.tmp().metadata()?.dev() != self.new_folder().metadata()?.dev() {
            let why = format!("tmp and new of {} are on two disks", self.path.display());
            return Err(io::Error::other(why));
        }
        Ok(())
    }
}

impl fmt::Debug for Maildir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[async_trait]
impl Sink for Maildir {
    fn name(&self) -> String {
        format!("Maildir {}", self.path.display())
    }

    fn batch(&self) -> BatchLimit {
        BatchLimit {
            messages: 200,
            bytes: 4 << 20,
        }
    }

    fn key(&self, message: &str) -> String {
        format!("{message}{}", self.ending())
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.tmp().join(key)
    }

    async fn check(&self) -> Result<String, SinkDown> {
        let this = self.clone();
        blocking(move || this.probe())
            .await
            .map_err(|error| self.down(&error))?;
        Ok(format!("{} can be written", self.name()))
    }

    async fn recover(
        &self,
        keys: Vec<String>,
        sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown> {
        let (this, sweep) = (self.clone(), sweep.map(str::to_owned));
        blocking(move || this.recover_all(&keys, sweep.as_deref()))
            .await
            .map_err(|error| self.down(&error))
    }

    async fn seal(&self, batch: Vec<Staged>) -> Result<Vec<Staged>, SinkDown> {
        let (batch, sealed) = self.seal_batch(batch).await;
        match sealed {
            Ok(()) => Ok(batch),
            Err(error) => {
                if self.plug.power().is_ok() {
                    batch.iter().for_each(Staged::discard);
                }
                Err(self.down(&error))
            }
        }
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let this = self.clone();
        let keys: Vec<String> = batch.into_iter().map(|message| message.key).collect();
        let shown = blocking(move || {
            let shown = this.show_all(&keys)?;
            Ok(keys.into_iter().zip(shown).collect::<Vec<_>>())
        });
        let shown = shown.await.map_err(|error| self.down(&error))?;
        let verdict = |(key, shown)| {
            if shown {
                Verdict::Taken(format!("new/{key}"))
            } else {
                Verdict::later(format!("tmp/{key} disappeared before it was delivered"))
            }
        };
        Ok(shown.into_iter().map(verdict).collect())
    }
}

/// An error that names the file.
fn about(action: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {action} {}: {error}", path.display()),
    )
}

fn sync(folder: &Path) -> io::Result<()> {
    mailgrant_base::files::sync_dir(folder).map_err(|error| about("sync", folder, &error.source))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sink::Staging;

    struct Bench {
        _folder: tempfile::TempDir,
        maildir: Maildir,
    }

    async fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool");
        let lease = Lease::take(&spool, AccountId(3), Duration::ZERO)
            .await
            .unwrap();
        let path = folder.path().join("mail");
        let means = (Arc::new(mailgrant_base::SystemRandom) as _, Plug::default());
        let maildir = Maildir::new(AccountId(3), &path, &spool, lease.into(), means);
        maildir.recover(Vec::new(), Some("a3-")).await.unwrap();
        Bench {
            _folder: folder,
            maildir,
        }
    }

    async fn staged(maildir: &Maildir, message: &str, body: &[u8]) -> Staged {
        let key = maildir.key(message);
        let mut staging = Staging::new(1, key.clone(), maildir.staging_path(&key));
        staging.write(body).await.unwrap();
        staging.finish().await.unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_sealed_message_is_only_in_tmp_and_a_committed_one_only_in_new() {
        let Bench { maildir, _folder } = bench().await;
        let large = vec![b'x'; super::super::staged::IN_MEMORY + 1];
        let batch = vec![
            staged(&maildir, "a3-1", b"one").await,
            staged(&maildir, "a3-2", &large).await,
            staged(&maildir, "a3-3", b"").await,
        ];
        let batch = maildir.seal(batch).await.unwrap();
        assert_eq!(names(&maildir.tmp()).len(), 3);
        assert!(names(&maildir.new_folder()).is_empty());
        let verdicts = maildir.commit(batch).await.unwrap();
        assert!(
            verdicts
                .iter()
                .all(|verdict| matches!(verdict, Verdict::Taken(_)))
        );
        assert!(names(&maildir.tmp()).is_empty());
        let shown = names(&maildir.new_folder());
        assert_eq!(
            shown,
            ["a3-1", "a3-2", "a3-3"].map(|message| maildir.key(message))
        );
        let second = maildir.new_folder().join(&shown[1]);
        assert_eq!(mailgrant_base::files::read(&second).unwrap(), large);
        assert_eq!(second.metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn recovery_shows_what_was_prepared_and_removes_what_was_not() {
        let Bench { maildir, _folder } = bench().await;
        let batch = vec![
            staged(&maildir, "a3-1", b"one").await,
            staged(&maildir, "a3-2", b"two").await,
        ];
        maildir.seal(batch).await.unwrap();
        let foreign = maildir.tmp().join("1700000000.M1P2.host");
        mailgrant_base::files::create_private(&foreign, b"another deliverer's").unwrap();
        let keys = vec![maildir.key("a3-1"), maildir.key("a3-0"), "a3-9".to_owned()];
        let recovered = maildir.recover(keys, Some("a3-")).await.unwrap();
        assert_eq!(
            recovered,
            [Recovered::Taken, Recovered::Taken, Recovered::Again]
        );
        assert_eq!(names(&maildir.new_folder()), [maildir.key("a3-1")]);
        assert_eq!(names(&maildir.tmp()), ["1700000000.M1P2.host"]);
    }

    #[tokio::test]
    async fn in_a_folder_that_was_made_anew_nothing_counts_as_delivered() {
        let Bench { maildir, _folder } = bench().await;
        let keys = || vec![maildir.key("a3-1"), "a3-9".to_owned()];
        let made_anew = [
            |_: &Path| (),
            |path: &Path| std::fs::create_dir_all(path.join("tmp")).unwrap(),
        ];
        for made_anew in made_anew {
            std::fs::remove_dir_all(&maildir.path).unwrap();
            made_anew(&maildir.path);
            let after_a_restart = Maildir {
                mark: Arc::default(),
                ..maildir.clone()
            };
            for _ in 0..2 {
                let recovered = after_a_restart.recover(keys(), Some("a3-")).await.unwrap();
                assert_eq!(recovered, [Recovered::Again, Recovered::Again]);
            }
        }
    }

    #[tokio::test]
    async fn what_somebody_took_out_of_tmp_is_delivered_again() {
        let Bench { maildir, _folder } = bench().await;
        let batch = maildir
            .seal(vec![staged(&maildir, "a3-1", b"one").await])
            .await
            .unwrap();
        std::fs::remove_file(maildir.tmp().join(maildir.key("a3-1"))).unwrap();
        let verdicts = maildir.commit(batch).await.unwrap();
        assert!(matches!(&verdicts[..], [Verdict::Later { .. }]));
    }

    #[tokio::test]
    async fn a_batch_that_cannot_be_sealed_leaves_nothing_behind() {
        let Bench { maildir, _folder } = bench().await;
        // A folder in the place of the second file: it cannot be written.
        let blocked = maildir.tmp().join(maildir.key("a3-2"));
        std::fs::create_dir(&blocked).unwrap();
        let mut batch = Vec::new();
        for message in ["a3-1", "a3-2", "a3-3", "a3-4"] {
            batch.push(staged(&maildir, message, b"body").await);
        }
        let down = maildir.seal(batch).await.unwrap_err();
        assert!(down.why.contains("a3-2"), "{down}");
        assert_eq!(names(&maildir.tmp()), [maildir.key("a3-2")]);
        assert!(names(&maildir.new_folder()).is_empty());
    }

    #[tokio::test]
    async fn a_folder_shared_with_the_group_stays_shared() {
        let Bench { maildir, _folder } = bench().await;
        std::fs::set_permissions(maildir.new_folder(), Permissions::from_mode(0o2770)).unwrap();
        let batch = maildir
            .seal(vec![staged(&maildir, "a3-1", b"one").await])
            .await
            .unwrap();
        maildir.commit(batch).await.unwrap();
        let file = maildir.new_folder().join(maildir.key("a3-1"));
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o660);
    }

    #[tokio::test]
    async fn a_missing_parent_is_told_by_name() {
        let Bench {
            mut maildir,
            _folder,
        } = bench().await;
        maildir.path = maildir.path.join("no").join("such");
        let down = maildir.check().await.unwrap_err();
        assert!(down.why.contains("no/such"), "{down}");
    }
}
