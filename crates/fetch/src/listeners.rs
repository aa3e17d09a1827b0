//! Further connections that listen to folders, where the server does not tell of all by one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mailgrant_mail::IdleEvent;
use mailgrant_vault::Account;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::debug;

use crate::FetchError;
use crate::connect::Login;
use crate::shared::Shared;

/// How many connections listen to one mailbox at most, besides that which fetches.
pub(crate) const MOST: usize = 2;
/// How long IDLE lasts at most.
const LONGEST_IDLE: Duration = Duration::from_mins(10);
/// A connection that failed is not tried again sooner.
const TRY_AGAIN: Duration = Duration::from_mins(30);

/// What the listeners have heard, and to which folders they listen.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    folders: Mutex<Folders>,
    rung: Notify,
}

#[derive(Debug, Default)]
struct Folders {
    with_news: BTreeSet<String>,
    listened_to: BTreeSet<String>,
}

impl Heard {
    /// The folders in which something has happened since this was last asked.
    pub(crate) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.lock().with_news)
    }

    /// Whether somebody listens to this folder now.
    pub(crate) fn listens_to(&self, folder: &str) -> bool {
        self.lock().listened_to.contains(folder)
    }

    /// Until something has happened in a folder.
    pub(crate) async fn news(&self) {
        // A ring may be about what was taken meanwhile.
        while self.lock().with_news.is_empty() {
            self.rung.notified().await;
        }
    }

    fn tell(&self, folder: &str) {
        self.lock().with_news.insert(folder.to_owned());
        self.rung.notify_one();
    }

    fn listen(&self, folder: &str, listens: bool) {
        let folders = &mut self.lock().listened_to;
        if listens {
            folders.insert(folder.to_owned());
        } else {
            folders.remove(folder);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Folders> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections that listen until this is dropped.
#[derive(Debug)]
pub(crate) struct Listeners {
    _tasks: JoinSet<()>,
}

impl Listeners {
    /// One for each of these folders.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        account: &Account,
        folders: &[String],
        heard: &Arc<Heard>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        for folder in folders {
            let (shared, account) = (Arc::clone(shared), account.clone());
            let (folder, heard) = (folder.clone(), Arc::clone(heard));
            tasks.spawn(async move {
                loop {
                    let ended = listen(&shared, &account, &folder, &heard).await;
                    if heard.listens_to(&folder) {
                        heard.listen(&folder, false);
                        // Whoever relied on it has to ask from now on.
                        heard.tell(&folder);
                    }
                    // The folder is looked into from time to time all the same.
                    if let Err(why) = ended {
                        let account = &account.draft.name;
                        debug!(account, folder, "listens no more: {why}");
                    }
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            });
        }
        Self { _tasks: tasks }
    }
}

/// Listens to a folder until something ends the connection, if there may be one.
async fn listen(
    shared: &Arc<Shared>,
    account: &Account,
    folder: &str,
    heard: &Heard,
) -> Result<(), FetchError> {
    let Some(mut session) = Login::new(shared).open_another(account).await? else {
        return Ok(());
    };
    session.select(folder).await?;
    session.forget_changes();
    heard.listen(folder, true);
    // What came before may have been seen by nobody.
    heard.tell(folder);
    loop {
        match session.idle_unless_wanted(LONGEST_IDLE).await? {
            IdleEvent::Changed => {
                session.forget_changes();
                heard.tell(folder);
            }
            IdleEvent::TimeOver => {}
            // Somebody waits for a connection to this mailbox, and this one can be done without.
            IdleEvent::Interrupted => {
                heard.listen(folder, false);
                session.logout().await;
                return Ok(());
            }
        }
    }
}
