//! From MAIL to the server's word that it waits for the message (RFC 5321, section 3.3).

use std::fmt::Write as _;

use super::Envelope;
use super::verdict::{Delivered, ends_session};
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::ANOTHER_ANSWER;
use crate::smtp::{Replies, Reply};
use crate::{MailError, Offers};

/// Asks the server to take a message, without a byte of it: MAIL, RCPT for each recipient, and DATA
/// where it takes one of them.
pub(crate) struct Asking<'a> {
    envelope: &'a Envelope,
    mail: String,
    verdicts: Vec<Option<Delivered>>,
    /// Whether a message follows.
    in_earnest: bool,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Begin,
    Mail,
    /// Of the recipient with this index.
    Rcpt(usize),
    Data,
}

/// What the server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// For each recipient its refusal; `None` for those that the message is awaited for.
    pub(crate) verdicts: Vec<Option<Delivered>>,
    pub(crate) then: Then,
}

/// What has to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The message.
    Message,
    /// RSET: nobody gets the message, and what was said of it has to be forgotten.
    Reset,
    /// Nothing: the server has left.
    Ended,
}

impl<'a> Asking<'a> {
    /// For a message of `size` bytes.
    pub(crate) fn new(envelope: &'a Envelope, size: u64, offers: &Offers) -> Self {
        Self {
            envelope,
            mail: mail(envelope, size, offers),
            verdicts: vec![None; envelope.recipients().len()],
            in_earnest: true,
            at: At::Begin,
        }
    }

    /// For no message at all: whether these recipients are known.
    pub(crate) fn to_know(envelope: &'a Envelope, offers: &Offers) -> Self {
        Self {
            in_earnest: false,
            ..Self::new(envelope, 0, offers)
        }
    }

    /// RCPT for the recipient with this index; behind the last one DATA, where somebody is left.
    fn next_recipient(&mut self, index: usize) -> Step<Asked> {
        if let Some(recipient) = self.envelope.recipients().get(index) {
            self.at = At::Rcpt(index);
            return Step::Output(format!("RCPT TO:<{recipient}>\r\n").into_bytes());
        }
        if !self.in_earnest || self.verdicts.iter().all(Option::is_some) {
            return self.done(Then::Reset);
        }
        self.at = At::Data;
        Step::Output(b"DATA\r\n".to_vec())
    }

    /// This for all who have no verdict yet.
    fn refuse_all(&mut self, verdict: &Delivered, then: Then) -> Step<Asked> {
        for open in self.verdicts.iter_mut().filter(|open| open.is_none()) {
            *open = Some(verdict.clone());
        }
        self.done(then)
    }

    fn done(&mut self, then: Then) -> Step<Asked> {
        Step::Done(Asked {
            verdicts: std::mem::take(&mut self.verdicts),
            then,
        })
    }

    fn answered(&mut self, reader: &Replies, reply: &Reply) -> Result<Step<Asked>, MailError> {
        if matches!(self.at, At::Data) && reply.code == 354 {
            unasked_is_refused(reader)?;
            return Ok(self.done(Then::Message));
        }
        let verdict = Delivered::of(reply, reader.peer())?;
        if ends_session(reply) {
            return Ok(self.refuse_all(&verdict, Then::Ended));
        }
        unasked_is_refused(reader)?;
        let taken = matches!(verdict, Delivered::Taken(_));
        Ok(match self.at {
            At::Mail if taken => self.next_recipient(0),
            At::Rcpt(index) => {
                if !taken && let Some(open) = self.verdicts.get_mut(index) {
                    *open = Some(verdict);
                }
                self.next_recipient(index + 1)
            }
            At::Mail | At::Data if !taken => self.refuse_all(&verdict, Then::Reset),
            _ => return Err(reader.peer().protocol(ANOTHER_ANSWER)),
        })
    }
}

impl Machine for Asking<'_> {
    type Reader = Replies;
    type Done = Asked;

    fn step(&mut self, reader: &mut Replies) -> Result<Step<Asked>, MailError> {
        if matches!(self.at, At::Begin) {
            unasked_is_refused(reader)?;
            self.at = At::Mail;
            return Ok(Step::Output(std::mem::take(&mut self.mail).into_bytes()));
        }
        match reader.next()? {
            None => Ok(Step::NeedInput),
            Some(reply) => self.answered(reader, &reply),
        }
    }
}

/// A reply that is there before its question would be taken for the answer to the next one, and a
/// message for taken that is not.
fn unasked_is_refused(reader: &Replies) -> Result<(), MailError> {
    if reader.is_empty() {
        return Ok(());
    }
    Err(reader.peer().protocol("it answers before it is asked"))
}

/// The MAIL command with what the server is glad to know beforehand: the size (RFC 1870), and that
/// there may be bytes beyond ASCII (RFC 6152). A message that is read only once, on its way out, is
/// not looked through for such bytes before; one that has none is a good 8BITMIME message too.
fn mail(envelope: &Envelope, size: u64, offers: &Offers) -> String {
    let mut line = format!("MAIL FROM:<{}>", envelope.sender());
    if offers.has("SIZE") {
        // Writing to a string does not fail.
        let _ = write!(line, " SIZE={size}");
    }
    if offers.has("8BITMIME") {
        line.push_str(" BODY=8BITMIME");
    }
    if envelope.needs_utf8() && offers.has("SMTPUTF8") {
        line.push_str(" SMTPUTF8");
    }
    line.push_str("\r\n");
    line
}
