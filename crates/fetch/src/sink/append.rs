//! A folder of another account's mailbox, by IMAP (APPEND).
//!
//! The protocol knows no idempotency key. A message whose hand-over was interrupted is looked for by
//! its Message-ID and size before it is handed over again; one without a Message-ID cannot be looked
//! for, and is handed over again.

use std::fmt::{self, Display};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use mailgrant_mail::{Append, Appended, ImapSession, Likeness, MailError, Protocol};
use mailgrant_oauth::Access;
use mailgrant_oauth::catalogue::protocols_allowed;
use mailgrant_vault::{Account, AppendSink};
use tokio::io::AsyncRead;
use tokio::sync::Mutex;

use super::spool::Spool;
use super::staged::blocking;
use super::{BatchLimit, Body, Recovered, Sink, SinkDown, Staged, Verdict};
use crate::connect::{ImapConnection, Login};
use crate::shared::Shared;

/// A folder of another account's mailbox.
pub(super) struct OtherMailbox {
    settings: AppendSink,
    shared: Arc<Shared>,
    /// Open while messages are handed over, and nobody's while one is under way.
    session: Mutex<Option<ImapConnection>>,
    spool: Spool,
}

impl OtherMailbox {
    pub(super) fn new(shared: &Arc<Shared>, settings: &AppendSink, spool: Spool) -> Self {
        Self {
            settings: settings.clone(),
            shared: Arc::clone(shared),
            session: Mutex::new(None),
            spool,
        }
    }

    fn down(&self, why: impl Display) -> SinkDown {
        SinkDown {
            sink: self.name(),
            why: why.to_string(),
        }
    }

    /// Logs in as the other account, with its own grant.
    async fn connect(&self) -> Result<(Account, ImapConnection), SinkDown> {
        let name = &self.settings.account;
        let found = self.shared.vault.account_named(name).await;
        let found = found.map_err(|error| self.down(error))?;
        let account = found.ok_or_else(|| {
            self.down(format!(
                "there is no account {name}; add it, or name another in the settings of this sink"
            ))
        })?;
        self.must_open_imap(&account).await?;
        let opened = Login::new(&self.shared).open_imap(&account).await;
        let session = opened.map_err(|error| self.down(error))?;
        Ok((account, session))
    }

    /// A session that was kept, or another where that one's server has left.
    async fn ready(&self, kept: Option<ImapConnection>) -> Result<ImapConnection, SinkDown> {
        if let Some(mut kept) = kept
            && kept.is_still_open().await
        {
            return Ok(kept);
        }
        let (_, session) = self.connect().await?;
        Ok(session)
    }

    /// An account may have been authorised for other protocols alone.
    async fn must_open_imap(&self, account: &Account) -> Result<(), SinkDown> {
        let vault = &self.shared.vault;
        let grant = vault.grant(account.id).await;
        let provider = vault.provider(account.draft.provider).await;
        let (Some(grant), Some(provider)) = (
            grant.map_err(|error| self.down(error))?,
            provider.map_err(|error| self.down(error))?,
        ) else {
            return Ok(());
        };
        let profile = &provider.profile;
        let allowed = protocols_allowed(profile.kind, &grant.scopes);
        // Where the provider did not say protocol by protocol what it granted, its mail server does.
        let unsaid = profile.access == Access::Application
            || grant.scopes.is_empty()
            || grant
                .scopes
                .iter()
                .any(|scope| scope.as_str().ends_with("/.default"));
        if unsaid || allowed.contains(&Protocol::Imap) {
            return Ok(());
        }
        let name = &account.draft.name;
        Err(self.down(format!(
            "the grant of the account {name} has no scope for IMAP; add one to its provider, and \
             authorise the account again"
        )))
    }

