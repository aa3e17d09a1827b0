//! The account's form, what does not go where all its mail goes.

use super::AccountForm;
use super::check::Problems;
use super::sink::number;
use crate::{Action, Guard, Rules, Sink};

/// No rules are longer, in bytes.
const LONGEST: usize = 64 * 1024;

impl AccountForm {
    /// Fills in what a stored account says.
    pub(super) fn show_rules(&mut self, rules: &Rules, guard: Guard) {
        self.rules = rules.to_string();
        self.largest = (guard.largest >> 20).to_string();
        self.per_sender = guard.per_sender.to_string();
    }

    pub(super) fn rules(&self, sink: Option<&Sink>, problems: &mut Problems) -> Option<Rules> {
        if self.rules.len() > LONGEST {
            problems.add("rules", "are too long; 64 KB are expected at most");
            return None;
        }
        let rules = problems.take("rules", Rules::read(&self.rules))?;
        let readdresses = |rule: &crate::Rule| matches!(rule.action, Action::Recipients(_));
        if rules.iter().any(readdresses) && !matches!(sink, Some(Sink::Lmtp(_) | Sink::Smtp(_))) {
            let wanted = "name recipients, which only an LMTP or SMTP server has";
            problems.add("rules", wanted);
        }
        for rule in rules.iter() {
            if let Action::Sink(name) = &rule.action
                && self.sinks.get(name).is_none()
            {
                let there = if self.sinks.is_empty() {
                    "there is no further sink yet; add it first".to_owned()
                } else {
                    format!("there are {}", self.sinks.names())
                };
                problems.add("rules", format!("choose the sink {name}: {there}"));
            }
        }
        Some(rules)
    }

    pub(super) fn guard(&self, problems: &mut Problems) -> Option<Guard> {
        let usual = Guard::default();
        let largest = problems.text("largest", &self.largest);
        let largest = number(largest, usual.largest >> 20, 0, 10_000);
        if largest.is_none() {
            problems.add("largest", "must be a whole number of MB up to 10000");
        }
        let per_sender = problems.text("per_sender", &self.per_sender);
        let per_sender = number(per_sender, usual.per_sender, 0, 1_000_000);
        if per_sender.is_none() {
            problems.add("per_sender", "must be a whole number up to 1000000");
        }
        Some(Guard {
            largest: largest? << 20,
            per_sender: per_sender?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_fit_no_sink_and_limits_that_are_none_are_told() {
        let form = AccountForm {
            rules: "recipients a@b.example".to_owned(),
            largest: "many".to_owned(),
            per_sender: "-1".to_owned(),
            ..AccountForm::default()
        };
        let mut problems = Problems::default();
        form.rules(None, &mut problems);
        assert_eq!(form.guard(&mut problems), None);
        let errors = problems.finish(Some(())).unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["rules", "largest", "per_sender"]);
    }

    #[test]
    fn a_rule_that_chooses_a_sink_which_is_not_there_is_told() {
        let mut form = AccountForm {
            rules: "drop from x\nsink Archive to archive@*".to_owned(),
            ..AccountForm::default()
        };
        let told = |form: &AccountForm| {
            let mut problems = Problems::default();
            let rules = form.rules(None, &mut problems);
            problems.finish(rules).map_err(|errors| errors.to_string())
        };
        let none = told(&form).unwrap_err();
        assert!(none.contains("choose the sink Archive: there is no further sink"));
        let path = "/var/mail/archive".into();
        let sink = Sink::Maildir(crate::MaildirSink { path });
        form.sinks.put("archive", sink.clone());
        let other = told(&form).unwrap_err();
        assert!(other.contains("Archive: there are archive"), "{other}");
        form.sinks.put("Archive", sink);
        assert_eq!(told(&form).unwrap().iter().count(), 2);
    }

    #[test]
    fn what_is_shown_is_read_again_as_the_same() {
        let rules = Rules::read("drop from *@a.example\nhold size '>5M'").unwrap();
        let guard = Guard {
            largest: 40 << 20,
            per_sender: 0,
        };
        let mut form = AccountForm::default();
        assert_eq!(form.guard(&mut Problems::default()), Some(Guard::default()));
        form.show_rules(&rules, guard);
        let mut problems = Problems::default();
        assert_eq!(form.rules(None, &mut problems), Some(rules));
        assert_eq!(form.guard(&mut problems), Some(guard));
        problems.finish(Some(())).unwrap();
    }
}
