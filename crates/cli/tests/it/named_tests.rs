//! The pages that name a test for each of their rows name tests that exist.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PAGES: [&str; 2] = ["security.md", "conformance.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What stands in the last cell of each row: crate, colon, tests between backticks, semicolon, and
/// the next crate.
fn named(page: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("docs").join(page)).unwrap();
    let mut named = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cells = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for part in cells.split(';') {
            let Some((room, tests)) = part.split_once(':') else {
                continue;
            };
            // Every second piece stands between backticks.
            let tests = tests.split('`').skip(1).step_by(2);
            let is_name = |test: &&str| test.contains('_') && !test.contains(['/', '-', '.']);
            let tests = tests.filter(is_name);
            named.extend(tests.map(|test| (room.trim().to_owned(), test.to_owned())));
        }
    }
    named
}

/// All that is written in a crate's sources and tests.
fn sources(room: &str) -> String {
    let mut folders = vec![root().join("crates").join(room)];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn every_test_that_the_pages_name_exists() {
    let mut read = BTreeMap::new();
    let mut missing = Vec::new();
    for page in PAGES {
        let named = named(page);
        assert!(named.len() > 40, "{page}: {}", named.len());
        for (room, test) in named {
            let text = read.entry(room.clone()).or_insert_with(|| sources(&room));
            if !text.contains(&format!("fn {test}(")) {
                missing.push(format!("{page}: {room}: {test}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_row_of_the_conformance_page_names_a_test_or_says_why_there_is_none() {
    let text = std::fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .filter(|line| !line.ends_with("Shown by |"))
        .collect();
    assert!(rows.len() > 25, "{}", rows.len());
    for row in rows {
        assert!(
            row.ends_with("` |") || row.ends_with("by absence |"),
            "{row}"
        );
    }
}
