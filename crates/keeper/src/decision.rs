//! Whether the provider is asked at all. Pure.

use jiff::Timestamp;
use mailgrant_vault::GrantState;

use crate::outcome::LONGEST_WAIT;
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
        // A wait that is longer than any that is ever noted was noted under a clock that has been
        // put right since.
        Some(retry_at) if retry_at > now && retry_at.duration_since(now) <= LONGEST_WAIT => {
            Step::Wait(retry_at)
        }
        _ if view.provider_trouble => Step::Probe,
        _ => Step::Renew,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn instant() -> impl Strategy<Value = Timestamp> {
        (-7200_i64..7200).prop_map(|seconds| NOW + SignedDuration::from_secs(seconds))
    }

    fn want() -> impl Strategy<Value = Want> {
        prop_oneof![Just(Want::Valid), (0_i64..5).prop_map(Want::NewerThan)]
    }

    prop_compose! {
        fn kept()(version in 0_i64..5, issued_at in instant(), expires_at in instant()) -> Kept {
            Kept { version, issued_at, expires_at }
        }
    }

    prop_compose! {
        fn view()(
            provider_paused in any::<bool>(),
            provider_trouble in any::<bool>(),
            state in prop_oneof![
                3 => Just(GrantState::Active),
                1 => Just(GrantState::Pending),
                1 => Just(GrantState::NeedsAuthorization),
                1 => Just(GrantState::Revoked),
            ],
            retry_at in proptest::option::of(instant()),
            kept in proptest::option::of(kept()),
        ) -> View {
            View { provider_paused, provider_trouble, state, retry_at, kept }
        }
    }

    proptest! {
        #[test]
        fn a_token_is_handed_out_only_if_it_lives_and_is_what_was_wanted(
            want in want(),
            view in view(),
        ) {
            if decide(want, &view, NOW) == Step::Serve {
                let kept = view.kept.unwrap();
                prop_assert!(kept.expires_at > NOW);
                prop_assert!(want.is_met_by(kept.version));
                prop_assert_eq!(view.state, GrantState::Active);
                prop_assert!(!view.provider_paused);
            }
        }

        #[test]
        fn the_provider_is_asked_only_for_a_living_grant_and_never_before_its_time(
            want in want(),
            view in view(),
        ) {
            let step = decide(want, &view, NOW);
            if matches!(step, Step::Renew | Step::Probe) {
                prop_assert!(!view.provider_paused);
                prop_assert_eq!(view.state, GrantState::Active);
                let over = |at: Timestamp| at <= NOW || at.duration_since(NOW) > LONGEST_WAIT;
                prop_assert!(view.retry_at.is_none_or(over));
                prop_assert_eq!(step == Step::Probe, view.provider_trouble);
            }
        }

        #[test]
        fn a_token_that_a_mail_server_refused_is_never_handed_out_again(
            version in 0_i64..5,
            view in view(),
        ) {
            let refused = Want::NewerThan(version);
            let same = view.kept.is_some_and(|kept| kept.version == version);
            prop_assert!(!(same && decide(refused, &view, NOW) == Step::Serve));
        }
    }
}
