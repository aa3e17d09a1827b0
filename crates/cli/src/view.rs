//! How providers and accounts look in listings, for people and for machines; never a secret.

use jiff::Timestamp;
use mailgrant_oauth::{Access, ClientCredential, ProviderKind, Scope};
use mailgrant_vault::{
    Account, Alarm, AlarmKind, Backfill, Canary, Counts, Grant, GrantState, Provider,
    ProviderTrouble,
};
use serde::Serialize;
use url::Url;

/// A provider in a listing.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderView<'a> {
    name: &'a str,
    kind: ProviderKind,
    client_id: &'a str,
    access: Access,
    has_client_secret: bool,
    credential: &'static str,
    credential_expires_at: Option<Timestamp>,
    second_credential: Option<&'static str>,
    second_credential_expires_at: Option<Timestamp>,
    tenant: Option<&'a str>,
    issuer: Option<&'a Url>,
    scopes: Option<&'a [Scope]>,
    paused: bool,
    trouble: Option<&'a ProviderTrouble>,
    created_at: Timestamp,
}

impl<'a> ProviderView<'a> {
    /// The view of a provider.
    pub(crate) fn of(provider: &'a Provider) -> Self {
        let profile = &provider.profile;
        let second = profile.second_credential.as_ref();
        Self {
            name: &provider.name,
            kind: profile.kind,
            client_id: &profile.client_id,
            access: profile.access,
            has_client_secret: matches!(profile.credential, ClientCredential::Secret { .. }),
            credential: profile.credential.label(),
            credential_expires_at: profile.credential.expires_at(),
            second_credential: second.map(ClientCredential::label),
            second_credential_expires_at: second.and_then(ClientCredential::expires_at),
            tenant: profile.tenant.as_deref(),
            issuer: profile.issuer.as_ref(),
            scopes: profile.scopes.as_deref(),
            paused: provider.paused,
            trouble: provider.trouble.as_ref(),
            created_at: provider.created_at,
        }
    }

    /// The headings of [`row`](Self::row).
    pub(crate) const HEADING: [&'static str; 4] = ["name", "kind", "client id", "state"];

    /// One line of the listing for people.
    pub(crate) fn row(&self) -> Vec<String> {
        let state = match (self.paused, self.trouble) {
            (true, _) => "paused",
            (false, Some(_)) => "refuses Mailgrant",
            (false, None) => "ok",
        };
        vec![
            self.name.to_owned(),
            self.kind.to_string(),
            self.client_id.to_owned(),
            state.to_owned(),
        ]
    }
}

impl ProviderView<'_> {
    /// Each client credential with its end, for people.
    pub(crate) fn credentials(&self) -> Vec<String> {
        let first = (
            "Client credential",
            Some(self.credential),
            self.credential_expires_at,
        );
        let second = (
            "Second credential",
            self.second_credential,
            self.second_credential_expires_at,
        );
        let line = |(which, kind, end): (&str, Option<&str>, Option<Timestamp>)| {
            let end = end.map(|end| format!(", ends {end}")).unwrap_or_default();
            Some(format!("{which}: {}{end}", kind?))
        };
        [first, second].into_iter().filter_map(line).collect()
    }
}

/// An account in a listing.
#[derive(Debug, Serialize)]
pub(crate) struct AccountView<'a> {
    #[serde(flatten)]
    account: &'a Account,
    provider_name: &'a str,
    grant: GrantView<'a>,
    mail: Counts,
    alarms: Vec<&'a Alarm>,
    /// The mail that was there before; in the view of one account alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    backfill: Option<&'a [Backfill]>,
    /// The newest one; in the view of one account alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<&'a Canary>,
}

/// A grant in a listing.
#[derive(Debug, Serialize)]
struct GrantView<'a> {
    state: GrantState,
    reason: Option<&'a str>,
    scopes: &'a [Scope],
    signed_in: Option<&'a str>,
    authorized_at: Option<Timestamp>,
    renewed_at: Option<Timestamp>,
    last_failure: Option<&'a str>,
}

impl<'a> AccountView<'a> {
    /// The view of an account.
    pub(crate) fn of(
        account: &'a Account,
        provider_name: &'a str,
        grant: &'a Grant,
        mail: Counts,
        alarms: &'a [Alarm],
    ) -> Self {
        let grant = GrantView {
            state: grant.state,
            reason: grant.reason.as_deref(),
            scopes: &grant.scopes,
            signed_in: grant.signed_in.as_deref(),
            authorized_at: grant.authorized_at,
            renewed_at: grant.renewed_at,
            last_failure: grant.last_failure.as_deref(),
        };
        Self {
            account,
            provider_name,
            grant,
            mail,
            alarms: alarms
                .iter()
                .filter(|alarm| alarm.account == account.id)
                .collect(),
            backfill: None,
            canary: None,
        }
    }

    /// The same with the mail that was there before, and the newest canary.
    pub(crate) fn with(self, backfill: &'a [Backfill], canary: Option<&'a Canary>) -> Self {
        Self {
            backfill: Some(backfill),
            canary,
            ..self
        }
    }

    /// What is wrong although nothing fails, for people.
    pub(crate) fn alarms(&self) -> impl Iterator<Item = &'a Alarm> {
        self.alarms.iter().copied()
    }

    /// The headings of [`row`](Self::row).
    pub(crate) const HEADING: [&'static str; 8] = [
        "name",
        "address",
        "provider",
        "grant",
        "delivered",
        "waiting",
        "quarantined",
        "alarm",
    ];

    /// One line of the listing for people.
    pub(crate) fn row(&self) -> Vec<String> {
        let state = if self.account.paused {
            "paused"
        } else {
            state_in_words(self.grant.state)
        };
        vec![
            self.account.draft.name.clone(),
            self.account.draft.address.clone(),
            self.provider_name.to_owned(),
            state.to_owned(),
            self.mail.delivered.to_string(),
            self.mail.waiting.to_string(),
            self.mail.quarantined.to_string(),
            self.alarms
                .first()
                .map(|alarm| alarm_in_words(alarm))
                .unwrap_or_default(),
        ]
    }
}

fn alarm_in_words(alarm: &Alarm) -> String {
    let what = match alarm.kind {
        AlarmKind::Silent => "no mail",
        AlarmKind::Stuck => "stuck",
        AlarmKind::Canary => "no canary",
    };
    format!(
        "{what} since {}",
        alarm.since.strftime("%Y-%m-%d %H:%M UTC")
    )
}

fn state_in_words(state: GrantState) -> &'static str {
    match state {
        GrantState::Pending => "not authorised yet",
        GrantState::Active => "active",
        GrantState::NeedsAuthorization => "must be authorised again",
        GrantState::Revoked => "revoked",
    }
}
