//! A page's tags, and what every page keeps to.

use std::collections::{BTreeMap, BTreeSet};

/// Elements that have no end.
const VOID: [&str; 5] = ["meta", "link", "input", "img", "br"];

/// One tag.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    closes: bool,
    closes_itself: bool,
    /// The text between this tag and the next.
    pub(crate) text: String,
}

impl Tag {
    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }

    fn is(&self, attribute: &str, value: &str) -> bool {
        self.get(attribute) == Some(value)
    }
}

/// All tags of a page. Stops the test at anything that a strict reader would stumble over.
pub(crate) fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (inside, after) = after.split_once('>').unwrap_or_else(|| {
            panic!("a tag does not end: <{after}");
        });
        let (text, _) = after.split_once('<').unwrap_or((after, ""));
        assert!(!text.contains('>'), "a stray > in `{text}`");
        tags.push(tag(inside, text));
        rest = after;
    }
    tags
}

fn tag(inside: &str, text: &str) -> Tag {
    let closes = inside.starts_with('/');
    let closes_itself = inside.ends_with('/');
    let inside = inside.trim_matches('/');
    let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let mut attributes = BTreeMap::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => ("", after),
        };
        assert!(
            !after.starts_with('='),
            "a value without quotes: <{inside}>"
        );
        let plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == 'B';
        assert!(
            attribute == "viewBox" || attribute.chars().all(plain) || is_drawing(attribute),
            "`{attribute}` in <{inside}>"
        );
        let first = attributes.insert(attribute.to_owned(), decoded(value));
        assert!(first.is_none(), "`{attribute}` twice in <{inside}>");
        rest = after;
    }
    Tag {
        name: name.to_owned(),
        attributes,
        closes,
        closes_itself,
        text: decoded(text),
    }
}

fn is_drawing(attribute: &str) -> bool {
    ["x1", "x2", "y1", "y2"].contains(&attribute)
}

/// The text behind the references of HTML, each read once.
fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';').unwrap_or_else(|| {
            panic!("a stray & in `{text}`");
        });
        decoded.push(match reference {
            "#60" | "lt" => '<',
            "#62" | "gt" => '>',
            "#34" | "quot" => '"',
            "#38" | "amp" => '&',
            "#39" => '\'',
            _ => panic!("&{reference}; in `{text}`"),
        });
        decoded.push_str(rest);
    }
    decoded
}

/// What every page keeps to.
pub(crate) fn check(path: &str, page: &str) {
    assert!(page.starts_with("<!doctype html>"), "{path}: {page}");
    let tags = tags(page);
    let open: Vec<&Tag> = tags.iter().filter(|tag| !tag.closes).collect();
    tags_are_nested(path, &tags[1..]);
    let ids = ids_are_unique(path, &open);
    references_lead_somewhere(path, &open, &ids);
    controls_have_labels(path, &open);
    nothing_that_the_policy_forbids(path, &open);
    forms_carry_the_secret(path, page);
    for name in ["title", "h1", "main"] {
        let count = open.iter().filter(|tag| tag.name == name).count();
        assert_eq!(count, 1, "{path} has {count} <{name}>: {page}");
    }
}

fn tags_are_nested(path: &str, tags: &[Tag]) {
    let mut inside: Vec<&str> = Vec::new();
    for tag in tags {
        if tag.closes {
            assert_eq!(inside.pop(), Some(tag.name.as_str()), "{path}: {inside:?}");
        } else if !tag.closes_itself && !VOID.contains(&tag.name.as_str()) {
            inside.push(&tag.name);
        }
    }
    assert!(inside.is_empty(), "{path}: {inside:?} do not end");
}

fn ids_are_unique<'a>(path: &str, open: &[&'a Tag]) -> BTreeSet<&'a str> {
    let mut ids = BTreeSet::new();
    for tag in open {
        if let Some(id) = tag.get("id") {
            assert!(!id.is_empty() && ids.insert(id), "{path}: id `{id}` twice");
        }
    }
    ids
}

fn references_lead_somewhere(path: &str, open: &[&Tag], ids: &BTreeSet<&str>) {
    for tag in open {
        for attribute in ["for", "aria-describedby", "aria-labelledby", "data-copy"] {
            for id in tag.get(attribute).unwrap_or_default().split_whitespace() {
                assert!(ids.contains(id), "{path}: {attribute}=`{id}` leads nowhere");
            }
        }
        if let Some(id) = tag.get("href").and_then(|href| href.strip_prefix('#')) {
            assert!(ids.contains(id), "{path}: #{id} leads nowhere");
        }
    }
}

