//! The proxy's handle.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::{Clock, Protocol, Tasks};
use mailgrant_keeper::Keeper;
use mailgrant_mail::{Limits, Trust};
use mailgrant_vault::Vault;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::certificates::Certificates;
use crate::connection::{Connection, Hall};
use crate::door::Door;
use crate::extensions::Extensions;
use crate::guessing::Guessing;
use crate::places::Places;
use crate::{Bound, Listener, Most, ProxyError, ProxyMetrics, TlsFiles};

/// How long the connections may take to fall quiet once the proxy stops.
const GRACE: Duration = Duration::from_secs(30);

/// How long to wait where no connection can be taken (no file descriptors left).
const OUT_OF_BREATH: Duration = Duration::from_millis(200);

/// How the proxy works, the same for all listeners.
#[derive(Debug, Clone)]
pub struct ProxySettings {
    /// Where it listens; nowhere where there is none.
    pub listeners: Vec<Listener>,
    /// The certificate, for listeners with TLS.
    pub tls: Option<TlsFiles>,
    /// Whom to believe.
    pub trust: Trust,
    /// Where people reach Mailgrant's pages.
    pub public_url: Url,
    /// How many connections there may be.
    pub most: Most,
}

/// The proxy. Cheap to clone.
#[derive(Clone)]
pub struct Proxy {
    door: Arc<Door>,
    metrics: ProxyMetrics,
    settings: Arc<ProxySettings>,
    certificates: Option<Arc<Certificates>>,
}

/// How long a mail server may take: a client waits for it, and none waits for minutes.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(20),
    answer: Duration::from_secs(30),
    opening: Duration::from_secs(50),
    line: 1 << 20,
};

impl Proxy {
    /// A proxy over this store. Reads the certificate.
    pub fn new(
        vault: Vault,
        keeper: Keeper,
        settings: ProxySettings,
        clock: Arc<dyn Clock>,
        metrics: ProxyMetrics,
    ) -> Result<Self, ProxyError> {
        let certificates = settings.tls.as_ref().map(Certificates::read).transpose()?;
        let door = Door {
            vault,
            keeper,
            trust: settings.trust.clone(),
            limits: LIMITS,
            public_url: settings.public_url.clone(),
            clock,
            guessing: Guessing::default(),
            places: Places::new(settings.most),
            extensions: Extensions::default(),
        };
        Ok(Self {
            door: Arc::new(door),
            metrics,
            settings: Arc::new(settings),
            certificates,
        })
    }

    /// Binds all listeners: all that can fail, before anything starts.
    pub async fn bind(&self) -> Result<Vec<Bound>, ProxyError> {
        let tls = self.certificates.as_ref();
        let tls = tls.map(Certificates::acceptor).transpose()?;
        let mut bound = Vec::new();
        for listener in &self.settings.listeners {
            bound.push(Bound::new(listener.clone(), tls.as_ref()).await?);
        }
        Ok(bound)
    }

    /// Serves until `stopping`; then takes no more connections, and returns when those that are there
    /// have fallen quiet, or soon.
    pub async fn run(&self, bound: Vec<Bound>, stopping: CancellationToken) {
        let tasks = Tasks::new();
        if let Some(certificates) = self.certificates.clone() {
            tasks.spawn("certificate", certificates.keep(tasks.stopping()));
        }
        if bound
            .iter()
            .any(|bound| bound.listener.protocol == Protocol::Smtp)
        {
            let (door, stopping) = (Arc::clone(&self.door), tasks.stopping());
            tasks.spawn("extensions", async move {
                let (vault, trust) = (door.vault.clone(), door.trust.clone());
                door.extensions.keep(vault, trust, stopping).await;
            });
        }
        let listening = bound
            .into_iter()
            .map(|bound| self.listen(bound, &tasks, &stopping));
        futures_util::future::join_all(listening).await;
        stopping.cancelled().await;
        if !tasks.stop(GRACE).await {
            warn!("some connections of the proxy were cut off because they did not fall quiet");
        }
    }

    /// Takes connections until `stopping`.
    async fn listen(&self, bound: Bound, tasks: &Tasks, stopping: &CancellationToken) {
        let name = self.settings.public_url.host_str().unwrap_or("localhost");
        let hall = Arc::new(Hall {
            door: Arc::clone(&self.door),
            metrics: self.metrics.clone(),
            protocol: bound.listener.protocol,
            security: bound.listener.security,
            tls: bound.tls.clone(),
            name: name.to_owned(),
        });
        info!(listener = %bound.listener, "the proxy listens");
        loop {
            let accepted = tokio::select! {
                accepted = bound.accept() => accepted,
                () = stopping.cancelled() => return,
            };
            let (socket, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, listener = %bound.listener, "a connection could not be accepted");
                    sleep(OUT_OF_BREATH).await;
                    continue;
                }
            };
            let connection = Connection {
                place: self.door.places.enter(from.address),
                hall: Arc::clone(&hall),
                from,
                stopping: tasks.stopping(),
            };
            tasks.spawn("connection", connection.run(socket));
        }
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proxy")
    }
}
