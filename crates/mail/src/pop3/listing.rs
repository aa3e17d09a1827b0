//! What is in the mailbox: UIDL, which gives each message a name that stays, and LIST, which gives its
//! size (RFC 1939, sections 5 and 7).

use std::collections::{BTreeMap, HashMap};

use super::reply::{Reply, refusal};
use crate::MailError;
use crate::lines::Lines;
use crate::machine::{Incoming as _, Machine, Step};
use crate::opening::ANOTHER_ANSWER;

/// A list of more is believed of no server.
const MOST_MESSAGES: usize = 1_000_000;
/// The longest unique-id (RFC 1939, section 7).
const LONGEST_ID: usize = 70;

/// A message in the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pop3Message {
    /// Its number, which only this session knows it by.
    pub number: u32,
    /// Its unique-id: 1 to 70 characters from `!` to `~`, the same in every session.
    pub unique_id: String,
    /// How many messages with a lower number have the same unique-id: 0 as it should be. RFC 1939,
    /// section 7, lets a server derive unique-ids from the content, so that copies share one. Where a
    /// copy is deleted those behind it count one less in the next session.
    pub same_id_before: u32,
    /// How many bytes LIST gives it. Some servers only estimate.
    pub size: u64,
}

/// Lists the mailbox, ascending by number.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The server said beforehand that it has UIDL.
    offers_uidl: bool,
    at: At,
    /// The unique-ids that UIDL gave, until LIST gives a size to each.
    ids: BTreeMap<u32, String>,
    messages: Vec<Pop3Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    /// The first line of the answer.
    Answer(Asked),
    /// The lines behind it.
    Lines(Asked),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Uidl,
    List,
}

impl Listing {
    pub(crate) fn new(offers_uidl: bool) -> Self {
        Self {
            offers_uidl,
            at: At::Begin,
            ids: BTreeMap::new(),
            messages: Vec::new(),
        }
    }

    fn ask(&mut self, asked: Asked) -> Vec<u8> {
        self.at = At::Answer(asked);
        format!("{}\r\n", asked.name()).into_bytes()
    }

    fn refused(&self, reader: &Lines, asked: Asked, said: String) -> MailError {
        let refusal = refusal(said);
        if asked == Asked::Uidl && !self.offers_uidl && !refusal.passes {
            let why = "UIDL, without which new mail cannot be told from old";
            return reader.peer().missing(why);
        }
        reader.peer().refused(asked.name(), refusal)
    }

    /// One line of a list; what is wrong with it, in words, is an error.
    fn take(&mut self, asked: Asked, line: &[u8]) -> Result<(), String> {
        let (number, rest) = numbered(line).ok_or_else(|| {
            let asked = asked.name();
            format!("its answer to {asked} has a line without the number of a message")
        })?;
        match asked {
            Asked::Uidl => {
                if self.ids.len() >= MOST_MESSAGES {
                    return Err(format!("it lists more than {MOST_MESSAGES} messages"));
                }
                let id = unique_id(rest).ok_or_else(|| {
                    format!(
                        "it gives message {number} a unique-id that is not 1 to {LONGEST_ID} \
                         characters from ! to ~"
                    )
                })?;
                if self.ids.insert(number, id.to_owned()).is_some() {
                    return Err(format!("it gives message {number} two unique-ids"));
                }
            }
            Asked::List => {
                let unique_id = self.ids.remove(&number).ok_or_else(|| {
                    format!("it gives a size to message {number}, which has no unique-id")
                })?;
                let size = size(rest)
                    .ok_or_else(|| format!("it gives message {number} a size that is no number"))?;
                self.messages.push(Pop3Message {
                    number,
                    unique_id,
                    same_id_before: 0,
                    size,
                });
            }
        }
        Ok(())
    }

    /// All that was listed.
    fn whole(&mut self) -> Result<Vec<Pop3Message>, String> {
        if let Some(number) = self.ids.keys().next() {
            return Err(format!("it gives message {number} no size"));
        }
        let mut messages = std::mem::take(&mut self.messages);
        messages.sort_unstable_by_key(|message| message.number);
        let mut seen: HashMap<&str, u32> = HashMap::with_capacity(messages.len());
        for message in &mut messages {
            let before = seen.entry(&message.unique_id).or_default();
            message.same_id_before = *before;
            *before += 1;
        }
        Ok(messages)
    }
}

impl Machine for Listing {
    type Reader = Lines;
    type Done = Vec<Pop3Message>;

    fn step(&mut self, reader: &mut Lines) -> Result<Step<Vec<Pop3Message>>, MailError> {
        loop {
            match self.at {
                At::Begin => return Ok(Step::Output(self.ask(Asked::Uidl))),
                At::Answer(asked) => match Reply::next(reader)? {
                    None => return Ok(Step::NeedInput),
                    Some(Reply::Ok(_)) => self.at = At::Lines(asked),
                    Some(Reply::Err(said)) => return Err(self.refused(reader, asked, said)),
                    Some(Reply::Continue(_)) => {
                        return Err(reader.peer().protocol(ANOTHER_ANSWER));
                    }
                },
                At::Lines(asked) => {
                    let Some(line) = reader.next()? else {
                        return Ok(Step::NeedInput);
                    };
                    let wrong = |why| reader.peer().protocol(why);
                    if line.as_ref() != b"." {
                        self.take(asked, &line).map_err(wrong)?;
                    } else if asked == Asked::Uidl {
                        return Ok(Step::Output(self.ask(Asked::List)));
                    } else {
                        return self.whole().map(Step::Done).map_err(wrong);
                    }
                }
            }
        }
    }
}

impl Asked {
    fn name(self) -> &'static str {
        match self {
            Self::Uidl => "UIDL",
            Self::List => "LIST",
        }
    }
}

/// The number of a message, and what stands behind it.
fn numbered(line: &[u8]) -> Option<(u32, &str)> {
    let (number, rest) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let number = u32::try_from(digits(number)?).ok()?;
    (number > 0).then_some((number, rest))
}

fn unique_id(text: &str) -> Option<&str> {
    let fits = (1..=LONGEST_ID).contains(&text.len());
    let printable = text.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
    (fits && printable).then_some(text)
}

/// A size; what follows behind a space is the server's own affair (RFC 1939, section 5).
fn size(text: &str) -> Option<u64> {
    digits(text.split(' ').next()?)
}

fn digits(text: &str) -> Option<u64> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}
