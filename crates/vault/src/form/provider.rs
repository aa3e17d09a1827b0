//! The provider's form, checked.

use mailgrant_oauth::catalogue::ApplicationMethod;
use mailgrant_oauth::{
    Access, ClientCredential, ClientKey, EndpointOverrides, Profile, ProviderKind, Scope,
    SecretMethod, catalogue, check_scopes,
};

use super::check::Problems;
use super::credential;
use super::{FormErrors, ProviderForm};
use crate::{Provider, ProviderDraft};

pub(super) const METHODS: [(&str, SecretMethod); 2] =
    [("basic", SecretMethod::Basic), ("post", SecretMethod::Post)];

const ACCESSES: [(&str, Access); 2] = [
    ("delegated", Access::Delegated),
    ("application", Access::Application),
];

impl ProviderForm {
    /// The form that shows a stored provider; never its secret.
    pub fn of(provider: &Provider) -> Self {
        let profile = &provider.profile;
        let url =
            |url: &Option<url::Url>| url.as_ref().map(url::Url::to_string).unwrap_or_default();
        let (mut secret_method, mut federated_token_file) = (String::new(), String::new());
        match &profile.credential {
            ClientCredential::Secret { method, .. } => secret_method = word_of(&METHODS, *method),
            ClientCredential::FederatedTokenFile { path } => {
                federated_token_file = path.display().to_string();
            }
            ClientCredential::None | ClientCredential::Key(_) => {}
        }
        Self {
            name: provider.name.clone(),
            kind: profile.kind.word().to_owned(),
            client_id: profile.client_id.clone(),
            access: word_of(&ACCESSES, profile.access),
            client_secret: String::new(),
            no_client_secret: false,
            secret_expires: credential::day_of_end(&profile.credential),
            client_key: None,
            federated_token_file,
            keep_second: false,
            drop_second: false,
            secret_method,
            tenant: profile.tenant.clone().unwrap_or_default(),
            issuer: url(&profile.issuer),
            authorization_endpoint: url(&profile.endpoints.authorization),
            token_endpoint: url(&profile.endpoints.token),
            jwks_uri: url(&profile.endpoints.jwks),
            revocation_endpoint: url(&profile.endpoints.revocation),
            device_authorization_endpoint: url(&profile.endpoints.device_authorization),
            introspection_endpoint: url(&profile.endpoints.introspection),
            scopes: profile
                .scopes
                .as_deref()
                .map(Scope::join)
                .unwrap_or_default(),
        }
    }

    /// The form that puts a new key first and keeps what served before as the second.
    pub fn with_new_key(provider: &Provider, key: ClientKey) -> Self {
        let mut form = Self::of(provider);
        form.client_key = Some(key);
        form.keep_second = !matches!(provider.profile.credential, ClientCredential::None);
        form.secret_expires.clear();
        form
    }

    /// Checks every field. `present` is the stored provider, where one is changed: an empty
    /// secret keeps its secret.
    pub fn check(&self, present: Option<&Provider>) -> Result<ProviderDraft, FormErrors> {
        let mut problems = Problems::default();
        let name = problems.name(&self.name, &['.', '-', '_']);
        let kind = self.kind(&mut problems);
        let client_id = problems.text("client_id", &self.client_id).to_owned();
        if client_id.is_empty() {
            problems.add(
                "client_id",
                "is missing: the provider shows it where Mailgrant is registered",
            );
        }
        let issuer = problems.url("issuer", &self.issuer);
        let endpoints = EndpointOverrides {
            authorization: problems.url("authorization_endpoint", &self.authorization_endpoint),
            token: problems.url("token_endpoint", &self.token_endpoint),
            jwks: problems.url("jwks_uri", &self.jwks_uri),
            revocation: problems.url("revocation_endpoint", &self.revocation_endpoint),
            device_authorization: problems.url(
                "device_authorization_endpoint",
                &self.device_authorization_endpoint,
            ),
            introspection: problems.url("introspection_endpoint", &self.introspection_endpoint),
        };
        let Some(kind) = kind else {
            return problems.finish(None);
        };
        let access = problems.word("access", &self.access, &ACCESSES);
        let access = access.unwrap_or_default();
        let (credential, second_credential) = self.credentials(kind, present, &mut problems);
        let profile = Profile {
            kind,
            client_id,
            access,
            credential,
            second_credential,
            tenant: self.tenant(kind, &mut problems),
            issuer,
            endpoints,
            scopes: self.scopes(kind, access, &mut problems),
        };
        self.require_endpoints(&profile, &mut problems);
        require_key(&profile, &mut problems);
        require_own_tenant(&profile, &mut problems);
        problems.finish(Some(ProviderDraft { name, profile }))
    }

