//! What the doctor hands out: steps as they become known, and in the end a report.

use std::time::Duration;

use mailgrant_base::Diagnosis;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// The whole examination of one account.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The account's name; its number where the account could not be read.
    pub account: String,
    /// Its provider's name; empty where that could not be read.
    pub provider: String,
    /// Everything that was looked at, in this order.
    pub steps: Vec<Step>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its key, for machines; stays the same between versions.
    pub name: &'static str,
    /// Its name for people.
    pub title: String,
    /// How long it took; in whole milliseconds as JSON, under the name `milliseconds`.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub took: Duration,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a step.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It is well.
    Passed {
        /// What was found, as a sentence.
        found: String,
    },
    /// It works, but will not for ever, or is odd.
    Noticed(#[serde(serialize_with = "self::in_full")] Diagnosis),
    /// It does not work.
    Failed(#[serde(serialize_with = "self::in_full")] Diagnosis),
    /// It was not looked at.
    Skipped {
        /// Why, as a sentence.
        why: String,
    },
}

/// What the steps come to.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// No step failed.
    Well {
        /// How many steps were noticed.
        notices: usize,
    },
    /// Something does not work: the first step that failed.
    Ill {
        /// That step's [`name`](Step::name).
        step: &'static str,
        /// What is wrong, by all that was found: what happened and why, whose turn it is, what to
        /// do next and where.
        #[serde(flatten, serialize_with = "self::in_full")]
        diagnosis: Diagnosis,
    },
}

impl Outcome {
    /// In one word, for people and for machines: `ok`, `note`, `FAILED` or `skipped`.
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "ok",
            Self::Noticed(_) => "note",
            Self::Failed(_) => "FAILED",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// What there is to read about it at a glance: what was found, what happened, or why not.
    pub fn words(&self) -> &str {
        match self {
            Self::Passed { found } => found,
            Self::Noticed(diagnosis) | Self::Failed(diagnosis) => &diagnosis.what,
            Self::Skipped { why } => why,
        }
    }
}

impl Verdict {
    /// The verdict on these steps.
    pub(crate) fn on(steps: &[Step]) -> Self {
        let failed = steps.iter().find_map(|step| match &step.outcome {
            Outcome::Failed(diagnosis) => Some((step.name, diagnosis.clone())),
            _ => None,
        });
        match failed {
            Some((step, diagnosis)) => Self::Ill { step, diagnosis },
            None => Self::Well {
                notices: steps
                    .iter()
                    .filter(|step| matches!(step.outcome, Outcome::Noticed(_)))
                    .count(),
            },
        }
    }
}

fn milliseconds<S: Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// A diagnosis with whose turn it is, as a word and in words.
fn in_full<S: Serializer>(diagnosis: &Diagnosis, to: S) -> Result<S::Ok, S::Error> {
    let Diagnosis {
        fault,
        what,
        next,
        said,
        place,
        source,
    } = diagnosis;
    let mut map = to.serialize_map(Some(7))?;
    map.serialize_entry("turn", fault.as_str())?;
    map.serialize_entry("turn_in_words", fault.turn())?;
    map.serialize_entry("what", what)?;
    map.serialize_entry("next", next)?;
    map.serialize_entry("said", said)?;
    map.serialize_entry("place", place)?;
    map.serialize_entry("source", source)?;
    map.end()
}

#[cfg(test)]
mod tests {
    use mailgrant_base::Fault;
    use serde_json::json;

    use super::*;

    fn step(name: &'static str, outcome: Outcome) -> Step {
        Step {
            name,
            title: "A step".to_owned(),
            took: Duration::from_micros(12_900),
            outcome,
        }
    }

    fn wrong(what: &str) -> Diagnosis {
        Diagnosis::new(Fault::Tenant, what, "Mend it.").place("there")
    }

    #[test]
    fn the_first_failure_is_the_verdict_and_a_notice_is_none() {
        let mut steps = vec![
            step(
                "a",
                Outcome::Passed {
                    found: "x".to_owned(),
                },
            ),
            step("b", Outcome::Noticed(wrong("odd"))),
        ];
        assert!(matches!(Verdict::on(&steps), Verdict::Well { notices: 1 }));
        steps.push(step("c", Outcome::Failed(wrong("first"))));
        steps.push(step("d", Outcome::Failed(wrong("second"))));
        let Verdict::Ill { step, diagnosis } = Verdict::on(&steps) else {
            panic!("not well");
        };
        assert_eq!((step, diagnosis.what.as_str()), ("c", "first"));
    }

    #[test]
    fn machines_read_times_in_milliseconds_and_whose_turn_it_is() {
        let steps = vec![step("token", Outcome::Failed(wrong("no")))];
        let report = Report {
            account: "desk".to_owned(),
            provider: "entra".to_owned(),
            verdict: Verdict::on(&steps),
            steps,
        };
        let about = json!({
            "turn": "tenant", "turn_in_words": "the organisation's administrator", "what": "no",
            "next": "Mend it.", "said": null, "place": "there", "source": null,
        });
        let mut first = about.clone();
        let mut verdict = about;
        for (map, more) in [
            (
                &mut first,
                json!({"name": "token", "title": "A step", "milliseconds": 12, "outcome": "failed"}),
            ),
            (&mut verdict, json!({"verdict": "ill", "step": "token"})),
        ] {
            let map = map.as_object_mut().unwrap();
            map.extend(more.as_object().unwrap().clone());
        }
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            json!({"account": "desk", "provider": "entra", "steps": [first], "verdict": verdict})
        );
    }
}