fn controls_have_labels(path: &str, open: &[&Tag]) {
    let labels: BTreeSet<&str> = open
        .iter()
        .filter(|tag| tag.name == "label" && !tag.text.trim().is_empty())
        .filter_map(|tag| tag.get("for"))
        .collect();
    for tag in open {
        let control = matches!(tag.name.as_str(), "input" | "select" | "textarea");
        if control && !tag.is("type", "hidden") {
            let id = tag.get("id").unwrap_or_default();
            assert!(labels.contains(id), "{path}: {tag:?} has no label");
        }
        if tag.name == "button" || (tag.name == "a" && tag.get("class") != Some("brand")) {
            assert!(!tag.text.trim().is_empty(), "{path}: {tag:?} says nothing");
        }
        if tag.name == "img" {
            assert!(tag.get("alt").is_some(), "{path}: {tag:?}");
        }
        if tag.name == "th" {
            assert!(tag.get("scope").is_some(), "{path}: {tag:?}");
        }
        if tag.is("aria-invalid", "true") {
            let described = tag.get("aria-describedby").unwrap_or_default();
            assert!(described.contains("-error"), "{path}: {tag:?}");
        }
    }
}

fn nothing_that_the_policy_forbids(path: &str, open: &[&Tag]) {
    for tag in open {
        for attribute in tag.attributes.keys() {
            let forbidden = attribute == "style" || attribute.starts_with("on");
            assert!(!forbidden, "{path}: {tag:?}");
        }
        if tag.name == "script" {
            let source = tag.get("src").unwrap_or_default();
            assert!(source.starts_with("/static/"), "{path}: {tag:?}");
            assert!(tag.text.trim().is_empty(), "{path}: {tag:?}");
        }
        for attribute in ["href", "src", "action"] {
            let address = tag.get(attribute).unwrap_or_default().to_lowercase();
            assert!(!address.starts_with("javascript:"), "{path}: {tag:?}");
        }
        let action = tag.get("action").unwrap_or("/");
        assert!(
            action.starts_with('/') && !action.starts_with("//"),
            "{path}: {tag:?}"
        );
        assert!(
            !matches!(tag.name.as_str(), "style" | "iframe" | "object" | "base"),
            "{path}: {tag:?}"
        );
    }
}

fn forms_carry_the_secret(path: &str, page: &str) {
    for (at, _) in page.match_indices("<form") {
        let form = &page[at..];
        let form = &form[..form.find("</form>").unwrap()];
        let secret = hidden(form, "csrf").unwrap_or_default();
        // A search changes nothing, and what it sends stands in the address.
        if form.contains("role=\"search\"") {
            assert!(form.contains("method=\"get\""), "{path}: {form}");
            assert!(!form.contains("csrf"), "{path}: {form}");
            continue;
        }
        assert!(form.contains("method=\"post\""), "{path}: {form}");
        assert!(secret.len() >= 43, "{path}: {form}");
    }
}

/// The value of the first hidden field of this name.
pub(crate) fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("type=\"hidden\" name=\"{name}\" value=\""))?;
    Some(decoded(rest.split_once('"')?.0))
}

/// The control of this name.
pub(crate) fn control(page: &str, name: &str) -> Tag {
    let found = tags(page).into_iter().find(|tag| {
        tag.is("name", name) && matches!(tag.name.as_str(), "input" | "select" | "textarea")
    });
    found.unwrap_or_else(|| panic!("no field `{name}` in {page}"))
}

/// Everything that the form with this action would send as it stands, its secret left out.
pub(crate) fn as_shown(page: &str, action: &str) -> Vec<(String, String)> {
    let (_, form) = page.split_once(&format!("action=\"{action}\"")).unwrap();
    let (_, form) = form.split_once('>').unwrap();
    let (form, _) = form.split_once("</form>").unwrap();
    let mut sent = Vec::new();
    let mut select = String::new();
    for tag in tags(&format!("<form>{form}</form>")) {
        let of = |attribute: &str| tag.get(attribute).unwrap_or_default().to_owned();
        match tag.name.as_str() {
            _ if tag.closes => {}
            "input" if tag.is("type", "checkbox") && tag.get("checked").is_none() => {}
            "input" if tag.is("name", "csrf") => {}
            "input" => sent.push((of("name"), of("value"))),
            "textarea" => sent.push((of("name"), tag.text.clone())),
            "select" => select = of("name"),
            "option" if tag.get("selected").is_some() => sent.push((select.clone(), of("value"))),
            _ => {}
        }
    }
    sent
}

/// What is told to be wrong at the field of this name.
pub(crate) fn told_at(page: &str, name: &str) -> Option<String> {
    let field = control(page, name);
    let described = field.get("aria-describedby").unwrap_or_default();
    let id = described.split(' ').find(|id| id.ends_with("-error"))?;
    assert!(field.is("aria-invalid", "true"), "{field:?}");
    let error = tags(page).into_iter().find(|tag| tag.is("id", id)).unwrap();
    Some(error.text)
}
