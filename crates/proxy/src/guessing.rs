//! Wrong passwords cost their sender time: the more of them, the longer. Nobody is locked out: what
//! was wrong is forgotten by itself, and who was let in before waits for nobody else's mistakes.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long the first wrong password holds the next attempt back; each further one doubles it.
const FIRST: SignedDuration = SignedDuration::from_millis(250);
/// The longest that one attempt holds back the next.
const LONGEST: SignedDuration = SignedDuration::from_secs(30);
/// Whoever would have to wait for longer, for others are waiting already, is refused at once.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// So many wrong passwords of one address are free, for it may have many users.
const FREE_OF_ADDRESS: u32 = 10;
/// After this time without another, the wrong ones are forgotten.
const MEMORY: SignedDuration = SignedDuration::from_mins(15);
/// Who was let in is known for so long.
const TRUST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many of each kind are remembered.
const MOST: usize = 10_000;

/// What is remembered of wrong and right passwords, by address and user.
#[derive(Debug, Default)]
pub(crate) struct Guessing(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    addresses: HashMap<IpAddr, Strikes>,
    users: HashMap<String, Strikes>,
    pairs: HashMap<(IpAddr, String), Strikes>,
    /// Who was let in from where, and when last.
    known: HashMap<(IpAddr, String), Timestamp>,
}

/// Wrong passwords.
#[derive(Debug, Clone, Copy)]
struct Strikes {
    count: u32,
    last: Timestamp,
    /// When the next attempt may be looked at.
    next: Timestamp,
}

impl Guessing {
    /// How long this attempt has to wait before its password is looked at, or for how long none is.
    /// An attempt that waits holds back those that come behind it.
    pub(crate) fn admit(
        &self,
        address: IpAddr,
        user: &str,
        now: Timestamp,
    ) -> Result<SignedDuration, SignedDuration> {
        let pair = pair(address, user);
        let mut memory = self.lock();
        let known = memory
            .known
            .get(&pair)
            .is_some_and(|at| now.duration_since(*at) < TRUST);
        let (address, user) = pair.clone();
        let mut held: Vec<(&mut Strikes, u32)> = Vec::with_capacity(3);
        let memory = &mut *memory;
        held.extend(memory.pairs.get_mut(&pair).map(|strikes| (strikes, 0)));
        if !known {
            let of_address = memory.addresses.get_mut(&address);
            held.extend(of_address.map(|strikes| (strikes, FREE_OF_ADDRESS)));
            held.extend(memory.users.get_mut(&user).map(|strikes| (strikes, 0)));
        }
        held.retain(|(strikes, free)| strikes.count > *free && !strikes.is_forgotten(now));
        let waits = held
            .iter()
            .map(|(strikes, _)| strikes.next.duration_since(now));
        let wait = waits.max().unwrap_or_default().max(SignedDuration::ZERO);
        if wait > PATIENCE {
            return Err(wait);
        }
        for (strikes, free) in held {
            let until = wait + hold(strikes.count - free);
            strikes.next = strikes.next.max(now.saturating_add(until).unwrap_or(now));
        }
        Ok(wait)
    }

    /// The password was wrong.
    pub(crate) fn wrong(&self, address: IpAddr, user: &str, now: Timestamp) {
        let pair = pair(address, user);
        let mut memory = self.lock();
        strike(&mut memory.addresses, pair.0, FREE_OF_ADDRESS, now);
        strike(&mut memory.users, pair.1.clone(), 0, now);
        strike(&mut memory.pairs, pair, 0, now);
    }

    /// The password was right.
    pub(crate) fn right(&self, address: IpAddr, user: &str, now: Timestamp) {
        let pair = pair(address, user);
        let mut memory = self.lock();
        memory.pairs.remove(&pair);
        make_room(&mut memory.known, |at| *at);
        memory.known.insert(pair, now);
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Strikes {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) >= MEMORY
    }
}

fn strike<K: Eq + Hash + Clone>(
    strikes: &mut HashMap<K, Strikes>,
    key: K,
    free: u32,
    now: Timestamp,
) {
    make_room(strikes, |strikes| strikes.last);
    let none = Strikes {
        count: 0,
        last: now,
        next: now,
    };
    let strikes = strikes.entry(key).or_insert(none);
    if strikes.is_forgotten(now) {
        *strikes = none;
    }
    strikes.count = strikes.count.saturating_add(1);
    strikes.last = now;
    if let Some(count) = strikes.count.checked_sub(free).filter(|count| *count > 0) {
        let until = now.saturating_add(hold(count)).unwrap_or(now);
        strikes.next = strikes.next.max(until);
    }
}

/// How long so many wrong passwords hold the next attempt back.
fn hold(count: u32) -> SignedDuration {
    let doubled = 1_i32
        .checked_shl(count.saturating_sub(1).min(16))
        .unwrap_or(i32::MAX);
    FIRST.saturating_mul(doubled).min(LONGEST)
}

