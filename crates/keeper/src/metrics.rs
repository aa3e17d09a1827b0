//! What the keeper counts.

use mailgrant_vault::GrantState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What the keeper counts.
#[derive(Debug, Clone)]
pub struct KeeperMetrics {
    pub(crate) renewals: Family<Outcome, Counter>,
    pub(crate) grants: Family<State, Gauge>,
    pub(crate) duration: Histogram,
    pub(crate) credentials: Family<Within, Gauge>,
}

/// How a renewal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenewalOutcome {
    /// A new token is stored.
    Renewed,
    /// The provider ended the grant.
    Ended,
    /// The provider refused Mailgrant's registration.
    ProfileRefused,
    /// No usable answer; tried again.
    Later,
    /// An answer came that could not be stored.
    NotStored,
    /// An answer came after the grant had changed, and was thrown away.
    Discarded,
}

impl RenewalOutcome {
    /// The outcome as one word, for metrics and logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Ended => "ended",
            Self::ProfileRefused => "profile_refused",
            Self::Later => "later",
            Self::NotStored => "not_stored",
            Self::Discarded => "discarded",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Within {
    days: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct State {
    state: &'static str,
}

impl Default for KeeperMetrics {
    fn default() -> Self {
        Self {
            renewals: Family::default(),
            grants: Family::default(),
            duration: Histogram::new(exponential_buckets(0.01, 2.0, 13)),
            credentials: Family::default(),
        }
    }
}

impl KeeperMetrics {
    /// Registers `mailgrant_renewals_total{outcome}`, `mailgrant_grants{state}`,
    /// `mailgrant_renewal_duration_seconds` and `mailgrant_credentials_ending{days}`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "mailgrant_renewals",
            "Renewals of access tokens, by outcome",
            metrics.renewals.clone(),
        );
        registry.register(
            "mailgrant_grants",
            "Grants, by state",
            metrics.grants.clone(),
        );
        registry.register_with_unit(
            "mailgrant_renewal_duration",
            "How long the identity provider took to answer a renewal",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register(
            "mailgrant_credentials_ending",
            "Client credentials that end within so many days; 0: that have ended",
            metrics.credentials.clone(),
        );
        metrics
    }

    /// Sets how many client credentials end within each number of days.
    pub(crate) fn credentials_ending(&self, counts: impl Iterator<Item = (i64, i64)>) {
        for (days, count) in counts {
            self.credentials.get_or_create(&Within { days }).set(count);
        }
    }

    pub(crate) fn renewal(&self, outcome: RenewalOutcome) {
        let label = Outcome {
            outcome: outcome.as_str(),
        };
        self.renewals.get_or_create(&label).inc();
    }

    /// Sets the number of grants in each state.
    pub(crate) fn grants(&self, states: impl Iterator<Item = GrantState>) {
        let all = [
            GrantState::Pending,
            GrantState::Active,
            GrantState::NeedsAuthorization,
            GrantState::Revoked,
        ];
        let mut counts = [0; 4];
        for state in states {
            if let Some(index) = all.iter().position(|known| *known == state) {
                counts[index] += 1;
            }
        }
        for (state, count) in all.into_iter().zip(counts) {
            let state = State { state: name(state) };
            self.grants.get_or_create(&state).set(count);
        }
    }
}

fn name(state: GrantState) -> &'static str {
    match state {
        GrantState::Pending => "pending",
        GrantState::Active => "active",
        GrantState::NeedsAuthorization => "needs_authorization",
        GrantState::Revoked => "revoked",
    }
}
