//! The one who looks after a mailbox: logs in, fetches, listens, and starts over when something
//! ends it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Backoff, Diagnose as _};
use mailgrant_keeper::{AccessToken, KeeperError};
use mailgrant_mail::MailError;
use mailgrant_vault::Account;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::Fetched;
use crate::connect::{LoggedIn, Login};
use crate::connections::Permit;
use crate::listeners::{Listeners, MOST};
use crate::shared::Shared;
use crate::source::Listened;
use crate::visit::{Memory, SAFETY, Visit};
use crate::{Activity, FetchError};

/// The longest IDLE: far below the 29 minutes of RFC 2177, for a connection may die unheard.
const LONGEST_IDLE: Duration = SAFETY;
/// A session is ended so long before its token ends, so that the server need not do it.
const TOKEN_MARGIN: Duration = Duration::from_mins(2);
/// However little is left of a token: a session is used at least so long.
const SHORTEST_IDLE: Duration = Duration::from_secs(30);
/// The waits after failures.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// A mailbox that waits for a person is looked at so often even if nobody says that something
/// changed.
const LOOK_AGAIN: Duration = Duration::from_hours(1);
/// A session that lasted so long was a good one.
const STEADY: SignedDuration = SignedDuration::from_secs(60);
/// How often in a row a session may end soon after its login because of its token.
const SILENT_RESUMES: u32 = 2;

/// Looks after one mailbox.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    account: Account,
    /// Rung when grant or provider changed.
    wake: Arc<Notify>,
    stopping: CancellationToken,
    login: Login,
    backoff: Backoff,
    memory: Memory,
    resumed: u32,
}

/// Why a session ended without an error.
enum Ended {
    /// Asked to stop.
    Stopping,
    /// Log in again at once: the token ends soon, or something changed.
    Resume,
    /// There is no IDLE, or somebody waits for the connection: look again then.
    Poll(Duration),
}

