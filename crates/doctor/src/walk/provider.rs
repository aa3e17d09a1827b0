//! To the identity provider: its servers, and whether it takes Mailgrant's registration.

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Diagnose as _, Diagnosis, Fault};
use mailgrant_mail::{
    Certificate, Inspection, MailServer, Security, Timed, TlsInspection, inspect_connection,
};
use mailgrant_oauth::{Access, Endpoints, ProviderKind, catalogue, resolve};
use mailgrant_vault::{Account, Provider};
use url::Url;

use super::names::{Names, PROVIDER};
use super::{Walk, listed, passed};
use crate::rules::{client_refused, day, not_reached, not_resolved, of_expiry};
use crate::{Outcome, Step};

/// So many days before its end a certificate is noticed.
const CERTIFICATE_DAYS: i64 = 14;

impl<T: FnMut(&Step) + Send> Walk<'_, T> {
    pub(super) async fn provider(&mut self, provider: &Provider) {
        self.credentials(provider);
        let doctor = self.doctor;
        let work = async {
            let endpoints = resolve(&doctor.http, &provider.profile).await;
            let endpoints = endpoints.map_err(|refusal| refusal.diagnosis())?;
            Ok((passed(endpoints_in_words(&endpoints)), endpoints))
        };
        let Some(endpoints) = self.step("endpoints", "Provider's endpoints", work).await else {
            self.skip("client", CLIENT, "The endpoints are not known.");
            return;
        };
        if !self.token_server(&endpoints.token).await {
            self.skip("client", CLIENT, "The provider cannot be reached.");
            return;
        }
        let work = async {
            match doctor.keeper.check_client(provider, &endpoints).await {
                Ok(found) => Ok((passed(found), ())),
                Err(refusal) => {
                    let accounts = doctor.vault.accounts().await.unwrap_or_default();
                    let of_it = |other: &&Account| other.draft.provider == provider.id;
                    let count = accounts.iter().filter(of_it).count();
                    Err(client_refused(refusal, &provider.name, count))
                }
            }
        };
        if self.step("client", CLIENT, work).await.is_none() {
            return;
        }
        if let Some(refused) = doctor.keeper.check_first(provider, &endpoints).await {
            self.note("client", FIRST, Err(refused));
        }
    }

    fn credentials(&mut self, provider: &Provider) {
        const TITLE: &str = "End of the client credential";
        let expiries = provider.expiries();
        if expiries.is_empty() {
            let label = provider.profile.credential.label();
            let found = format!("None is known ({label}).");
            self.note("credential", TITLE, Ok(found));
        }
        let now = self.doctor.clock.now();
        for expiry in &expiries {
            let found = match of_expiry(&provider.name, expiry, now) {
                Some(notice) => Err(notice),
                None => Ok(format!("The {} ends on {}.", expiry.what, day(expiry.at))),
            };
            self.note("credential", TITLE, found);
        }
    }

    /// Name, connection and TLS of the token endpoint.
    async fn token_server(&mut self, endpoint: &Url) -> bool {
        let plain = endpoint.scheme() == "http";
        let security = if plain {
            Security::Plain
        } else {
            Security::Tls
        };
        let server = endpoint.host_str().zip(endpoint.port_or_known_default());
        let server = server.map(|(host, port)| MailServer::new(host, port, security));
        let Some(Ok(server)) = server else {
            self.skip(
                PROVIDER.name,
                "Name of the provider's server",
                "Its address has no host.",
            );
            return true;
        };
        let doctor = self.doctor;
        let seen = inspect_connection(&server, &doctor.trust, doctor.limits.mail()).await;
        self.tell_server(PROVIDER, &server, "provider's server", &seen)
    }

    /// What was seen of a server, up to TLS. Says whether all was well.
    pub(super) fn tell_server(
        &mut self,
        names: Names,
        server: &MailServer,
        whose: &str,
        seen: &Inspection,
    ) -> bool {
        let host = &server.host;
        let addresses = &seen.addresses;
        let found = |ips: &Vec<std::net::IpAddr>| {
            let ips: Vec<String> = ips.iter().map(ToString::to_string).collect();
            passed(format!("{host} is {}.", listed(&ips)))
        };
        let title = format!("Name of the {whose}");
        if let Err(error) = &addresses.result {
            let outcome = Outcome::Failed(not_resolved(host, error));
            self.tell(names.name, title, addresses.took, outcome);
            return false;
        }
        self.tell_timed(names.name, title, addresses, found);
        let Some(connected) = &seen.connected else {
            return false;
        };
        let title = format!("Connection to the {whose}");
        if let Err(error) = &connected.result {
            let outcome = Outcome::Failed(not_reached(server, error));
            self.tell(names.connection, title, connected.took, outcome);
            return false;
        }
        let found = |address: &std::net::SocketAddr| passed(format!("{address} answers."));
        self.tell_timed(names.connection, title, connected, found);
        let title = format!("TLS of the {whose}");
        let Some(tls) = &seen.tls else {
            self.skip(
                names.tls,
                title,
                "It is reached without TLS, on this machine alone.",
            );
            return true;
        };
        let now = self.doctor.clock.now();
        let found = |version: &String| tls_found(server, version, tls, now);
        if tls.handshake.failure().is_none() {
            return self.tell_timed(names.tls, title, &tls.handshake, found);
        }
        let outcome = Outcome::Failed(tls_failed(server, tls, now));
        self.tell(names.tls, title, tls.handshake.took, outcome);
        false
    }

    pub(super) fn tell_timed<V>(
        &mut self,
        name: &'static str,
        title: String,
        timed: &Timed<V>,
        found: impl FnOnce(&V) -> Outcome,
    ) -> bool {
        let outcome = match &timed.result {
            Ok(value) => found(value),
            Err(error) => Outcome::Failed(error.diagnosis()),
        };
        self.tell(name, title, timed.took, outcome);
        timed.result.is_ok()
    }
}

