//! The message at which fetching breaks off again and again.

use std::collections::BTreeSet;

/// How often fetching may break off at one message before that message is put aside.
const PATIENCE: u32 = 3;

/// Remembers across connections at which message fetching broke off, so that a message that its
/// server cannot give does not hold back those behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suspect(Option<At>);

#[derive(Debug, Clone, Copy)]
struct At {
    uid: u32,
    /// How often it broke off there.
    times: u32,
    /// The server asked for patience there, as far as is known of the last time.
    busy: bool,
    /// Another message has come whole since then.
    others_came: bool,
    /// How often it asked for patience while it gave out others.
    alone: u32,
}

/// A message that is not asked for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// Fetching breaks off there.
    BreaksOff(u32),
    /// The server asks for patience there. It may ask everybody for it.
    Busy(u32),
    /// It asks for patience there, again and again, and gives out others meanwhile.
    BusyAlone(u32),
}

impl Suspect {
    /// Fetching broke off at this message.
    pub(crate) fn broke_off_at(&mut self, uid: u32) {
        let known = self.at(uid);
        known.times += 1;
        known.busy = false;
    }

    /// The server asked for patience when it was asked for this message.
    pub(crate) fn busy_at(&mut self, uid: u32) {
        let known = self.at(uid);
        known.busy = true;
        if std::mem::take(&mut known.others_came) {
            known.alone += 1;
        } else {
            known.times += 1;
        }
    }

    fn at(&mut self, uid: u32) -> &mut At {
        let fresh = At {
            uid,
            times: 0,
            busy: false,
            others_came: false,
            alone: 0,
        };
        let known = self.0.filter(|known| known.uid == uid);
        self.0.insert(known.unwrap_or(fresh))
    }

    /// This message came whole.
    pub(crate) fn came(&mut self, uid: u32) {
        match &mut self.0 {
            Some(known) if known.uid == uid => self.0 = None,
            Some(known) => known.others_came = true,
            None => {}
        }
    }

    /// The message among these that must be put aside now. It is forgotten, unless it may be only the
    /// server that has no time.
    pub(crate) fn given_up(&mut self, among: &BTreeSet<u32>) -> Option<GivenUp> {
        let known = self.0.as_mut()?;
        if !among.contains(&known.uid) {
            return None;
        }
        let uid = known.uid;
        if known.alone >= PATIENCE {
            self.0 = None;
            return Some(GivenUp::BusyAlone(uid));
        }
        if known.times < PATIENCE {
            return None;
        }
        if known.busy {
            known.times = 0;
            return Some(GivenUp::Busy(uid));
        }
        self.0 = None;
        Some(GivenUp::BreaksOff(uid))
    }

    /// In which order these messages, which ascend, are asked for: one for which the server has no
    /// time comes last, so that those behind it show whether it has time for them.
    pub(crate) fn in_order(&self, uids: BTreeSet<u32>) -> Vec<u32> {
        let last = self
            .0
            .filter(|known| known.busy && uids.contains(&known.uid));
        let last = last.map(|known| known.uid);
        let first = uids.into_iter().filter(|uid| last != Some(*uid));
        first.chain(last).collect()
    }

    /// How many of these messages may be asked for together: a suspect is asked for alone.
    pub(crate) fn group(&self, uids: &[u32], most: usize) -> usize {
        let most = most.min(uids.len());
        let Some(At { uid: suspect, .. }) = self.0 else {
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
        assert_eq!(suspect.in_order(these.clone()), [4, 5, 6]);
        assert_eq!(suspect.given_up(&these), None);
        suspect.broke_off_at(5);
        assert_eq!(suspect.given_up(&others), None);
        assert_eq!(suspect.given_up(&these), Some(GivenUp::BreaksOff(5)));
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

    #[test]
    fn a_server_without_time_for_anything_is_no_fault_of_a_message() {
        let (mut suspect, these) = (Suspect::default(), BTreeSet::from([5]));
        for _ in 0..4 {
            for _ in 0..3 {
                assert_eq!(suspect.given_up(&these), None);
                suspect.busy_at(5);
            }
            assert_eq!(suspect.given_up(&these), Some(GivenUp::Busy(5)));
        }
    }

    #[test]
    fn one_for_which_it_has_no_time_while_others_pass_comes_last_and_is_given_up() {
        let mut suspect = Suspect::default();
        suspect.busy_at(5);
        let these = BTreeSet::from([4, 5, 6]);
        for _ in 0..3 {
            assert_eq!(suspect.given_up(&these), None);
            assert_eq!(suspect.in_order(these.clone()), [4, 6, 5]);
            suspect.came(4);
            suspect.came(6);
            suspect.busy_at(5);
        }
        assert_eq!(suspect.given_up(&these), Some(GivenUp::BusyAlone(5)));
        assert_eq!(suspect.in_order(these), [4, 5, 6]);
    }
}
