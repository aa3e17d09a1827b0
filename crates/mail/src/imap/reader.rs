//! Responses out of bytes: lines and literals put together within bounds, messages passed through.

use bytes::{Bytes, BytesMut};

use super::fetch_items::{self, Item};
use super::news::News;
use super::response::{self, Response, Untagged};
use super::status::Kind;
use crate::MailError;
use crate::input::{Input, TooLong};
use crate::machine::Incoming;
use crate::verdict::Peer;

/// A SEARCH response longer than this is handed out in parts: it has one line for all UIDs of a
/// folder, which no limit of a line can be right for.
const SEARCH_PART: usize = 32 * 1024;

/// More literals than this in one response are no answer to anything that is asked here.
const MOST_LITERALS: u32 = 100;

/// Reads one server's responses, whatever sizes the bytes arrive in.
#[derive(Debug)]
pub(crate) struct Reader {
    peer: Peer,
    input: Input,
    longest: usize,
    /// The beginning of a response whose first literal has been announced.
    begun: BytesMut,
    /// How many literals that response has had.
    literals: u32,
    at: At,
    counts: Counts,
    /// What it tells of folders that are not selected, once it was asked to.
    news: Option<News>,
}

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Line,
    /// So many bytes of a literal that belongs to the response itself.
    Literal(u64),
    /// So many bytes of a message, which passes through.
    Body(u64),
    /// The rest of a SEARCH response's line; `over` behind the numbers, in what extensions add.
    Search {
        over: bool,
    },
}

/// What the server said of the selected folder, over all commands: mail that is announced while
/// another command runs is not announced again in IDLE.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    exists: u32,
    recent: u32,
    changed: bool,
}

impl Reader {
    /// Whether all that came has been read: nothing may be left when TLS begins.
    pub(crate) fn is_empty(&self) -> bool {
        self.input.is_empty() && self.begun.is_empty()
    }

    /// Gives memory back before a long wait.
    pub(crate) fn relax(&mut self) {
        self.input.relax();
    }

    /// Whether new mail was announced, or messages went, since this was last
    /// [forgotten](Self::forget_changes).
    pub(crate) fn changed(&self) -> bool {
        self.counts.changed
    }

    /// What is announced from here on counts as a change.
    pub(crate) fn forget_changes(&mut self) {
        self.counts.changed = false;
    }

    /// What is told of other folders is kept from here on, or no more.
    pub(crate) fn keep_news(&mut self, keep: bool) {
        self.news = keep.then(News::default);
    }

    /// What was told of other folders since.
    pub(crate) fn news(&mut self) -> Option<&mut News> {
        self.news.as_mut()
    }

    /// Whether there is anything to look for.
    pub(crate) fn has_news(&self) -> bool {
        self.changed() || self.news.as_ref().is_some_and(|news| !news.is_none())
    }

    /// The next response; `None` until more has been read. `BYE` is an error wherever it comes.
    pub(crate) fn next(&mut self) -> Result<Option<Response>, MailError> {
        loop {
            match self.at {
                At::Line => {
                    let part = SEARCH_PART.min(self.longest);
                    if let Some(part) = self.input.words(b"* SEARCH ", part) {
                        let numbers = part.get(b"* SEARCH ".len()..).unwrap_or_default();
                        return self.search(numbers, false).map(Some);
                    }
                    let Some(line) = self.line()? else {
                        return Ok(None);
                    };
                    if let Some(response) = self.take_line(line)? {
                        return Ok(Some(response));
                    }
                }
                At::Search { over } => {
                    let part = SEARCH_PART.min(self.longest);
                    if let Some(part) = self.input.words(b"", part) {
                        return self.search(&part, over).map(Some);
                    }
                    let Some(line) = self.line()? else {
                        return Ok(None);
                    };
                    let response = self.search(&line, over)?;
                    self.at = At::Line;
                    return Ok(Some(response));
                }
                At::Literal(0) | At::Body(0) => self.at = At::Line,
                At::Literal(left) => {
                    let Some(bytes) = self.input.up_to(left) else {
                        return Ok(None);
                    };
                    self.begun.extend_from_slice(&bytes);
                    self.at = At::Literal(left - bytes.len() as u64);
                }
                At::Body(left) => {
                    let Some(bytes) = self.input.up_to(left) else {
                        return Ok(None);
                    };
                    self.at = At::Body(left - bytes.len() as u64);
                    return Ok(Some(Response::BodyChunk(bytes)));
                }
            }
        }
    }

