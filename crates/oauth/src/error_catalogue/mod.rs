//! What providers' refusals mean: what becomes of the grant, whose turn it is, and what that person
//! reads. Every row names the page or thread that it follows; the sentences are ours.
//!
//! The OAuth `error` decides. Below it stand the provider's own numbers and words, for two purposes
//! only: the few cases where they say that the `error` is misleading (an expired client secret that
//! comes as `invalid_grant` must not end a single grant), and plainer words. Numbers may change
//! (Entra documentation, `reference-error-codes`), so one that is not in the table changes nothing.

mod google;
mod microsoft;
mod next;
mod oauth;
mod others;
mod refine;
mod row;
mod rows;

use mailgrant_base::Diagnosis;

pub(crate) use microsoft::number_in;
pub(crate) use oauth::{
    CREDENTIAL_UNUSABLE, NO_DISCOVERY, PROFILE_INCOMPLETE, UNSAFE_ENDPOINT, WRONG_ISSUER,
};
pub use refine::refine;
pub use row::{Effect, Example, Family, Row};

use crate::Said;

/// The tables of codes that stand in `error`.
static ERRORS: [&[Row]; 4] = [oauth::STANDARD, oauth::OWN, google::CODES, others::CODES];

/// The tables of words that stand in the description, beside the `error` of their row.
static WORDS: [&[Row]; 2] = [google::WORDS, others::WORDS];

/// Every row of every table.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = ERRORS
        .iter()
        .chain(&microsoft::TABLES)
        .chain([&microsoft::SUBERRORS])
        .chain(&WORDS)
        .chain(&refine::TABLES);
    tables.flat_map(|table| table.iter())
}

/// What a refusal means, for people: the provider's number or words where they are known, else the
/// OAuth code. What tells of an ended grant does not explain a code that ends none.
pub(crate) fn look_up(said: &Said) -> Option<&'static Row> {
    let standard = find(&ERRORS, &said.error);
    let ends = standard.is_some_and(|row| row.effect == Effect::Ends);
    detail(said)
        .or_else(|| by_suberror(said))
        .filter(|row| ends || row.effect != Effect::Ends)
        .or(standard)
}

/// What becomes of the grant; `None` where the code is not known. A number may save a grant that
/// the OAuth code would end, and never ends one that the OAuth code would leave.
pub(crate) fn effect(said: &Said) -> Option<Effect> {
    match detail(said) {
        Some(row) if row.effect != Effect::Ends => Some(row.effect),
        _ => find(&ERRORS, &said.error).map(|row| row.effect),
    }
}

/// Whether what was said is about the client credential, or the key that stands in its place, and
/// about nothing else: the provider's number or words where they are known, else the OAuth code.
pub(crate) fn is_about_credential(said: &Said) -> bool {
    let row = detail(said).or_else(|| find(&ERRORS, &said.error));
    row.is_some_and(|row| row.about_credential)
}

/// What the provider says beyond the OAuth code, where that is known.
pub(crate) fn detail(said: &Said) -> Option<&'static Row> {
    number(said)
        .and_then(|number| find(&microsoft::TABLES, &number))
        .or_else(|| by_words(said))
}

/// The number of Microsoft that is looked up: the one in the description, else the member's.
pub(crate) fn number(said: &Said) -> Option<String> {
    let described = said.description.as_deref().and_then(number_in);
    described
        .map(str::to_owned)
        .or_else(|| said.number.map(|number| number.to_string()))
}

/// Whether Microsoft's number is in the tables.
pub(crate) fn knows_number(number: u64) -> bool {
    find(&microsoft::TABLES, &number.to_string()).is_some()
}

/// The diagnosis of what was said. Where only the OAuth code is known and Microsoft gave a number,
/// the place to go is Microsoft's page about that number.
pub(crate) fn diagnosis(said: &Said, row: &Row) -> Diagnosis {
    let diagnosis = row.diagnosis().said(said.to_string());
    match number(said) {
        Some(number) if detail(said).is_none() => diagnosis.place(microsoft::look_up_page(&number)),
        _ => diagnosis,
    }
}

/// Microsoft's page about the number in words of any kind, if they hold one.
pub(crate) fn look_up_page_in(words: &str) -> Option<String> {
    let start = words.find("AADSTS")?;
    let number = number_in(words.get(start..)?)?;
    Some(microsoft::look_up_page(number))
}

fn by_suberror(said: &Said) -> Option<&'static Row> {
    find(&[microsoft::SUBERRORS], said.suberror.as_deref()?)
}

fn by_words(said: &Said) -> Option<&'static Row> {
    let description = said.description.as_deref()?.to_ascii_lowercase();
    let mut rows = WORDS.iter().flat_map(|table| table.iter());
    rows.find(|row| {
        row.error == said.error && row.codes.iter().any(|words| description.contains(words))
    })
}

fn find(tables: &[&'static [Row]], code: &str) -> Option<&'static Row> {
    let mut rows = tables.iter().flat_map(|table| table.iter());
    rows.find(|row| row.codes.contains(&code))
}

#[cfg(test)]
mod tests;
