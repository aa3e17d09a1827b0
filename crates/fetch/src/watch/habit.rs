//! When mail usually comes into a mailbox, learnt from the hours in which some came.
//!
//! Mail has the rhythm of the week: a mailbox that has mail from nine to five on working days is silent
//! every night and every Sunday, and nobody wants to hear of it. So a silence is compared with the same
//! time one, two, three and four weeks before. It is strange once in that time mail came in six
//! different hours, each of these weeks; one of three or more weeks may differ, as a holiday does. A
//! mailbox that is known for less than two weeks is only judged if it had mail around the clock.

/// A silence of fewer hours is never strange.
pub(super) const SHORTEST: i64 = 24;
const WEEK: i64 = 7 * 24;
/// So many weeks are compared.
const WEEKS: i64 = 4;
/// In so many hours there would have been mail.
const MISSED: usize = 6;
/// A mailbox that has been known for so many hours may have mail around the clock.
const YOUNG: i64 = 3 * 24;

/// How long back mail is asked for, in hours: the weeks that are compared, and a silence of two weeks.
pub(super) const LOOKS_BACK: i64 = (WEEKS + 2) * WEEK;

/// What is missed in a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    /// In the same time of earlier weeks mail came in at least so many hours.
    Hours(usize),
    /// Mail came nearly every hour.
    AroundTheClock,
}

/// Whether the silence since the last mail is strange; `hours` are those in which mail came, ascending
/// and counted since 1970, and `now` is the present one.
pub(super) fn missed(hours: &[i64], now: i64) -> Option<Missed> {
    let (first, last) = (*hours.first()?, *hours.last()?);
    // Whole hours without mail: from the one behind the last mail to the one before this.
    let silence = last + 1..now;
    if silence.end - silence.start < SHORTEST {
        return None;
    }
    let in_week = |weeks: i64| {
        let (from, until) = (silence.start - weeks * WEEK, silence.end - weeks * WEEK);
        // What was before the first mail is not known.
        let count = || {
            let from = hours.partition_point(|hour| *hour < from);
            hours.partition_point(|hour| *hour < until) - from
        };
        (from >= first).then(count)
    };
    let mut weeks: Vec<usize> = (1..=WEEKS).filter_map(in_week).collect();
    weeks.sort_unstable();
    match weeks.as_slice() {
        [] | [_] => {
            let known = last + 1 - first;
            let of_all = i64::try_from(hours.len()).unwrap_or(i64::MAX);
            let around = known >= YOUNG && of_all.saturating_mul(4) >= known * 3;
            around.then_some(Missed::AroundTheClock)
        }
        [fewest, _] | [_, fewest, ..] => (*fewest >= MISSED).then_some(Missed::Hours(*fewest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday, 0:00, counted in hours.
    const MONDAY: i64 = 4 * 24;

    /// The hours of so many weeks in which there is mail.
    fn weeks(count: i64, has_mail: impl Fn(i64, i64) -> bool) -> Vec<i64> {
        let hours = MONDAY..MONDAY + count * WEEK;
        let at = |hour: &i64| {
            let (day, hour) = ((hour - MONDAY) / 24 % 7, (hour - MONDAY) % 24);
            has_mail(day, hour)
        };
        hours.filter(at).collect()
    }

    fn office(day: i64, hour: i64) -> bool {
        day < 5 && (9..17).contains(&hour)
    }

    /// How many hours after its last mail a mailbox is silent.
    fn silent_after(hours: &[i64]) -> Option<i64> {
        let last = hours.last().unwrap();
        (0..30 * 24).find(|after| missed(hours, last + after).is_some())
    }

    #[test]
    fn who_had_mail_every_hour_is_silent_after_a_day() {
        for count in [1, 2, 3, 5] {
            let hours = weeks(count, |_, _| true);
            assert_eq!(silent_after(&hours), Some(25), "{count} weeks");
        }
    }

    #[test]
    fn an_office_is_not_silent_at_the_weekend_and_is_on_monday_afternoon() {
        // Five weeks, until Friday 17:00.
        let hours = weeks(5, office);
        let after = silent_after(&hours).unwrap();
        // From Friday, 16:00, to Monday, 15:00: six hours of Monday are over.
        assert_eq!(after, 8 + 48 + 15);
        for friday in 0..after {
            assert_eq!(missed(&hours, hours.last().unwrap() + friday), None);
        }
    }

    #[test]
    fn an_office_is_silent_a_working_day_after_its_last_mail() {
        let mut hours = weeks(4, office);
        let monday = MONDAY + 4 * WEEK;
        hours.extend(monday + 9..monday + 17);
        // The last mail came on Monday at 16:00; on Tuesday at 17:00 a day is over.
        assert_eq!(silent_after(&hours), Some(25));
    }

    #[test]
    fn one_week_that_was_different_teaches_nothing() {
        let third = MONDAY + 3 * WEEK..MONDAY + 4 * WEEK;
        let mut hours = weeks(5, office);
        hours.retain(|hour| !third.contains(hour));
        assert_eq!(silent_after(&hours), Some(8 + 48 + 15));
    }

    #[test]
    fn who_seldom_gets_mail_is_silent_when_much_is_missing() {
        let hours = weeks(6, |day, hour| day < 5 && hour == 10);
        let after = silent_after(&hours).unwrap();
        assert!(after > 7 * 24, "{after} hours");
        let hours = weeks(6, |day, hour| day == 2 && hour == 10);
        assert_eq!(silent_after(&hours), None);
    }

    #[test]
    fn who_is_hardly_known_is_not_judged() {
        assert_eq!(silent_after(&weeks(1, office)), None);
        assert_eq!(silent_after(&(0..YOUNG - 1).collect::<Vec<_>>()), None);
        assert_eq!(missed(&[], 100), None);
    }

    proptest::proptest! {
        #[test]
        fn any_past_is_judged(mut hours: Vec<i32>, now: i32) {
            hours.sort_unstable();
            let hours: Vec<i64> = hours.into_iter().map(i64::from).collect();
            missed(&hours, i64::from(now));
        }
    }
}
