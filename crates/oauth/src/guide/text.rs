//! A guide for the terminal.

use std::fmt::Write as _;

use super::{Guide, Step};

/// How wide a line of prose becomes. What is to be copied is never broken.
const WIDTH: usize = 92;

/// The guide as plain text, each line with its end.
pub fn text(guide: &Guide) -> String {
    let mut out = String::new();
    line(&mut out, "", &guide.title);
    let trust = match guide.state {
        "verified" => "Tests connect mailboxes in this way; what to click follows the pages below.",
        "documented" => {
            "It follows the pages below; nobody has verified it against the real service yet."
        }
        _ => {
            "It follows what other programs do; nobody has verified it against the real service yet."
        }
    };
    let trust = format!("As of {}. {trust}", guide.as_of);
    prose(&mut out, "", "", &trust);
    for before in &guide.before {
        line(&mut out, "", "");
        prose(&mut out, "Note: ", "      ", before);
    }
    for (index, step) in guide.steps.iter().enumerate() {
        line(&mut out, "", "");
        line(&mut out, "", &format!("{}. {}", index + 1, step.title));
        write_step(&mut out, step);
    }
    line(&mut out, "", "");
    line(&mut out, "", "Sources:");
    for source in guide.sources {
        line(&mut out, "   ", source);
    }
    out
}

fn write_step(out: &mut String, step: &Step) {
    for text in &step.text {
        prose(out, "   ", "   ", text);
    }
    for value in &step.values {
        let mut lines = value.value.lines();
        if value.value.contains('\n') {
            line(out, "   ", &format!("{}:", value.label));
        } else {
            let only = lines.next().unwrap_or_default();
            line(out, "   ", &format!("{}: {only}", value.label));
        }
        lines.for_each(|one| line(out, "       ", one));
    }
    for warning in &step.warnings {
        prose(out, "   ! ", "     ", warning);
    }
}

fn line(out: &mut String, indent: &str, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", format!("{indent}{text}").trim_end());
}

/// Breaks between words; a word that is longer than a line stays whole.
fn prose(out: &mut String, first: &str, further: &str, text: &str) {
    let mut current = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let gap = usize::from(!is_empty);
        if !is_empty && current.chars().count() + gap + word.chars().count() > WIDTH {
            line(out, "", &current);
            further.clone_into(&mut current);
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
        }
        current.push_str(word);
        is_empty = false;
    }
    line(out, "", &current);
}