impl Worker {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        account: Account,
        wake: Arc<Notify>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            account,
            wake,
            stopping,
            login: Login::new(shared),
            backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
            memory: Memory::default(),
            resumed: 0,
        }
    }

    /// Works until asked to stop, or until the account is gone.
    pub(crate) async fn run(mut self) {
        while !self.stopping.is_cancelled() {
            self.doing(Activity::Connecting);
            let begun = self.shared.now();
            let ended = self.session().await;
            // Only a session that lasted shows that all is well: one that is ended again and again
            // right after its login waits longer each time, whatever the server calls it.
            if ended.is_ok() || self.shared.now().duration_since(begun) >= STEADY {
                self.resumed = 0;
                self.backoff.reset();
            }
            match ended {
                Ok(Ended::Stopping) | Err(FetchError::Keeper(KeeperError::NoAccount(_))) => break,
                Ok(Ended::Poll(wait)) => {
                    self.doing(Activity::Polling);
                    self.rest(wait).await;
                }
                Err(error) if !self.resumes_silently(&error) => self.recover_from(&error).await,
                Ok(Ended::Resume) | Err(_) => {}
            }
        }
    }

    /// One connection from its beginning to its end.
    async fn session(&mut self) -> Result<Ended, FetchError> {
        let stopping = self.stopping.clone();
        let opened = tokio::select! {
            () = stopping.cancelled() => return Ok(Ended::Stopping),
            opened = self.login.open(&self.account) => opened?,
        };
        let LoggedIn {
            mut source,
            token,
            permit,
        } = opened;
        let mut memory = std::mem::take(&mut self.memory);
        let (shared, account) = (&self.shared, &self.account);
        let begun = Visit::begin(shared, account, &mut source, &mut memory, &stopping).await;
        let ended = match begun {
            Ok(visit) => self.stay(visit, &token, &permit).await,
            Err(error) => Err(error),
        };
        self.memory = memory;
        // A session is left politely, but nobody waits for that.
        if matches!(&ended, Ok(Ended::Poll(_) | Ended::Stopping)) {
            let _ = tokio::time::timeout(FIRST_WAIT, source.close()).await;
        }
        ended
    }

    /// Fetches and listens until something ends the session.
    async fn stay(
        &self,
        mut visit: Visit<'_>,
        token: &AccessToken,
        permit: &Permit,
    ) -> Result<Ended, FetchError> {
        visit.watch().await?;
        let mut listeners = None;
        let mut roused = false;
        loop {
            self.doing(Activity::Fetching);
            let done = visit.fetch().await?;
            if done.cut_short {
                return Ok(Ended::Stopping);
            }
            if let Some(refused) = done.refused {
                return Err(refused.into());
            }
            self.completed();
            if listeners.is_none() {
                listeners = Some(self.start_listeners(&visit));
            }
            if roused && done.fetched == Fetched::default() {
                // Somebody says that there is something, and there is nothing: not at once again.
                self.rest(FIRST_WAIT).await;
            }
            match self
                .listen(&mut visit, token, permit, done.next_due)
                .await?
            {
                Ok(listened) => roused = listened == Listened::News,
                Err(ended) => return Ok(ended),
            }
        }
    }

    /// Further connections for folders that nobody tells of; those beyond are asked about.
    fn start_listeners(&self, visit: &Visit<'_>) -> Listeners {
        let (mut folders, heard) = visit.unwatched();
        folders.truncate(MOST);
        Listeners::start(&self.shared, &self.account, &folders, heard)
    }

    /// Waits for news, until it is time to look for mail on this session, or to end it.
    async fn listen(
        &self,
        visit: &mut Visit<'_>,
        token: &AccessToken,
        permit: &Permit,
        next_due: Option<Timestamp>,
    ) -> Result<Result<Listened, Ended>, FetchError> {
        if self.stopping.is_cancelled() {
            return Ok(Err(Ended::Stopping));
        }
        let due = next_due.map_or(LONGEST_IDLE, |due| self.until(due).max(FIRST_WAIT));
        let patience = visit.patience();
        let (source, heard) = visit.listening();
        if !source.can_listen() {
            return Ok(Err(Ended::Poll(self.shared.settings.poll.min(due))));
        }
        self.doing(Activity::Listening);
        let left = self.until(token.expires_at).saturating_sub(TOKEN_MARGIN);
        let wait = patience.min(due).min(left.max(SHORTEST_IDLE));
        let mut wanted = false;
        let others = async {
            tokio::select! {
                () = heard.news() => {}
                () = permit.wanted() => wanted = true,
            }
        };
        let listened = tokio::select! {
            () = self.stopping.cancelled() => return Ok(Err(Ended::Stopping)),
            () = self.wake.notified() => return Ok(Err(Ended::Resume)),
            listened = source.listen(wait, others) => listened?,
        };
        if wanted {
            return Ok(Err(Ended::Poll(self.shared.settings.poll.min(due))));
        }
        let left = self.until(token.expires_at);
        Ok(if left <= TOKEN_MARGIN {
            Err(Ended::Resume)
        } else {
            Ok(listened)
        })
    }

    /// A session that ends because its token did is normal, unless it does so again and again.
    fn resumes_silently(&mut self, error: &FetchError) -> bool {
        let token_ended = matches!(
            error,
            FetchError::Mail(MailError::Closed {
                token_ended: true,
                ..
            })
        );
        self.resumed += 1;
        token_ended && self.resumed <= SILENT_RESUMES
    }

    /// Tells what is wrong and waits as the trouble demands.
    async fn recover_from(&mut self, error: &FetchError) {
        let now = self.shared.now();
        let (activity, wait) = match error {
            FetchError::Keeper(
                KeeperError::NotAuthorized { .. }
                | KeeperError::NeedsAuthorization { .. }
                | KeeperError::ProviderTrouble { .. }
                | KeeperError::ProviderPaused { .. },
            ) => (Activity::Held, LOOK_AGAIN),
            FetchError::Keeper(KeeperError::Later { retry_at, .. }) => {
                let wait = self.until(*retry_at).clamp(FIRST_WAIT, LONGEST_WAIT);
                (retrying(now, wait), wait)
            }
            FetchError::TooMany { wait, .. } => (retrying(now, *wait), *wait),
            _ => {
                let asked = match error {
                    FetchError::Mail(MailError::Later { retry_after, .. }) => *retry_after,
                    _ => None,
                };
                let wait = self.backoff.next(&*self.shared.random, asked);
                (retrying(now, wait), wait)
            }
        };
        let (account, trouble) = (&self.account.draft.name, error.diagnosis());
        let board = &self.shared.board;
        let news = board.troubled(self.account.id, trouble.clone(), activity, now);
        // An account that waits for its first authorization is not in trouble yet.
        let pending = matches!(error, FetchError::Keeper(KeeperError::NotAuthorized { .. }));
        match (news, pending) {
            (true, false) => trouble.log(account),
            (true, true) => info!(account, "{}", trouble.what),
            (false, _) => debug!(account, "still: {}", trouble.what),
        }
        self.rest(wait).await;
    }

    async fn rest(&self, wait: Duration) {
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = self.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    fn completed(&self) {
        self.shared
            .board
            .completed(self.account.id, self.shared.now());
    }

    fn doing(&self, activity: Activity) {
        self.shared
            .board
            .doing(self.account.id, activity, self.shared.now());
    }

    fn until(&self, then: Timestamp) -> Duration {
        then.duration_since(self.shared.now())
            .try_into()
            .unwrap_or_default()
    }
}

fn retrying(now: Timestamp, wait: Duration) -> Activity {
    Activity::Retrying(now.checked_add(wait).unwrap_or(Timestamp::MAX))
}
