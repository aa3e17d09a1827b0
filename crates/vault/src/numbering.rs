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
    pub(crate) octets: Option<i64>,
}

/// A message that is there: its name, and its size where that is told beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) octets: Option<i64>,
}

/// What has to be written to number some names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// All names are others than before: those are forgotten.
    pub(crate) begins_anew: bool,
    /// The number of each name.
    pub(crate) uids: Vec<i64>,
    pub(crate) new: Vec<(String, i64, Option<i64>)>,
    /// Names whose message is another one than before, as it seems, with their new numbers.
    pub(crate) reused: Vec<(String, i64, Option<i64>)>,
    /// Names whose message's size was not known yet.
    pub(crate) sized: Vec<(String, i64)>,
    /// Names that were gone and are there again.
    pub(crate) back: Vec<String>,
    pub(crate) gone: Vec<String>,
    pub(crate) next_uid: i64,
}

impl Numbering {
    /// Numbers `names`; `complete` says that no others are there, `reuses` that the server has given a
    /// name to another message before.
    pub(crate) fn of(
        before: Vec<NameRow>,
        names: &[Named<'_>],
        next: i64,
        (complete, reuses): (bool, bool),
    ) -> Self {
        let mut known: HashMap<String, NameRow> = before
            .into_iter()
            .map(|row| (row.foreign_id.clone(), row))
            .collect();
        let mut numbering = Self {
            next_uid: next,
            ..Self::default()
        };
        let some_were_there = known.values().any(|row| row.gone_at.is_none());
        let is_known = |named: &Named<'_>| known.get(named.name).is_some_and(|row| row.fits(named));
        if complete && some_were_there && !names.is_empty() && !names.iter().any(is_known) {
            numbering.begins_anew = true;
            numbering.next_uid = 1;
            known.clear();
        }
        for named in names {
            let name = named.name.to_owned();
            let next = numbering.next_uid;
            let uid = match known.get_mut(named.name) {
                Some(row) if row.fits(named) && !(reuses && row.gone_at.is_some()) => {
                    if row.gone_at.take().is_some() {
                        numbering.back.push(name.clone());
                    }
                    if let (None, Some(octets)) = (row.octets, named.octets) {
                        row.octets = named.octets;
                        numbering.sized.push((name, octets));
                    }
                    row.uid
                }
                Some(row) => {
                    (row.uid, row.gone_at, row.octets) = (next, None, named.octets);
                    numbering.reused.push((name, next, named.octets));
                    next
                }
                None => {
                    let row = NameRow {
                        foreign_id: name.clone(),
                        uid: next,
                        gone_at: None,
                        octets: named.octets,
                    };
                    known.insert(name.clone(), row);
                    numbering.new.push((name, next, named.octets));
                    next
                }
            };
            numbering.next_uid += i64::from(uid == next);
            numbering.uids.push(uid);
        }
        if complete {
            for named in names {
                known.remove(named.name);
            }
            let gone = known.into_values().filter(|row| row.gone_at.is_none());
            numbering.gone = gone.map(|row| row.foreign_id).collect();
        }
        numbering
    }
}

impl NameRow {
    /// Whether this may be the message that had the name before. A size is a fingerprint, if a faint
    /// one.
    fn fits(&self, named: &Named<'_>) -> bool {
        match (self.octets, named.octets) {
            (Some(before), Some(now)) => before == now,
            _ => true,
        }
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
        names: &[Named<'_>],
        complete: bool,
        now: i64,
        forget_before: i64,
    ) -> Answer<Option<NumberedRow>>;
    /// A folder's epoch and the number that its next new name will have.
    async fn numbered(&self, folder: (i64, &str)) -> Answer<Option<(i64, i64)>>;
    /// The names of these numbers of an epoch.
    async fn names_of(
        &self,
        folder: (i64, &str),
        epoch: i64,
        uids: &[i64],
    ) -> Answer<Vec<(i64, String)>>;
    /// Notes these numbers' names as gone.
    async fn leave(&self, folder: (i64, &str), uids: &[i64], now: i64) -> Answer<()>;
    /// Forgets these numbers' names.
    async fn left(&self, folder: (i64, &str), uids: &[i64]) -> Answer<()>;
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
        let names = names.iter().map(|name| Named { name, octets: None });
        let names: Vec<Named<'_>> = names.collect();
        self.number(account, folder, &names, true, now).await
    }

    /// The same where each message's size in bytes is told beforehand. A message that has another size
    /// than the one before under its name is given a new number, and is known by its content where it
    /// was delivered before ([`Vault::adopt_delivered`]): some servers use a name again.
    pub async fn number_all_sized(
        &self,
        account: AccountId,
        folder: &str,
        names: &[(String, u64)],
        now: Timestamp,
    ) -> Result<Numbered, VaultError> {
        let names = names.iter().map(|(name, octets)| Named {
            name,
            octets: Some(i64::try_from(*octets).unwrap_or(i64::MAX)),
        });
        let names: Vec<Named<'_>> = names.collect();
        self.number(account, folder, &names, true, now).await
    }

