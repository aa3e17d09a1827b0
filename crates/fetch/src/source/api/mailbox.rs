//! What the vault keeps of a mailbox: the numbers of its messages, and the places of its folders.

use std::sync::Arc;

use mailgrant_base::Clock;
use mailgrant_vault::{AccountId, Numbered, Vault};

use super::Api;
use crate::FetchError;

/// A mailbox with its token, and what is kept of it.
pub(crate) struct Mailbox {
    pub(crate) api: Api,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) account: AccountId,
    /// Whose it is.
    pub(crate) address: String,
}

impl Mailbox {
    /// Where the next listing of a folder begins. A place means something for the mailbox and the
    /// folder alone of which it was kept.
    pub(super) async fn place(&self, name: &str, id: &str) -> Result<Option<String>, FetchError> {
        let kept = self.vault.place(self.account, name).await?;
        let place = kept.and_then(|kept| Some(kept.strip_prefix(&self.owner(id))?.to_owned()));
        Ok(place)
    }

    pub(super) async fn keep_place(
        &self,
        name: &str,
        id: &str,
        place: &str,
    ) -> Result<(), FetchError> {
        let place = format!("{}{place}", self.owner(id));
        let kept = self.vault.set_place(self.account, name, Some(&place));
        Ok(kept.await?)
    }

    fn owner(&self, id: &str) -> String {
        format!("{} ", self.api.at([self.address.as_str(), id]))
    }

    pub(super) async fn numbered(&self, name: &str) -> Result<Option<Numbered>, FetchError> {
        Ok(self.vault.numbered(self.account, name).await?)
    }

    pub(super) async fn number_some(
        &self,
        name: &str,
        ids: &[String],
    ) -> Result<Numbered, FetchError> {
        let (vault, now) = (&self.vault, self.clock.now());
        Ok(vault.number_some(self.account, name, ids, now).await?)
    }

    pub(super) async fn number_all(
        &self,
        name: &str,
        ids: &[String],
    ) -> Result<Numbered, FetchError> {
        let (vault, now) = (&self.vault, self.clock.now());
        Ok(vault.number_all(self.account, name, ids, now).await?)
    }

    pub(super) async fn names_of(
        &self,
        name: &str,
        epoch: u32,
        uids: &[u32],
    ) -> Result<Option<Vec<(u32, String)>>, FetchError> {
        Ok(self.vault.names_of(self.account, name, epoch, uids).await?)
    }
}
