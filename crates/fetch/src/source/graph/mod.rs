//! A mailbox read by Microsoft Graph.
//!
//! Its messages are named by immutable ids; what is new is asked for by a delta query (Microsoft
//! Learn, "message: delta" and "Get incremental changes to messages in a folder"), whose link is the
//! folder's place. A message's bytes are `messages/{id}/$value` ("Get message").

mod changes;
mod folders;
mod messages;

use std::collections::BTreeMap;

use bytes::Bytes;
use mailgrant_mail::{MailError, Search};
use reqwest::Response;
use url::Url;

use super::api::{Changes, Mailbox, Service, Told};
use crate::FetchError;

/// Immutable ids stay when a message is moved within its mailbox ("Obtain immutable identifiers for
/// Outlook resources"); that has to be asked for with each request. A page is as large as it may be.
pub(crate) const PREFER: &str = "IdType=\"ImmutableId\", odata.maxpagesize=500";

/// A mailbox read by Microsoft Graph.
pub(crate) struct Graph(pub(crate) Mailbox);

impl Graph {
    /// Below this mailbox. "Get message" has this form for anybody's mailbox.
    fn at(&self, segments: &[&str]) -> Url {
        let user = ["users", self.0.address.as_str()];
        self.0
            .api
            .at(user.into_iter().chain(segments.iter().copied()))
    }
}

impl Service for Graph {
    type Reading = Response;

    fn mailbox(&self) -> &Mailbox {
        &self.0
    }

    async fn inbox(&mut self) -> Result<String, MailError> {
        self.inbox_id().await
    }

    async fn folders(&mut self, inbox: &str) -> Result<BTreeMap<String, String>, FetchError> {
        self.tree(inbox).await
    }

    async fn count(&mut self, folder: &str) -> Result<u64, FetchError> {
        self.total(folder).await
    }

    async fn everything(&mut self, folder: &str) -> Result<Changes, FetchError> {
        self.first_round(folder).await
    }

    async fn changes(&mut self, _: &str, since: &str) -> Result<Option<Changes>, FetchError> {
        match Url::parse(since) {
            Ok(link) => self.round(link).await,
            Err(_) => Ok(None),
        }
    }

    async fn found(&mut self, folder: &str, search: &Search) -> Result<Vec<String>, FetchError> {
        self.filtered(folder, search).await
    }

    async fn message(
        &mut self,
        folder: &str,
        id: &str,
    ) -> Result<Option<(Response, Option<u64>)>, MailError> {
        let response = self.value(folder, id).await?;
        Ok(response.map(|response| {
            let size = response.content_length();
            (response, size)
        }))
    }

    async fn next(&mut self, reading: &mut Response) -> Result<Option<Bytes>, MailError> {
        self.0.api.chunk(reading).await
    }

    async fn tell(&mut self, folder: &str, id: &str, what: &Told) -> Result<(), MailError> {
        match what {
            Told::Seen => self.mark_seen(folder, id).await,
            Told::Moved(target) => self.move_to(folder, id, target).await,
            Told::Deleted => self.move_to(folder, id, messages::BIN).await,
        }
    }
}
