//! Microsoft's numbers (`AADSTS…`), from Entra's `reference-error-codes` and the articles and
//! threads that the rows name. Whose turn it is and what to do is our reading of them.

mod directory;
mod next;
mod passing;
mod people;
mod place;
mod policy;
mod registration;
mod source;
mod suberror;

use super::Row;

pub(super) use suberror::ROWS as SUBERRORS;

/// All tables of numbers.
pub(super) static TABLES: [&[Row]; 5] = [
    passing::ROWS,
    registration::ROWS,
    people::ROWS,
    policy::ROWS,
    directory::ROWS,
];

/// Microsoft's page that says what it knows of a number.
pub(crate) fn look_up_page(number: &str) -> String {
    format!("https://login.microsoftonline.com/error?code={number}")
}

/// The number with which Microsoft's descriptions begin. It is taken whole: 50020 and 500208 are
/// different things.
pub(crate) fn number_in(description: &str) -> Option<&str> {
    let rest = description.strip_prefix("AADSTS")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    let number = rest.get(..end.unwrap_or(rest.len()))?;
    // Microsoft's longest have nine digits; what is longer is no number of its.
    (1..=12).contains(&number.len()).then_some(number)
}