const CLIENT: &str = "Client credential";
const FIRST: &str = "First client credential";

/// What was entered, in words.
pub(super) fn profile_in_words(account: &Account, provider: &Provider) -> Outcome {
    let profile = &provider.profile;
    let label = catalogue::row(profile.kind).label;
    let resume = |what: String, command: &str, name: &str| {
        let next = "Resume it when it is to work again.";
        let place = format!("mailgrant {command} resume {name}");
        Outcome::Noticed(Diagnosis::new(Fault::Operator, what, next).place(place))
    };
    if provider.paused {
        let what = format!("The provider {} is paused.", provider.name);
        return resume(what, "provider", &provider.name);
    }
    if account.paused {
        let what = format!("The account {} is paused.", account.draft.name);
        return resume(what, "account", &account.draft.name);
    }
    let who = match profile.access {
        Access::Delegated => "somebody signs in",
        Access::Application => "nobody signs in",
    };
    let second = match &profile.second_credential {
        Some(second) => format!(", second {}", second.label()),
        None => String::new(),
    };
    let label = match profile.kind {
        ProviderKind::Oidc | ProviderKind::Oauth2 => provider.name.as_str(),
        _ => label,
    };
    passed(format!(
        "{label}, client {}, {}{second}; {who}.",
        profile.client_id,
        profile.credential.label(),
    ))
}

fn endpoints_in_words(endpoints: &Endpoints) -> String {
    format!("Tokens come from {}.", endpoints.token)
}

fn own_certificate(tls: &TlsInspection) -> Option<&Certificate> {
    tls.chain.first()
}

fn tls_found(server: &MailServer, version: &str, tls: &TlsInspection, now: Timestamp) -> Outcome {
    let end = own_certificate(tls).and_then(|own| own.not_after);
    let Some(end) = end else {
        return passed(format!("{version}."));
    };
    let left = end.duration_since(now);
    let days = left.as_hours() / 24;
    let found = format!(
        "{version}; the certificate is believed, and ends on {}, in {days} days.",
        day(end)
    );
    if left > SignedDuration::from_hours(24 * CERTIFICATE_DAYS) {
        return passed(found);
    }
    let next = format!("Whoever runs {server} has to renew it before that day.");
    Outcome::Noticed(Diagnosis::new(Fault::Server, found, next))
}

/// Why the handshake failed, and what the server showed of itself.
fn tls_failed(server: &MailServer, tls: &TlsInspection, now: Timestamp) -> Diagnosis {
    let Some(error) = tls.handshake.failure() else {
        return Diagnosis::new(Fault::Server, "TLS failed.", "Try again.");
    };
    let mut diagnosis = error.diagnosis();
    if let Some(own) = own_certificate(tls) {
        let end = match own.not_after {
            Some(end) => format!(", valid until {}", day(end)),
            None => String::new(),
        };
        let names = listed(&own.names);
        diagnosis.what = format!(
            "{} The certificate that it shows is for {names}{end}, from {}.",
            diagnosis.what, own.issuer
        );
        if own.not_after.is_some_and(|end| end <= now) {
            diagnosis.next = format!(
                "Tell whoever runs {server} to renew the certificate; until then Mailgrant shows \
                 its token to nobody there."
            );
        }
    }
    diagnosis
}
