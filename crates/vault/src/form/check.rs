//! What fields have in common: problems gathered field by field.

use mailgrant_oauth::is_safe_transport;
use url::Url;

use super::{FieldError, FormErrors};

/// No field of a form is longer, in bytes.
const LONGEST: usize = 4096;

/// Gathers what is wrong.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<FieldError>);

impl Problems {
    pub(super) fn add(&mut self, field: &'static str, problem: impl Into<String>) {
        self.0.push(FieldError {
            field,
            problem: problem.into(),
        });
    }

    /// A value, or `None` with its problem noted.
    pub(super) fn take<T>(
        &mut self,
        field: &'static str,
        read: Result<T, impl ToString>,
    ) -> Option<T> {
        read.map_err(|problem| self.add(field, problem.to_string()))
            .ok()
    }

    /// The text of a field without the white space around it; control characters are refused.
    pub(super) fn text<'a>(&mut self, field: &'static str, value: &'a str) -> &'a str {
        let text = value.trim();
        if text.len() > LONGEST {
            self.add(
                field,
                format!("is too long; at most {LONGEST} bytes are expected"),
            );
            return "";
        }
        if text.chars().any(char::is_control) {
            self.add(
                field,
                "has a control character or a line break; one line of text is expected",
            );
            return "";
        }
        text
    }

    /// The same, where an empty field means none.
    pub(super) fn optional(&mut self, field: &'static str, value: &str) -> Option<String> {
        let text = self.text(field, value);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A unique name; `also` are the characters that it may have besides letters and digits.
    pub(super) fn name(&mut self, value: &str, also: &[char]) -> String {
        let before = self.0.len();
        let name = self.text("name", value);
        if self.0.len() > before {
            return String::new();
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || also.contains(&c);
        if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
            let also: Vec<String> = also.iter().map(char::to_string).collect();
            let also = also.join(" ");
            let problem = format!("must be 1 to 128 letters, digits or any of {also}");
            self.add("name", problem);
        }
        name.to_owned()
    }

    /// One of a few words; empty means the first.
    pub(super) fn word<T: Copy>(
        &mut self,
        field: &'static str,
        value: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(field, value);
        let found = if text.is_empty() {
            words.first()
        } else {
            words.iter().find(|(word, _)| *word == text)
        };
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.add(field, format!("must be one of: {}", all.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// An address over TLS; plain HTTP only on this machine.
    pub(super) fn url(&mut self, field: &'static str, value: &str) -> Option<Url> {
        let text = self.text(field, value);
        if text.is_empty() {
            return None;
        }
        let url = Url::parse(text).ok().filter(|url| {
            is_safe_transport(url)
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        });
        if url.is_none() {
            self.add(field, "must be an address that begins with https://");
        }
        url
    }

    /// What was made, unless something is wrong.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, FormErrors> {
        match made {
            Some(made) if self.0.is_empty() => Ok(made),
            _ => Err(FormErrors(self.0)),
        }
    }
}
