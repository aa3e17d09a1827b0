//! A message as it stands in the mailbox, for a person who wants to see what is in quarantine.
//! Nothing is kept of it here: it is read from its source whenever somebody asks.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use mailgrant_keeper::KeeperError;
use mailgrant_mail::MailError;
use mailgrant_vault::Message;
use tokio::io::AsyncRead;

use crate::FetchError;
use crate::connect::{LoggedIn, Login};
use crate::shared::Shared;
use crate::sink::{Body, SinkDown, Staged, Staging};
use crate::source::{Arrival, Source};

/// How the files begin in which large messages wait to be looked at.
const PREFIX: &str = "look-";
/// Nobody has written to such a file for so long who is still at work.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_hours(1);

/// A message as it stands in the mailbox.
#[derive(Debug)]
pub struct Original {
    /// Its size in bytes.
    pub size: u64,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Memory(io::Cursor<Vec<u8>>),
    /// A file that has no name any more.
    File(File),
}

impl Original {
    /// For reading it bit by bit without blocking.
    pub fn into_reader(self) -> Box<dyn AsyncRead + Send + Unpin> {
        match self.bytes {
            Bytes::Memory(bytes) => Box::new(bytes),
            Bytes::File(file) => Box::new(tokio::fs::File::from_std(file)),
        }
    }
}

/// Reading it; the file behind a large one goes with it.
impl Read for Original {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::Memory(bytes) => bytes.read(buffer),
            Bytes::File(file) => file.read(buffer),
        }
    }
}

/// Reads a message from its source; `None` where it is not there any more.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    message: &Message,
) -> Result<Option<Original>, FetchError> {
    let account = shared.vault.account(message.account).await?;
    let account = account.ok_or_else(|| KeeperError::NoAccount(message.account.0.to_string()))?;
    let LoggedIn {
        mut source,
        permit: _permit,
        ..
    } = Login::new(shared).open(&account).await?;
    // Nothing is numbered and no epoch begins: that is for whoever moves the mailbox's mail. In
    // another epoch the same UID is another message.
    let found = match shared.vault.epoch(message.id.folder()).await? {
        Some(epoch) if source.reopen(&message.folder, epoch, message.uid).await? => {
            one(shared, &mut source, message.uid).await?
        }
        _ => None,
    };
    source.close().await;
    let Some(Staged { size, body, .. }) = found else {
        return Ok(None);
    };
    let bytes = match body {
        Body::Memory(bytes) => Bytes::Memory(io::Cursor::new(bytes)),
        Body::File(path) => {
            let opened = File::open(&path);
            crate::sink::remove_quietly(&path);
            Bytes::File(opened.map_err(|error| no_room(&error))?)
        }
    };
    Ok(Some(Original { size, bytes }))
}

async fn one(shared: &Shared, source: &mut Source, uid: u32) -> Result<Option<Staged>, FetchError> {
    let key = format!("{PREFIX}{}", shared.random.token());
    let folder = &shared.settings.spool;
    let made = mailgrant_base::files::create_private_dir(folder);
    made.map_err(|error| FetchError::Spool(error.into()))?;
    let path = folder.join(format!("{key}.eml"));
    source.start_fetch(&[uid]).await?;
    let mut staging = None;
    loop {
        let arrival = source.next_arrival().await;
        match (arrival, &mut staging) {
            (Ok(Some(Arrival::Start { uid: of, .. })), None) if of == uid => {
                staging = Some(Staging::new(uid, key.clone(), path.clone()));
            }
            (Ok(Some(Arrival::Chunk(bytes))), Some(staged)) => {
                if let Err(error) = staged.write(&bytes).await {
                    if let Some(staged) = staging {
                        staged.discard();
                    }
                    return Err(no_room(&error));
                }
            }
            (Ok(Some(Arrival::End)), Some(_)) => {}
            (Ok(None), _) => break,
            (other, _) => {
                if let Some(staged) = staging {
                    staged.discard();
                }
                other?;
                return Err(MailError::Protocol {
                    server: "the mail server".to_owned(),
                    why: "it sends what was not asked for".to_owned(),
                }
                .into());
            }
        }
    }
    match staging {
        Some(staged) => Ok(Some(
            staged.finish().await.map_err(|error| no_room(&error))?,
        )),
        None => Ok(None),
    }
}

/// Removes the files that a process left behind which was killed while it read a message. Whatever
/// cannot be removed stays.
pub(crate) fn sweep(spool: &Path, now: Timestamp) {
    let files = std::fs::read_dir(spool).into_iter().flatten().flatten();
    for file in files {
        let name = file.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX));
        let written = file.metadata().and_then(|metadata| metadata.modified());
        let is_old = |at: SystemTime| {
            Timestamp::try_from(at).is_ok_and(|at| now.duration_since(at) > LEFT_BEHIND)
        };
        if ours && written.is_ok_and(is_old) {
            crate::sink::remove_quietly(&file.path());
        }
    }
}

fn no_room(error: &io::Error) -> FetchError {
    SinkDown {
        sink: "the folder for messages on their way".to_owned(),
        why: error.to_string(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_killed_process_left_behind_is_removed_and_nothing_else() {
        let spool = tempfile::tempdir().unwrap();
        let names = ["look-1.eml", "look-2.eml", "a1-x.eml", "account-1.lock"];
        let now = mailgrant_base::Clock::now(&mailgrant_base::SystemClock);
        for name in names {
            let path = spool.path().join(name);
            mailgrant_base::files::create_private(&path, b"x").unwrap();
            if name != "look-2.eml" {
                let seconds = (now - SignedDuration::from_hours(2)).as_second();
                let long_ago = Duration::from_secs(seconds.try_into().unwrap());
                let file = File::options().write(true).open(&path).unwrap();
                file.set_modified(SystemTime::UNIX_EPOCH + long_ago)
                    .unwrap();
            }
        }
        sweep(spool.path(), now);
        let there = |name: &&str| spool.path().join(name).exists();
        let left: Vec<&str> = names.iter().copied().filter(there).collect();
        assert_eq!(left, names[1..]);
        sweep(&spool.path().join("missing"), now);
    }
}
