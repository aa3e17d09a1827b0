//! `docs/errors.md` is what the tables say. `MAILGRANT_WRITE_DOCS=1 cargo test -p mailgrant --test
//! it errors` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use mailgrant_mail::answers::{self, Protocol, Seat};
use mailgrant_oauth::error_catalogue::{self as catalogue, Effect, Family};

const HEAD: &str = "\
# What refusals mean

When an identity provider or a mail server refuses, Mailgrant says what happened, whose turn it is,
what to do and where. This is all that it knows, with the page or thread that each line follows.
Whose turn it is and what to do is our reading of them; providers may change their numbers and words
at any time. The test `errors` keeps this page equal to the tables in the code.

The OAuth code decides what becomes of a grant. A provider's own number or words may save a grant
that the code would end, and never end one that the code would leave. A number that is not here is
shown whole, with Microsoft's page to look it up: `https://login.microsoftonline.com/error?code=N`.
Trace ID, Correlation ID and timestamp are kept in what is shown: with them the administrator of the
organisation finds the line in the sign-in log (Entra admin center > Monitoring & health > Sign-in
logs).
";

struct Line<'a> {
    codes: String,
    means: String,
    turn: &'a str,
    next: &'a str,
    place: Option<&'a str>,
    source: &'a str,
}

fn table(page: &mut String, title: &str, first: &str, lines: &[Line<'_>]) {
    writeln!(page, "\n## {title}\n").unwrap();
    writeln!(
        page,
        "| {first} | meaning | whose turn | what to do | source |"
    )
    .unwrap();
    writeln!(page, "| --- | --- | --- | --- | --- |").unwrap();
    for line in lines {
        let place = line.place.map_or_else(String::new, |place| match place {
            address if address.starts_with("https://") => format!(" <{address}>"),
            command if command.contains(" -") => format!(" `{command}`"),
            menu => format!(" ({menu})"),
        });
        let Line {
            codes,
            means,
            turn,
            next,
            source,
            ..
        } = line;
        let next = format!("{next}{place}");
        let cells = [codes, means, *turn, &next, &linked(source)];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        writeln!(page, "| {} |", cells.join(" | ")).unwrap();
    }
}

/// An address as a link, with what stands behind it.
fn linked(source: &str) -> String {
    let (address, rest) = source.split_once(',').unwrap_or((source, ""));
    let page = address.rsplit('/').find(|part| !part.is_empty());
    match page {
        Some(page) if address.starts_with("https://") => {
            let rest = rest.trim();
            let rest = if rest.is_empty() {
                String::new()
            } else {
                format!(", {rest}")
            };
            format!("[{page}]({address}){rest}")
        }
        _ => source.to_owned(),
    }
}

fn quoted(codes: &[&str]) -> String {
    let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    codes.join(", ")
}

fn refusals(families: &[Family]) -> Vec<Line<'static>> {
    let rows = catalogue::rows().filter(|row| families.contains(&row.family));
    let mut rows: Vec<_> = rows.collect();
    if families == [Family::Microsoft] {
        rows.sort_by_key(|row| row.codes[0].parse::<u64>().unwrap());
    }
    rows.into_iter()
        .map(|row| {
            let beside = match row.family {
                Family::GoogleWords | Family::OtherWords => format!("`{}`, ", row.error),
                _ => String::new(),
            };
            let becomes = match row.effect {
                Effect::Ends => "The authorization is over.",
                Effect::Profile => "The authorizations stay.",
                Effect::Passes => "It passes.",
            };
            Line {
                codes: beside + &quoted(row.codes),
                means: format!("{} {becomes}", row.what),
                turn: row.fault.turn(),
                next: row.next,
                place: row.place,
                source: row.source,
            }
        })
        .collect()
}

fn words(seat: Seat, protocol: impl Fn(Protocol) -> bool) -> Vec<Line<'static>> {
    answers::rows()
        .filter(|row| row.seat == seat && protocol(row.protocol))
        .map(|row| Line {
            codes: format!("`{}`", row.example),
            means: row.what.to_owned(),
            turn: row.fault.turn(),
            next: row.next,
            place: row.place,
            source: row.source,
        })
        .collect()
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (title, first, families) in [
        (
            "The codes of the standards",
            "`error`",
            &[Family::Standard][..],
        ),
        ("Microsoft's numbers", "AADSTS", &[Family::Microsoft]),
        (
            "Microsoft's suberrors, where the number is not known",
            "`suberror`",
            &[Family::MicrosoftSuberror],
        ),
        (
            "Google",
            "`error` and words",
            &[Family::Google, Family::GoogleWords],
        ),
        (
            "What only the history of a grant tells",
            "when",
            &[Family::Refined],
        ),
        (
            "Yahoo and Zoho",
            "`error` and words",
            &[Family::Other, Family::OtherWords],
        ),
        (
            "What Mailgrant says before it asks",
            "`error`",
            &[Family::Mailgrant],
        ),
    ] {
        table(&mut page, title, first, &refusals(families));
    }
    let is = |wanted: Protocol| move |protocol| protocol == wanted;
    for (title, lines) in [
        ("IMAP", words(Seat::Answer, is(Protocol::Imap))),
        ("POP3", words(Seat::Answer, is(Protocol::Pop3))),
        ("SMTP", words(Seat::Answer, is(Protocol::Smtp))),
        ("IMAP, POP3 or SMTP", words(Seat::Answer, is(Protocol::Any))),
        (
            "The error challenge of a login",
            words(Seat::Challenge, |_| true),
        ),
    ] {
        table(&mut page, title, "what the server says", &lines);
    }
    page
}

#[test]
fn the_page_about_errors_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let page = page();
    if std::env::var_os("MAILGRANT_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == page,
        "docs/errors.md is not what the tables say; MAILGRANT_WRITE_DOCS=1 writes it anew"
    );
}

#[test]
fn nothing_of_the_tables_is_left_out_of_the_page() {
    let page = page();
    for row in catalogue::rows() {
        for code in row.codes {
            assert!(page.contains(&format!("`{code}`")), "{code}");
        }
    }
    for row in answers::rows() {
        assert!(page.contains(&row.example.replace('|', "\\|")), "{row:?}");
    }
}