    fn kind(&self, problems: &mut Problems) -> Option<ProviderKind> {
        if self.kind.trim().is_empty() {
            problems.add("kind", format!("is missing: {}", catalogue::words()));
            return None;
        }
        let kinds = ProviderKind::ALL.iter();
        let kinds: Vec<_> = kinds.map(|kind| (kind.word(), *kind)).collect();
        problems.word("kind", &self.kind, &kinds)
    }

    fn tenant(&self, kind: ProviderKind, problems: &mut Problems) -> Option<String> {
        let tenant = problems.optional("tenant", &self.tenant)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        match catalogue::row(kind).tenant {
            None => problems.add("tenant", "is not needed for this kind; leave it empty"),
            Some(known)
                if !tenant.chars().all(fits)
                    || !known.known.is_empty() && !known.known.contains(&tenant.as_str()) =>
            {
                problems.add("tenant", format!("must be {}", known.hint));
            }
            Some(_) => {}
        }
        Some(tenant)
    }

    fn scopes(
        &self,
        kind: ProviderKind,
        access: Access,
        problems: &mut Problems,
    ) -> Option<Vec<Scope>> {
        let text = problems.text("scopes", &self.scopes);
        if text.is_empty() {
            return None;
        }
        let scopes = problems.take("scopes", Scope::parse_list(text))?;
        // What an application asks for is a resource's default, and needs no lasting access.
        if access == Access::Delegated {
            problems.take("scopes", check_scopes(kind, &scopes))?;
        }
        Some(scopes)
    }

    /// What the catalogue does not know must be found or entered.
    fn require_endpoints(&self, profile: &Profile, problems: &mut Problems) {
        let signs_in = profile.access == Access::Delegated;
        let page = profile.endpoints.authorization.is_some() || !signs_in;
        let entered = page && profile.endpoints.token.is_some();
        match profile.kind {
            ProviderKind::Oidc if self.issuer.trim().is_empty() && !entered => {
                problems.add(
                    "issuer",
                    "is missing: the provider's address, from which the rest is found",
                );
            }
            ProviderKind::Oauth2 if !entered => {
                let problem =
                    "is missing: authorization and token endpoint are entered by hand here";
                if signs_in && self.authorization_endpoint.trim().is_empty() {
                    problems.add("authorization_endpoint", problem);
                }
                if self.token_endpoint.trim().is_empty() {
                    problems.add("token_endpoint", problem);
                }
            }
            _ => {}
        }
    }
}

/// What an application proves itself with must be of the kind that its grant takes.
fn require_key(profile: &Profile, problems: &mut Problems) {
    if profile.access == Access::Delegated {
        return;
    }
    let grant = catalogue::row(profile.kind).application_grant.as_ref();
    match (grant.map(|grant| grant.method), &profile.credential) {
        (None, _) => problems.add(
            "access",
            "must be delegated: this kind of provider gives no access without a person",
        ),
        (Some(ApplicationMethod::JwtBearer), ClientCredential::Key(_)) => {}
        (Some(ApplicationMethod::JwtBearer), _) => problems.add(
            "access",
            "as an application needs the key of a service account in the client secret's place: \
             the JSON file that the provider's console gives, as client_key_file",
        ),
        (Some(ApplicationMethod::ClientCredentials), ClientCredential::None) => problems.add(
            "access",
            "as an application needs a client credential: nobody else proves who asks",
        ),
        (Some(ApplicationMethod::ClientCredentials), _) => {}
    }
}

/// An application has access in one tenant, never in all of them at once.
fn require_own_tenant(profile: &Profile, problems: &mut Problems) {
    let row = catalogue::row(profile.kind);
    let (Some(known), Some(endpoints)) = (row.tenant, &row.endpoints) else {
        return;
    };
    if profile.access == Access::Delegated || profile.endpoints.token.is_some() {
        return;
    }
    let tenant = profile.tenant.as_deref();
    let tenant = tenant.unwrap_or(endpoints.default_tenant);
    if known
        .shared
        .iter()
        .any(|name| name.eq_ignore_ascii_case(tenant))
    {
        problems.add(
            "tenant",
            format!(
                "must be one tenant's own id or domain for access as an application: {tenant} \
                 stands for many"
            ),
        );
    }
}

