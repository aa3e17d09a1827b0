//! A worker that does not come to the end of a look.

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Diagnosis;

use super::{Finding, in_words};
use crate::{Activity, Status};

/// No look takes so long, unless something is wrong.
const LONGEST_LOOK: SignedDuration = SignedDuration::from_hours(3);
/// What passes by itself has passed by then.
const LONGEST_TROUBLE: SignedDuration = SignedDuration::from_hours(6);

pub(super) fn find(name: &str, status: &Status, now: Timestamp) -> Finding {
    let Some((since, trouble)) = stuck(status, now) else {
        let comes_through = status.trouble.is_none() && status.last_completed.is_some();
        return if comes_through {
            Finding::Well
        } else {
            Finding::Unknown
        };
    };
    let what = format!(
        "{name}: Mailgrant has not come to the end of a look into the mailbox since {}.",
        in_words(since)
    );
    match trouble {
        Some(trouble) => Finding::Wrong(
            since,
            format!("{what} {}", trouble.what),
            "Mailgrant goes on trying. See whether the mail server works for others; the doctor, on \
             the account's page, says at which step it ends."
                .to_owned(),
        ),
        None => Finding::Wrong(since, what, "Restart Mailgrant, and report this.".to_owned()),
    }
}

/// Since when, and what stands in the way, where that is known.
fn stuck(status: &Status, now: Timestamp) -> Option<(Timestamp, Option<&Diagnosis>)> {
    let Status {
        activity,
        since,
        begun,
        last_completed,
        trouble,
    } = status;
    if let Some(trouble) = trouble {
        // What needs a person is told by itself.
        let since = last_completed.unwrap_or(*begun);
        let long = now.duration_since(since) > LONGEST_TROUBLE;
        return (trouble.fault.passes_by_itself() && long).then_some((since, Some(trouble)));
    }
    let at_work = matches!(activity, Activity::Connecting | Activity::Fetching);
    let since = last_completed.map_or(*since, |completed| completed.max(*since));
    let long = now.duration_since(since) > LONGEST_LOOK;
    (at_work && long).then_some((since, None))
}

#[cfg(test)]
mod tests {
    use mailgrant_base::Fault;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn ago(hours: i64) -> Timestamp {
        NOW - SignedDuration::from_hours(hours)
    }

    fn status(activity: Activity, since: i64, last_completed: Option<i64>) -> Status {
        Status {
            activity,
            since: ago(since),
            begun: ago(20),
            last_completed: last_completed.map(ago),
            trouble: None,
        }
    }

    fn since(status: &Status) -> Option<Timestamp> {
        stuck(status, NOW).map(|(since, _)| since)
    }

    #[test]
    fn who_works_for_hours_without_an_end_is_stuck_and_who_waits_is_not() {
        let fetching = |at, completed| since(&status(Activity::Fetching, at, completed));
        assert_eq!(fetching(4, None), Some(ago(4)));
        assert_eq!(fetching(2, None), None);
        assert_eq!(fetching(9, Some(1)), None);
        assert_eq!(fetching(9, Some(5)), Some(ago(5)));
        assert_eq!(since(&status(Activity::Held, 9, None)), None);
        assert_eq!(since(&status(Activity::Listening, 9, Some(9))), None);
    }

    #[test]
    fn a_trouble_that_should_have_passed_is_told_and_one_that_needs_a_person_is_not() {
        let troubled = |fault, completed| {
            let mut status = status(Activity::Retrying(NOW), 0, completed);
            status.trouble = Some(Diagnosis::new(fault, "no answer.", "wait"));
            since(&status)
        };
        assert_eq!(troubled(Fault::Server, Some(7)), Some(ago(7)));
        assert_eq!(troubled(Fault::Server, Some(5)), None);
        assert_eq!(troubled(Fault::Server, None), Some(ago(20)));
        assert_eq!(troubled(Fault::Owner, Some(7)), None);
    }
}
