//! Live numbers: server-sent events for the pages that are open.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::StatusCode;
use mailgrant_base::{Diagnosis, Fault};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::Site;
use crate::pages::overview::Needs;
use crate::problem::Problem;
use crate::serve::Stopping;
use crate::summary::{Everything, Summary};
use crate::visit::{SignedIn, Visit};

/// News of the store and the fetcher are told at once, but not more often than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(300);

/// Numbers are looked at again after this, whatever happens.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// One account's numbers and state, ready to be put into the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct News {
    account: String,
    delivered: u64,
    waiting: u64,
    quarantined: u64,
    /// The state as HTML, by the same template as in the page.
    state: String,
    /// When the last message was delivered, as HTML.
    last: String,
}

/// Follows all accounts until the browser leaves, the session ends or the server stops.
pub(crate) async fn follow(
    State(site): State<Site>,
    stopping: Option<Extension<Stopping>>,
    visitor: SignedIn,
) -> Response {
    let Ok(place) = site.followers.clone().try_acquire_owned() else {
        return too_many().into_response();
    };
    let stopping = stopping.map_or_else(CancellationToken::new, |Extension(Stopping(token))| token);
    let follower = Follower {
        visit: visitor.visit,
        site,
        stopping,
        told: BTreeMap::new(),
        needs: None,
        _place: place,
    };
    let news = stream::unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Sse::new(news)
        .keep_alive(KeepAlive::default())
        .into_response()
}

struct Follower {
    site: Site,
    visit: Visit,
    stopping: CancellationToken,
    /// What was told of each account.
    told: BTreeMap<String, News>,
    /// What was told of people's tasks, as HTML.
    needs: Option<String>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// Waits for the next thing to tell.
    async fn next(&mut self) -> Option<Event> {
        let mut changes = self.site.vault.changes();
        let mut statuses = self.site.fetcher.status();
        loop {
            if !self.may_see().await {
                return None;
            }
            statuses.mark_unchanged();
            match Everything::load(&self.site).await {
                Ok(everything) => {
                    if let Some(event) = self.difference(everything) {
                        return Some(event);
                    }
                }
                Err(error) => tracing::debug!(%error, "live numbers are late"),
            }
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = sleep(SHORTEST_PAUSE) => {}
            }
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = changes.changed() => {}
                Ok(()) = statuses.changed() => {}
                () = sleep(LONGEST_PAUSE) => {}
            }
        }
    }

    /// Whether the session still lives: a page left open must not outlive it.
    async fn may_see(&self) -> bool {
        let Some(token) = self.visit.session_token() else {
            return false;
        };
        let session = self.site.vault.session(token, self.site.clock.now()).await;
        matches!(session, Ok(Some(_)))
    }

    /// What has changed since it was last told. The first time that is everything: something may
    /// have changed since the page was made.
    fn difference(&mut self, everything: Everything) -> Option<Event> {
        let needs = Needs {
            needs: everything.needs,
            csrf: self.visit.csrf(),
        }
        .to_string();
        let mut fresh = Vec::new();
        for account in &everything.accounts {
            let news = News::of(account);
            if self.told.get(&news.account) != Some(&news) {
                fresh.push(news.clone());
                self.told.insert(news.account.clone(), news);
            }
        }
        let needs = (self.needs.as_ref() != Some(&needs)).then(|| {
            self.needs = Some(needs.clone());
            needs
        });
        if fresh.is_empty() && needs.is_none() {
            return None;
        }
        let data = serde_json::json!({ "accounts": fresh, "needs": needs });
        Some(Event::default().event("news").data(data.to_string()))
    }
}

impl News {
    fn of(account: &Summary) -> Self {
        Self {
            account: account.name.clone(),
            delivered: account.counts.delivered,
            waiting: account.counts.waiting,
            quarantined: account.counts.quarantined,
            state: account.state.to_string(),
            last: account
                .last
                .as_ref()
                .map_or_else(|| "never".to_owned(), ToString::to_string),
        }
    }
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Diagnosis::new(
            Fault::Owner,
            "Too many pages are open for live numbers.",
            "Close some; this page is right each time it is loaded.",
        ),
    )
}
