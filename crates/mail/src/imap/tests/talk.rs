//! A mock peer: bytes in, actions out.

use crate::MailError;
use crate::imap::{Machine, Reader, Step};
use crate::verdict::Peer;

/// A dialogue with one machine. Each method is one turn, and fails the test when the machine wants
/// something else.
pub(super) struct Talk<M> {
    machine: M,
    reader: Reader,
}

/// The longest line and response in these dialogues, in bytes.
pub(super) const LONGEST: usize = 1000;

/// A reader that nothing has come for.
pub(super) fn reader() -> Reader {
    Reader::new(Peer::new("imap.example.com:993"), LONGEST)
}

impl<M: Machine> Talk<M> {
    pub(super) fn with(machine: M) -> Self {
        Self {
            machine,
            reader: reader(),
        }
    }

    /// The server sends this, all at once.
    pub(super) fn server(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.reader.room().extend_from_slice(bytes.as_ref());
        self
    }

    /// The client sends exactly this.
    pub(super) fn client(&mut self, expected: &str) -> &mut Self {
        match self.step() {
            Ok(Step::Output(bytes)) => assert_eq!(String::from_utf8_lossy(&bytes), expected),
            other => panic!("{expected:?} was to be sent, not {}", shown(&other)),
        }
        self
    }

    /// The client wants TLS.
    pub(super) fn tls(&mut self) -> &mut Self {
        match self.step() {
            Ok(Step::UpgradeTls) => self,
            other => panic!("TLS was to begin, not {}", shown(&other)),
        }
    }

    /// The client waits for more.
    pub(super) fn waits(&mut self) -> &mut Self {
        match self.step() {
            Ok(Step::NeedInput) => self,
            other => panic!("more was to be waited for, not {}", shown(&other)),
        }
    }

    /// The conversation ends well.
    pub(super) fn done(&mut self) -> M::Done {
        match self.step() {
            Ok(Step::Done(done)) => done,
            other => panic!("it was to be done, not {}", shown(&other)),
        }
    }

    /// The conversation ends with an error.
    pub(super) fn fails(&mut self) -> MailError {
        match self.step() {
            Err(error) => error,
            Ok(step) => panic!("it was to fail, not {step:?}"),
        }
    }

    pub(super) fn step(&mut self) -> Result<Step<M::Done>, MailError> {
        self.machine.step(&mut self.reader)
    }

    pub(super) fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

fn shown<T>(step: &Result<Step<T>, MailError>) -> String {
    match step {
        Ok(Step::Output(bytes)) => format!("sending {:?}", String::from_utf8_lossy(bytes)),
        other => format!("{other:?}"),
    }
}
