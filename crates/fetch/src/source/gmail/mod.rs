//! A mailbox read by the Gmail API (developers.google.com, "Gmail API", REST reference).
//!
//! Labels are its folders: INBOX, and those that the mailbox's owner has made. What is new is asked
//! for by `history.list`, whose history id is the folder's place ("Synchronize clients with Gmail"). A
//! message's bytes are the `raw` of `messages.get`, taken out of their JSON as it comes.

mod changes;
mod raw;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use mailgrant_mail::{MailError, Search};
use reqwest::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::api::{Answer, Changes, INBOX, Mailbox, Service, Told};
use crate::FetchError;
use raw::RawMessage;

/// A mailbox read by the Gmail API.
pub(crate) struct Gmail(pub(crate) Mailbox);

/// A message that is being read.
pub(crate) struct Reading {
    response: Response,
    message: RawMessage,
    /// What came with its beginning.
    first: Vec<u8>,
}

#[derive(Deserialize)]
struct Labels {
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Label {
    id: String,
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    messages_total: u64,
}

impl Gmail {
    /// Below this mailbox. It is named by its address and not as `me`: whoever has signed in with
    /// another one is refused, and no other mailbox is read in place of this one.
    fn at(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let user = ["gmail", "v1", "users", self.0.address.as_str()];
        let mut url = self
            .0
            .api
            .at(user.into_iter().chain(segments.iter().copied()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// `messages.modify` and `messages.trash`.
    async fn change(&mut self, url: Url, body: Value, what: &str) -> Result<(), MailError> {
        match self.0.api.send(Method::POST, url, Some(body)).await? {
            Answer::Good(response) => {
                self.0.api.pass_over(response).await;
                Ok(())
            }
            Answer::Refused(refused) if refused.is_gone() => Ok(()),
            // Reading goes on where nothing may be changed, and this is told.
            Answer::Refused(refused) => Err(self.0.api.refusal(what, refused)),
        }
    }
}

impl Service for Gmail {
    type Reading = Reading;

    fn mailbox(&self) -> &Mailbox {
        &self.0
    }

    async fn inbox(&mut self) -> Result<String, MailError> {
        let url = self.at(&["labels", INBOX], &[]);
        match self.0.api.get::<Label>(url).await? {
            Ok(label) => Ok(label.id),
            Err(refused) => Err(self.0.api.error("the inbox", refused)),
        }
    }

    async fn folders(&mut self, inbox: &str) -> Result<BTreeMap<String, String>, FetchError> {
        let url = self.at(&["labels"], &[]);
        let found = self.0.api.get::<Labels>(url).await?;
        let found = found.map_err(|refused| self.0.api.error("the labels", refused))?;
        let own = found
            .labels
            .into_iter()
            .filter(|label| label.kind == "user");
        let own = own.map(|label| (label.name, label.id));
        Ok(own.chain([(INBOX.to_owned(), inbox.to_owned())]).collect())
    }

    async fn count(&mut self, folder: &str) -> Result<u64, FetchError> {
        let url = self.at(&["labels", folder], &[]);
        let found = self.0.api.get::<Label>(url).await?;
        let found = found.map_err(|refused| self.0.api.error("a label", refused))?;
        Ok(found.messages_total)
    }

    async fn everything(&mut self, folder: &str) -> Result<Changes, FetchError> {
        // Asked for before the listing: what comes meanwhile is in both, and has one number.
        let place = self.history_id().await?;
        let mut ids = self.listed(&[("labelIds", folder)]).await?;
        ids.reverse();
        Ok(Changes { ids, place })
    }

    async fn changes(&mut self, folder: &str, since: &str) -> Result<Option<Changes>, FetchError> {
        self.history(folder, since).await
    }

    async fn found(&mut self, folder: &str, search: &Search) -> Result<Vec<String>, FetchError> {
        let mut query = vec![("labelIds", folder)];
        if search.unseen {
            query.push(("labelIds", "UNREAD"));
        }
        let after = search.since.map(changes::after);
        if let Some(after) = &after {
            query.push(("q", after));
        }
        self.listed(&query).await
    }

    async fn message(
        &mut self,
        folder: &str,
        id: &str,
    ) -> Result<Option<(Reading, Option<u64>)>, MailError> {
        let query = [("format", "raw"), ("fields", "labelIds,raw")];
        let url = self.at(&["messages", id], &query);
        let mut response = match self.0.api.send(Method::GET, url, None).await? {
            Answer::Good(response) => response,
            Answer::Refused(refused) if refused.is_gone() => return Ok(None),
            Answer::Refused(refused) => return Err(self.0.api.failure("a message", refused)),
        };
        self.0.api.has_an_end(&response)?;
        let (mut message, mut first) = (RawMessage::default(), Vec::new());
        while !message.has_begun() {
            let Some(chunk) = self.0.api.chunk(&mut response).await? else {
                return Err(self
                    .0
                    .api
                    .broke_protocol("a message comes without its bytes"));
            };
            let read = message.read(&chunk, &mut first);
            read.map_err(|why| self.0.api.broke_protocol(why))?;
        }
        // It is there, but somebody has taken it out of this folder.
        if message
            .labels()
            .is_some_and(|labels| !labels.iter().any(|label| label == folder))
        {
            return Ok(None);
        }
        let reading = Reading {
            response,
            message,
            first,
        };
        Ok(Some((reading, None)))
    }

    async fn next(&mut self, reading: &mut Reading) -> Result<Option<Bytes>, MailError> {
        let mut bytes = std::mem::take(&mut reading.first);
        while bytes.is_empty() {
            let chunk = self.0.api.chunk(&mut reading.response).await?;
            let read = match &chunk {
                Some(chunk) => reading.message.read(chunk, &mut bytes),
                None => reading.message.finish(),
            };
            read.map_err(|why| self.0.api.broke_protocol(why))?;
            if chunk.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(bytes.into()))
    }

    async fn tell(&mut self, folder: &str, id: &str, what: &Told) -> Result<(), MailError> {
        let modify = self.at(&["messages", id, "modify"], &[]);
        match what {
            Told::Seen => {
                let read = json!({ "removeLabelIds": ["UNREAD"] });
                self.change(modify, read, "to mark a message as read").await
            }
            Told::Moved(target) => {
                let moved = json!({ "addLabelIds": [target], "removeLabelIds": [folder] });
                self.change(modify, moved, "to move a message").await
            }
            Told::Deleted => {
                let trash = self.at(&["messages", id, "trash"], &[]);
                self.change(trash, json!({}), "to delete a message").await
            }
        }
    }
}
