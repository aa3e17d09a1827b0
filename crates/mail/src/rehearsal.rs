//! Conversations with a server whose words are known beforehand, without a socket and without TLS:
//! what would this client have made of them? For a dialogue that somebody recorded, and for
//! fuzzing.

use secrecy::SecretString;

use crate::delivery::{Asked, Asking, AwaitVerdict};
use crate::imap::{AskAppend, FetchEvent, Fetching, Reader, Tags, Wanted, sets};
use crate::lines::Lines;
use crate::machine::{Incoming, Machine, Step};
use crate::pop3::{Listing, Retrieving};
use crate::verdict::Peer;
use crate::{
    Append, Appended, Capabilities, Delivered, Envelope, MailError, MailServer, MessageUid, Opened,
    Pop3Message, Pop3Opened, RetrieveEvent, Security, SmtpOpened, imap, pop3, smtp,
};

/// What a server says, all of it, whatever it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// So many of them arrive at a time; at least one does.
    pub piece: usize,
    /// The longest line that is borne with, as in [`Limits`](crate::Limits).
    pub longest: usize,
}

/// What a client did.
#[derive(Debug)]
pub struct Rehearsal<T> {
    /// What it sent before it asked for TLS (all, where it never did).
    pub before_tls: Vec<u8>,
    /// What it sent behind that.
    pub behind_tls: Vec<u8>,
    /// What came of it; `None` when the server's words end before the conversation does.
    pub outcome: Result<Option<T>, MailError>,
}

/// A message that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its UID.
    pub uid: MessageUid,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How many responses a server's words are.
pub fn responses(words: Words<'_>) -> Result<usize, MailError> {
    struct Count;
    impl Machine for Count {
        type Reader = Reader;
        type Done = ();
        fn step(&mut self, reader: &mut Reader) -> Result<Step<()>, MailError> {
            Ok(reader.next()?.map_or(Step::NeedInput, |_| Step::Done(())))
        }
    }
    let mut talk = Talk::new(words);
    let mut count = 0;
    while talk.run(&mut Count)?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Opens an IMAP session.
pub fn opening(
    server: &MailServer,
    user: &str,
    token: &SecretString,
    words: Words<'_>,
) -> Rehearsal<Opened> {
    let rehearsal = run(imap::Opening::new(server, user, token), words);
    let outcome = rehearsal.outcome;
    Rehearsal {
        outcome: outcome.map(|login| login.map(|login| login.opened)),
        before_tls: rehearsal.before_tls,
        behind_tls: rehearsal.behind_tls,
    }
}

/// Opens a POP3 session.
pub fn pop3_opening(
    server: &MailServer,
    user: &str,
    token: &SecretString,
    words: Words<'_>,
) -> Rehearsal<Pop3Opened> {
    run(pop3::Opening::new(server, user, token), words)
}

/// Opens an SMTP session.
pub fn smtp_opening(
    server: &MailServer,
    user: &str,
    token: &SecretString,
    words: Words<'_>,
) -> Rehearsal<SmtpOpened> {
    run(smtp::Opening::new(server, user, token), words)
}

/// Hands a message to an LMTP server without TLS, as far as the server's words go: the message itself
/// is not sent.
pub fn lmtp_delivery(envelope: &Envelope, words: Words<'_>) -> Rehearsal<Vec<Delivered>> {
    let mut talk = Talk::new(words);
    let outcome = talk.deliver(envelope);
    Rehearsal {
        outcome,
        before_tls: talk.before_tls,
        behind_tls: talk.behind_tls,
    }
}

fn run<M: Machine>(mut machine: M, words: Words<'_>) -> Rehearsal<M::Done> {
    let mut talk = Talk::new(words);
    let outcome = talk.run(&mut machine);
    Rehearsal {
        outcome,
        before_tls: talk.before_tls,
        behind_tls: talk.behind_tls,
    }
}

/// Fetches messages; gives those that came whole.
pub fn fetch(uids: &[MessageUid], words: Words<'_>) -> Rehearsal<Vec<Fetched>> {
    let mut talk = Talk::new(words);
    let outcome = talk.fetch(&mut Fetching::new(&mut Tags::default(), sets(uids)));
    Rehearsal {
        outcome,
        before_tls: talk.before_tls,
        behind_tls: talk.behind_tls,
    }
}

/// Appends a message to a folder of a server that can do this, as far as the server's words go: the
/// message itself is not sent.
pub fn append(append: &Append<'_>, can: Capabilities, words: Words<'_>) -> Rehearsal<Appended> {
    let mut talk = Talk::new(words);
    let outcome = talk.append(append, can);
    Rehearsal {
        outcome,
        before_tls: talk.before_tls,
        behind_tls: talk.behind_tls,
    }
}

/// A message that came whole over POP3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrieved {
    /// Its number.
    pub number: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Lists a mailbox over POP3.
pub fn pop3_list(words: Words<'_>) -> Rehearsal<Vec<Pop3Message>> {
    run(Listing::new(true), words)
}

/// Retrieves messages over POP3, several at once with `pipelining`; gives those that came whole.
pub fn pop3_retrieve(
    messages: &[Pop3Message],
    pipelining: bool,
    words: Words<'_>,
) -> Rehearsal<Vec<Retrieved>> {
    let mut talk = Talk::new(words);
    let outcome = talk.retrieve(&mut Retrieving::new(messages, pipelining));
    Rehearsal {
        outcome,
        before_tls: talk.before_tls,
        behind_tls: talk.behind_tls,
    }
}

struct Talk<'a, R> {
    words: Words<'a>,
    reader: R,
    secured: bool,
    before_tls: Vec<u8>,
    behind_tls: Vec<u8>,
}

