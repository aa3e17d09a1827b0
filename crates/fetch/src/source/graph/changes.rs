//! What is in a folder, and what has come into it since.

use std::collections::BTreeMap;

use http::StatusCode;
use mailgrant_mail::Search;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use super::{Graph, MailError};
use crate::FetchError;
use crate::source::api::{Changes, MOST_PAGES, Refused};

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    #[serde(default)]
    received_date_time: String,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
}

impl Graph {
    /// All that is in a folder.
    pub(super) async fn first_round(&mut self, folder: &str) -> Result<Changes, FetchError> {
        let mut url = self.at(&["mailFolders", folder, "messages", "delta"]);
        url.set_query(Some("$select=id,receivedDateTime"));
        self.round(url).await?.ok_or_else(|| {
            let why = "it has no listing of a folder that it has just named";
            self.0.api.broke_protocol(why).into()
        })
    }

    /// One round of delta queries; `None` where the server no longer knows where it began.
    pub(super) async fn round(&mut self, begin: Url) -> Result<Option<Changes>, FetchError> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let mut url = begin;
        for _ in 0..MOST_PAGES {
            let page: Page<Item> = match self.0.api.get(url).await? {
                Ok(page) => page,
                Err(refused) if is_forgotten(&refused) => return Ok(None),
                Err(refused) => return Err(self.0.api.error("a delta query", refused).into()),
            };
            for item in page.value {
                if item.removed.is_some() {
                    found.remove(&item.id);
                } else {
                    found.insert(item.id, item.received_date_time);
                }
            }
            match (page.next, page.delta) {
                (Some(next), _) => url = self.link(&next)?,
                (None, Some(link)) => {
                    let mut found: Vec<(String, String)> = found.into_iter().collect();
                    found.sort_by(|(_, one), (_, other)| one.cmp(other));
                    let ids = found.into_iter().map(|(id, _)| id).collect();
                    return Ok(Some(Changes { ids, place: link }));
                }
                (None, None) => {
                    let why = "a delta query ends without a link for the next one";
                    return Err(self.0.api.broke_protocol(why).into());
                }
            }
        }
        Err(self.0.api.broke_protocol("its changes have no end").into())
    }

    /// The ids of those messages that are looked for by day or by what has been read.
    pub(super) async fn filtered(
        &mut self,
        folder: &str,
        search: &Search,
    ) -> Result<Vec<String>, FetchError> {
        let unseen = search.unseen.then(|| "isRead eq false".to_owned());
        let since = search
            .since
            .map(|day| format!("receivedDateTime ge {day}T00:00:00Z"));
        let conditions: Vec<String> = since.into_iter().chain(unseen).collect();
        let mut url = self.at(&["mailFolders", folder, "messages"]);
        let filter = conditions.join(" and ").replace(' ', "%20");
        url.set_query(Some(&format!("$select=id&$top=500&$filter={filter}")));
        let found = self.listed::<Item>("a search", url).await?;
        Ok(found.into_iter().map(|item| item.id).collect())
    }

    /// All of a listing's pages.
    pub(super) async fn listed<T: DeserializeOwned>(
        &mut self,
        what: &str,
        begin: Url,
    ) -> Result<Vec<T>, FetchError> {
        let mut all = Vec::new();
        let mut url = begin;
        for _ in 0..MOST_PAGES {
            let page: Page<T> = match self.0.api.get(url).await? {
                Ok(page) => page,
                Err(refused) => return Err(self.0.api.error(what, refused).into()),
            };
            all.extend(page.value);
            match page.next {
                Some(next) => url = self.link(&next)?,
                None => return Ok(all),
            }
        }
        Err(self.0.api.broke_protocol("a listing has no end").into())
    }

    fn link(&self, link: &str) -> Result<Url, MailError> {
        let parsed = Url::parse(link);
        parsed.map_err(|_| {
            self.0
                .api
                .broke_protocol("it names no address for the next page")
        })
    }
}

/// "Use delta query to track changes": a place that is too old is answered with 410, or with one of
/// these codes; a link into a folder that has been made anew, with 404.
fn is_forgotten(refused: &Refused) -> bool {
    matches!(refused.status, StatusCode::GONE | StatusCode::NOT_FOUND)
        || ["resyncRequired", "syncStateNotFound", "syncStateInvalid"]
            .iter()
            .any(|code| refused.code.eq_ignore_ascii_case(code))
}
