//! What no refusal says and the grant's history tells.

use std::time::Duration;

use mailgrant_base::Diagnosis;

use super::{Row, google};
use crate::{ProviderKind, Said};

pub(super) static TABLES: [&[Row]; 2] = [google::TESTING, google::UNUSED];

const DAY: Duration = Duration::from_hours(24);

/// An app in testing loses each authorization after seven days; the hours around them are those of
/// the renewal that finds out.
const TESTING: std::ops::RangeInclusive<Duration> =
    Duration::from_hours(156)..=Duration::from_hours(180);

/// Six months at Google, by its shortest count.
const SIX_MONTHS: Duration = DAY.saturating_mul(180);

/// A better diagnosis of a grant that ended, from what is known of it beside the refusal:
/// how long ago the consent was given, and how long before the refusal the grant was last used.
/// `None` where the refusal's own diagnosis is the best.
pub fn refine(
    kind: ProviderKind,
    said: &Said,
    since_consent: Option<Duration>,
    since_use: Option<Duration>,
) -> Option<Diagnosis> {
    let ended = said.error == "invalid_grant"
        && said.description.as_deref().is_none_or(|description| {
            description
                .to_ascii_lowercase()
                .contains("expired or revoked")
        });
    if kind != ProviderKind::Google || !ended {
        return None;
    }
    let table = if since_use.is_some_and(|age| age >= SIX_MONTHS) {
        google::UNUSED
    } else if since_consent.is_some_and(|age| TESTING.contains(&age)) {
        google::TESTING
    } else {
        return None;
    };
    let row = table.first()?;
    Some(row.diagnosis().said(said.to_string()))
}

#[cfg(test)]
mod tests {
    use mailgrant_base::Fault;

    use super::*;

    fn ended(description: Option<&str>) -> Said {
        Said {
            error: "invalid_grant".to_owned(),
            description: description.map(str::to_owned),
            ..Said::default()
        }
    }

    fn refined(kind: ProviderKind, said: &Said, hours: u64, idle: u64) -> Option<Diagnosis> {
        let [age, idle] = [hours, idle].map(|hours| Some(Duration::from_hours(hours)));
        refine(kind, said, age, idle)
    }

    #[test]
    fn an_app_in_testing_is_known_by_the_seven_days() {
        let said = ended(Some("Token has been expired or revoked."));
        for (hours, found) in [
            (24, false),
            (155, false),
            (156, true),
            (168, true),
            (180, true),
            (181, false),
            (336, false),
        ] {
            let diagnosis = refined(ProviderKind::Google, &said, hours, 1);
            assert_eq!(diagnosis.is_some(), found, "{hours}");
            assert!(
                diagnosis.is_none_or(|d| d.fault == Fault::Operator && d.what.contains("Testing"))
            );
        }
        assert!(refined(ProviderKind::Google, &ended(None), 168, 1).is_some());
        assert!(refined(ProviderKind::Google, &ended(Some("Bad Request")), 168, 1).is_none());
        assert!(refined(ProviderKind::Microsoft, &said, 168, 1).is_none());
        assert!(refine(ProviderKind::Google, &said, None, None).is_none());
    }

    #[test]
    fn half_a_year_without_use_explains_itself() {
        let said = ended(Some("Token has been expired or revoked."));
        let diagnosis = refined(ProviderKind::Google, &said, 10_000, 24 * 181).unwrap();
        assert!(diagnosis.what.contains("six months"));
        assert_eq!(diagnosis.fault, Fault::Owner);
    }
}