    async fn deliver(&self, message: &Staged) -> Result<Verdict, SinkDown> {
        self.spool.power().map_err(|error| self.down(error))?;
        let content = Content::of(&message.body).await;
        let content = content.map_err(|error| self.down(error))?;
        let likeness = likeness(message, content);
        let kept = self.session.lock().await.take();
        let mut session = self.ready(kept).await?;
        let doubtful = &self.shared.doubtful;
        if doubtful.contains(&message.key)
            && let Some(taken) = self.look_for(&mut session, likeness.as_ref()).await?
        {
            self.keep(session).await;
            return Ok(self.known(&message.key, taken));
        }
        let appended = match self.append(&mut session, message, content).await {
            Ok(appended) => appended,
            // The server was never told that the message was at its end.
            Err(error @ MailError::Unread { .. }) => return Ok(Verdict::later(error.to_string())),
            Err(error) => return self.find_out(message, likeness.as_ref(), &error).await,
        };
        self.keep(session).await;
        let verdict = match appended {
            Appended::Taken { said, .. } => Verdict::Taken(said),
            Appended::Later(said) => Verdict::later(said),
            Appended::Never(said) => Verdict::Never(said),
            Appended::NoFolder(said) => return Err(self.no_folder(&said)),
        };
        Ok(self.known(&message.key, verdict))
    }

    async fn append(
        &self,
        session: &mut ImapSession,
        message: &Staged,
        content: Content,
    ) -> Result<Appended, MailError> {
        let append = Append {
            folder: &self.settings.folder,
            flags: &[],
            arrived: None,
            size: message.size,
            has_nul: content.has_nul,
        };
        let body: Box<dyn AsyncRead + Unpin + Send> = match &message.body {
            Body::Memory(bytes) => Box::new(bytes.as_slice()),
            Body::File(path) => match tokio::fs::File::open(path).await {
                Ok(file) => Box::new(file),
                Err(error) => {
                    return Err(MailError::Unread {
                        server: self.name(),
                        why: error.to_string(),
                    });
                }
            },
        };
        session.append(&append, body).await
    }

    /// The connection ended before the server said what became of the message. Where that cannot be
    /// found out now the ledger goes on calling it prepared, and it is found out next time. Where the
    /// message is not there it may be the one that the server stumbles over: those behind it are not
    /// held back.
    async fn find_out(
        &self,
        message: &Staged,
        likeness: Option<&Likeness>,
        error: &MailError,
    ) -> Result<Verdict, SinkDown> {
        // The server may yet come to the end of what it has been sent.
        self.shared.doubtful.add([message.key.clone()]);
        let (_, mut session) = self.connect().await?;
        let found = self.look_for(&mut session, likeness).await?;
        self.keep(session).await;
        match found {
            Some(taken) => Ok(self.known(&message.key, taken)),
            None => Ok(Verdict::later(error.to_string())),
        }
    }

    /// Whether the folder has a message like this already.
    async fn look_for(
        &self,
        session: &mut ImapSession,
        likeness: Option<&Likeness>,
    ) -> Result<Option<Verdict>, SinkDown> {
        let Some(likeness) = likeness else {
            return Ok(None);
        };
        self.select(session).await?;
        let found = session.search_like(likeness).await;
        let found = found.map_err(|error| self.down(error))?;
        let taken = |uid| Verdict::Taken(format!("it was there already, as UID {uid}"));
        Ok(found.last().map(taken))
    }

    /// How many messages the folder has.
    async fn select(&self, session: &mut ImapSession) -> Result<u32, SinkDown> {
        match session.select(&self.settings.folder).await {
            Ok(status) if status.read_only => Err(self.no_folder("it is read-only")),
            Ok(status) => Ok(status.exists),
            Err(MailError::Refused { said, .. }) => Err(self.no_folder(&said)),
            Err(error) => Err(self.down(error)),
        }
    }

    fn no_folder(&self, said: &str) -> SinkDown {
        let AppendSink { account, folder } = &self.settings;
        self.down(format!(
            "the mailbox of {account} has no folder {folder} that can be written to ({said}); make it \
             there, or name another in the settings of this sink"
        ))
    }