/// The older half goes where there are too many.
fn make_room<K: Eq + Hash + Clone, V>(all: &mut HashMap<K, V>, age: impl Fn(&V) -> Timestamp) {
    if all.len() < MOST {
        return;
    }
    let mut ages: Vec<Timestamp> = all.values().map(&age).collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    let mut left = MOST / 2;
    all.retain(|_, value| {
        let stays = age(value) >= median && left > 0;
        left -= usize::from(stays);
        stays
    });
}

/// An IPv6 network of one customer (/64) counts as one address; users are told apart as the store does.
fn pair(address: IpAddr, user: &str) -> (IpAddr, String) {
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

    fn millis(wait: Result<SignedDuration, SignedDuration>) -> i128 {
        wait.unwrap().as_millis()
    }

    #[test]
    fn each_wrong_password_doubles_the_wait_up_to_half_a_minute() {
        let guessing = Guessing::default();
        let (mut now, mut waits) = (at(0), Vec::new());
        for _ in 0..10 {
            let wait = guessing.admit(HERE, "desk", now).unwrap();
            waits.push(wait.as_millis());
            now += wait;
            guessing.wrong(HERE, "desk", now);
        }
        assert_eq!(waits[..5], [0, 250, 500, 1000, 2000]);
        assert_eq!(waits[8..], [30_000, 30_000]);
    }

    #[test]
    fn attempts_at_the_same_time_wait_for_each_other_and_too_many_are_not_looked_at() {
        let guessing = Guessing::default();
        for _ in 0..5 {
            guessing.wrong(HERE, "desk", at(0));
        }
        let waits: Vec<_> = (0..10)
            .map(|_| guessing.admit(HERE, "desk", at(0)))
            .collect();
        let let_in: Vec<_> = waits
            .iter()
            .flatten()
            .map(SignedDuration::as_secs)
            .collect();
        assert_eq!(let_in, [4, 8, 12, 16, 20, 24, 28]);
        assert!(waits[7..].iter().all(Result::is_err));
    }

    #[test]
    fn what_was_wrong_is_forgotten_by_itself() {
        let guessing = Guessing::default();
        for _ in 0..20 {
            guessing.wrong(HERE, "desk", at(0));
        }
        assert!(millis(guessing.admit(HERE, "desk", at(1))) > 0);
        let later = at(0) + MEMORY;
        assert_eq!(millis(guessing.admit(HERE, "desk", later)), 0);
        guessing.wrong(HERE, "desk", later);
        assert_eq!(millis(guessing.admit(HERE, "desk", later)), 250);
    }

    #[test]
    fn who_was_let_in_before_waits_for_nobody_elses_mistakes() {
        let guessing = Guessing::default();
        guessing.right(HERE, "Desk", at(0));
        for _ in 0..20 {
            guessing.wrong(THERE, "desk", at(1));
            guessing.wrong(HERE, "other", at(1));
        }
        assert_eq!(millis(guessing.admit(HERE, "desk", at(2))), 0);
        // Whoever was not must wait: for the user's sake, and for the address's.
        assert!(
            guessing
                .admit(THERE, "desk", at(2))
                .is_ok_and(|wait| wait > SignedDuration::ZERO)
        );
        assert!(millis(guessing.admit(HERE, "third", at(2))) > 0);
        guessing.wrong(HERE, "desk", at(3));
        assert_eq!(
            millis(guessing.admit(HERE, "desk", at(3))),
            250,
            "its own it waits for"
        );
    }

    #[test]
    fn a_right_password_makes_up_for_those_that_were_wrong_before() {
        let guessing = Guessing::default();
        for _ in 0..3 {
            guessing.wrong(HERE, "desk", at(0));
        }
        guessing.right(HERE, "desk", at(1));
        assert_eq!(millis(guessing.admit(HERE, "desk", at(1))), 0);
    }

    #[test]
    fn an_address_of_many_users_has_some_mistakes_free() {
        let guessing = Guessing::default();
        for user in 0..FREE_OF_ADDRESS {
            assert_eq!(millis(guessing.admit(HERE, &user.to_string(), at(0))), 0);
            guessing.wrong(HERE, &user.to_string(), at(0));
        }
        assert_eq!(millis(guessing.admit(HERE, "another", at(0))), 0);
        guessing.wrong(HERE, "another", at(0));
        assert_eq!(millis(guessing.admit(HERE, "the next", at(0))), 250);
    }

    #[test]
    fn memory_is_bounded_whatever_names_are_tried() {
        let guessing = Guessing::default();
        for number in 0_u128..30_000 {
            let address = IpAddr::from((number << 64).to_be_bytes());
            guessing.wrong(
                address,
                &number.to_string(),
                at(i64::try_from(number).unwrap()),
            );
            guessing.right(address, &number.to_string(), at(0));
        }
        let memory = guessing.lock();
        for count in [
            memory.addresses.len(),
            memory.users.len(),
            memory.known.len(),
        ] {
            assert!((MOST / 4..=MOST).contains(&count), "{count}");
        }
    }
}
