//! What a server says of many folders, asked for at once.
//!
//! With LIST-STATUS (RFC 5819) one command asks for all, else there is a STATUS for each, sent without
//! waiting for the answers before. A folder of which nothing is said is one of which nothing is known.

use std::collections::{HashMap, HashSet};

use super::command::Tags;
use super::folder_mark::FolderMark;
use super::names;
use super::news::in_news;
use super::response::{Response, Untagged};
use super::status::Kind;
use super::{Incoming as _, Machine, Reader, Step};
use crate::MailError;

/// So many commands are on their way at most: their answers have to fit into the sockets' buffers.
const AT_ONCE: usize = 32;
/// Commands stay well below the 8,000 octets that servers must take.
const LONGEST_LIST: usize = 4_000;

/// By name as it stands on the wire.
pub(super) type Marks = HashMap<Vec<u8>, FolderMark>;

/// Some commands, and what came of them.
#[derive(Debug)]
pub(super) struct AskStatuses {
    /// Those to be sent, the last one first.
    to_send: Vec<(String, Vec<u8>)>,
    under_way: HashSet<String>,
    asked: HashSet<Vec<u8>>,
    said: Answered,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) marks: Marks,
    /// A command was refused.
    pub(super) refused: bool,
}

/// How it is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// By LIST (RFC 5819).
    pub(super) by_list: bool,
    /// For HIGHESTMODSEQ too (RFC 7162).
    pub(super) modseq: bool,
}

impl AskStatuses {
    /// Asks for these folders, named in UTF-8.
    pub(super) fn new(tags: &mut Tags, folders: &[String], how: How) -> Self {
        let modseq = if how.modseq { " HIGHESTMODSEQ" } else { "" };
        let items = format!("(UIDVALIDITY UIDNEXT MESSAGES{modseq})");
        let quoted: Vec<String> = folders.iter().map(|name| names::quoted(name)).collect();
        // In LIST a name is a pattern.
        let by_list = how.by_list && !quoted.iter().any(|name| name.contains(['*', '%']));
        let texts: Vec<String> = if by_list {
            lists(&quoted)
                .into_iter()
                .map(|names| format!("LIST \"\" ({names}) RETURN (STATUS {items})"))
                .collect()
        } else {
            let each = quoted.iter();
            each.map(|name| format!("STATUS {name} {items}")).collect()
        };
        let mut to_send: Vec<(String, Vec<u8>)> = texts
            .into_iter()
            .map(|text| {
                let tag = tags.next();
                let line = format!("{tag} {text}\r\n").into_bytes();
                (tag, line)
            })
            .collect();
        to_send.reverse();
        Self {
            to_send,
            under_way: HashSet::new(),
            asked: folders.iter().map(|name| on_the_wire(name)).collect(),
            said: Answered::default(),
        }
    }

    /// The next commands, where enough of those before have been answered.
    fn more(&mut self) -> Option<Vec<u8>> {
        if self.under_way.len() > AT_ONCE / 2 || self.to_send.is_empty() {
            return None;
        }
        let mut lines = Vec::new();
        while self.under_way.len() < AT_ONCE
            && let Some((tag, line)) = self.to_send.pop()
        {
            lines.extend_from_slice(&line);
            self.under_way.insert(tag);
        }
        Some(lines)
    }
}

impl Machine for AskStatuses {
    type Reader = Reader;
    type Done = Answered;

    fn step(&mut self, reader: &mut Reader) -> Result<Step<Answered>, MailError> {
        loop {
            if let Some(lines) = self.more() {
                return Ok(Step::Output(lines));
            }
            if self.under_way.is_empty() {
                return Ok(Step::Done(std::mem::take(&mut self.said)));
            }
            let Some(response) = reader.next()? else {
                return Ok(Step::NeedInput);
            };
            match response {
                Response::Tagged(tag, status) if self.under_way.remove(&tag) => {
                    self.said.refused |= status.kind != Kind::Ok;
                }
                Response::Untagged(Untagged::FolderStatus(name, mark)) => {
                    // News of others may come in between.
                    if self.asked.contains(&name) {
                        self.said.marks.insert(name, mark);
                    }
                }
                Response::Untagged(_) | Response::BodyStart(..) | Response::BodyChunk(_) => {}
                Response::Continue(_) | Response::Tagged(..) => {
                    return Err(reader
                        .peer()
                        .protocol("it answers something else than was asked"));
                }
            }
        }
    }
}

/// A folder's name as answers have it.
pub(super) fn on_the_wire(name: &str) -> Vec<u8> {
    names::encode(in_news(name)).into_bytes()
}

/// Names, put together into as few lists as commands may be long.
pub(super) fn lists(quoted: &[String]) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for name in quoted {
        match lists.last_mut() {
            Some(list) if list.len() + name.len() < LONGEST_LIST => {
                list.push(' ');
                list.push_str(name);
            }
            _ => lists.push(name.clone()),
        }
    }
    lists
}
