//! What all endpoints share.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempts::Attempts;
use super::faults::Faults;
use super::grants::Grants;
use super::key::SigningKey;
use super::options::ProviderOptions;
use super::request_log::RequestLog;

/// What all endpoints share.
pub(super) struct Context {
    pub(super) options: ProviderOptions,
    pub(super) issuer: String,
    pub(super) key: SigningKey,
    pub(super) faults: Faults,
    pub(super) requests: RequestLog,
    /// Requests that have come to the token endpoint.
    pub(super) token_requests: AtomicU64,
    /// Refresh requests that have been answered.
    pub(super) refreshes: AtomicU64,
    pub(super) attempts: Mutex<Attempts>,
    pub(super) grants: Mutex<Grants>,
}

impl Context {
    pub(super) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
