//! Numbers for the messages of sources that name them otherwise than by UID: POP3's unique-ids, the
//! ids of Graph and Gmail. A name is given a number once and keeps it, also while it is not there; so
//! the ledger knows numbers alone.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::account::GONE;
use crate::column::{micros, number};
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

/// A name that has been gone for so long is forgotten.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A folder whose messages have been given numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// In place of a UIDVALIDITY: another one where all names are others than before.
    pub uid_validity: u32,
    /// The number that the next new name will have.
    pub next_uid: u32,
    /// The number of each name, in the order in which they were given.
    pub uids: Vec<u32>,
}

/// A row of `numbered_folders` and numbers out of `numbered_messages`.
#[derive(Debug)]
pub(crate) struct NumberedRow {
    pub(crate) epoch: i64,
    pub(crate) next_uid: i64,
    pub(crate) uids: Vec<i64>,
}

/// A name that has a number.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct NameRow {
    pub(crate) foreign_id: String,
    pub(crate) uid: i64,
    pub(crate) gone_at: Option<i64>,
}

/// What has to be written to number some names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// All names are others than before: those are forgotten.
    pub(crate) begins_anew: bool,
    /// The number of each name.
    pub(crate) uids: Vec<i64>,
    pub(crate) new: Vec<(String, i64)>,
    /// Names that were gone and are there again.
    pub(crate) back: Vec<String>,
    pub(crate) gone: Vec<String>,
    pub(crate) next_uid: i64,
}

impl Numbering {
    /// Numbers `names`; `complete` says that no others are there.
    pub(crate) fn of(before: Vec<NameRow>, names: &[String], next: i64, complete: bool) -> Self {
        let mut known: HashMap<String, (i64, bool)> = before
            .into_iter()
            .map(|row| (row.foreign_id, (row.uid, row.gone_at.is_some())))
            .collect();
        let mut numbering = Self {
            next_uid: next,
            ..Self::default()
        };
        let some_were_there = known.values().any(|(_, gone)| !gone);
        let none_is_known = !names.iter().any(|name| known.contains_key(name));
        if complete && some_were_there && none_is_known && !names.is_empty() {
            numbering.begins_anew = true;
            numbering.next_uid = 1;
            known.clear();
        }
        for name in names {
            let uid = if let Some((uid, gone)) = known.get_mut(name) {
                if std::mem::take(gone) {
                    numbering.back.push(name.clone());
                }
                *uid
            } else {
                let uid = numbering.next_uid;
                numbering.next_uid += 1;
                numbering.new.push((name.clone(), uid));
                known.insert(name.clone(), (uid, false));
                uid
            };
            numbering.uids.push(uid);
        }
        if complete {
            for name in names {
                known.remove(name);
            }
            let gone = known.into_iter().filter(|(_, (_, gone))| !gone);
            numbering.gone = gone.map(|(name, _)| name).collect();
        }
        numbering
    }
}

/// The rows of `numbered_folders` and `numbered_messages`.
#[async_trait]
pub(crate) trait NumberingStore: Send + Sync {
    /// Numbers the names of a folder; `complete` says that no others are there. What has been gone
    /// since `forget_before` is forgotten. `None` where the account is gone.
    async fn number(
        &self,
        folder: (i64, &str),
        names: &[String],
        complete: bool,
        now: i64,
        forget_before: i64,
    ) -> Answer<Option<NumberedRow>>;
    /// A folder's epoch and the number that its next new name will have.
    async fn numbered(&self, folder: (i64, &str)) -> Answer<Option<(i64, i64)>>;
    /// The names of these numbers.
    async fn names_of(&self, folder: (i64, &str), uids: &[i64]) -> Answer<Vec<(i64, String)>>;
    /// Notes these numbers' names as gone.
    async fn leave(&self, folder: (i64, &str), uids: &[i64], now: i64) -> Answer<()>;
    async fn place(&self, folder: (i64, &str)) -> Answer<Option<String>>;
    async fn set_place(&self, folder: (i64, &str), place: Option<&str>) -> Answer<()>;
}

impl Vault {
    /// Numbers all messages that a folder holds, in this order. Where none of those is left that
    /// were there the last time, the server may have renamed them all: a new epoch begins, in which
    /// what was delivered before is known by its content.
    pub async fn number_all(
        &self,
        account: AccountId,
        folder: &str,
        names: &[String],
        now: Timestamp,
    ) -> Result<Numbered, VaultError> {
        self.number(account, folder, names, true, now).await
    }

