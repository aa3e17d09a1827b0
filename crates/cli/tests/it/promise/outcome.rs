//! What was sent against what arrived.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a message is recognised by: its size and a hash of its bytes.
pub(super) type Print = (usize, u64);

/// The print of a message.
pub(super) fn print_of(message: &[u8]) -> Print {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    (message.len(), hasher.finish())
}

/// A message as a sink got it.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    /// The key that it came under, where the sink sees it.
    pub(super) key: Option<String>,
    /// What came.
    pub(super) print: Print,
}

/// The numbers of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What it was, and how to repeat it.
    pub(super) title: String,
    /// How many processes were started.
    pub(super) runs: u64,
    /// How often one was killed, or its network did harm.
    pub(super) blows: u64,
    /// How many messages were sent.
    pub(super) messages: usize,
    /// How many of them did not arrive.
    pub(super) lost: usize,
    /// How many arrived once more than they were sent.
    pub(super) doubled: u64,
    /// How many arrived that nobody had sent: halves, for instance.
    pub(super) strange: usize,
    /// How many keys were used beyond one for each message.
    pub(super) second_names: usize,
}

impl Outcome {
    /// Compares. Some messages are identical: each is expected as often as it was sent.
    pub(super) fn of(
        title: String,
        (runs, blows): (u64, u64),
        sent: &[Print],
        arrived: &[Arrived],
    ) -> Self {
        let expected = counted(sent.iter().copied());
        let there = counted(arrived.iter().map(|arrived| arrived.print));
        let beyond = |these: &HashMap<Print, usize>, those: &HashMap<Print, usize>| -> usize {
            let more = |(print, count): (&Print, &usize)| {
                count.saturating_sub(those.get(print).copied().unwrap_or_default())
            };
            these.iter().map(more).sum()
        };
        let unknown = |print: &&Print| !expected.contains_key(print);
        let strange = arrived.iter().map(|it| &it.print).filter(unknown).count();
        let keys: BTreeSet<&String> = arrived.iter().filter_map(|it| it.key.as_ref()).collect();
        Self {
            title,
            runs,
            blows,
            messages: sent.len(),
            lost: beyond(&expected, &there),
            doubled: (beyond(&there, &expected) - strange) as u64,
            strange,
            second_names: keys.len().saturating_sub(sent.len()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            title,
            runs,
            blows,
            messages,
            lost,
            doubled,
            strange,
            second_names,
        } = self;
        write!(
            f,
            "{title}: {runs} runs, {blows} kills or harms, {messages} messages, {lost} lost, {doubled} \
             doubled, {strange} that nobody sent, {second_names} under a second key"
        )
    }
}

fn counted(prints: impl Iterator<Item = Print>) -> HashMap<Print, usize> {
    prints.fold(HashMap::new(), |mut all, print| {
        *all.entry(print).or_default() += 1;
        all
    })
}

#[test]
fn what_is_missing_too_much_or_foreign_is_counted() {
    let prints: Vec<Print> = [b"a", b"a", b"b", b"c"].map(|it| print_of(it)).to_vec();
    let arrived: Vec<Arrived> = [(b"a", "1"), (b"b", "2"), (b"b", "2"), (b"x", "3")]
        .map(|(message, key)| Arrived {
            key: Some(key.to_owned()),
            print: print_of(message),
        })
        .to_vec();
    let outcome = Outcome::of(String::new(), (0, 0), &prints, &arrived);
    assert_eq!((outcome.lost, outcome.doubled, outcome.strange), (2, 1, 1));
}
