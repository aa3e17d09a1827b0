//! Sets of sequence numbers or UIDs: `1:3,7,9:*` (RFC 3501, section 9, `sequence-set`).

use super::scanner::Malformed;

/// A set as the client wrote it; `None` stands for `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SequenceSet(Vec<(Option<u32>, Option<u32>)>);

impl SequenceSet {
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        let number = |text: &str| match text {
            "*" => Ok(None),
            _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err(Malformed("Invalid set")),
            _ => match text.parse() {
                Ok(0) | Err(_) => Err(Malformed("Invalid number in set")),
                Ok(number) => Ok(Some(number)),
            },
        };
        text.split(',')
            .map(|range| match range.split_once(':') {
                Some((first, last)) => Ok((number(first)?, number(last)?)),
                None => number(range).map(|only| (only, only)),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The numbers that are meant where the greatest is `greatest`.
    pub(super) fn resolve(&self, greatest: u32) -> Ranges {
        let mut ranges: Vec<(u32, u32)> = self
            .0
            .iter()
            .map(|&(one, other)| (one.unwrap_or(greatest), other.unwrap_or(greatest)))
            .map(|(one, other)| (one.min(other), one.max(other)))
            .collect();
        ranges.sort_unstable();
        ranges.dedup_by(|next, previous| {
            let touching = next.0 <= previous.1.saturating_add(1);
            if touching {
                previous.1 = previous.1.max(next.1);
            }
            touching
        });
        Ranges(ranges)
    }
}

/// Ascending ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    pub(super) fn contains(&self, number: u32) -> bool {
        let after = self.0.partition_point(|&(first, _)| first <= number);
        after > 0 && number <= self.0[after - 1].1
    }

    pub(super) fn greatest(&self) -> Option<u32> {
        self.0.last().map(|&(_, last)| last)
    }
}

/// UIDs as a set, for COPYUID: `4:6,9`.
pub(super) fn compact(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == uid => *last = uid,
            _ => ranges.push((uid, uid)),
        }
    }
    let ranges: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}:{last}")
            }
        })
        .collect();
    ranges.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_what_it_says_in_whatever_order() {
        let ranges = SequenceSet::parse("9,5:3,4,12:*").unwrap().resolve(10);
        let numbers: Vec<u32> = (0..20).filter(|&number| ranges.contains(number)).collect();
        assert_eq!(numbers, [3, 4, 5, 9, 10, 11, 12]);
        assert_eq!(ranges.greatest(), Some(12));
    }

    #[test]
    fn what_is_no_set_is_malformed() {
        for text in ["", "0", "1,", "1:", "a", "1:2:3", "-1", "+1", "4294967296"] {
            assert!(SequenceSet::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn neighbours_become_a_range() {
        assert_eq!(compact(&[4, 5, 6, 9]), "4:6,9");
        assert_eq!(compact(&[]), "");
    }
}
