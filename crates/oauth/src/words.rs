//! The other side's own words, made fit to be shown: short, without control characters, and
//! without our secrets, which some servers echo.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mailgrant_base::is_treacherous;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

/// Long enough for Microsoft's sentences with their trace and correlation identifiers.
const LONGEST: usize = 500;

/// Where Microsoft's identifiers begin.
pub(crate) const TRACE: &str = "Trace ID: ";

/// Two identifiers and a time, with their names.
const LONGEST_TRACE: usize = 200;

/// The secrets of one request, which must not come out again in what is said about it.
#[derive(Clone, Default)]
pub(crate) struct Secrets<'a>(Vec<Cow<'a, str>>);

impl<'a> Secrets<'a> {
    pub(crate) fn add(&mut self, secret: &'a SecretString) {
        self.add_text(secret.expose_secret().into());
    }

    pub(crate) fn add_owned(&mut self, secret: String) {
        self.add_text(secret.into());
    }

    /// A secret in the forms in which it went out, and in which it might come back.
    fn add_text(&mut self, plain: Cow<'a, str>) {
        if plain.is_empty() {
            return;
        }
        let form: String = form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        let percent = utf8_percent_encode(&plain, NON_ALPHANUMERIC).to_string();
        let base64 = BASE64_STANDARD.encode(plain.as_bytes());
        let forms = [plain, form.into(), percent.into(), base64.into()];
        self.0.extend(forms);
        // What contains another goes first, so that no remainder of it stays.
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.0.dedup();
    }

    fn redact(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            if text.contains(secret.as_ref()) {
                text.replace(secret.as_ref(), "[redacted]")
            } else {
                text
            }
        })
    }
}

/// Text of the other side that may be shown; `None` where nothing is left of it.
pub(crate) fn clean(text: &str, secrets: &Secrets<'_>) -> Option<String> {
    let mut text = readable(text, secrets);
    shorten(&mut text, LONGEST);
    (!text.is_empty()).then_some(text)
}

/// The same for a description. What Microsoft puts at its end (Trace ID, Correlation ID, Timestamp)
/// stays whole, however long the sentence before it is.
pub(crate) fn clean_description(text: &str, secrets: &Secrets<'_>) -> Option<String> {
    let mut text = readable(text, secrets);
    let trace = text.rfind(TRACE).filter(|&start| start > 0);
    let mut tail = trace.map_or_else(String::new, |start| text.split_off(start));
    shorten(&mut text, LONGEST);
    shorten(&mut tail, LONGEST_TRACE);
    if !text.is_empty() && !tail.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
    text.push_str(&tail);
    (!text.is_empty()).then_some(text)
}

/// One line without what is treacherous and without our secrets.
fn readable(text: &str, secrets: &Secrets<'_>) -> String {
    let printable: String = text
        .chars()
        .map(|c| if is_treacherous(c) { ' ' } else { c })
        .collect();
    // Redacted before it is shortened: half a secret is still a secret.
    let words: Vec<&str> = printable.split_whitespace().collect();
    secrets.redact(words.join(" "))
}

fn shorten(text: &mut String, longest: usize) {
    if let Some((end, _)) = text.char_indices().nth(longest) {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_and_reversed_writing_become_spaces() {
        let text = "one\r\n\ttwo\u{1b}[31m\u{202e}three\0";
        assert_eq!(
            clean(text, &Secrets::default()).unwrap(),
            "one two [31m three"
        );
        assert_eq!(clean(" \r\n ", &Secrets::default()), None);
    }

    #[test]
    fn a_long_text_is_shortened_by_characters() {
        let text = clean(&"ü".repeat(2000), &Secrets::default()).unwrap();
        assert_eq!(text.chars().count(), LONGEST + 1);
    }

    #[test]
    fn what_an_administrator_looks_up_stays_whole_behind_a_long_sentence() {
        let trace = "Trace ID: 1 Correlation ID: 2 Timestamp: 2026-11-24 09:00:00Z";
        let long = format!("AADSTS1: {}\r\n{trace}", "word ".repeat(300));
        let said = clean_description(&long, &Secrets::default()).unwrap();
        assert!(said.ends_with(&format!("… {trace}")), "{said}");
        assert!(said.chars().count() <= LONGEST + LONGEST_TRACE + 3);
        let short = format!("AADSTS1: no. {trace}");
        assert_eq!(clean_description(&short, &Secrets::default()), Some(short));
        assert_eq!(
            clean_description(trace, &Secrets::default()).as_deref(),
            Some(trace)
        );
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form_in_which_it_went() {
        let secret = SecretString::from("p+w /~%");
        let mut secrets = Secrets::default();
        secrets.add(&secret);
        for form in [
            "p+w /~%",
            "p%2Bw+%2F%7E%25",
            "p%2Bw%20%2F%7E%25",
            "cCt3IC9+JQ==",
        ] {
            let said = clean(&format!("client_secret={form}&x"), &secrets).unwrap();
            assert_eq!(said, "client_secret=[redacted]&x");
        }
    }

    proptest! {
        #[test]
        fn no_secret_survives_wherever_it_stands(before in "\\PC{0,520}", secret in "[a-zA-Z0-9._~-]{8,60}", after in "\\PC{0,60}") {
            let kept = SecretString::from(secret.as_str());
            let mut secrets = Secrets::default();
            secrets.add(&kept);
            let said = clean(&format!("{before}{secret}{after}"), &secrets).unwrap_or_default();
            prop_assert!(!said.contains(&secret));
        }

        #[test]
        fn any_description_is_one_line_of_bounded_length(text in ".{0,900}(Trace ID: .{0,900})?") {
            let said = clean_description(&text, &Secrets::default()).unwrap_or_default();
            prop_assert!(!said.chars().any(is_treacherous));
            prop_assert!(said.chars().count() <= LONGEST + LONGEST_TRACE + 3);
        }
    }
}
