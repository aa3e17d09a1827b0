//! What the proxy counts.

use mailgrant_base::Protocol;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::RefusalKind;

type One = [(&'static str, &'static str); 1];
type Two = [(&'static str, &'static str); 2];

/// What the proxy counts. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct ProxyMetrics {
    connections: Family<One, Gauge>,
    logins: Family<Two, Counter>,
    bytes: Family<Two, Counter>,
}

/// A connection that is counted as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for ProxyMetrics {
    fn default() -> Self {
        let metrics = Self {
            connections: Family::default(),
            logins: Family::default(),
            bytes: Family::default(),
        };
        // A series that is there from the start can be watched from the start.
        for protocol in Protocol::ALL {
            drop(metrics.connection(protocol));
            metrics.logins(protocol, None, 0);
            for kind in RefusalKind::ALL {
                metrics.logins(protocol, Some(kind), 0);
            }
            metrics.moved(protocol, 0, 0);
        }
        metrics
    }
}

impl ProxyMetrics {
    /// Registers `mailgrant_proxy_connections{protocol}`,
    /// `mailgrant_proxy_logins_total{protocol,outcome}` and
    /// `mailgrant_proxy_bytes_total{protocol,direction}`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "mailgrant_proxy_connections",
            "Connections of clients to the proxy",
            metrics.connections.clone(),
        );
        registry.register(
            "mailgrant_proxy_logins",
            "Logins at the proxy by what came of them",
            metrics.logins.clone(),
        );
        registry.register_with_unit(
            "mailgrant_proxy",
            "What was passed on after the login",
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        metrics
    }

    pub(crate) fn connection(&self, protocol: Protocol) -> Counted {
        let label = [("protocol", protocol.word())];
        let gauge = self.connections.get_or_create(&label).clone();
        gauge.inc();
        Counted(gauge)
    }

    pub(crate) fn logged_in(&self, protocol: Protocol) {
        self.logins(protocol, None, 1);
    }

    pub(crate) fn refused(&self, protocol: Protocol, kind: RefusalKind) {
        self.logins(protocol, Some(kind), 1);
    }

    fn logins(&self, protocol: Protocol, refused: Option<RefusalKind>, count: u64) {
        let outcome = refused.map_or("logged_in", RefusalKind::word);
        let label = [("protocol", protocol.word()), ("outcome", outcome)];
        self.logins.get_or_create(&label).inc_by(count);
    }

    pub(crate) fn moved(&self, protocol: Protocol, up: u64, down: u64) {
        for (direction, count) in [("up", up), ("down", down)] {
            let label = [("protocol", protocol.word()), ("direction", direction)];
            self.bytes.get_or_create(&label).inc_by(count);
        }
    }
}
