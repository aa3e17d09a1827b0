//! The message at which fetching breaks off again and again.

use std::collections::BTreeSet;

/// How often fetching may break off at one message before that message is put aside.
const PATIENCE: u32 = 3;

/// Remembers across connections at which message fetching broke off, so that a message that its
/// server cannot give does not hold back those behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suspect(Option<(u32, u32)>);

impl Suspect {
    /// Fetching broke off at this message.
    pub(crate) fn broke_off_at(&mut self, uid: u32) {
        let before = match self.0 {
            Some((known, times)) if known == uid => times,
            _ => 0,
        };
        self.0 = Some((uid, before + 1));
    }

    /// This message came whole.
    pub(crate) fn came(&mut self, uid: u32) {
        if self.0.is_some_and(|(known, _)| known == uid) {
            self.0 = None;
        }
    }

    /// The message among these that must be put aside now; it is forgotten here.
    pub(crate) fn given_up(&mut self, among: &BTreeSet<u32>) -> Option<u32> {
        self.0
            .take_if(|(uid, times)| *times >= PATIENCE && among.contains(uid))
            .map(|(uid, _)| uid)
    }

    /// How many of these messages may be asked for together: a suspect is asked for alone.
    pub(crate) fn group(&self, uids: &[u32], most: usize) -> usize {
        let most = most.min(uids.len());
        let Some((suspect, _)) = self.0 else {
            return most;
        };
        match uids[..most].iter().position(|uid| *uid == suspect) {
            Some(0) => 1,
            Some(before) => before,
            None => most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_is_asked_for_alone_and_given_up_after_three_times() {
        let mut suspect = Suspect::default();
        assert_eq!(suspect.group(&[4, 5, 6], 2), 2);
        suspect.broke_off_at(5);
        assert_eq!(suspect.group(&[4, 5, 6], 3), 1);
        assert_eq!(suspect.group(&[5, 6], 2), 1);
        assert_eq!(suspect.group(&[6, 7], 2), 2);
        suspect.broke_off_at(5);
        let (these, others) = (BTreeSet::from([4, 5, 6]), BTreeSet::from([7]));
        assert_eq!(suspect.given_up(&these), None);
        suspect.broke_off_at(5);
        assert_eq!(suspect.given_up(&others), None);
        assert_eq!(suspect.given_up(&these), Some(5));
        assert_eq!(suspect.given_up(&these), None);
    }

    #[test]
    fn who_comes_whole_is_no_suspect_any_more() {
        let mut suspect = Suspect::default();
        suspect.broke_off_at(5);
        suspect.broke_off_at(5);
        suspect.came(5);
        suspect.broke_off_at(5);
        assert_eq!(suspect.given_up(&BTreeSet::from([5])), None);
    }
}
