//! One row of the table.

use mailgrant_base::{Diagnosis, Fault};

/// Which protocol a row is spoken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// SMTP.
    Smtp,
    /// Any of them.
    Any,
    /// Any of them, at Gmail.
    Gmail,
}

/// Where a row's words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seat {
    /// In the answer's text, in whatever case.
    Answer,
    /// In `status` of the error challenge.
    Challenge,
}

/// What a refusal means for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// It may pass by itself.
    Later,
    /// The login counts, the mailbox does not open.
    NotConnected,
    /// The session ended because its access token did.
    TokenEnded,
    /// Somebody has to act.
    Act,
}

/// Words that mean the same, and what they mean.
#[derive(Debug)]
pub struct Row {
    /// The protocol it is spoken in.
    pub protocol: Protocol,
    /// Where the words stand.
    pub seat: Seat,
    /// The words, in lower case.
    pub words: &'static [&'static str],
    /// What the server really says: in IMAP all behind the tag, in POP3 and SMTP the line; of a
    /// challenge its JSON.
    pub example: &'static str,
    /// What it means for the session.
    pub meaning: Meaning,
    /// Whose turn it is.
    pub fault: Fault,
    /// What happened, as a sentence.
    pub what: &'static str,
    /// What to do next, as a sentence.
    pub next: &'static str,
    /// The exact place to go, or the command to run.
    pub place: Option<&'static str>,
    /// The page or thread that the row follows.
    pub source: &'static str,
}

impl Row {
    /// The row in words for people, behind a sentence that names the server.
    pub(crate) fn diagnosis(&self, happened: &str) -> Diagnosis {
        let what = format!("{happened} {}", self.what);
        let diagnosis = Diagnosis::new(self.fault, what, self.next).source(self.source);
        match self.place {
            Some(place) => diagnosis.place(place),
            None => diagnosis,
        }
    }
}
