//! How to register Mailgrant with a provider: step by step what to click, with this installation's
//! own values filled in, as data. The terminal shows it by [`text`], the pages by a template.
//!
//! The facts follow the pages that each guide names; the sentences are ours.

mod consumer;
mod generic;
mod google;
mod microsoft;
#[cfg(test)]
mod tests;
mod text;

use serde::Serialize;

pub use text::text;

use crate::catalogue::{self, Protocol, Row};
use crate::{ProviderKind, Resource, Scope, expand_scopes, is_safe_transport};

/// What a guide is made for.
#[derive(Debug, Clone, Copy)]
pub struct Installation<'a> {
    /// Where the provider sends the browser back: exactly as it is configured here.
    pub redirect_uri: &'a str,
    /// Whether the application itself gets access and nobody signs in.
    pub application: bool,
    /// The name by which people meet Mailgrant on the provider's pages, and the profile's.
    pub name: &'a str,
    /// What mail is reached by.
    pub protocols: &'a [Protocol],
}

/// A guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guide {
    /// The kind that it is for.
    pub kind: ProviderKind,
    /// Its title.
    pub title: String,
    /// The day when its sources were read.
    pub as_of: &'static str,
    /// How far its facts can be trusted: see [`Documented::state`](catalogue::Documented::state).
    pub state: &'static str,
    /// The pages that it follows.
    pub sources: &'static [&'static str],
    /// What to know before the first step.
    pub before: Vec<String>,
    /// What to do.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is done in it.
    pub title: String,
    /// What to click and why, a paragraph each.
    pub text: Vec<String>,
    /// What to copy.
    pub values: Vec<Value>,
    /// What goes wrong easily.
    pub warnings: Vec<String>,
}

/// Something to copy, with the label of the field that it belongs into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    /// The label.
    pub label: String,
    /// What to copy; commands may have several lines.
    pub value: String,
}

impl Step {
    fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    fn text(mut self, text: impl Into<String>) -> Self {
        self.text.push(text.into());
        self
    }

    fn value(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push(Value {
            label: label.into(),
            value: value.into(),
        });
        self
    }

    fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    fn warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}

/// The guide for a kind of provider. Where the provider gives an application no access of its own,
/// the guide is the one for access on behalf of a person, and says so first.
pub fn guide(kind: ProviderKind, installation: &Installation<'_>) -> Guide {
    let row = catalogue::row(kind);
    let mut before: Vec<String> = row.caveats.iter().map(|text| (*text).to_owned()).collect();
    let cannot = installation.application && row.application_grant.is_none();
    if cannot {
        let said = format!(
            "{} gives an application no access of its own: somebody signs in once for each \
             mailbox, and that is what this guide prepares.",
            row.label
        );
        before.insert(0, said);
    }
    let on_behalf = Installation {
        application: installation.application && !cannot,
        ..*installation
    };
    let (title, steps) = match kind {
        ProviderKind::Microsoft
        | ProviderKind::MicrosoftUs
        | ProviderKind::MicrosoftDod
        | ProviderKind::MicrosoftChina => microsoft::guide(row, &on_behalf),
        ProviderKind::Google => google::guide(row, &on_behalf),
        ProviderKind::Oidc => generic::oidc(row, &on_behalf),
        ProviderKind::Oauth2 => generic::oauth2(row, &on_behalf),
        ProviderKind::Yahoo | ProviderKind::Aol => consumer::yahoo(row, &on_behalf),
        ProviderKind::Fastmail => consumer::fastmail(row, &on_behalf),
        ProviderKind::Yandex => consumer::yandex(row, &on_behalf),
        ProviderKind::Mailru => consumer::mailru(row, &on_behalf),
        ProviderKind::Zoho => consumer::zoho(row, &on_behalf),
        ProviderKind::Comcast | ProviderKind::Thundermail => consumer::by_asking(row, &on_behalf),
    };
    Guide {
        kind,
        title,
        as_of: row.documented.as_of,
        state: row.documented.state(),
        sources: row.documented.sources,
        before,
        steps,
    }
}

/// The scopes for the protocols, as they go on the wire, and the words for them in a profile.
struct Scopes {
    on_the_wire: Vec<String>,
    words: String,
    /// Whether the words say more than an empty field would.
    beyond_usual: bool,
}

fn scopes(row: &Row, installation: &Installation<'_>) -> Scopes {
    let known = |protocol: &&Protocol| row.scopes_of_word(protocol.word()).is_some();
    let protocols = installation.protocols.iter().filter(known);
    let words: Vec<&str> = protocols.map(|protocol| protocol.word()).collect();
    let parsed: Vec<Scope> = words
        .iter()
        .filter_map(|word| Scope::parse(word).ok())
        .collect();
    let usual = row.default_scopes(Resource::Mail);
    let on_the_wire: Vec<String> = if parsed.is_empty() {
        usual.iter().map(|scope| (*scope).to_owned()).collect()
    } else {
        let expanded = expand_scopes(row.kind, &parsed);
        expanded.iter().map(Scope::to_string).collect()
    };
    let beyond_usual = on_the_wire
        .iter()
        .any(|scope| !usual.contains(&scope.as_str()));
    Scopes {
        on_the_wire,
        words: words.join(" "),
        beyond_usual,
    }
}

/// A name that a profile may have, made of a name for people.
fn profile_name(installation: &Installation<'_>, row: &Row) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let name = installation.name.trim();
    if !name.is_empty() && name.chars().all(fits) && name != DEFAULT_NAME {
        name.to_owned()
    } else {
        row.kind.word().to_owned()
    }
}

/// The name for people where none is given.
pub const DEFAULT_NAME: &str = "Mailgrant";

/// The last step of every guide: what was gathered is entered here.
fn tell_mailgrant(row: &Row, installation: &Installation<'_>, flags: &[&str]) -> Step {
    let name = profile_name(installation, row);
    let mut lines = vec![format!("mailgrant provider add {name} --kind {}", row.kind)];
    if installation.application {
        lines.push("--access application".to_owned());
    }
    lines.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let scopes = scopes(row, installation);
    if scopes.beyond_usual && !installation.application {
        lines.push(format!("--scopes '{}'", scopes.words));
    }
    let command = lines.join(" \\\n    ");
    Step::new("Tell Mailgrant")
        .text("Enter it on Mailgrant's pages under Providers, or with the command below.")
        .value("Command", command)
        .value("Then", format!("mailgrant provider test {name}"))
}

/// What is known to be wrong with this redirect URI at providers that take https alone.
fn redirect_warnings(installation: &Installation<'_>) -> Vec<String> {
    let uri = installation.redirect_uri;
    let is_safe = url::Url::parse(uri).is_ok_and(|url| is_safe_transport(&url));
    let mut warnings = vec![
        "It is compared character by character: scheme, capitals and a slash at the end count."
            .to_owned(),
    ];
    if !is_safe {
        warnings.push(format!(
            "{uri} is neither https nor on this machine and will be refused. Set public_url or \
             redirect_uri in Mailgrant's settings first, and come back to this guide."
        ));
    }
    warnings
}
