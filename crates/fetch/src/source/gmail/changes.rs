//! What is under a label, and what has come there since.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::Gmail;
use crate::FetchError;
use crate::source::api::{Changes, MOST_PAGES};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    history_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    messages: Vec<Message>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    label_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Happened {
    #[serde(default)]
    history: Vec<Record>,
    history_id: String,
    next_page_token: Option<String>,
}

/// One of the mailbox's changes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    messages_added: Vec<Added>,
    #[serde(default)]
    labels_added: Vec<Added>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    message: Message,
    /// The labels that were added, where that is the change.
    label_ids: Option<Vec<String>>,
}

impl Gmail {
    /// `getProfile`: where the mailbox's history is now.
    pub(super) async fn history_id(&mut self) -> Result<String, FetchError> {
        let url = self.at(&["profile"], &[]);
        let found = self.0.api.get::<Profile>(url).await?;
        let found = found.map_err(|refused| self.0.api.error("the profile", refused))?;
        Ok(found.history_id)
    }

    /// `messages.list`: the ids of all messages that a query finds, the newest first.
    pub(super) async fn listed(
        &mut self,
        query: &[(&str, &str)],
    ) -> Result<Vec<String>, FetchError> {
        let mut ids = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = query.to_vec();
            query.push(("maxResults", "500"));
            query.extend(next.as_deref().map(|token| ("pageToken", token)));
            let url = self.at(&["messages"], &query);
            let page = self.0.api.get::<Listing>(url).await?;
            let page = page.map_err(|refused| self.0.api.error("a listing", refused))?;
            ids.extend(page.messages.into_iter().map(|message| message.id));
            next = page.next_page_token;
            if next.is_none() {
                return Ok(ids);
            }
        }
        Err(self.0.api.broke_protocol("a listing has no end").into())
    }

    /// `history.list`: what has come under a label since; `None` where the server no longer knows the
    /// place (404).
    pub(super) async fn history(
        &mut self,
        label: &str,
        since: &str,
    ) -> Result<Option<Changes>, FetchError> {
        let mut ids = Vec::new();
        let (mut next, mut place): (Option<String>, Option<String>) = (None, None);
        for _ in 0..MOST_PAGES {
            let mut query = vec![
                ("startHistoryId", since),
                ("labelId", label),
                ("historyTypes", "messageAdded"),
                ("historyTypes", "labelAdded"),
                ("maxResults", "500"),
            ];
            query.extend(next.as_deref().map(|token| ("pageToken", token)));
            let url = self.at(&["history"], &query);
            let page = match self.0.api.get::<Happened>(url).await? {
                Ok(page) => page,
                Err(refused) if refused.is_gone() => return Ok(None),
                Err(refused) => return Err(self.0.api.error("the history", refused).into()),
            };
            for record in page.history {
                ids.extend(record.come_under(label));
            }
            // The first page's: what happens while the others are read is asked for once more.
            let place = place.get_or_insert(page.history_id);
            next = page.next_page_token;
            if next.is_none() {
                let place = std::mem::take(place);
                return Ok(Some(Changes { ids, place }));
            }
        }
        Err(self.0.api.broke_protocol("its history has no end").into())
    }
}

impl Record {
    /// The messages that came under this label by the change.
    fn come_under(self, label: &str) -> Vec<String> {
        let has = |labels: Option<&Vec<String>>| {
            labels.is_none_or(|labels| labels.iter().any(|own| own == label))
        };
        let new = self.messages_added.into_iter();
        let new = new.filter(|added| has(added.message.label_ids.as_ref()));
        let labelled = self.labels_added.into_iter();
        let labelled = labelled.filter(|added| has(added.label_ids.as_ref()));
        new.chain(labelled).map(|added| added.message.id).collect()
    }
}

/// The words of a search for what came on this day or later, by the seconds of Universal Time (Gmail's
/// help, "Refine searches"); one second earlier, so that the first of the day is found too.
pub(super) fn after(day: Date) -> String {
    let begins = format!("{day}T00:00:00Z").parse::<Timestamp>();
    let begins = begins.map_or(0, Timestamp::as_second);
    format!("after:{}", begins - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_under_a_label_by_arriving_or_by_being_labelled() {
        let record = r#"{ "id": "9", "messages": [{ "id": "x", "threadId": "x" }],
            "messagesAdded": [
                { "message": { "id": "a", "labelIds": ["INBOX", "UNREAD"] } },
                { "message": { "id": "b", "labelIds": ["SENT"] } },
                { "message": { "id": "c" } }],
            "labelsAdded": [
                { "message": { "id": "d", "labelIds": ["INBOX"] }, "labelIds": ["STARRED"] },
                { "message": { "id": "e", "labelIds": ["INBOX"] }, "labelIds": ["INBOX"] }] }"#;
        let record: Record = serde_json::from_str(record).unwrap();
        assert_eq!(record.come_under("INBOX"), ["a", "c", "e"]);
    }

    #[test]
    fn a_day_begins_with_its_first_second() {
        let day = jiff::civil::date(2026, 3, 4);
        assert_eq!(after(day), "after:1772582399");
    }
}
