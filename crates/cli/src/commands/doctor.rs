//! `mailgrant doctor ACCOUNT`

use mailgrant_doctor::{Outcome, Step, Verdict};

use super::account_named;
use crate::args::Show;
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// Prints each step as it becomes known, and the verdict as this command's failure.
pub(crate) async fn doctor(house: &House, flags: &Show) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let mut printed = Ok(());
    let report = house.doctor.examine(account.id, |step| {
        if !flags.json && printed.is_ok() {
            printed = output::line(&step_in_words(step));
        }
    });
    let report = report.await;
    printed?;
    if flags.json {
        output::json(&report)?;
    }
    match report.verdict {
        Verdict::Ill { diagnosis, .. } => Err(Failure::of(diagnosis)),
        Verdict::Well { .. } if flags.json => Ok(()),
        Verdict::Well { notices: 0 } => output::line("All is well."),
        Verdict::Well { notices: 1 } => output::line("It works. One thing is noted above."),
        Verdict::Well { notices } => {
            output::line(&format!("It works. {notices} things are noted above."))
        }
    }
}

/// A line for each step; under a note or a failure, what to do about it.
fn step_in_words(step: &Step) -> String {
    let Step {
        title,
        took,
        outcome,
        ..
    } = step;
    let text = format!(
        "{:<8}{title} ({} ms): {}",
        outcome.mark(),
        took.as_millis(),
        outcome.words()
    );
    let (Outcome::Noticed(diagnosis) | Outcome::Failed(diagnosis)) = outcome else {
        return text;
    };
    let place = diagnosis.place.iter();
    let place = place.map(|place| format!("        where: {place}"));
    let lines = [text, format!("        next: {}", diagnosis.next)];
    let lines: Vec<String> = lines.into_iter().chain(place).collect();
    lines.join("\n")
}
