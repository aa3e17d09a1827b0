//! What is in a folder, and what has come into it since.

use std::collections::BTreeMap;

use http::StatusCode;
use mailgrant_mail::Search;
use mailgrant_vault::Numbered;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use super::{MailError, Mailbox};
use crate::FetchError;
use crate::source::api::Refused;

/// No listing has more pages; where one seems to, it goes in circles.
const MOST_PAGES: usize = 20_000;

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

/// What a round of delta queries has brought.
struct Changes {
    /// The ids of new and changed messages, the oldest first.
    ids: Vec<String>,
    /// Where the next round begins.
    link: String,
}

impl Mailbox {
    /// Below this mailbox. "Get message" has this form for anybody's mailbox.
    pub(super) fn at(&self, segments: &[&str]) -> Url {
        let user = ["users", self.address.as_str()];
        self.api
            .at(user.into_iter().chain(segments.iter().copied()))
    }

    /// Numbers what has come into a folder since it was last looked into.
    pub(super) async fn look(&mut self, name: &str, id: &str) -> Result<Numbered, FetchError> {
        let now = self.clock.now();
        let whose = self.at(&["mailFolders", id]).to_string();
        if let Some(before) = self.place(name, &whose).await?
            && let Ok(link) = Url::parse(&before)
            && let Some(changes) = self.round(link).await?
            && let Some(numbered) = self.vault.numbered(self.account, name).await?
        {
            let (vault, account) = (&self.vault, self.account);
            let numbered = match changes.ids.as_slice() {
                [] => numbered,
                ids => vault.number_some(account, name, ids, now).await?,
            };
            if changes.link != before {
                self.keep_place(name, &whose, &changes.link).await?;
            }
            return Ok(numbered);
        }
        // At first, and where the server no longer knows the place: all that is there. Whatever had
        // a number before keeps it, so nothing is new that was there.
        let mut url = self.at(&["mailFolders", id, "messages", "delta"]);
        url.set_query(Some("$select=id,receivedDateTime"));
        let changes = self.round(url).await?.ok_or_else(|| {
            self.api
                .broke_protocol("it no longer knows a place that nobody named")
        })?;
        let (vault, account) = (&self.vault, self.account);
        let numbered = vault.number_all(account, name, &changes.ids, now).await?;
        self.keep_place(name, &whose, &changes.link).await?;
        Ok(numbered)
    }

    /// The link with which the next round begins; it means something for this mailbox and folder alone.
    async fn place(&self, name: &str, whose: &str) -> Result<Option<String>, FetchError> {
        let place = self.vault.place(self.account, name).await?;
        Ok(place.and_then(|place| {
            let (of, link) = place.split_once(' ')?;
            (of == whose).then(|| link.to_owned())
        }))
    }

    async fn keep_place(&self, name: &str, whose: &str, link: &str) -> Result<(), FetchError> {
        let place = format!("{whose} {link}");
        let kept = self.vault.set_place(self.account, name, Some(&place));
        Ok(kept.await?)
    }

    /// One round of delta queries; `None` where the server no longer knows where it began.
    async fn round(&mut self, begin: Url) -> Result<Option<Changes>, FetchError> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let mut url = begin;
        for _ in 0..MOST_PAGES {
            let page: Page<Item> = match self.api.get(url).await? {
                Ok(page) => page,
                Err(refused) if is_forgotten(&refused) => return Ok(None),
                Err(refused) => return Err(self.api.error("a delta query", refused).into()),
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
                    return Ok(Some(Changes { ids, link }));
                }
                (None, None) => {
                    let why = "a delta query ends without a link for the next one";
                    return Err(self.api.broke_protocol(why).into());
                }
            }
        }
        Err(self.api.broke_protocol("its changes have no end").into())
    }

    /// The ids of those messages that are looked for by day or by what has been read.
    pub(super) async fn found(
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
            let page: Page<T> = match self.api.get(url).await? {
                Ok(page) => page,
                Err(refused) => return Err(self.api.error(what, refused).into()),
            };
            all.extend(page.value);
            match page.next {
                Some(next) => url = self.link(&next)?,
                None => return Ok(all),
            }
        }
        Err(self.api.broke_protocol("a listing has no end").into())
    }

    fn link(&self, link: &str) -> Result<Url, MailError> {
        let parsed = Url::parse(link);
        parsed.map_err(|_| {
            self.api
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
