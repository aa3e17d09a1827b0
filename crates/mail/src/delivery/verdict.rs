//! What became of a message for one recipient, as the server's reply says it.

use crate::MailError;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::ANOTHER_ANSWER;
use crate::smtp::{Replies, Reply};
use crate::verdict::Peer;

/// What became of a message for one recipient: the server's reply with its code, in one line that is
/// fit to be shown and not long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// The server has it and answers for it from now on (2yz).
    Taken(String),
    /// Not now; the same may go well another time (4yz).
    Later(String),
    /// Never as it is (5yz).
    Never(String),
}

impl Delivered {
    /// What a reply says; one that is neither yes nor no is not of the protocol here.
    pub(crate) fn of(reply: &Reply, peer: &Peer) -> Result<Self, MailError> {
        match reply.code {
            200..300 => Ok(Self::Taken(reply.said())),
            400..500 => Ok(Self::Later(reply.said())),
            500..600 => Ok(Self::Never(reply.said())),
            _ => Err(peer.protocol(ANOTHER_ANSWER)),
        }
    }
}

/// "Service not available, closing transmission channel": may come in place of any reply (RFC 5321,
/// section 3.8).
pub(crate) fn ends_session(reply: &Reply) -> bool {
    reply.code == 421
}

/// One verdict behind the end of a message.
pub(crate) struct AwaitVerdict;

/// It, and whether the server leaves with it.
pub(crate) struct Verdict {
    pub(crate) delivered: Delivered,
    pub(crate) ends_session: bool,
}

impl Machine for AwaitVerdict {
    type Reader = Replies;
    type Done = Verdict;

    fn step(&mut self, reader: &mut Replies) -> Result<Step<Verdict>, MailError> {
        let Some(reply) = reader.next()? else {
            return Ok(Step::NeedInput);
        };
        Ok(Step::Done(Verdict {
            delivered: Delivered::of(&reply, reader.peer())?,
            ends_session: ends_session(&reply),
        }))
    }
}
