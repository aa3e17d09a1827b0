//! What all endpoints share.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempts::Attempts;
use super::devices::Devices;
use super::faults::Faults;
use super::grants::Grants;
use super::key::Keys;
use super::options::ProviderOptions;
use super::persona::{Persona, microsoft};
use super::refusal::Refusal;
use super::request_log::RequestLog;

/// What all endpoints share.
pub(super) struct Context {
    pub(super) options: ProviderOptions,
    /// `http://127.0.0.1:PORT`.
    pub(super) origin: String,
    pub(super) issuer: String,
    pub(super) keys: Mutex<Keys>,
    pub(super) faults: Faults,
    pub(super) requests: RequestLog,
    /// Requests that have come to the token endpoint.
    pub(super) token_requests: AtomicU64,
    /// Refresh requests that have been answered.
    pub(super) refreshes: AtomicU64,
    pub(super) attempts: Mutex<Attempts>,
    pub(super) devices: Mutex<Devices>,
    pub(super) grants: Mutex<Grants>,
    /// Other names by which assertions may call the provider.
    pub(super) other_names: Mutex<Vec<String>>,
    /// The assertions that have been used: client and `jti`.
    pub(super) used_assertions: Mutex<HashSet<(String, String)>>,
}

impl Context {
    pub(super) fn grants(&self) -> MutexGuard<'_, Grants> {
        lock(&self.grants)
    }

    pub(super) fn attempts(&self) -> MutexGuard<'_, Attempts> {
        lock(&self.attempts)
    }

    pub(super) fn devices(&self) -> MutexGuard<'_, Devices> {
        lock(&self.devices)
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, Keys> {
        lock(&self.keys)
    }

    pub(super) fn persona(&self) -> Persona {
        self.options.persona
    }

    /// The address of an endpoint.
    pub(super) fn url(&self, path: &str, tenant: &str) -> String {
        format!("{}{}", self.origin, path.replace("{tenant}", tenant))
    }

    /// What an assertion may call the provider in `aud`: its issuer or its token endpoint.
    pub(super) fn audiences(&self) -> Vec<String> {
        let path = self.persona().paths().token;
        let tenants = ["common", "organizations", microsoft::TENANT];
        let mut audiences: Vec<String> = tenants
            .iter()
            .map(|tenant| self.url(path, tenant))
            .collect();
        audiences.push(self.issuer.clone());
        audiences.extend(lock(&self.other_names).iter().cloned());
        audiences
    }

    /// Whether a client's assertion has not been seen before; from now on it has.
    pub(super) fn is_first_use(&self, client: &str, id: &str) -> bool {
        lock(&self.used_assertions).insert((client.to_owned(), id.to_owned()))
    }

    /// Whether the tenant in a path can be served: only Microsoft's persona has any.
    pub(super) fn check_tenant(&self, tenant: &str) -> Result<(), Refusal> {
        match self.persona() {
            Persona::Microsoft => microsoft::check_tenant(tenant),
            Persona::Plain | Persona::Google => Ok(()),
        }
    }
}

/// The tenant that a path of Microsoft's persona begins with.
pub(super) fn tenant(uri: &http::Uri) -> &str {
    uri.path().split('/').nth(1).unwrap_or_default()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
