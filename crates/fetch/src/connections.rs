//! How many connections there are, and how fast they are opened.
//!
//! A mailbox takes a number of connections, and other programs want some of them too: Mailgrant keeps
//! to half. Many mailboxes that are opened at once are opened one after the other. A server that says
//! that there are too many is left alone for a while.
//!
//! ```text
//! permit(place, most) ──▶ Permit    one connection to a mailbox, as long as it is held
//! another(place, most) ─▶ Permit?   one more where that leaves one for others; nobody waits
//! permit.wanted() ──────▶ ()        somebody waits for this one: who only listens gives it back
//! turn(host) ───────────▶ Turn      one login at that server, as long as it is held
//! refused(place) ───────▶ Duration  the server said "too many": so long nobody connects
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailgrant_base::{Backoff, Random};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::FetchError;
use crate::metrics::FetcherMetrics;

/// What a mailbox is taken to allow where its provider publishes nothing: Dovecot's own default
/// (`mail_max_userip_connections`), the least of all that is known of IMAP servers.
const ASSUMED: u16 = 10;
/// How many servers may be logged in to at once, counted in servers that are busy.
const SERVERS: usize = 4;
/// Logins that had to wait for others are spread by up to so much each.
const SPREAD: Duration = Duration::from_millis(200);
/// How long a connection waits for one that is in use.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a mailbox is left alone whose server has said that there are too many connections.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// How long fewer connections than usual are opened after that.
const HUMBLE: Duration = Duration::from_hours(1);

/// A mailbox at a server: what its connections are counted for, whichever account they serve.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Host and port.
    pub(crate) server: String,
    /// Whose mailbox.
    pub(crate) user: String,
}

/// How many of the connections that a mailbox may have Mailgrant opens; `limit` is what the provider
/// publishes. The other half is for people's own mail programs.
pub(crate) fn own_share(limit: Option<u16>) -> u16 {
    limit.unwrap_or(ASSUMED).div_ceil(2).max(1)
}

/// All connections to mailboxes.
pub(crate) struct Connections {
    mailboxes: Mutex<HashMap<Place, Mailbox>>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    everywhere: Arc<Semaphore>,
    at_one_host: usize,
    metrics: FetcherMetrics,
}

/// What is known of a mailbox that is connected to, or was refused.
#[derive(Debug, Default)]
struct Mailbox {
    /// Told whenever a connection is given back, and when somebody waits for one.
    changed: Arc<Notify>,
    open: u16,
    /// So many of the open ones are logged in.
    logged_in: u16,
    /// So many of the open ones can be done without, and are not being given back.
    spare: u16,
    /// So many of the open ones are being given back because somebody waits.
    leaving: u16,
    /// So many wait for one.
    waiting: u16,
    /// So many there may be, when somebody last asked.
    most: u16,
    refused: Option<Refused>,
}

/// The server has said that there are too many.
#[derive(Debug)]
struct Refused {
    times: u32,
    /// So many were logged in then.
    worked: u16,
    at: Instant,
    until: Instant,
    said: String,
}

/// The right to one connection to a mailbox; given back when dropped.
pub(crate) struct Permit {
    connections: Arc<Connections>,
    place: Place,
    changed: Arc<Notify>,
    /// Whoever has it can do without.
    spare: bool,
    logged_in: AtomicBool,
    leaving: AtomicBool,
}

/// Somebody waits for a connection; until dropped.
struct Waiting<'a> {
    connections: &'a Connections,
    place: &'a Place,
    changed: Arc<Notify>,
}

