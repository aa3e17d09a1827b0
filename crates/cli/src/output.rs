//! What goes to standard output: data for people or for machines, nothing else.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::failure::Failure;

/// Prints one line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    write(&format!("{text}\n"))
}

/// Says something to whoever reads, beside the data; nothing depends on it.
pub(crate) fn aside(text: &str) {
    let _ = io::stderr()
        .lock()
        .write_all(format!("{text}\n").as_bytes());
}

/// Prints a value as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&written_as_json(serde_json::to_string_pretty(value))?)
}

fn written_as_json(written: serde_json::Result<String>) -> Result<String, Failure> {
    written.map_err(|error| {
        Failure::of(mailgrant_base::Diagnosis::new(
            mailgrant_base::Fault::Bug,
            format!("The answer cannot be written as JSON: {error}."),
            "Please report this.",
        ))
    })
}

/// Prints a value as JSON on one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    line(&written_as_json(serde_json::to_string(value))?)
}

/// Prints rows under a heading, in columns as wide as their widest cell.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    write(&columns(heading, rows))
}

fn columns(heading: &[&str], rows: &[Vec<String>]) -> String {
    let heading: Vec<String> = heading.iter().map(|cell| cell.to_uppercase()).collect();
    let widths: Vec<usize> = (0..heading.len())
        .map(|column| {
            std::iter::once(&heading)
                .chain(rows)
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Writes bytes as they are.
pub(crate) fn copy(from: &mut impl io::Read) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let copied = io::copy(from, &mut stdout).and_then(|_| stdout.flush());
    written(copied)
}

fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written_to = stdout.write_all(text.as_bytes());
    written(written_to.and_then(|()| stdout.flush()))
}

fn written(outcome: io::Result<()>) -> Result<(), Failure> {
    match outcome {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::operator(
            format!("Standard output cannot be written: {error}."),
            "Check where the output goes.",
        )),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec!["support".to_owned(), "active".to_owned()],
            vec!["a".to_owned()],
        ];
        insta::assert_snapshot!(columns(&["name", "grant"], &rows), @r"
        NAME     GRANT
        support  active
        a
        ");
    }
}
