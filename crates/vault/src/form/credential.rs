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
        // Whatever may be the one that serves now is not thrown away unasked.
        if self.keep_second && second.is_some() {
            problems.add(
                "keep_second",
                "has no room: there is a second credential already. Drop that one first, once the \
                 first serves",
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

#[cfg(test)]
mod tests {
    use mailgrant_base::{ManualClock, SystemRandom};
    use mailgrant_oauth::{Access, ClientKey, KeyAlgorithm};
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::{ProviderDraft, ProviderId};

    fn provider(credential: ClientCredential, second: Option<ClientCredential>) -> Provider {
        let form = ProviderForm {
            name: "entra".to_owned(),
            kind: "microsoft".to_owned(),
            client_id: "client".to_owned(),
            ..ProviderForm::default()
        };
        let ProviderDraft { name, mut profile } = form.check(None).unwrap();
        profile.credential = credential;
        profile.second_credential = second;
        Provider {
            id: ProviderId(1),
            name,
            profile,
            paused: false,
            trouble: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn secret(text: &str) -> ClientCredential {
        ClientCredential::Secret {
            secret: text.into(),
            method: SecretMethod::Post,
            expires_at: "2027-11-30T00:00:00Z".parse().ok(),
        }
    }

    fn key() -> ClientKey {
        let clock = ManualClock::default();
        ClientKey::generate("x", 30, KeyAlgorithm::EcP256, &clock, &SystemRandom).unwrap()
    }

    fn file() -> ClientCredential {
        ClientCredential::FederatedTokenFile {
            path: "/run/token".into(),
        }
    }

    fn said(credential: &ClientCredential) -> String {
        match credential {
            ClientCredential::Secret {
                secret, expires_at, ..
            } => format!("{} {expires_at:?}", secret.expose_secret()),
            other => other.label().to_owned(),
        }
    }

    fn changed(present: &Provider, change: impl FnOnce(&mut ProviderForm)) -> (String, String) {
        let mut form = ProviderForm::of(present);
        change(&mut form);
        let profile = form.check(Some(present)).unwrap().profile;
        let second = profile.second_credential.as_ref().map(said);
        (said(&profile.credential), second.unwrap_or_default())
    }

    fn refused(present: &Provider, change: impl FnOnce(&mut ProviderForm)) -> Vec<&'static str> {
        let mut form = ProviderForm::of(present);
        change(&mut form);
        let errors = form.check(Some(present)).unwrap_err();
        errors.0.iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_is_not_touched_stays_whatever_its_kind() {
        for first in [
            ClientCredential::None,
            secret("s"),
            ClientCredential::Key(key()),
            file(),
        ] {
            for second in [
                None,
                Some(secret("old")),
                Some(ClientCredential::Key(key())),
            ] {
                let expected = second.as_ref().map(said).unwrap_or_default();
                let present = provider(first.clone(), second);
                let kept = changed(&present, |form| form.tenant = "contoso.example".to_owned());
                assert_eq!(kept, (said(&first), expected));
            }
        }
    }

    #[test]
    fn what_is_newly_given_replaces_whatever_was_there() {
        for first in [
            ClientCredential::None,
            secret("s"),
            ClientCredential::Key(key()),
            file(),
        ] {
            let present = provider(first, Some(secret("old")));
            let typed = changed(&present, |form| {
                form.client_secret = "new".to_owned();
                form.secret_expires.clear();
            });
            assert_eq!(typed.0, "new None");
            let given = changed(&present, |form| form.client_key = Some(key()));
            assert_eq!(given.0, "certificate");
            assert!(given.1.starts_with("old"));
            let none = changed(&present, |form| form.no_client_secret = true);
            assert_eq!(none.0, "none (public client)");
            let named = changed(&present, |form| {
                form.federated_token_file = "/run/other".to_owned();
            });
            assert_eq!(named.0, "federated token file");
        }
    }

    #[test]
    fn a_roll_over_keeps_the_former_as_the_second_until_it_is_dropped() {
        let present = provider(secret("old"), None);
        let (first, second) = changed(&present, |form| {
            form.client_key = Some(key());
            form.keep_second = true;
        });
        assert_eq!(
            (first.as_str(), second),
            ("certificate", said(&secret("old")))
        );
        let rolled = provider(ClientCredential::Key(key()), Some(secret("old")));
        let dropped = changed(&rolled, |form| form.drop_second = true);
        assert_eq!(dropped, ("certificate".to_owned(), String::new()));
        // The one that may be serving is not thrown away unasked.
        let again = refused(&rolled, |form| {
            form.client_key = Some(key());
            form.keep_second = true;
        });
        assert_eq!(again, ["keep_second"]);
        assert_eq!(
            refused(&present, |form| form.keep_second = true),
            ["keep_second"]
        );
    }

    #[test]
    fn the_end_of_a_secret_is_a_day() {
        let present = provider(secret("s"), None);
        assert_eq!(ProviderForm::of(&present).secret_expires, "2027-11-30");
        let other = changed(&present, |form| {
            form.secret_expires = "2028-01-02".to_owned();
        });
        assert_eq!(other.0, "s Some(2028-01-02T00:00:00Z)");
        let none = changed(&present, |form| form.secret_expires.clear());
        assert_eq!(none.0, "s None");
        for wrong in ["soon", "30.11.2027", "2027-02-30"] {
            let wrong = refused(&present, |form| wrong.clone_into(&mut form.secret_expires));
            assert_eq!(wrong, ["secret_expires"]);
        }
        let key = provider(ClientCredential::Key(key()), None);
        let wrong = refused(&key, |form| form.secret_expires = "2028-01-02".to_owned());
        assert_eq!(wrong, ["secret_expires"]);
    }

    #[test]
    fn two_credentials_at_once_and_a_path_that_is_not_whole_are_refused() {
        let present = provider(secret("s"), None);
        let two = refused(&present, |form| {
            form.client_secret = "new".to_owned();
            form.client_key = Some(key());
        });
        assert_eq!(two, ["client_secret"]);
        let path = refused(&present, |form| {
            form.federated_token_file = "token".to_owned();
        });
        assert_eq!(path, ["federated_token_file"]);
    }

    #[test]
    fn an_application_needs_the_credential_that_its_grant_takes() {
        let form = |kind: &str| ProviderForm {
            name: "desk".to_owned(),
            kind: kind.to_owned(),
            client_id: "client".to_owned(),
            access: "application".to_owned(),
            scopes: String::new(),
            tenant: if kind == "microsoft" {
                "example.com"
            } else {
                ""
            }
            .to_owned(),
            ..ProviderForm::default()
        };
        let fields = |form: &ProviderForm| -> Vec<&'static str> {
            let errors = form.check(None).err();
            let errors = errors.map(|errors| errors.0).unwrap_or_default();
            errors.iter().map(|error| error.field).collect()
        };
        for kind in ["microsoft", "google"] {
            assert_eq!(fields(&form(kind)), ["access"], "{kind}");
            let keyed = ProviderForm {
                client_key: Some(key()),
                ..form(kind)
            };
            assert_eq!(fields(&keyed), [""; 0], "{kind}");
            assert_eq!(
                keyed.check(None).unwrap().profile.access,
                Access::Application
            );
            let secret = ProviderForm {
                client_secret: "s".to_owned(),
                scopes: "https://outlook.office365.com/.default".to_owned(),
                ..form(kind)
            };
            assert_eq!(fields(&secret).is_empty(), kind == "microsoft");
        }
    }
}