    fn line(&mut self) -> Result<Option<Bytes>, MailError> {
        self.input
            .line()
            .map_err(|TooLong| self.peer.protocol("it sent a line that is too long"))
    }

    /// A part of a SEARCH response, of which more follows.
    fn search(&mut self, part: &[u8], over: bool) -> Result<Response, MailError> {
        let numbers = if over { b"" } else { part };
        let uids = response::numbers(numbers).map_err(|_| self.malformed())?;
        let over = over || part.contains(&b'(');
        self.at = At::Search { over };
        Ok(Response::Untagged(Untagged::Search(uids)))
    }

    fn malformed(&self) -> MailError {
        self.peer.protocol("it sent something that is not IMAP")
    }

    /// One line more: `None` when the response goes on behind it with a literal.
    fn take_line(&mut self, line: Bytes) -> Result<Option<Response>, MailError> {
        let announced = if self.begun.is_empty() && response::data_of(&line).is_none() {
            None
        } else {
            fetch_items::announced(&line)
        };
        let whole = if self.begun.is_empty() {
            line
        } else {
            self.begun.extend_from_slice(&line);
            if self.begun.len() > self.longest {
                return Err(self.peer.protocol("it sent a response that is too long"));
            }
            self.begun.split().freeze()
        };
        let Some(size) = announced else {
            self.literals = 0;
            return self.whole(&whole).map(Some);
        };
        let size = size.map_err(|_| self.malformed())?;
        self.literals += 1;
        if self.literals > MOST_LITERALS {
            return Err(self.peer.protocol("it sent a response of too many parts"));
        }
        self.begin_literal(&whole, size)
    }

    /// A message passes through, and leaves an empty literal in the response it is a part of. One
    /// whose UID is not known yet, because the server puts it last, is kept where it is small.
    fn begin_literal(&mut self, text: &Bytes, size: u64) -> Result<Option<Response>, MailError> {
        let items = response::fetch_of(text)
            .map(fetch_items::read)
            .transpose()
            .map_err(|_| self.malformed())?;
        let fits =
            usize::try_from(size).is_ok_and(|size| size.saturating_add(text.len()) <= self.longest);
        if let Some(items) = items
            && items.ends_at_literal_of == Some(Item::Body)
            && (items.uid.is_some() || !fits)
        {
            let announcement = text.iter().rposition(|&byte| byte == b'{').unwrap_or(0);
            self.begun
                .extend_from_slice(text.get(..announcement).unwrap_or_default());
            self.begun.extend_from_slice(b"{0}\r\n");
            self.at = At::Body(size);
            return Ok(Some(Response::BodyStart(items.uid, size)));
        }
        if !fits {
            return Err(self.peer.protocol("it sent a response that is too long"));
        }
        self.begun.extend_from_slice(text);
        self.begun.extend_from_slice(b"\r\n");
        self.at = At::Literal(size);
        Ok(None)
    }

    fn whole(&mut self, text: &Bytes) -> Result<Response, MailError> {
        let response = response::read(text).map_err(|_| self.malformed())?;
        match &response {
            Response::Untagged(Untagged::Status(status)) if status.kind == Kind::Bye => {
                return Err(self.peer.bye(status));
            }
            Response::Untagged(untagged) => {
                self.counts.take(untagged);
                if let Some(news) = &mut self.news {
                    news.take_in(untagged);
                }
            }
            _ => {}
        }
        Ok(response)
    }
}

impl Incoming for Reader {
    fn new(peer: Peer, longest: usize) -> Self {
        Self {
            peer,
            input: Input::new(longest),
            longest,
            begun: BytesMut::new(),
            literals: 0,
            at: At::Line,
            counts: Counts::default(),
            news: None,
        }
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn room(&mut self) -> &mut BytesMut {
        self.input.room()
    }

    fn into_unread(self) -> Bytes {
        self.input.into_unread()
    }
}

impl Counts {
    fn take(&mut self, untagged: &Untagged) {
        match *untagged {
            Untagged::Exists(count) => {
                self.changed |= count != self.exists;
                self.exists = count;
            }
            Untagged::Recent(count) => {
                self.changed |= count > self.recent;
                self.recent = count;
            }
            Untagged::Expunge => {
                self.changed = true;
                self.exists = self.exists.saturating_sub(1);
            }
            _ => {}
        }
    }
}
