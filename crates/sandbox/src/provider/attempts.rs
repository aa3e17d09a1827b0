//! Sign-ins that are under way.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::ambient::secret;
use super::authorization_request::AuthorizationRequest;

/// How long a person may take to sign in.
const LIFETIME: Duration = Duration::from_mins(10);

/// So many sign-ins may be under way.
const MOST: usize = 1_000;

/// Sign-ins that are under way, by the random name that their pages carry.
#[derive(Default)]
pub(super) struct Attempts(HashMap<String, Attempt>);

struct Attempt {
    request: AuthorizationRequest,
    began: Instant,
    /// Who has given the right password.
    user: Option<String>,
}

impl Attempts {
    /// Begins a sign-in; `None` if too many are under way.
    pub(super) fn begin(&mut self, request: AuthorizationRequest, now: Instant) -> Option<String> {
        self.0
            .retain(|_, attempt| now.duration_since(attempt.began) < LIFETIME);
        if self.0.len() >= MOST {
            return None;
        }
        let name = secret("");
        let attempt = Attempt {
            request,
            began: now,
            user: None,
        };
        self.0.insert(name.clone(), attempt);
        Some(name)
    }

    /// What was asked for, while the sign-in is still alive.
    pub(super) fn request(&self, name: &str, now: Instant) -> Option<AuthorizationRequest> {
        let attempt = self.0.get(name).filter(|attempt| attempt.alive(now))?;
        Some(attempt.request.clone())
    }

    /// Remembers who has signed in.
    pub(super) fn signed_in(&mut self, name: &str, user: &str) {
        if let Some(attempt) = self.0.get_mut(name) {
            attempt.user = Some(user.to_owned());
        }
    }

    /// Ends a sign-in, if somebody has signed in: who, and what was asked for.
    pub(super) fn finish(
        &mut self,
        name: &str,
        now: Instant,
    ) -> Option<(String, AuthorizationRequest)> {
        self.0
            .get(name)
            .filter(|attempt| attempt.alive(now) && attempt.user.is_some())?;
        let attempt = self.0.remove(name)?;
        Some((attempt.user?, attempt.request))
    }
}

impl Attempt {
    fn alive(&self, now: Instant) -> bool {
        now.duration_since(self.began) < LIFETIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_counts_once_and_only_after_the_password() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let name = attempts
            .begin(AuthorizationRequest::default(), now)
            .unwrap();
        assert!(attempts.finish(&name, now).is_none());
        attempts.signed_in(&name, "a@example.com");
        assert!(attempts.finish(&name, now + LIFETIME).is_none());
        assert_eq!(attempts.finish(&name, now).unwrap().0, "a@example.com");
        assert!(attempts.finish(&name, now).is_none());
    }

    #[test]
    fn sign_ins_are_bounded_in_number_and_time() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..MOST {
            let name = attempts
                .begin(AuthorizationRequest::default(), now)
                .unwrap();
            assert!(attempts.request(&name, now).is_some());
            assert!(attempts.request(&name, now + LIFETIME).is_none());
        }
        let full = attempts.begin(AuthorizationRequest::default(), now);
        assert!(full.is_none());
        let later = attempts.begin(AuthorizationRequest::default(), now + LIFETIME);
        assert!(later.is_some());
    }
}
