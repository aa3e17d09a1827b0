//! What the fetcher counts.

use std::time::Duration;

use mailgrant_vault::AlarmKind;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::status::Activity;

type Label = [(&'static str, &'static str); 1];

/// What the fetcher counts. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct FetcherMetrics {
    messages: Family<Label, Counter>,
    bytes: Counter,
    mailboxes: Family<Label, Gauge>,
    delivery: Histogram,
    connections: Gauge,
    waiting: Gauge,
    refused: Counter,
    alarms: Family<Label, Gauge>,
}

/// A login that waits for its turn, counted until it is dropped.
pub(crate) struct WaitingLogin(Gauge);

impl Drop for WaitingLogin {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What came of a message, as metrics name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    Delivered,
    Deferred,
    Quarantined,
    /// Gone from the source before it was fetched.
    Vanished,
    /// Delivered in an older epoch of the folder's UIDs.
    Known,
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Delivered,
        Self::Deferred,
        Self::Quarantined,
        Self::Vanished,
        Self::Known,
    ];

    fn label(self) -> Label {
        let name = match self {
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Quarantined => "quarantined",
            Self::Vanished => "vanished",
            Self::Known => "known",
        };
        [("outcome", name)]
    }
}

impl Default for FetcherMetrics {
    fn default() -> Self {
        let metrics = Self {
            messages: Family::default(),
            bytes: Counter::default(),
            mailboxes: Family::default(),
            // From 5 ms to about 5 minutes.
            delivery: Histogram::new(exponential_buckets(0.005, 3.0, 11)),
            connections: Gauge::default(),
            waiting: Gauge::default(),
            refused: Counter::default(),
            alarms: Family::default(),
        };
        // A series that is there from the start can be watched from the start.
        for outcome in Outcome::ALL {
            metrics.count(outcome, 0);
        }
        for activity in Activity::NAMES {
            metrics.mailbox(activity).set(0);
        }
        for kind in AlarmKind::ALL {
            metrics.alarms(kind).set(0);
        }
        metrics
    }
}

impl FetcherMetrics {
    /// Registers the counters: `mailgrant_messages_total{outcome}`,
    /// `mailgrant_message_bytes_total`, `mailgrant_mailboxes{activity}`,
    /// `mailgrant_delivery_seconds`, `mailgrant_connections`, `mailgrant_logins_waiting`,
    /// `mailgrant_connections_refused_total` and `mailgrant_alarms{kind}`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "mailgrant_messages",
            "Messages by what came of them",
            metrics.messages.clone(),
        );
        registry.register_with_unit(
            "mailgrant_message",
            "Size of all delivered messages together",
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        registry.register(
            "mailgrant_mailboxes",
            "Mailboxes by what their worker is doing",
            metrics.mailboxes.clone(),
        );
        registry.register_with_unit(
            "mailgrant_delivery",
            "Time from a message's first byte until the sink has it and the ledger says so",
            Unit::Seconds,
            metrics.delivery.clone(),
        );
        registry.register(
            "mailgrant_connections",
            "Connections to mailboxes that are open or being opened",
            metrics.connections.clone(),
        );
        registry.register(
            "mailgrant_logins_waiting",
            "Logins to mail servers that wait for their turn",
            metrics.waiting.clone(),
        );
        registry.register(
            "mailgrant_connections_refused",
            "How often a mail server said that there are too many connections",
            metrics.refused.clone(),
        );
        registry.register(
            "mailgrant_alarms",
            "Mailboxes with which something is wrong although nothing fails, by what it is",
            metrics.alarms.clone(),
        );
        metrics
    }

    pub(crate) fn count(&self, outcome: Outcome, messages: u64) {
        self.messages
            .get_or_create(&outcome.label())
            .inc_by(messages);
    }

    pub(crate) fn delivered(&self, size: u64, took: Duration) {
        self.count(Outcome::Delivered, 1);
        self.bytes.inc_by(size);
        self.delivery.observe(took.as_secs_f64());
    }

    pub(crate) fn connections(&self) -> &Gauge {
        &self.connections
    }

    pub(crate) fn waiting_login(&self) -> WaitingLogin {
        self.waiting.inc();
        WaitingLogin(self.waiting.clone())
    }

    pub(crate) fn connection_refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn alarms(&self, kind: AlarmKind) -> Gauge {
        self.alarms
            .get_or_create(&[("kind", kind.as_str())])
            .clone()
    }

    pub(crate) fn mailbox(&self, activity: &'static str) -> Gauge {
        self.mailboxes
            .get_or_create(&[("activity", activity)])
            .clone()
    }
}
