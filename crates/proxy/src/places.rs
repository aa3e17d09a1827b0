//! How many connections there may be: in all, of one address, of one account.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mailgrant_vault::AccountId;

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// In all.
    pub all: usize,
    /// Of one address; an application with many mailboxes has one.
    pub address: usize,
    /// Of one account: providers allow 15 (Gmail) to 20 or so.
    pub account: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self {
            all: 20_000,
            address: 12_000,
            account: 50,
        }
    }
}

/// Who is there.
#[derive(Debug)]
pub(crate) struct Places {
    most: Most,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    addresses: HashMap<IpAddr, usize>,
    accounts: HashMap<AccountId, usize>,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

/// A connection's place among those of its account; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    places: Arc<Places>,
    account: AccountId,
}

impl Places {
    pub(crate) fn new(most: Most) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from there, if there is one.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let fits = self.with(|taken| {
            let fits =
                taken.all < self.most.all && take(&mut taken.addresses, address, self.most.address);
            taken.all += usize::from(fits);
            fits
        });
        fits.then(|| Place {
            places: Arc::clone(self),
            address,
        })
    }

    /// A place among those of an account, if there is one.
    pub(crate) fn sit(self: &Arc<Self>, account: AccountId) -> Option<Seat> {
        let fits = self.with(|taken| take(&mut taken.accounts, account, self.most.account));
        // A seat that is made gives itself back.
        fits.then(|| Seat {
            places: Arc::clone(self),
            account,
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Taken) -> T) -> T {
        work(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.with(|taken| {
            taken.all -= 1;
            give_back(&mut taken.addresses, &self.address);
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let give_back = |taken: &mut Taken| give_back(&mut taken.accounts, &self.account);
        self.places.with(give_back);
    }
}

fn take<K: Eq + Hash>(taken: &mut HashMap<K, usize>, key: K, most: usize) -> bool {
    let count = taken.entry(key).or_default();
    let fits = *count < most;
    *count += usize::from(fits);
    fits
}

fn give_back<K: Eq + Hash>(taken: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = taken.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            taken.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn places_are_counted_by_address_by_account_and_in_all_and_given_back() {
        let places = Places::new(Most {
            all: 3,
            address: 2,
            account: 1,
        });
        let mut here: Vec<_> = (0..2).map(|_| places.enter(HERE).unwrap()).collect();
        assert!(places.enter(HERE).is_none());
        let there = places.enter(THERE).unwrap();
        assert!(places.enter(THERE).is_none());
        here.pop();
        let again = places.enter(HERE).unwrap();
        assert!(places.enter(HERE).is_none());

        let seat = places.sit(AccountId(1)).unwrap();
        assert!(places.sit(AccountId(1)).is_none() && places.sit(AccountId(2)).is_some());
        drop(seat);
        assert!(places.sit(AccountId(1)).is_some());

        drop((here, there, again));
        let left = places.with(|taken| (taken.all, taken.addresses.len(), taken.accounts.len()));
        assert_eq!(left, (0, 0, 0));
    }
}
