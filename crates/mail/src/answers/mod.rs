//! What mail servers say when they refuse: the words, what they mean, whose turn it is, what to do,
//! where, and the page or thread that the row follows. The sentences are ours.
//!
//! A server's words carry no protocol with them, so rows of all three are looked through; their
//! words are long enough not to be mistaken for each other.

mod challenge;
mod codes;
mod exchange;
mod gmail;
mod others;
mod row;
mod rows;

pub use row::{Meaning, Protocol, Row, Seat};

use crate::Challenge;

/// Words that tell what is wrong, most telling first.
static TELLING: [&[Row]; 5] = [
    exchange::ROWS,
    gmail::ROWS,
    others::ROWS,
    codes::ROWS,
    codes::PASSING,
];

/// Words that say no more than no.
static GENERAL: [&[Row]; 2] = [exchange::GENERAL, codes::GENERAL];

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = TELLING.iter().chain([&challenge::ROWS]).chain(&GENERAL);
    tables.flat_map(|table| table.iter())
}

/// Whether these words tell why (`Some(true)`), or are known to say no more than no (`Some(false)`);
/// `None` where they are not known.
pub fn tell_why(said: &str) -> Option<bool> {
    if find(&TELLING, said).is_some() {
        return Some(true);
    }
    find(&GENERAL, said).map(|_no| false)
}

/// What is known of a refusal in these words.
pub(crate) fn of_words(said: &str) -> Option<&'static Row> {
    find(&TELLING, said).or_else(|| find(&GENERAL, said))
}

/// What is known of a refused login: by words that tell, else by the challenge, else by words that
/// say no more than no.
pub(crate) fn of_login(said: &str, challenge: Option<&Challenge>) -> Option<&'static Row> {
    find(&TELLING, said)
        .or_else(|| challenge.and_then(of_challenge))
        .or_else(|| find(&GENERAL, said))
}

fn of_challenge(challenge: &Challenge) -> Option<&'static Row> {
    let status = challenge.status.to_ascii_lowercase();
    let wants = challenge.scope.as_deref().unwrap_or_default();
    let mut rows = challenge::ROWS.iter();
    rows.find(|row| {
        row.words.contains(&status.as_str())
            && (row.protocol != Protocol::Gmail || wants.contains("mail.google.com"))
    })
}

fn find(tables: &[&'static [Row]], said: &str) -> Option<&'static Row> {
    let said = said.to_ascii_lowercase();
    let mut rows = tables.iter().flat_map(|table| table.iter());
    rows.find(|row| row.words.iter().any(|words| said.contains(words)))
}

#[cfg(test)]
mod tests;
