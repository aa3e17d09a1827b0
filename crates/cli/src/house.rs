//! The crates put together, as the settings say.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::{Clock, Random, SystemClock, SystemRandom, files};
use mailgrant_doctor::{Doctor, DoctorLimits};
use mailgrant_fetch::{FetchSettings, Fetcher, FetcherMetrics};
use mailgrant_keeper::{Keeper, KeeperMetrics};
use mailgrant_mail::{Limits, Trust};
use mailgrant_oauth::HttpClient;
use mailgrant_proxy::{Most, Proxy, ProxyMetrics, ProxySettings};
use mailgrant_vault::{AccountId, EventKind, Key, Location, NewEvent, ProviderId, Vault};
use mailgrant_web::App;
use prometheus_client::registry::Registry;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::failure::Failure;
use crate::settings::{Config, KeySource};

/// How long an identity provider may take to answer.
const PROVIDER_PATIENCE: Duration = Duration::from_secs(20);

/// Everything that a command can need.
pub(crate) struct House {
    pub(crate) vault: Vault,
    pub(crate) keeper: Keeper,
    pub(crate) fetcher: Fetcher,
    pub(crate) doctor: Doctor,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    trust: Trust,
    proxy_metrics: ProxyMetrics,
    metrics: Arc<Registry>,
}

impl House {
    /// Opens the store and puts keeper and fetcher over it. Nothing runs yet.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let roots = extra_roots(config)?;

        let vault = open_vault(config, &random).await?;
        let mut registry = Registry::default();
        let http = HttpClient::with_roots(PROVIDER_PATIENCE, roots.clone())
            .map_err(|error| Failure::operator(format!("{error}."), TRUST_HINT))?
            .with_clock(Arc::clone(&clock), Arc::clone(&random));
        let keeper = Keeper::new(
            vault.clone(),
            http.clone(),
            config.redirect_uri.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            KeeperMetrics::register(&mut registry),
        );
        let trust = Trust::system_and(roots)
            .map_err(|error| Failure::operator(format!("{error}."), TRUST_HINT))?;
        let doctor = Doctor::new(
            vault.clone(),
            keeper.clone(),
            http,
            trust.clone(),
            DoctorLimits::default(),
            Arc::clone(&clock),
        );
        let fetcher = Fetcher::new(
            vault.clone(),
            keeper.clone(),
            FetchSettings {
                trust: trust.clone(),
                limits: Limits::default(),
                poll: config.poll,
                logins_at_once: config.logins_at_once,
                spool: config.data_dir.join("spool"),
            },
            Arc::clone(&clock),
            Arc::clone(&random),
            FetcherMetrics::register(&mut registry),
        );
        Ok(Self {
            vault,
            keeper,
            fetcher,
            doctor,
            clock,
            random,
            trust,
            proxy_metrics: ProxyMetrics::register(&mut registry),
            metrics: Arc::new(registry),
        })
    }

    /// Records what was done from the command line.
    pub(crate) async fn audit(
        &self,
        kind: EventKind,
        subject: Subject,
        text: String,
    ) -> Result<(), Failure> {
        let (provider, account) = match subject {
            Subject::Provider(id) => (Some(id), None),
            Subject::Account(id) => (None, Some(id)),
        };
        let actor = "command line".to_owned();
        let event = NewEvent {
            kind,
            actor,
            provider,
            account,
            text,
        };
        Ok(self.vault.record(event, self.clock.now()).await?)
    }

    /// The proxy, as the settings say. Reads its certificate.
    pub(crate) fn proxy(&self, config: &Config) -> Result<Proxy, Failure> {
        let settings = ProxySettings {
            listeners: config.proxy.clone(),
            tls: config
                .proxy_tls
                .clone()
                .map(|files| mailgrant_proxy::TlsFiles {
                    certificate: files.certificate,
                    key: files.key,
                }),
            trust: self.trust.clone(),
            public_url: config.public_url.clone(),
            most: Most::default(),
        };
        let (vault, keeper) = (self.vault.clone(), self.keeper.clone());
        let (clock, metrics) = (Arc::clone(&self.clock), self.proxy_metrics.clone());
        Ok(Proxy::new(vault, keeper, settings, clock, metrics)?)
    }

    /// What the pages stand on.
    pub(crate) fn app(&self, config: &Config) -> App {
        App {
            vault: self.vault.clone(),
            keeper: self.keeper.clone(),
            fetcher: self.fetcher.clone(),
            doctor: self.doctor.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            metrics: Arc::clone(&self.metrics),
            public_url: config.public_url.clone(),
            redirect_uri: config.redirect_uri.clone(),
            welcome: None,
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    Provider(ProviderId),
    Account(AccountId),
}

const TRUST_HINT: &str = "Check the file that `trust` names: it must hold certificates in PEM.";

fn extra_roots(config: &Config) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let Some(path) = &config.trust else {
        return Ok(Vec::new());
    };
    let pem = files::read(path)?;
    let roots: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::operator(format!("{}: {error}.", path.display()), TRUST_HINT))?;
    if roots.is_empty() {
        let what = format!("There is no certificate in {}.", path.display());
        return Err(Failure::operator(what, TRUST_HINT));
    }
    Ok(roots)
}

/// Opens the store. A missing key is made only together with a missing database: a database
/// without its key is a mistake that a new key would hide.
async fn open_vault(config: &Config, random: &Arc<dyn Random>) -> Result<Vault, Failure> {
    files::create_private_dir(&config.data_dir)?;
    let key = match &config.key {
        KeySource::Variable(text) => {
            Key::parse(secret(text), "the variable MAILGRANT_SEALING_KEY")?
        }
        KeySource::File(path) => Key::read(path)?,
        KeySource::Own(path) if path.exists() => Key::read(path)?,
        KeySource::Own(path) if config.store.exists() => {
            return Err(Failure::operator(
                format!(
                    "The database {} is there, but its sealing key {} is missing.",
                    config.store.display(),
                    path.display()
                ),
                "Put the key file back, or name it with `key_file`. Without it the secrets in \
                 the database cannot be opened by anybody; nothing was changed.",
            ));
        }
        KeySource::Own(path) => Key::create(path, random.as_ref())?,
    };
    Ok(Vault::open(
        &Location::Sqlite(config.store.clone()),
        key,
        Arc::clone(random),
    )
    .await?)
}

fn secret(text: &secrecy::SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(text)
}
