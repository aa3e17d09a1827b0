//! Mail that goes round in circles: one sender, very many messages, in a short time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use mailgrant_vault::AccountId;

/// Within so many seconds.
const WINDOW: i64 = 3600;
/// No more senders are remembered; then all is forgotten, and counting begins anew.
const SENDERS: usize = 50_000;

/// When messages came, by account and sender. Cheap to clone; all workers share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circles(Arc<Mutex<HashMap<Sender, Times>>>);

/// Of which account, and who.
type Sender = (AccountId, String);

/// When messages came, in seconds, and which they are.
type Times = VecDeque<(i64, String)>;

impl Circles {
    /// Notes a message that came then, and says whether it is one too many within an hour. It goes by
    /// when messages came to the mailbox and not by when they are fetched, so that what has gathered
    /// in the meantime does not look like a storm. `most` is 0 where any number is welcome.
    pub(super) fn too_many(
        &self,
        account: AccountId,
        sender: &str,
        at: Timestamp,
        message: String,
        most: u32,
    ) -> bool {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if most == 0 {
            return false;
        }
        let at = at.as_second();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SENDERS {
            all.clear();
        }
        let times = all.entry((account, sender.to_lowercase())).or_default();
        if times.iter().any(|(_, known)| *known == message) {
            // It is read once more, because its sink was down or a connection broke.
            return false;
        }
        let near = times.iter().filter(|(time, _)| (at - time).abs() < WINDOW);
        let too_many = near.count() >= most;
        if times.len() >= most {
            times.pop_front();
        }
        times.push_back((at, message));
        too_many
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_within_an_hour_are_too_many_and_many_within_a_day_are_not() {
        let circles = Circles::default();
        let too_many = |account, sender, second| {
            let at = Timestamp::from_second(second).unwrap();
            let message = format!("{second}");
            circles.too_many(AccountId(account), sender, at, message, 3)
        };
        for second in [0, 10, 20] {
            assert!(!too_many(1, "a@b.example", second));
        }
        assert!(too_many(1, "A@b.example", 30));
        assert!(!too_many(2, "a@b.example", 30), "another account");
        assert!(!too_many(1, "c@b.example", 30), "another sender");
        assert!(too_many(1, "a@b.example", 3000), "it goes on");
        assert!(!too_many(1, "a@b.example", 3000), "it is the same message");
        for hour in 1..20 {
            assert!(!too_many(3, "a@b.example", hour * 1800), "{hour}");
        }
        for _ in 0..9 {
            let any = circles.too_many(AccountId(4), "x", Timestamp::UNIX_EPOCH, String::new(), 0);
            assert!(!any);
        }
    }
}
