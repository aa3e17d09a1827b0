//! The tables in `docs/providers.md`, made from the rows: where they differ the test says what to
//! write there.

use std::fmt::Write as _;

use super::*;
use crate::Resource;

const DOCUMENT: &str = include_str!("../../../../docs/providers.md");

fn assert_documented(table: &str) {
    assert!(
        DOCUMENT.contains(table),
        "docs/providers.md should have:\n\n{table}"
    );
}

/// A table in Markdown; what is empty is a dash.
fn table(heading: &str, lines: impl Iterator<Item = Vec<String>>) -> String {
    let columns = heading.matches('|').count() + 1;
    let mut out = format!("| {heading} |\n|{}\n", " --- |".repeat(columns));
    for cells in lines {
        let cells = cells.into_iter();
        let cells: Vec<String> = cells
            .map(|cell| {
                if cell.is_empty() {
                    "–".to_owned()
                } else {
                    cell
                }
            })
            .collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn host(host: Option<Host>) -> String {
    let Some(host) = host else {
        return String::new();
    };
    let security = match host.security {
        HostSecurity::Tls => "",
        HostSecurity::StartTls => " STARTTLS",
    };
    format!("{}:{}{security}", host.name, host.port)
}

fn number(number: Option<u16>, unit: &str) -> String {
    number.map_or(String::new(), |number| format!("{number}{unit}"))
}

fn code(texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    texts.join(" ")
}

fn source(text: &str) -> String {
    if text.starts_with("https://") {
        format!("<{text}>")
    } else {
        text.to_owned()
    }
}

#[test]
fn the_document_lists_every_kind_with_its_source() {
    assert_documented(&table(
        "kind | for | state | main source",
        rows().map(|row| {
            let documented = row.documented;
            vec![
                format!("`{}`", row.kind),
                row.label.to_owned(),
                format!("{}, {}", documented.state(), documented.as_of),
                source(documented.sources[0]),
            ]
        }),
    ));
}

#[test]
fn the_document_lists_servers_and_scopes() {
    assert_documented(&table(
        "kind | IMAP | POP3 | SMTP | scopes asked for | an application asks for",
        rows().map(|row| {
            let application = row
                .application_grant
                .as_ref()
                .map_or(String::new(), |grant| {
                    let scopes = code(grant.scopes(Resource::Mail));
                    match (grant.method, scopes.is_empty()) {
                        (ApplicationMethod::ClientCredentials, true) => {
                            "the server's default".to_owned()
                        }
                        (ApplicationMethod::ClientCredentials, false) => scopes,
                        (ApplicationMethod::JwtBearer, _) => format!("{scopes}, for each mailbox"),
                    }
                });
            vec![
                format!("`{}`", row.kind),
                host(row.imap),
                host(row.pop3),
                host(row.smtp),
                code(row.default_scopes(Resource::Mail)),
                application,
            ]
        }),
    ));
}

#[test]
fn the_document_lists_lifetimes_and_limits() {
    assert_documented(&table(
        "kind | unused refresh token | in testing | refresh tokens a person | a refresh token when used | secret lives at most | connections",
        rows().map(|row| {
            let rotation = match row.rotation {
                Rotation::Unknown => "",
                Rotation::Never => "stays",
                Rotation::OldStays => "a new one, the old one stays",
                Rotation::OldEnds => "a new one, the old one ends",
                Rotation::OldUnsaid => "a new one",
            };
            let Connections {
                imap,
                pop3,
                smtp,
                api,
            } = row.connections;
            let connections = [("IMAP", imap), ("POP3", pop3), ("SMTP", smtp), ("API", api)];
            let connections: Vec<String> = connections
                .into_iter()
                .filter_map(|(name, most)| Some(format!("{name} {}", most?)))
                .collect();
            vec![
                format!("`{}`", row.kind),
                number(row.idle_days, " days"),
                number(row.testing_days, " days"),
                number(row.refresh_tokens_per_user, ""),
                rotation.to_owned(),
                number(row.secret_longest_days, " days"),
                connections.join(", "),
            ]
        }),
    ));
}

#[test]
fn the_document_says_what_ends_a_grant_and_where_a_person_ends_it() {
    let lines = rows().filter(|row| !row.ended_by.is_empty() || !row.revoke_elsewhere.is_empty());
    assert_documented(&table(
        "kind | what ends a grant | revocation (RFC 7009) | where a person ends it",
        lines.map(|row| {
            let endpoint = row.endpoints.as_ref().and_then(|known| known.revocation);
            let places: Vec<String> = row
                .revoke_elsewhere
                .iter()
                .map(|elsewhere| format!("{} <{}>", elsewhere.text, elsewhere.place))
                .collect();
            vec![
                format!("`{}`", row.kind),
                row.ended_by.join("; "),
                if endpoint.is_some() { "yes" } else { "no" }.to_owned(),
                places.join(" "),
            ]
        }),
    ));
}

#[test]
fn the_document_names_every_caveat_and_every_service_without_oauth() {
    let mut list = String::new();
    for row in rows() {
        for caveat in row.caveats {
            let _ = writeln!(list, "- `{}`: {caveat}", row.kind);
        }
    }
    assert_documented(&list);
    for name in without_oauth::names() {
        assert_documented(name);
    }
}

#[test]
fn the_document_names_every_short_word() {
    let mut words: Vec<&str> = rows()
        .flat_map(|row| row.scope_words)
        .map(|(word, _)| *word)
        .collect();
    words.sort_unstable();
    words.dedup();
    for word in words {
        assert_documented(&format!("| `{word}` |"));
    }
}
