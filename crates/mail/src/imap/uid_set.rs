//! UIDs as they stand in a command: `1:500,502` (RFC 9051, `sequence-set`).

use std::fmt::Write as _;

use super::MessageUid;

/// Commands stay well below the 8,000 octets that servers must take (RFC 7162, section 4; RFC
/// 2683, section 3.2.1.5).
const LONGEST_SET: usize = 4000;

/// Ascending UIDs as sets, each short enough for one command. UIDs that follow each other become
/// ranges; a range holds only UIDs that were given. 0, which is no UID, is left out.
pub(crate) fn sets(uids: &[MessageUid]) -> Vec<String> {
    let mut ascending: Vec<MessageUid> = uids.iter().copied().filter(|&uid| uid != 0).collect();
    ascending.sort_unstable();
    ascending.dedup();
    let mut sets: Vec<String> = Vec::new();
    for run in ascending.chunk_by(|&before, &after| before + 1 == after) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        match sets.last_mut() {
            Some(set) if set.len() < LONGEST_SET => set.push(','),
            _ => sets.push(String::new()),
        }
        if let Some(set) = sets.last_mut() {
            // Writing to a String cannot fail.
            let _ = if first == last {
                write!(set, "{first}")
            } else {
                write!(set, "{first}:{last}")
            };
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expanded(set: &str) -> Vec<MessageUid> {
        set.split(',')
            .flat_map(|part| {
                let (first, last) = part.split_once(':').unwrap_or((part, part));
                first.parse::<u32>().unwrap()..=last.parse::<u32>().unwrap()
            })
            .collect()
    }

    #[test]
    fn neighbours_become_ranges() {
        assert_eq!(sets(&[3, 1, 2, 7, 9, 10, 0, 2]), ["1:3,7,9:10"]);
        assert_eq!(sets(&[u32::MAX, u32::MAX - 1]), ["4294967294:4294967295"]);
        assert!(sets(&[]).is_empty());
        assert!(sets(&[0]).is_empty());
    }

    #[test]
    fn many_odd_uids_are_split() {
        let uids: Vec<u32> = (1_000_000..1_020_000).step_by(2).collect();
        let sets = sets(&uids);
        assert!(sets.len() > 10);
        assert!(sets.iter().all(|set| set.len() < LONGEST_SET + 22));
        assert_eq!(
            sets.iter()
                .flat_map(|set| expanded(set))
                .collect::<Vec<_>>(),
            uids
        );
    }

    proptest! {
        #[test]
        fn a_set_holds_what_was_given_and_nothing_else(
            uids in prop::collection::btree_set(1_u32..300, 0..200)
        ) {
            let given: Vec<u32> = uids.into_iter().collect();
            let back: Vec<u32> = sets(&given).iter().flat_map(|set| expanded(set)).collect();
            prop_assert_eq!(back, given);
        }
    }
}