    /// Numbers some of the messages that a folder holds, in this order.
    pub async fn number_some(
        &self,
        account: AccountId,
        folder: &str,
        names: &[String],
        now: Timestamp,
    ) -> Result<Numbered, VaultError> {
        self.number(account, folder, names, false, now).await
    }

    /// What has been numbered of a folder so far, without any number; `None` where that is nothing.
    pub async fn numbered(
        &self,
        account: AccountId,
        folder: &str,
    ) -> Result<Option<Numbered>, VaultError> {
        let found = self.told(self.store().numbered((account.0, folder)).await)?;
        let read = |(epoch, next): (i64, i64)| {
            Ok(Numbered {
                uid_validity: number(epoch)?,
                next_uid: number(next)?,
                uids: Vec::new(),
            })
        };
        found.map(read).transpose()
    }

    async fn number(
        &self,
        account: AccountId,
        folder: &str,
        names: &[String],
        complete: bool,
        now: Timestamp,
    ) -> Result<Numbered, VaultError> {
        let forget = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let (folder, store) = ((account.0, folder), self.store());
        let numbered = store.number(folder, names, complete, micros(now), micros(forget));
        let row = self.told(numbered.await)?.ok_or(GONE)?;
        Ok(Numbered {
            uid_validity: number(row.epoch)?,
            next_uid: number(row.next_uid)?,
            uids: row.uids.into_iter().map(number).collect::<Result<_, _>>()?,
        })
    }

    /// The names of these numbers of the present epoch, as far as they are known.
    pub async fn names_of(
        &self,
        account: AccountId,
        folder: &str,
        uids: &[u32],
    ) -> Result<Vec<(u32, String)>, VaultError> {
        let uids: Vec<i64> = uids.iter().map(|uid| i64::from(*uid)).collect();
        let names = self.store().names_of((account.0, folder), &uids).await;
        let names = self.told(names)?.into_iter();
        names.map(|(uid, name)| Ok((number(uid)?, name))).collect()
    }

    /// These are about to be deleted by ourselves: that they are not there the next time does not speak
    /// for new names. Where one is there all the same it has its number again.
    pub async fn leave(
        &self,
        account: AccountId,
        folder: &str,
        uids: &[u32],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let uids: Vec<i64> = uids.iter().map(|uid| i64::from(*uid)).collect();
        let store = self.store();
        self.told(store.leave((account.0, folder), &uids, micros(now)).await)
    }

    /// Up to where a folder's changes have been read, in the source's own words.
    pub async fn place(
        &self,
        account: AccountId,
        folder: &str,
    ) -> Result<Option<String>, VaultError> {
        self.told(self.store().place((account.0, folder)).await)
    }

    /// Keeps up to where a folder's changes have been read; `None` begins anew.
    pub async fn set_place(
        &self,
        account: AccountId,
        folder: &str,
        place: Option<&str>,
    ) -> Result<(), VaultError> {
        self.told(self.store().set_place((account.0, folder), place).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, uid: i64, gone_at: Option<i64>) -> NameRow {
        NameRow {
            foreign_id: name.to_owned(),
            uid,
            gone_at,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_keeps_its_number_also_when_it_was_gone() {
        let before = || vec![row("a", 1, None), row("b", 2, Some(5)), row("c", 3, None)];
        let numbering = Numbering::of(before(), &names(&["b", "c", "d"]), 4, true);
        assert_eq!(numbering.uids, [2, 3, 4]);
        assert_eq!(numbering.new, [("d".to_owned(), 4)]);
        assert_eq!(numbering.back, ["b"]);
        assert_eq!(numbering.gone, ["a"]);
        assert_eq!((numbering.next_uid, numbering.begins_anew), (5, false));
        let some = Numbering::of(before(), &names(&["d"]), 4, false);
        assert_eq!((some.uids, some.gone), (vec![4], vec![]));
        assert!(!some.begins_anew);
    }

    #[test]
    fn where_all_names_are_others_a_new_epoch_begins() {
        let before = || vec![row("a", 1, None), row("b", 2, Some(5))];
        let numbering = Numbering::of(before(), &names(&["x", "y"]), 3, true);
        assert!(numbering.begins_anew);
        assert_eq!(numbering.uids, [1, 2]);
        assert_eq!(numbering.gone, [""; 0]);
        // An empty mailbox, one that was empty, and one in which a former name is back are none.
        assert!(!Numbering::of(before(), &[], 3, true).begins_anew);
        let empty = vec![row("a", 1, Some(1))];
        assert!(!Numbering::of(empty, &names(&["x"]), 3, true).begins_anew);
        assert!(!Numbering::of(before(), &names(&["x", "b"]), 3, true).begins_anew);
    }
}
