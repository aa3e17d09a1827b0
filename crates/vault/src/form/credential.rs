//! The client credential's fields, checked; and what becomes of the credential that was there.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mailgrant_oauth::{ClientCredential, ProviderKind, SecretMethod, catalogue};

use super::ProviderForm;
use super::check::Problems;
use super::provider::METHODS;
use crate::Provider;

impl ProviderForm {
    /// The first and the second credential. What is newly given becomes the first; the former one
    /// goes, unless it is to be kept as the second.
    pub(super) fn credentials(
        &self,
        kind: ProviderKind,
        present: Option<&Provider>,
        problems: &mut Problems,
    ) -> (ClientCredential, Option<ClientCredential>) {
        let first = present.map(|provider| &provider.profile.credential);
        let second = present.and_then(|provider| provider.profile.second_credential.clone());
        let first_day = first.map(day_of_end).unwrap_or_default();
        let method = self.method(kind, problems);
        let expires_at = self.expiry(problems);
        let new = self.new_credential(method, expires_at, first, problems);
        if self.keep_second && new.is_none() {
            problems.add(
                "keep_second",
                "needs a new credential beside it: the one that is there then stays as the second",
            );
        }
        if self.keep_second && self.drop_second {
            problems.add("drop_second", "cannot be said together with keep_second");
        }
        let former = first.filter(|former| !matches!(former, ClientCredential::None));
        let second = match (self.drop_second, self.keep_second, former) {
            (true, ..) => None,
            (false, true, Some(former)) => Some(former.clone()),
            _ => second,
        };
        let first = match (new, first) {
            (Some(new), _) => new,
            (None, Some(ClientCredential::Secret { secret, .. })) => ClientCredential::Secret {
                secret: secret.clone(),
                method,
                expires_at,
            },
            (None, Some(kept)) => kept.clone(),
            (None, None) => ClientCredential::None,
        };
        let is_new = first_day != self.secret_expires.trim();
        if is_new && expires_at.is_some() && !matches!(first, ClientCredential::Secret { .. }) {
            problems.add(
                "secret_expires",
                "is for a client secret alone; a certificate carries its own end, so leave it empty",
            );
        }
        (first, second)
    }

    /// What was newly given, if anything.
    fn new_credential(
        &self,
        method: SecretMethod,
        expires_at: Option<Timestamp>,
        present: Option<&ClientCredential>,
        problems: &mut Problems,
    ) -> Option<ClientCredential> {
        let secret = problems.text("client_secret", &self.client_secret);
        let secret = (!secret.is_empty()).then(|| ClientCredential::Secret {
            secret: secret.into(),
            method,
            expires_at,
        });
        let key = self.client_key.clone().map(ClientCredential::Key);
        let file = self.token_file(present, problems);
        let none = self.no_client_secret.then_some(ClientCredential::None);
        let mut given = [none, secret, key, file].into_iter().flatten();
        let new = given.next();
        // A page may send an old secret along with the wish to drop it.
        if given.next().is_some() && !self.no_client_secret {
            problems.add(
                "client_secret",
                "was given together with another credential; give one of secret, key and federated \
                 token file",
            );
        }
        new
    }

    fn token_file(
        &self,
        present: Option<&ClientCredential>,
        problems: &mut Problems,
    ) -> Option<ClientCredential> {
        let text = problems.optional("federated_token_file", &self.federated_token_file)?;
        let path = PathBuf::from(text);
        if !path.is_absolute() {
            problems.add(
                "federated_token_file",
                "must be an absolute path, which begins with /",
            );
        }
        let is_there = matches!(
            present,
            Some(ClientCredential::FederatedTokenFile { path: there }) if *there == path
        );
        (!is_there).then_some(ClientCredential::FederatedTokenFile { path })
    }

    fn method(&self, kind: ProviderKind, problems: &mut Problems) -> SecretMethod {
        let usual = catalogue::row(kind).secret_method;
        if self.secret_method.trim().is_empty() {
            return usual;
        }
        problems
            .word("secret_method", &self.secret_method, &METHODS)
            .unwrap_or(usual)
    }

    /// The first moment of the day: better warned a few hours early.
    fn expiry(&self, problems: &mut Problems) -> Option<Timestamp> {
        let text = problems.optional("secret_expires", &self.secret_expires)?;
        let day = text.parse::<Date>().ok();
        let moment = day.and_then(|day| day.to_zoned_datetime(TimeZone::UTC).ok());
        if moment.is_none() {
            problems.add(
                "secret_expires",
                "must be a day such as 2027-11-30, as the provider's portal shows it",
            );
        }
        Some(moment?.timestamp())
    }
}

/// The day on which a secret ends, as it is typed; empty for what has no end of its own to type.
pub(super) fn day_of_end(credential: &ClientCredential) -> String {
    match credential {
        ClientCredential::Secret {
            expires_at: Some(at),
            ..
        } => at.to_zoned_datetime(TimeZone::UTC).date().to_string(),
        _ => String::new(),
    }
}
