//! Forms as data: sections of fields, each with its label, hint, value and what is wrong with it.

use askama::Template;
use mailgrant_vault::FormErrors;

/// Fields that belong together.
#[derive(Debug, Clone, Template)]
#[template(path = "section.html")]
pub(crate) struct Section {
    legend: &'static str,
    hint: &'static str,
    /// The choices for which these fields matter, separated by spaces; the style sheet hides them
    /// for the others. Empty: always.
    only_for: &'static str,
    /// Shown closed, unless something was entered there.
    folded: bool,
    fields: Vec<Field>,
}

impl Section {
    pub(crate) fn new(legend: &'static str, fields: Vec<Field>) -> Self {
        Self {
            legend,
            hint: "",
            only_for: "",
            folded: false,
            fields,
        }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// What most people leave alone.
    pub(crate) fn folded(mut self) -> Self {
        self.folded = true;
        self
    }

    /// Whether a folded section has something to see.
    fn open(&self) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|field| !field.value.is_empty() || field.error.is_some())
    }

    pub(crate) fn only_for(mut self, choices: &'static str) -> Self {
        self.only_for = choices;
        self
    }
}

/// One field.
#[derive(Debug, Clone, Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    name: &'static str,
    label: &'static str,
    hint: String,
    value: String,
    error: Option<String>,
    required: bool,
    complete: &'static str,
    /// As for a section.
    only_for: &'static str,
    control: Control,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Control {
    /// One line; the kind of keyboard that a phone shows.
    Line(&'static str),
    /// Several lines, which may be secret: never shows what is there.
    Paste,
    /// Several lines.
    Lines,
    /// Never shows what is there.
    Password,
    /// Groups of values with their labels; the one group without a name stands alone.
    Choice(Vec<(&'static str, Choices)>),
    Box,
}

type Choices = Vec<Choice>;

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    /// What further fields matter with it, separated by spaces (see `only_for`).
    pub(crate) takes: String,
}

impl Field {
    fn new(name: &'static str, label: &'static str, value: &str, control: Control) -> Self {
        Self {
            name,
            label,
            hint: String::new(),
            value: value.to_owned(),
            error: None,
            required: false,
            complete: "off",
            only_for: "",
            control,
        }
    }

    /// A line of text.
    pub(crate) fn text(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, value, Control::Line("text"))
    }

    /// A line with an address of mail.
    pub(crate) fn email(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, value, Control::Line("email"))
    }

    /// A line with a URL.
    pub(crate) fn url(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, value, Control::Line("url"))
    }

    /// A line with a number.
    pub(crate) fn number(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, value, Control::Line("numeric"))
    }

    /// A secret: what was typed is not shown again.
    pub(crate) fn password(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, "", Control::Password)
    }

    /// Several lines to paste, such as a key: what was pasted is not shown again.
    pub(crate) fn paste(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, "", Control::Paste)
    }

    /// Several lines of text.
    pub(crate) fn lines(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::new(name, label, value, Control::Lines)
    }

    /// One of several values, each with its label.
    pub(crate) fn choice(
        name: &'static str,
        label: &'static str,
        value: &str,
        choices: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let choices = choices.into_iter();
        let choices = choices.map(|(value, label)| Choice {
            value: value.into(),
            label: label.into(),
            takes: String::new(),
        });
        let alone = ("", choices.collect());
        Self::new(name, label, value, Control::Choice(vec![alone]))
    }

    /// The same, in groups that have names.
    pub(crate) fn grouped_choice(
        name: &'static str,
        label: &'static str,
        value: &str,
        groups: impl IntoIterator<Item = (&'static str, Vec<Choice>)>,
    ) -> Self {
        let groups = groups.into_iter().collect();
        Self::new(name, label, value, Control::Choice(groups))
    }

    /// A box to tick.
    pub(crate) fn tick(name: &'static str, label: &'static str, ticked: bool) -> Self {
        Self::new(name, label, if ticked { "yes" } else { "" }, Control::Box)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The choices with which the field matters; the style sheet hides it with the others.
    pub(crate) fn only_for(mut self, choices: &'static str) -> Self {
        self.only_for = choices;
        self
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What a password manager may fill in (`autocomplete`).
    pub(crate) fn complete(mut self, what: &'static str) -> Self {
        self.complete = what;
        self
    }

    /// The elements that describe the field, for `aria-describedby`.
    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let both: Vec<_> = error.into_iter().chain(hint).collect();
        both.join(" ")
    }
}

/// Puts what is wrong at each field. What belongs to none of them is handed back.
pub(crate) fn mark(sections: &mut [Section], errors: FormErrors) -> Vec<String> {
    let mut elsewhere = Vec::new();
    for error in errors.0 {
        let fields = sections.iter_mut().flat_map(|section| &mut section.fields);
        match fields.into_iter().find(|field| field.name == error.field) {
            Some(field) => field.error = Some(format!("{} {}.", field.label, error.problem)),
            None => elsewhere.push(error.problem),
        }
    }
    elsewhere
}

/// A form that was looked at: what to show again, and what is wrong as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filled {
    pub(crate) sections: Vec<Section>,
    pub(crate) problems: Vec<String>,
}

impl Filled {
    /// A form without mistakes.
    pub(crate) fn new(sections: Vec<Section>) -> Self {
        Self {
            sections,
            problems: Vec::new(),
        }
    }

    /// A form whose mistakes are shown at their fields.
    pub(crate) fn with_errors(mut sections: Vec<Section>, errors: FormErrors) -> Self {
        let mut problems = mark(&mut sections, errors);
        if problems.is_empty() {
            problems.push("Nothing was saved yet: some fields below need another look.".to_owned());
        }
        Self { sections, problems }
    }

    /// A form that is right in itself, and still cannot be stored.
    pub(crate) fn with_problem(sections: Vec<Section>, problem: impl Into<String>) -> Self {
        Self {
            sections,
            problems: vec![problem.into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use mailgrant_vault::FieldError;

    use super::*;

    #[test]
    fn a_mistake_stands_at_its_field_and_is_tied_to_it() {
        let field = Field::text("tenant", "Tenant", "<x>").hint("GUID or domain");
        let errors = FormErrors(vec![FieldError {
            field: "tenant",
            problem: "<x> is none".to_owned(),
        }]);
        let form = Filled::with_errors(vec![Section::new("Microsoft", vec![field])], errors);
        let html = form.sections[0].to_string();
        assert!(
            html.contains(r#"aria-describedby="tenant-error tenant-hint""#),
            "{html}"
        );
        assert!(html.contains(r#"aria-invalid="true""#), "{html}");
        assert!(!html.contains("<x>"), "{html}");
    }

    #[test]
    fn a_secret_is_never_shown_again() {
        let html = Field::password("client_secret", "Client secret").to_string();
        assert!(!html.contains("value="), "{html}");
        let html = Field::paste("client_key", "Key").to_string();
        assert!(html.contains("></textarea>"), "{html}");
    }

    #[test]
    fn a_mistake_of_no_field_is_told_above_the_form() {
        let errors = FormErrors(vec![FieldError {
            field: "elsewhere",
            problem: "what".to_owned(),
        }]);
        assert_eq!(Filled::with_errors(Vec::new(), errors).problems, ["what"]);
    }
}
