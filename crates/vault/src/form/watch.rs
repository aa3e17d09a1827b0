//! The account's form, how the mailbox is watched over.

use super::AccountForm;
use super::check::Problems;
use crate::{Silence, Source, Watch};

/// No more hours than a month has.
const MOST: std::ops::RangeInclusive<u16> = 1..=720;

impl AccountForm {
    /// Fills in what a stored account says.
    pub(super) fn show_watch(&mut self, watch: Watch) {
        self.silence = match watch.silence {
            Silence::Learnt => String::new(),
            Silence::After(hours) => hours.to_string(),
            Silence::Off => "off".to_owned(),
        };
        let canary = watch.canary.map(|hours| hours.to_string());
        self.canary = canary.unwrap_or_default();
    }

    pub(super) fn watch(&self, source: Option<Source>, problems: &mut Problems) -> Option<Watch> {
        let silence = match problems.text("silence", &self.silence) {
            "" | "learnt" => Some(Silence::Learnt),
            "off" => Some(Silence::Off),
            hours => within(hours).map(Silence::After),
        };
        if silence.is_none() {
            let wanted = "must be empty, off, or a whole number of hours from 1 to 720";
            problems.add("silence", wanted);
        }
        let canary = match problems.text("canary", &self.canary) {
            "" | "off" => Some(None),
            hours => within(hours).map(Some),
        };
        if canary.is_none() {
            let wanted = "must be empty, or a whole number of hours from 1 to 720";
            problems.add("canary", wanted);
        }
        if canary.is_some_and(|canary| canary.is_some())
            && matches!(source, Some(Source::Graph | Source::Gmail))
        {
            let wanted = "is sent by SMTP, for which an account that is read by an API has no token; \
                          leave it empty";
            problems.add("canary", wanted);
        }
        Some(Watch {
            silence: silence?,
            canary: canary?,
        })
    }
}

fn within(hours: &str) -> Option<u16> {
    hours.parse().ok().filter(|hours| MOST.contains(hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(silence: &str, canary: &str) -> Result<Watch, Vec<&'static str>> {
        let form = AccountForm {
            silence: silence.to_owned(),
            canary: canary.to_owned(),
            ..AccountForm::default()
        };
        let mut problems = Problems::default();
        let watch = form.watch(Some(Source::Imap), &mut problems);
        let checked = problems.finish(watch);
        checked.map_err(|errors| errors.0.iter().map(|error| error.field).collect())
    }

    #[test]
    fn what_was_entered_is_shown_again() {
        for watch in [
            Watch::default(),
            Watch {
                silence: Silence::After(36),
                canary: Some(6),
            },
            Watch {
                silence: Silence::Off,
                canary: None,
            },
        ] {
            let mut form = AccountForm::default();
            form.show_watch(watch);
            assert_eq!(checked(&form.silence, &form.canary), Ok(watch));
        }
    }

    #[test]
    fn hours_that_are_none_are_told() {
        for wrong in ["0", "721", "often", "-1", "1.5"] {
            assert_eq!(checked(wrong, wrong), Err(vec!["silence", "canary"]));
        }
    }
}
