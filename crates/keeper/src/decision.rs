//! Whether the provider is asked at all. Pure.

use jiff::Timestamp;
use mailgrant_vault::GrantState;

use crate::schedule::lives;

/// What a caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// A token that will last for a login.
    Valid,
    /// A token that came with a newer version of the grant than this one: because this one's token
    /// was refused by a mail server, or is to be replaced ahead of need.
    NewerThan(i64),
}

impl Want {
    /// Whether a token of this version can be what is wanted.
    pub(crate) fn is_met_by(self, version: i64) -> bool {
        match self {
            Self::Valid => true,
            Self::NewerThan(seen) => version > seen,
        }
    }
}

/// What is known before the provider is asked.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) provider_paused: bool,
    /// The provider refuses Mailgrant's registration.
    pub(crate) provider_trouble: bool,
    pub(crate) state: GrantState,
    /// Not before this: after failures.
    pub(crate) retry_at: Option<Timestamp>,
    pub(crate) kept: Option<Kept>,
}

/// The kept access token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) version: i64,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Hand out the kept token.
    Serve,
    /// Ask the provider.
    Renew,
    /// Ask the provider, if the one probe that it is allowed while it refuses Mailgrant's
    /// registration is still free.
    Probe,
    /// There is no grant (any more); a person must act.
    Unauthorized,
    /// The provider is paused.
    Paused,
    /// Not before this: after failures.
    Wait(Timestamp),
    /// Not before this: while the provider refuses Mailgrant's registration. [`decide`] never
    /// says so, for it does not know of probes; the renewal does.
    Held(Timestamp),
}

/// Decides.
pub(crate) fn decide(want: Want, view: &View, now: Timestamp) -> Step {
    if view.provider_paused {
        return Step::Paused;
    }
    if view.state != GrantState::Active {
        return Step::Unauthorized;
    }
    match view.kept {
        Some(kept)
            if want.is_met_by(kept.version) && lives(kept.issued_at, kept.expires_at, now) =>
        {
            return Step::Serve;
        }
        _ => {}
    }
    match view.retry_at {
        Some(retry_at) if retry_at > now => Step::Wait(retry_at),
        _ if view.provider_trouble => Step::Probe,
        _ => Step::Renew,
    }
}
