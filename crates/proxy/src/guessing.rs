//! Wrong passwords cost their sender time: the more of them, the longer the answer takes. Nobody is
//! locked out: a password is looked at before anything else, and only a wrong one waits. App passwords
//! have 128 random bits, which nobody guesses however fast; the wait is for the load and for the log.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long the answer to the first wrong password takes; each further one doubles it.
const FIRST: SignedDuration = SignedDuration::from_millis(250);
/// The longest that an answer takes. One that would have to wait for longer, for others wait before
/// it, is given at once.
const LONGEST: SignedDuration = SignedDuration::from_secs(30);
/// So many wrong passwords of one address are free, for it may have many users.
const FREE_OF_ADDRESS: u32 = 10;
/// After this time without another, the wrong ones are forgotten.
const MEMORY: SignedDuration = SignedDuration::from_mins(15);
/// So many addresses and so many users are remembered.
const MOST: usize = 10_000;
/// So many answers wait at the same time.
const MOST_WAITING: usize = 500;

/// What is remembered of wrong passwords, by address and by user.
#[derive(Debug)]
pub(crate) struct Guessing {
    memory: Mutex<Memory>,
    waiting: Semaphore,
}

#[derive(Debug, Default)]
struct Memory {
    addresses: HashMap<IpAddr, Strikes>,
    users: HashMap<String, Strikes>,
}

/// Wrong passwords.
#[derive(Debug, Clone, Copy)]
struct Strikes {
    count: u32,
    last: Timestamp,
    /// When the last of the answers that wait is given.
    busy: Timestamp,
}

/// How the answer to a wrong password is given.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// After so long, and as long as it waits it holds this.
    After(SignedDuration, SemaphorePermit<'a>),
    /// At once, for too many wait already.
    AtOnce,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            memory: Mutex::default(),
            waiting: Semaphore::new(MOST_WAITING),
        }
    }
}

