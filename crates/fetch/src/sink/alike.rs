//! Finding a message in another mailbox that may have been put there before.

use mailgrant_mail::{FetchEvent, ImapSession, Likeness, MailError};
use sha2::{Digest as _, Sha256};

use super::content::Text;

/// By what a message is recognised.
pub(super) struct Alike {
    /// By what the server can search.
    pub(super) likeness: Likeness,
    /// How many bytes of our own stand before it.
    pub(super) mark: usize,
    /// Its size in bytes, with those.
    pub(super) size: u64,
    /// SHA-256 of its bytes, without those.
    pub(super) digest: [u8; 32],
    /// SHA-256 of its text, whichever way its lines end.
    pub(super) text: [u8; 32],
}

impl Alike {
    /// The first UID of the selected folder, from `first` on, that is this message.
    pub(super) async fn find(
        &self,
        session: &mut ImapSession,
        first: u32,
    ) -> Result<Option<u32>, MailError> {
        for uid in session.search_like(&self.likeness).await? {
            if uid >= first && self.is_at(session, uid).await? {
                return Ok(Some(uid));
            }
        }
        Ok(None)
    }

    /// Whether it is this one. Two copies of a message to a list differ in little more than whom they
    /// went to. Where the server has given all lines the same end, the rest of it tells.
    async fn is_at(&self, session: &mut ImapSession, uid: u32) -> Result<bool, MailError> {
        session.start_fetch(&[uid]).await?;
        let (mut digest, mut text, mut read) = (Sha256::new(), Text::default(), None);
        let mut ours = self.mark;
        while let Some(event) = session.next_fetched().await? {
            match event {
                FetchEvent::Start { uid: of, size } if of == uid => read = Some(size),
                FetchEvent::Chunk(bytes) if read.is_some() => {
                    let (before, own) = bytes.split_at(ours.min(bytes.len()));
                    ours -= before.len();
                    digest.update(own);
                    text.update(own);
                }
                _ => {}
            }
        }
        Ok(match read {
            Some(size) if size == self.size => *digest.finalize() == self.digest,
            Some(_) => text.digest() == self.text,
            None => false,
        })
    }
}
