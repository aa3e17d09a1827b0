//! Mail that goes round in circles: one sender, very many messages, in a short time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mailgrant_vault::{AccountId, Counted, Vault, VaultError};

/// Within so many seconds.
const WINDOW: i64 = 3600;
/// No more senders are remembered; then all is forgotten, and counting begins anew.
const SENDERS: usize = 50_000;

/// When messages came, by account and sender. Cheap to clone; all workers share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circles(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// The accounts of which the history has been asked.
    begun: HashSet<AccountId>,
    times: HashMap<Sender, Times>,
}

/// Of which account, and who.
type Sender = (AccountId, String);

/// When messages came, in seconds, and which they are.
type Times = VecDeque<(i64, String)>;

impl Circles {
    /// Takes in what the history knows of an account's last hour. It is asked once.
    pub(super) async fn begin(
        &self,
        vault: &Vault,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        if self.lock().begun.contains(&account) {
            return Ok(());
        }
        let since = now.checked_sub(SignedDuration::from_secs(WINDOW));
        let since = since.unwrap_or(Timestamp::MIN);
        let counted = vault.counted_since(account, since).await?;
        let mut known = self.lock();
        for Counted {
            sender,
            at,
            folder,
            uid,
        } in counted
        {
            let times = known.times.entry((account, sender.to_lowercase()));
            times
                .or_default()
                .push_back((at.as_second(), name(&folder, uid)));
        }
        known.begun.insert(account);
        Ok(())
    }

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
        let all = &mut self.lock().times;
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
        while times.len() >= most {
            times.pop_front();
        }
        times.push_back((at, message));
        too_many
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a message is called here.
pub(super) fn name(folder: &str, uid: u32) -> String {
    format!("{folder}/{uid}")
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