fn word_of<T: PartialEq + Copy>(words: &[(&str, T)], value: T) -> String {
    words
        .iter()
        .find(|(_, known)| *known == value)
        .map(|(word, _)| (*word).to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(form: &ProviderForm) -> Vec<&'static str> {
        let errors = form.check(None).unwrap_err();
        errors.0.iter().map(|error| error.field).collect()
    }

    #[test]
    fn an_empty_form_says_what_is_missing() {
        assert_eq!(
            fields(&ProviderForm::default()),
            ["name", "kind", "client_id"]
        );
        let oauth2 = ProviderForm {
            kind: "oauth2".to_owned(),
            ..ProviderForm::default()
        };
        assert_eq!(
            fields(&oauth2),
            [
                "name",
                "client_id",
                "authorization_endpoint",
                "token_endpoint"
            ]
        );
    }

    #[test]
    fn a_graph_scope_is_refused_where_it_is_entered() {
        let form = ProviderForm {
            name: "entra".to_owned(),
            kind: "microsoft".to_owned(),
            client_id: "x".to_owned(),
            scopes: "https://graph.microsoft.com/Mail.Read offline_access".to_owned(),
            ..ProviderForm::default()
        };
        assert_eq!(fields(&form), ["scopes"]);
    }

    fn filled(kind: &str) -> ProviderForm {
        ProviderForm {
            name: "mail".to_owned(),
            kind: kind.to_owned(),
            client_id: "x".to_owned(),
            ..ProviderForm::default()
        }
    }

    #[test]
    fn every_kind_of_the_catalogue_can_be_entered() {
        for kind in ProviderKind::ALL {
            let form = ProviderForm {
                issuer: "https://login.example.com".to_owned(),
                authorization_endpoint: "https://login.example.com/authorize".to_owned(),
                token_endpoint: "https://login.example.com/token".to_owned(),
                ..filled(kind.word())
            };
            assert_eq!(form.check(None).unwrap().profile.kind, *kind);
        }
        assert_eq!(fields(&filled("gmx")), ["kind"]);
    }

    #[test]
    fn short_words_for_scopes_are_kept_as_they_were_entered() {
        let form = ProviderForm {
            scopes: "imap smtp graph".to_owned(),
            ..filled("microsoft-us")
        };
        let scopes = form.check(None).unwrap().profile.scopes.unwrap();
        assert_eq!(Scope::join(&scopes), "imap smtp graph");
        let form = ProviderForm {
            scopes: "smtp".to_owned(),
            ..form
        };
        assert_eq!(fields(&form), ["scopes"]);
    }

    #[test]
    fn a_tenant_is_taken_by_the_kinds_that_have_one() {
        let with_tenant = |kind| ProviderForm {
            tenant: "eu".to_owned(),
            ..filled(kind)
        };
        for kind in ["microsoft", "microsoft-china", "zoho"] {
            let profile = with_tenant(kind).check(None).unwrap().profile;
            assert_eq!(profile.tenant.as_deref(), Some("eu"));
        }
        assert_eq!(fields(&with_tenant("google")), ["tenant"]);
        // It is part of the address that a secret goes to.
        let mars = ProviderForm {
            tenant: "mars".to_owned(),
            ..filled("zoho")
        };
        assert_eq!(fields(&mars), ["tenant"]);
    }

    #[test]
    fn an_application_has_access_in_one_tenant_alone() {
        let application = |tenant: &str| ProviderForm {
            access: "application".to_owned(),
            client_secret: "s".to_owned(),
            tenant: tenant.to_owned(),
            ..filled("microsoft")
        };
        for shared in ["", "common", "Organizations", "consumers"] {
            assert_eq!(fields(&application(shared)), ["tenant"], "{shared}");
        }
        assert!(application("example.com").check(None).is_ok());
        let by_hand = ProviderForm {
            token_endpoint: "https://login.example.com/token".to_owned(),
            ..application("")
        };
        assert!(by_hand.check(None).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn garbage_in_every_field_is_an_error_or_safe(text in proptest::prelude::any::<String>()) {
            let form = ProviderForm {
                name: text.clone(),
                kind: "oidc".to_owned(),
                client_id: text.clone(),
                client_secret: text.clone(),
                secret_method: text.clone(),
                tenant: text.clone(),
                issuer: text.clone(),
                scopes: text.clone(),
                ..ProviderForm::default()
            };
            if let Ok(draft) = form.check(None) {
                proptest::prop_assert!(!draft.profile.client_id.chars().any(char::is_control));
            }
        }
    }
}