impl Guessing {
    /// The password was wrong. Answers of one address, and those of one user, wait one behind the other.
    pub(crate) fn wrong(&self, address: IpAddr, user: &str, now: Timestamp) -> Answer<'_> {
        let (address, user) = names(address, user);
        let mut memory = self.lock();
        let memory = &mut *memory;
        let of_address = strike(&mut memory.addresses, address, now);
        let of_user = strike(&mut memory.users, user, now);
        let until = of_address
            .until(FREE_OF_ADDRESS, now)
            .max(of_user.until(0, now));
        let wait = until.duration_since(now);
        match self.waiting.try_acquire() {
            Ok(held) if wait <= LONGEST => {
                of_address.busy = until;
                of_user.busy = until;
                Answer::After(wait, held)
            }
            _ => Answer::AtOnce,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Strikes {
    /// When the answer to the newest is given.
    fn until(&self, free: u32, now: Timestamp) -> Timestamp {
        match self.count.saturating_sub(free) {
            0 => now,
            count => self
                .busy
                .max(now)
                .saturating_add(hold(count))
                .unwrap_or(now),
        }
    }
}

/// One more.
fn strike<K: Eq + Hash>(all: &mut HashMap<K, Strikes>, key: K, now: Timestamp) -> &mut Strikes {
    if !all.contains_key(&key) {
        make_room(all);
    }
    let none = Strikes {
        count: 0,
        last: now,
        busy: now,
    };
    let strikes = all.entry(key).or_insert(none);
    if now.duration_since(strikes.last) >= MEMORY {
        *strikes = none;
    }
    strikes.count = strikes.count.saturating_add(1);
    strikes.last = now;
    strikes
}

/// How long the answer to the last of so many wrong passwords takes.
fn hold(count: u32) -> SignedDuration {
    let doubled = 1_i32
        .checked_shl(count.saturating_sub(1).min(16))
        .unwrap_or(i32::MAX);
    FIRST.saturating_mul(doubled).min(LONGEST)
}

/// The older half goes where there are too many.
fn make_room<K: Eq + Hash>(all: &mut HashMap<K, Strikes>) {
    if all.len() < MOST {
        return;
    }
    let mut ages: Vec<Timestamp> = all.values().map(|strikes| strikes.last).collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    let mut left = MOST / 2;
    all.retain(|_, strikes| {
        let stays = strikes.last >= median && left > 0;
        left -= usize::from(stays);
        stays
    });
}

/// An IPv6 network of one customer (/64) counts as one address; users are told apart as the store does.
fn names(address: IpAddr, user: &str) -> (IpAddr, String) {
    let address = match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    };
    let user: String = user.chars().take(200).collect();
    (address, user.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    fn millis(answer: &Answer<'_>) -> Option<i128> {
        match answer {
            Answer::After(wait, _) => Some(wait.as_millis()),
            Answer::AtOnce => None,
        }
    }

    #[test]
    fn each_wrong_password_doubles_the_wait_up_to_half_a_minute() {
        let guessing = Guessing::default();
        let (mut now, mut waits) = (at(0), Vec::new());
        for _ in 0..10 {
            let wait = millis(&guessing.wrong(HERE, "desk", now)).unwrap();
            waits.push(wait);
            now += SignedDuration::from_millis(i64::try_from(wait).unwrap());
        }
        assert_eq!(waits[..5], [250, 500, 1000, 2000, 4000]);
        assert_eq!(waits[8..], [30_000, 30_000]);
    }

    #[test]
    fn answers_wait_for_each_other_and_those_that_would_wait_too_long_do_not_wait() {
        let guessing = Guessing::default();
        let answers: Vec<_> = (0..10)
            .map(|_| guessing.wrong(HERE, "desk", at(0)))
            .collect();
        let waits: Vec<_> = answers.iter().filter_map(millis).collect();
        assert_eq!(waits, [250, 750, 1750, 3750, 7750, 15_750]);
        assert!(matches!(answers[6..], [Answer::AtOnce, ..]));
        assert_eq!(guessing.waiting.available_permits(), MOST_WAITING - 6);
        drop(answers);
        assert_eq!(guessing.waiting.available_permits(), MOST_WAITING);
    }

    #[test]
    fn no_more_answers_wait_than_there_is_room_for_wherever_they_come_from() {
        let guessing = Guessing::default();
        let answers: Vec<_> = (0..MOST_WAITING + 50)
            .map(|number| {
                let address = IpAddr::from(((number as u128) << 64).to_be_bytes());
                guessing.wrong(address, &number.to_string(), at(0))
            })
            .collect();
        assert_eq!(answers.iter().filter_map(millis).count(), MOST_WAITING);
    }

    #[test]
    fn what_was_wrong_is_forgotten_by_itself() {
        let guessing = Guessing::default();
        for _ in 0..20 {
            guessing.wrong(HERE, "desk", at(0));
        }
        let later = at(0) + MEMORY;
        assert_eq!(millis(&guessing.wrong(HERE, "desk", later)), Some(250));
    }

    #[test]
    fn guesses_at_one_user_are_counted_wherever_they_come_from() {
        let guessing = Guessing::default();
        guessing.wrong(HERE, "Desk", at(0));
        assert_eq!(millis(&guessing.wrong(THERE, "desk", at(9_000))), Some(500));
    }

    #[test]
    fn an_address_of_many_users_has_some_mistakes_free() {
        let guessing = Guessing::default();
        let mistake = |user: u32| {
            let now = at(i64::from(user) * 1_000);
            millis(&guessing.wrong(HERE, &user.to_string(), now))
        };
        for user in 0..=FREE_OF_ADDRESS {
            assert_eq!(mistake(user), Some(250));
        }
        assert_eq!(mistake(FREE_OF_ADDRESS + 1), Some(500));
    }

    #[test]
    fn memory_is_bounded_whatever_names_are_tried_and_who_is_there_pushes_nobody_out() {
        let guessing = Guessing::default();
        let wrong = |number: u32| {
            let address = IpAddr::from((u128::from(number) << 64).to_be_bytes());
            guessing.wrong(address, &number.to_string(), at(i64::from(number)));
        };
        let counts = || {
            let memory = guessing.lock();
            (memory.addresses.len(), memory.users.len())
        };
        let most = u32::try_from(MOST).unwrap();
        (0..most).for_each(wrong);
        wrong(most - 1);
        assert_eq!(counts(), (MOST, MOST));
        (most..3 * most).for_each(wrong);
        let (addresses, users) = counts();
        for count in [addresses, users] {
            assert!((MOST / 4..=MOST).contains(&count), "{count}");
        }
    }
}