    /// Numbers some of the messages that a folder holds, in this order.
    pub async fn number_some(
        &self,
        account: AccountId,
        folder: &str,
        names: &[String],
        now: Timestamp,
    ) -> Result<Numbered, VaultError> {
        let names = names.iter().map(|name| Named { name, octets: None });
        let names: Vec<Named<'_>> = names.collect();
        self.number(account, folder, &names, false, now).await
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
        names: &[Named<'_>],
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

    /// The names of these numbers of an epoch, as far as they are known; `None` where that is not the
    /// present one.
    pub async fn names_of(
        &self,
        account: AccountId,
        folder: &str,
        epoch: u32,
        uids: &[u32],
    ) -> Result<Option<Vec<(u32, String)>>, VaultError> {
        let uids: Vec<i64> = uids.iter().map(|uid| i64::from(*uid)).collect();
        let (place, store) = ((account.0, folder), self.store());
        let names = self.told(store.names_of(place, epoch.into(), &uids).await)?;
        // Epochs only rise: if it is still the present one, it was while the names were read.
        let present = self.numbered(account, folder).await?;
        if present.is_none_or(|present| present.uid_validity != epoch) {
            return Ok(None);
        }
        let names = names.into_iter();
        let names = names.map(|(uid, name)| Ok((number(uid)?, name)));
        names.collect::<Result<_, VaultError>>().map(Some)
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

    /// These have been deleted by ourselves, as the server has said: whatever has one of their names
    /// from now on is another message.
    pub async fn left(
        &self,
        account: AccountId,
        folder: &str,
        uids: &[u32],
    ) -> Result<(), VaultError> {
        let uids: Vec<i64> = uids.iter().map(|uid| i64::from(*uid)).collect();
        self.told(self.store().left((account.0, folder), &uids).await)
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
            octets: None,
        }
    }

    fn names<'a>(names: &[&'a str]) -> Vec<Named<'a>> {
        let of = |name| Named { name, octets: None };
        names.iter().copied().map(of).collect()
    }

    const ALL: (bool, bool) = (true, false);

    #[test]
    fn a_name_keeps_its_number_also_when_it_was_gone() {
        let before = || vec![row("a", 1, None), row("b", 2, Some(5)), row("c", 3, None)];
        let numbering = Numbering::of(before(), &names(&["b", "c", "d"]), 4, ALL);
        assert_eq!(numbering.uids, [2, 3, 4]);
        assert_eq!(numbering.new, [("d".to_owned(), 4, None)]);
        assert_eq!(numbering.back, ["b"]);
        assert_eq!(numbering.gone, ["a"]);
        assert_eq!((numbering.next_uid, numbering.begins_anew), (5, false));
        let some = Numbering::of(before(), &names(&["d"]), 4, (false, false));
        assert_eq!((some.uids, some.gone), (vec![4], vec![]));
        assert!(!some.begins_anew);
    }

    #[test]
    fn where_all_names_are_others_a_new_epoch_begins() {
        let before = || vec![row("a", 1, None), row("b", 2, Some(5))];
        let numbering = Numbering::of(before(), &names(&["x", "y"]), 3, ALL);
        assert!(numbering.begins_anew);
        assert_eq!(numbering.uids, [1, 2]);
        assert_eq!(numbering.gone, [""; 0]);
        // An empty mailbox, one that was empty, and one in which a former name is back are none.
        assert!(!Numbering::of(before(), &[], 3, ALL).begins_anew);
        let empty = vec![row("a", 1, Some(1))];
        assert!(!Numbering::of(empty, &names(&["x"]), 3, ALL).begins_anew);
        assert!(!Numbering::of(before(), &names(&["x", "b"]), 3, ALL).begins_anew);
    }

    #[test]
    fn a_name_whose_message_has_another_size_gets_another_number() {
        let sized = |row: NameRow, octets| NameRow {
            octets: Some(octets),
            ..row
        };
        let before = || {
            let gone = sized(row("c", 3, Some(5)), 30);
            vec![
                sized(row("a", 1, None), 10),
                sized(row("b", 2, None), 20),
                gone,
            ]
        };
        let number = |now: &[(&'static str, i64)], reuses| {
            let octets = |&(name, octets)| Named {
                name,
                octets: Some(octets),
            };
            let now: Vec<Named<'_>> = now.iter().map(octets).collect();
            Numbering::of(before(), &now, 4, (true, reuses))
        };
        let numbering = number(&[("a", 10), ("b", 21), ("c", 30)], false);
        assert_eq!(numbering.uids, [1, 4, 3]);
        assert_eq!(numbering.reused, [("b".to_owned(), 4, Some(21))]);
        assert_eq!(
            (numbering.back, numbering.next_uid),
            (vec!["c".to_owned()], 5)
        );
        // A server that is known to use names again may have done so with one that was gone.
        let numbering = number(&[("a", 10), ("b", 20), ("c", 30)], true);
        assert_eq!(numbering.uids, [1, 2, 4]);
        assert_eq!(numbering.reused, [("c".to_owned(), 4, Some(30))]);
        // All others at once.
        let numbering = number(&[("a", 11), ("b", 21)], false);
        assert!(numbering.begins_anew);
        assert_eq!(numbering.uids, [1, 2]);
        // What nobody knew yet.
        let first = Named {
            name: "a",
            octets: Some(10),
        };
        let numbering = Numbering::of(vec![row("a", 1, None)], &[first], 2, ALL);
        assert_eq!(numbering.uids, [1]);
        assert_eq!(numbering.sized, [("a".to_owned(), 10)]);
    }
}