impl<'a, R: Incoming> Talk<'a, R> {
    fn new(words: Words<'a>) -> Self {
        Self {
            words,
            reader: R::new(Peer::new("rehearsal"), words.longest),
            secured: false,
            before_tls: Vec::new(),
            behind_tls: Vec::new(),
        }
    }

    fn run<M: Machine<Reader = R>>(
        &mut self,
        machine: &mut M,
    ) -> Result<Option<M::Done>, MailError> {
        loop {
            match machine.step(&mut self.reader)? {
                Step::Done(done) => return Ok(Some(done)),
                Step::UpgradeTls => self.secured = true,
                Step::Output(bytes) if self.secured => self.behind_tls.extend(bytes),
                Step::Output(bytes) => self.before_tls.extend(bytes),
                Step::NeedInput if self.words.bytes.is_empty() => return Ok(None),
                Step::NeedInput => {
                    let size = self.words.piece.clamp(1, self.words.bytes.len());
                    let (piece, rest) = self.words.bytes.split_at(size);
                    self.reader.room().extend_from_slice(piece);
                    self.words.bytes = rest;
                }
            }
        }
    }
}

impl Talk<'_, Reader> {
    fn append(
        &mut self,
        append: &Append<'_>,
        can: Capabilities,
    ) -> Result<Option<Appended>, MailError> {
        let mut asking = AskAppend::new(&mut Tags::default(), append, can);
        match self.run(&mut asking)? {
            None => Ok(None),
            Some(Wanted::Nothing(appended)) => Ok(Some(appended)),
            Some(Wanted::Message) => self.run(&mut asking.then()),
        }
    }

    fn fetch(&mut self, machine: &mut Fetching) -> Result<Option<Vec<Fetched>>, MailError> {
        let mut whole = Vec::new();
        let mut coming = Fetched {
            uid: 0,
            bytes: Vec::new(),
        };
        while let Some(event) = self.run(machine)? {
            match event {
                None => return Ok(Some(whole)),
                Some(FetchEvent::Start { uid, .. }) => coming.uid = uid,
                Some(FetchEvent::Chunk(bytes)) => coming.bytes.extend_from_slice(&bytes),
                Some(FetchEvent::End) => {
                    let bytes = std::mem::take(&mut coming.bytes);
                    whole.push(Fetched { bytes, ..coming });
                }
            }
        }
        Ok(None)
    }
}

impl Talk<'_, Lines> {
    fn retrieve(&mut self, machine: &mut Retrieving) -> Result<Option<Vec<Retrieved>>, MailError> {
        let mut whole = Vec::new();
        let mut coming = Retrieved {
            number: 0,
            bytes: Vec::new(),
        };
        while let Some(event) = self.run(machine)? {
            match event {
                None => return Ok(Some(whole)),
                Some(RetrieveEvent::Start { number, .. }) => coming.number = number,
                Some(RetrieveEvent::Chunk(bytes)) => coming.bytes.extend_from_slice(&bytes),
                Some(RetrieveEvent::End) => {
                    let bytes = std::mem::take(&mut coming.bytes);
                    whole.push(Retrieved { bytes, ..coming });
                }
                Some(RetrieveEvent::Refused { .. }) => {}
            }
        }
        Ok(None)
    }
}