/// One login that may go ahead now; over when dropped.
pub(crate) struct Turn {
    /// It had to wait: what was known before may have changed.
    pub(crate) waited: bool,
    _held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Connections {
    /// `at_one_host` logins may be under way at one host, and four times as many everywhere.
    pub(crate) fn new(at_one_host: usize, metrics: FetcherMetrics) -> Arc<Self> {
        let at_one_host = at_one_host.max(1);
        Arc::new(Self {
            mailboxes: Mutex::default(),
            hosts: Mutex::default(),
            everywhere: Arc::new(Semaphore::new(at_one_host.saturating_mul(SERVERS))),
            at_one_host,
            metrics,
        })
    }

    /// The right to a connection; waits a while for one that is in use. `most` is
    /// [`own_share`].
    pub(crate) async fn permit(
        self: &Arc<Self>,
        place: &Place,
        most: u16,
    ) -> Result<Permit, FetchError> {
        let wait = async {
            if let Some(permit) = self.take(place, most)? {
                return Ok(permit);
            }
            let waiting = Waiting::new(self, place);
            loop {
                let changed = waiting.changed.notified();
                tokio::pin!(changed);
                // From here on nothing is missed that is given back.
                changed.as_mut().enable();
                if let Some(permit) = self.take(place, most)? {
                    return Ok(permit);
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| {
            Err(FetchError::AllInUse {
                user: place.user.clone(),
                server: place.server.clone(),
                most,
            })
        })
    }

    /// One connection more to a mailbox that has one, for who can do without: `None` where it would be
    /// the last, or where the server has lately said that there are too many.
    pub(crate) fn another(self: &Arc<Self>, place: &Place, most: u16) -> Option<Permit> {
        let mut mailboxes = self.lock();
        let mailbox = mailboxes.entry(place.clone()).or_default();
        let spare = mailbox.refused.is_none() && mailbox.waiting == 0 && mailbox.open + 1 < most;
        spare.then(|| self.give(mailbox, place, true))
    }

    /// Waits until a login at this host may go ahead.
    pub(crate) async fn turn(&self, host: &str, random: &dyn Random) -> Turn {
        let of_host = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let slots = || Arc::new(Semaphore::new(self.at_one_host));
            Arc::clone(hosts.entry(host.to_owned()).or_insert_with(slots))
        };
        let everywhere = Arc::clone(&self.everywhere);
        if let (Ok(host), Ok(all)) = (
            Arc::clone(&of_host).try_acquire_owned(),
            Arc::clone(&everywhere).try_acquire_owned(),
        ) {
            return Turn {
                waited: false,
                _held: (host, all),
            };
        }
        let _queue = self.metrics.waiting_login();
        let turn = Turn {
            waited: true,
            _held: (acquired(of_host).await, acquired(everywhere).await),
        };
        tokio::time::sleep(SPREAD.mul_f64(random.fraction())).await;
        turn
    }

    /// The server has said that there are too many connections, or too many logins: nobody connects to
    /// this mailbox for a while, and for an hour Mailgrant keeps to what has worked. Of several that
    /// are refused at the same time the first counts.
    pub(crate) fn refused(
        &self,
        place: &Place,
        said: &str,
        asked: Option<Duration>,
        random: &dyn Random,
    ) -> Duration {
        let now = Instant::now();
        let mut mailboxes = self.lock();
        let mailbox = mailboxes.entry(place.clone()).or_default();
        let earlier = mailbox.refused.as_ref();
        let left = earlier.map_or(Duration::ZERO, |refused| {
            refused.until.saturating_duration_since(now)
        });
        let times = earlier.map_or(0, |refused| refused.times);
        let same = !left.is_zero() && times > 0;
        let before = times - u32::from(same);
        let wait = Backoff::wait(FIRST_WAIT, LONGEST_WAIT, before, random);
        let wait = asked.map_or(wait, |asked| asked.max(wait)).max(left);
        mailbox.refused = Some(Refused {
            times: before.saturating_add(1),
            worked: mailbox.logged_in.max(1),
            at: now,
            until: now + wait,
            said: said.to_owned(),
        });
        self.metrics.connection_refused();
        wait
    }

    /// A permit, unless so many are out already.
    fn take(self: &Arc<Self>, place: &Place, most: u16) -> Result<Option<Permit>, FetchError> {
        let now = Instant::now();
        let mut mailboxes = self.lock();
        let mailbox = mailboxes.entry(place.clone()).or_default();
        if mailbox
            .refused
            .as_ref()
            .is_some_and(|refused| refused.times == 0 && now - refused.at >= HUMBLE)
        {
            mailbox.refused = None;
        }
        let mut most = most;
        if let Some(refused) = &mailbox.refused {
            if refused.until > now {
                return Err(FetchError::TooMany {
                    user: place.user.clone(),
                    server: place.server.clone(),
                    said: refused.said.clone(),
                    wait: refused.until - now,
                });
            }
            most = most.min(refused.worked);
        }
        mailbox.most = most;
        Ok((mailbox.open < most).then(|| self.give(mailbox, place, false)))
    }

    fn give(self: &Arc<Self>, mailbox: &mut Mailbox, place: &Place, spare: bool) -> Permit {
        mailbox.open += 1;
        mailbox.spare += u16::from(spare);
        self.metrics.connections().inc();
        Permit {
            connections: Arc::clone(self),
            place: place.clone(),
            changed: Arc::clone(&mailbox.changed),
            spare,
            logged_in: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Mailbox>> {
        self.mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody ever closes these.
async fn acquired(semaphore: Arc<Semaphore>) -> OwnedSemaphorePermit {
    loop {
        if let Ok(permit) = Arc::clone(&semaphore).acquire_owned().await {
            return permit;
        }
        tokio::task::yield_now().await;
    }
}

impl Permit {
    /// The login has worked: the next refusal is a first one again.
    pub(crate) fn worked(&self) {
        let mut mailboxes = self.connections.lock();
        let Some(mailbox) = mailboxes.get_mut(&self.place) else {
            return;
        };
        if !self.logged_in.swap(true, Ordering::Relaxed) {
            mailbox.logged_in += 1;
        }
        if let Some(refused) = &mut mailbox.refused {
            refused.times = 0;
            if refused.at.elapsed() >= HUMBLE {
                mailbox.refused = None;
            }
        }
    }

    /// Until somebody waits for a connection and it is this one's turn to be given back: those that
    /// can be done without come first. It has to be given back then.
    pub(crate) async fn wanted(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.leaves() {
                return;
            }
            changed.await;
        }
    }

    fn leaves(&self) -> bool {
        let mut mailboxes = self.connections.lock();
        let Some(mailbox) = mailboxes.get_mut(&self.place) else {
            return false;
        };
        if self.leaving.load(Ordering::Relaxed) {
            return true;
        }
        let free = mailbox.most.saturating_sub(mailbox.open);
        let before = if self.spare { 0 } else { mailbox.spare };
        let leaves = mailbox.waiting > free + mailbox.leaving + before;
        if leaves {
            mailbox.leaving += 1;
            mailbox.spare -= u16::from(self.spare);
            self.leaving.store(true, Ordering::Relaxed);
        }
        leaves
    }
}

impl<'a> Waiting<'a> {
    fn new(connections: &'a Connections, place: &'a Place) -> Self {
        let changed = {
            let mut mailboxes = connections.lock();
            let mailbox = mailboxes.entry(place.clone()).or_default();
            mailbox.waiting += 1;
            Arc::clone(&mailbox.changed)
        };
        changed.notify_waiters();
        Self {
            connections,
            place,
            changed,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(mailbox) = self.connections.lock().get_mut(self.place) {
            mailbox.waiting -= 1;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut mailboxes = self.connections.lock();
        if let Some(mailbox) = mailboxes.get_mut(&self.place) {
            mailbox.open = mailbox.open.saturating_sub(1);
            mailbox.logged_in -= u16::from(*self.logged_in.get_mut());
            let leaving = *self.leaving.get_mut();
            mailbox.leaving -= u16::from(leaving);
            mailbox.spare -= u16::from(self.spare && !leaving);
            if mailbox.open == 0 && mailbox.waiting == 0 && mailbox.refused.is_none() {
                mailboxes.remove(&self.place);
            }
        }
        drop(mailboxes);
        self.connections.metrics.connections().dec();
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use mailgrant_base::SeededRandom;

    use super::*;

    fn place(user: &str) -> Place {
        Place {
            server: "mail.example.com:993".to_owned(),
            user: user.to_owned(),
        }
    }

    fn connections(at_one_host: usize) -> Arc<Connections> {
        Connections::new(at_one_host, FetcherMetrics::default())
    }

    /// As if the time were over for which the mailbox is left alone.
    fn wait_is_over(connections: &Connections, place: &Place) {
        let mut mailboxes = connections.lock();
        let refused = mailboxes.get_mut(place).unwrap().refused.as_mut().unwrap();
        refused.until = Instant::now();
    }

    #[test]
    fn half_of_what_the_provider_allows_is_left_to_others() {
        assert_eq!(own_share(Some(15)), 8);
        assert_eq!(own_share(Some(3)), 2);
        assert_eq!(own_share(Some(1)), 1);
        assert_eq!(own_share(None), 5);
    }

    #[tokio::test]
    async fn a_mailbox_has_as_many_connections_as_are_its_share_and_the_next_waits_for_one() {
        let connections = connections(10);
        let (desk, sales) = (place("desk"), place("sales"));
        let first = connections.permit(&desk, 2).await.unwrap();
        let _second = connections.permit(&desk, 2).await.unwrap();
        assert!(connections.take(&desk, 2).unwrap().is_none());
        let _other = connections.permit(&sales, 2).await.unwrap();
        let waiting = tokio::spawn({
            let connections = Arc::clone(&connections);
            async move { connections.permit(&place("desk"), 2).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn whoever_can_do_without_leaves_one_for_others() {
        let connections = connections(10);
        let desk = place("desk");
        let _first = connections.permit(&desk, 3).await.unwrap();
        let second = connections.another(&desk, 3);
        assert!(second.is_some());
        assert!(connections.another(&desk, 3).is_none());
        drop(second);
        let random = SeededRandom::new(7);
        connections.refused(&desk, "too many", None, &random);
        assert!(connections.another(&desk, 3).is_none());
    }

    #[tokio::test]
    async fn a_mailbox_that_was_refused_is_left_alone_and_longer_each_time() {
        let connections = connections(10);
        let (desk, random) = (place("desk"), SeededRandom::new(7));
        let first = connections.permit(&desk, 5).await.unwrap();
        let refused = connections.permit(&desk, 5).await.unwrap();
        let waits: Vec<Duration> = (0..4)
            .map(|_| connections.refused(&desk, "too many", None, &random))
            .collect();
        assert!(
            waits[3] <= FIRST_WAIT,
            "refused at the same time: {waits:?}"
        );
        let mut longer = Duration::ZERO;
        for _ in 0..3 {
            wait_is_over(&connections, &desk);
            longer = connections.refused(&desk, "too many", None, &random);
        }
        assert!(longer > FIRST_WAIT, "{longer:?}");
        let asked = Duration::from_hours(2);
        let wait = connections.refused(&desk, "too many", Some(asked), &random);
        assert_eq!(wait, asked);
        drop(refused);
        // The next one does not even ask.
        let error = connections.permit(&desk, 5).await.err().unwrap();
        assert!(matches!(&error, FetchError::TooMany { said, .. } if said == "too many"));
        wait_is_over(&connections, &desk);
        first.worked();
        let again = connections.refused(&desk, "too many", None, &random);
        assert!(again <= FIRST_WAIT, "{again:?}");
    }

    #[tokio::test]
    async fn after_a_refusal_there_are_no_more_than_had_logged_in() {
        let connections = connections(10);
        let (desk, random) = (place("desk"), SeededRandom::new(7));
        let mut permits = Vec::new();
        for _ in 0..5 {
            permits.push(connections.permit(&desk, 5).await.unwrap());
        }
        permits[0].worked();
        permits[1].worked();
        permits[1].worked();
        for _ in 2..5 {
            connections.refused(&desk, "too many", None, &random);
        }
        permits.truncate(1);
        wait_is_over(&connections, &desk);
        permits.push(connections.permit(&desk, 5).await.unwrap());
        assert!(connections.take(&desk, 5).unwrap().is_none());
    }

    #[tokio::test]
    async fn who_only_listens_gives_way_to_who_waits_and_those_to_spare_go_first() {
        let connections = connections(10);
        let desk = place("desk");
        let listening = |permit: Permit| tokio::spawn(async move { permit.wanted().await });
        let waiting = || {
            let connections = Arc::clone(&connections);
            tokio::spawn(async move { connections.permit(&place("desk"), 3).await.unwrap() })
        };
        let own = [
            connections.permit(&desk, 3).await.unwrap(),
            connections.permit(&place("sales"), 3).await.unwrap(),
        ];
        let spare = connections.another(&desk, 3).unwrap();
        let busy = connections.permit(&desk, 3).await.unwrap();
        let [own, other] = own.map(listening);
        let spare = listening(spare);
        tokio::task::yield_now().await;
        assert!(!own.is_finished() && !spare.is_finished());

        let first = waiting().await.unwrap();
        spare.await.unwrap();
        tokio::task::yield_now().await;
        assert!(!own.is_finished(), "one is enough for one");
        let second = waiting().await.unwrap();
        own.await.unwrap();
        assert!(!other.is_finished(), "another mailbox is not asked");

        drop((first, second, busy));
        other.abort();
        let _ = other.await;
        assert!(connections.lock().is_empty());
    }

    #[tokio::test]
    async fn no_more_than_so_many_log_in_at_one_host_at_the_same_time() {
        let connections = connections(3);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let logins: Vec<_> = (0..30)
            .map(|_| {
                let (connections, now, most) = (
                    Arc::clone(&connections),
                    Arc::clone(&now),
                    Arc::clone(&most),
                );
                tokio::spawn(async move {
                    let _turn = connections.turn("a.example", &SeededRandom::new(7)).await;
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for login in logins {
            login.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_busy_host_holds_no_other_host_up() {
        let connections = connections(1);
        let random = SeededRandom::new(7);
        let _busy = connections.turn("a.example", &random).await;
        let turn = connections.turn("b.example", &random).await;
        assert!(!turn.waited);
    }
}