    /// It is no longer in doubt what became of a message.
    fn known(&self, key: &str, verdict: Verdict) -> Verdict {
        self.shared.doubtful.forget(key);
        verdict
    }

    async fn keep(&self, session: ImapConnection) {
        *self.session.lock().await = Some(session);
    }
}

impl fmt::Debug for OtherMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[async_trait]
impl Sink for OtherMailbox {
    fn name(&self) -> String {
        let AppendSink { account, folder } = &self.settings;
        format!("the folder {folder} of the account {account}")
    }

    /// One by one: what became of one message must be on record before the next is handed over.
    fn batch(&self) -> BatchLimit {
        BatchLimit::messages(1)
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.spool.staging_path(key)
    }

    /// Logs in and opens the folder; nothing is appended.
    async fn check(&self) -> Result<String, SinkDown> {
        let (account, mut session) = self.connect().await?;
        let count = self.select(&mut session).await?;
        session.logout().await;
        let (server, name) = (&account.draft.imap, self.name());
        Ok(format!(
            "{server} opens {name}, which has {count} messages and takes more"
        ))
    }

    /// Nobody knows yet what the server had done when it was interrupted. Its message is looked for
    /// once it is here again and its Message-ID and size are known.
    async fn recover(&self, keys: Vec<String>) -> Result<Vec<Recovered>, SinkDown> {
        self.spool.sweep().await.map_err(|error| self.down(error))?;
        let recovered = vec![Recovered::Again; keys.len()];
        self.shared.doubtful.add(keys);
        Ok(recovered)
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            let verdict = self.deliver(&message).await;
            if self.spool.power().is_ok() {
                message.discard();
            }
            verdicts.push(verdict?);
        }
        Ok(verdicts)
    }
}

/// By what a message is recognised. A server that gives every line the end that it should have makes
/// the message larger.
fn likeness(message: &Staged, content: Content) -> Option<Likeness> {
    let id = message.head.message_id.as_deref()?;
    let most = message.size.saturating_add(content.bare_line_ends);
    Likeness::new(id, message.size..=most)
}

/// What of a message's bytes makes a difference on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Content {
    has_nul: bool,
    /// How many lines end without CR.
    bare_line_ends: u64,
    last: u8,
}

impl Content {
    async fn of(body: &Body) -> io::Result<Self> {
        match body {
            Body::Memory(bytes) => Ok(Self::default().and(bytes)),
            Body::File(path) => {
                let path = path.clone();
                blocking(move || Self::of_file(&path)).await
            }
        }
    }

    fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let mut piece = vec![0; 64 * 1024];
        let mut content = Self::default();
        loop {
            let count = file.read(&mut piece)?;
            match piece.get(..count) {
                Some(bytes) if count > 0 => content = content.and(bytes),
                _ => return Ok(content),
            }
        }
    }

    fn and(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self.has_nul |= byte == 0;
            self.bare_line_ends += u64::from(byte == b'\n' && self.last != b'\r');
            self.last = byte;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_counted_across_pieces() {
        let whole = b"\na\r\nb\nc\r\r\n\n";
        let expected = Content::default().and(whole);
        assert_eq!((expected.bare_line_ends, expected.has_nul), (3, false));
        for cut in 0..=whole.len() {
            let (one, other) = whole.split_at(cut);
            assert_eq!(Content::default().and(one).and(other), expected);
        }
        assert!(Content::default().and(b"a\0").has_nul);
    }

    #[tokio::test]
    async fn a_file_is_looked_at_as_memory_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let bytes = b"a\n\r\n".repeat(50_000);
        mailgrant_base::files::create_private(&path, &bytes).unwrap();
        let (file, memory) = (Body::File(path), Body::Memory(bytes));
        let file = Content::of(&file).await.unwrap();
        assert_eq!(file, Content::of(&memory).await.unwrap());
        assert_eq!(file.bare_line_ends, 50_000);
    }
}
