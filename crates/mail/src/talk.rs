//! A mock peer: bytes in, actions out.

use crate::MailError;
use crate::machine::{Incoming, Machine, Step};
use crate::verdict::Peer;

/// A dialogue with one machine. Each method is one turn, and fails the test when the machine wants
/// something else.
pub(crate) struct Talk<M: Machine> {
    machine: M,
    reader: M::Reader,
}

/// The longest line and response in these dialogues, in bytes.
pub(crate) const LONGEST: usize = 1000;

/// A reader that nothing has come for.
pub(crate) fn reader<R: Incoming>() -> R {
    R::new(Peer::new("imap.example.com:993"), LONGEST)
}

impl<M: Machine> Talk<M> {
    pub(crate) fn with(machine: M) -> Self {
        Self {
            machine,
            reader: reader(),
        }
    }

    /// The server sends this, all at once.
    pub(crate) fn server(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.reader.room().extend_from_slice(bytes.as_ref());
        self
    }

    /// The client sends exactly this.
    pub(crate) fn client(&mut self, expected: &str) -> &mut Self {
        match self.step() {
            Ok(Step::Output(bytes)) => assert_eq!(String::from_utf8_lossy(&bytes), expected),
            other => panic!("{expected:?} was to be sent, not {}", shown(&other)),
        }
        self
    }

    /// The client sends something.
    pub(crate) fn sends(&mut self) -> String {
        match self.step() {
            Ok(Step::Output(bytes)) => String::from_utf8(bytes).unwrap(),
            other => panic!("something was to be sent, not {}", shown(&other)),
        }
    }

    /// The client wants TLS.
    pub(crate) fn tls(&mut self) -> &mut Self {
        match self.step() {
            Ok(Step::UpgradeTls) => self,
            other => panic!("TLS was to begin, not {}", shown(&other)),
        }
    }

    /// The client waits for more.
    pub(crate) fn waits(&mut self) -> &mut Self {
        match self.step() {
            Ok(Step::NeedInput) => self,
            other => panic!("more was to be waited for, not {}", shown(&other)),
        }
    }

    /// The conversation ends well.
    pub(crate) fn done(&mut self) -> M::Done {
        match self.step() {
            Ok(Step::Done(done)) => done,
            other => panic!("it was to be done, not {}", shown(&other)),
        }
    }

    /// The conversation ends with an error.
    pub(crate) fn fails(&mut self) -> MailError {
        match self.step() {
            Err(error) => error,
            Ok(step) => panic!("it was to fail, not {step:?}"),
        }
    }

    pub(crate) fn step(&mut self) -> Result<Step<M::Done>, MailError> {
        self.machine.step(&mut self.reader)
    }

    pub(crate) fn reader(&mut self) -> &mut M::Reader {
        &mut self.reader
    }
}

fn shown<T>(step: &Result<Step<T>, MailError>) -> String {
    match step {
        Ok(Step::Output(bytes)) => format!("sending {:?}", String::from_utf8_lossy(bytes)),
        other => format!("{other:?}"),
    }
}

/// Runs a machine against a server that says `turns`, one more after each thing that the machine
/// does, in pieces of these sizes (over and over). Gives all that the machine did.
pub(crate) fn run<M: Machine>(
    mut machine: M,
    turns: &[Vec<u8>],
    sizes: &[usize],
    mut shown: impl FnMut(M::Done) -> Shown,
) -> Vec<String> {
    let mut reader = reader::<M::Reader>();
    let mut sizes = sizes.iter().copied().cycle();
    let mut said: Vec<u8> = turns.first().cloned().unwrap_or_default();
    let mut turns = turns.iter().skip(1);
    let mut did = Vec::new();
    let mut begun = String::new();
    // However little comes at a time, no dialogue here takes as many steps.
    for _ in 0..20_000 {
        let done = match machine.step(&mut reader) {
            Ok(Step::NeedInput) if said.is_empty() => {
                did.push(begun);
                did.push("waits".to_owned());
                return did;
            }
            Ok(Step::NeedInput) => {
                let size = sizes.next().unwrap_or(1).min(said.len());
                let piece: Vec<u8> = said.drain(..size).collect();
                reader.room().extend_from_slice(&piece);
                continue;
            }
            Ok(Step::Done(done)) => shown(done),
            Ok(Step::Output(bytes)) => {
                said.extend(turns.next().into_iter().flatten());
                Shown::Whole(format!("sends {}", bytes.escape_ascii()))
            }
            Ok(Step::UpgradeTls) => Shown::Whole("begins TLS".to_owned()),
            Err(error) => Shown::Last(format!("fails: {error}")),
        };
        match done {
            Shown::Part(part) => begun.push_str(&part),
            Shown::Whole(whole) => {
                did.push(std::mem::take(&mut begun));
                did.push(whole);
            }
            Shown::Last(last) => {
                did.push(begun);
                did.push(last);
                return did;
            }
        }
    }
    panic!("it has no end: {did:?}");
}

/// What a machine did.
pub(crate) enum Shown {
    /// A part of something whose parts may be of any size.
    Part(String),
    Whole(String),
    /// Nothing comes behind it.
    Last(String),
}