impl Talk<'_, smtp::Replies> {
    fn deliver(&mut self, envelope: &Envelope) -> Result<Option<Vec<Delivered>>, MailError> {
        let mut securing = smtp::Securing::for_delivery(smtp::Hail::Lhlo, Security::Plain);
        let Some(offers) = self.run(&mut securing)? else {
            return Ok(None);
        };
        let asked = self.run(&mut Asking::new(envelope, 1000, &offers))?;
        let Some(Asked { mut verdicts, .. }) = asked else {
            return Ok(None);
        };
        for open in verdicts.iter_mut().filter(|open| open.is_none()) {
            let Some(verdict) = self.run(&mut AwaitVerdict)? else {
                return Ok(None);
            };
            *open = Some(verdict.delivered);
        }
        Ok(Some(verdicts.into_iter().flatten().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> Words<'_> {
        Words {
            bytes,
            piece: 7,
            longest: 1000,
        }
    }

    #[test]
    fn a_recorded_login_is_gone_through() {
        let server = MailServer::new("imap.example.com", 143, Security::StartTls).unwrap();
        let token = SecretString::from("t0ken");
        let said = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\na1 OK begin\r\n\
            * CAPABILITY SASL-IR AUTH=XOAUTH2\r\na2 OK done\r\n\
            a3 OK [CAPABILITY IMAP4rev1 IDLE] in\r\na4 OK done\r\n";
        // One byte at a time, as from a server that waits for its turn before TLS.
        let pieces = Words {
            piece: 1,
            ..words(said)
        };
        let rehearsal = opening(&server, "u", &token, pieces);
        assert!(rehearsal.outcome.unwrap().unwrap().capabilities.idle);
        assert_eq!(rehearsal.before_tls, b"a1 STARTTLS\r\n");
        assert!(
            rehearsal
                .behind_tls
                .starts_with(b"a2 CAPABILITY\r\na3 AUTH")
        );
    }

    #[test]
    fn a_recorded_fetch_gives_its_messages() {
        let said = b"* 1 FETCH (UID 7 BODY[] {2}\r\nhi)\r\na1f1 OK done\r\n";
        let fetched = fetch(&[7], words(said)).outcome.unwrap().unwrap();
        let bytes = b"hi".to_vec();
        assert_eq!(fetched, [Fetched { uid: 7, bytes }]);
        assert!(fetch(&[7], words(&said[..40])).outcome.unwrap().is_none());
        // The beginning of the message, its bytes, its end; the end of the command.
        assert!(responses(words(said)).unwrap() >= 4);
        assert!(responses(words(b"nonsense\r\n")).is_err());
    }

    #[test]
    fn a_recorded_maildrop_gives_its_messages() {
        let said = b"+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\n1 5\r\n2 9\r\n.\r\n";
        let listed = pop3_list(words(said)).outcome.unwrap().unwrap();
        assert_eq!(listed.len(), 2);
        assert!(pop3_list(words(&said[..20])).outcome.unwrap().is_none());
        let said = b"-ERR no\r\n+OK\r\n..hi\r\n.\r\n";
        for pipelining in [false, true] {
            let rehearsal = pop3_retrieve(&listed, pipelining, words(said));
            assert_eq!(rehearsal.before_tls, b"RETR 1\r\nRETR 2\r\n");
            let bytes = b".hi\r\n".to_vec();
            let retrieved = rehearsal.outcome.unwrap().unwrap();
            assert_eq!(retrieved, [Retrieved { number: 2, bytes }]);
        }
    }

    #[test]
    fn a_recorded_delivery_gives_its_verdicts() {
        let envelope = Envelope::new("", ["a@x", "b@x"]).unwrap();
        let said = b"220 hello\r\n250 x\r\n250 ok\r\n250 ok\r\n550 who\r\n354 go\r\n451 full\r\n";
        let one_by_one = Words {
            piece: 1,
            ..words(said)
        };
        let rehearsal = lmtp_delivery(&envelope, one_by_one);
        let verdicts = rehearsal.outcome.unwrap().unwrap();
        let (a, b) = ("451 full".to_owned(), "550 who".to_owned());
        assert_eq!(verdicts, [Delivered::Later(a), Delivered::Never(b)]);
        assert!(rehearsal.before_tls.ends_with(b"DATA\r\n"));
    }
}
