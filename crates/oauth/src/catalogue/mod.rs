//! What is known of each kind of provider, as data; each fact follows a public page.
//!
//! A row is all that tells one kind of provider from another: whoever adds a quirk adds a column,
//! and nobody else asks which kind a profile is.

mod generic;
mod google;
mod microsoft;

use crate::{ProviderKind, Resource, SecretMethod};

/// One kind of provider.
#[derive(Debug)]
pub struct Row {
    /// Which kind.
    pub kind: ProviderKind,
    /// Its name for people.
    pub label: &'static str,
    /// The mail servers, where the provider has its own.
    pub imap: Option<(&'static str, u16)>,
    /// Where its endpoints are, unless set by hand; `None` where discovery or hands must say.
    pub endpoints: Option<KnownEndpoints>,
    /// How it wants a client secret sent, unless set by hand.
    pub secret_method: SecretMethod,
    /// With which algorithm an RSA key signs what proves who Mailgrant is.
    pub rsa_algorithm: RsaAlgorithm,
    /// How an application gets access of its own, without a person; `None` where it cannot.
    pub application_grant: Option<ApplicationGrant>,
    /// Extra parameters of the authorization request (`access_type=offline` …).
    pub authorize_parameters: &'static [(&'static str, &'static str)],
    /// The scopes asked for in the authorization request, by resource, unless set by hand.
    pub scopes: &'static [(Resource, &'static [&'static str])],
    /// Which scopes can serve a login to a mail server, and why others cannot.
    pub scope_rules: ScopeRules,
    /// Whether token requests repeat the scopes. Microsoft needs them to know which resource the
    /// token is for; elsewhere silence means "what was granted" (RFC 6749, section 6), which also
    /// holds when less was granted than asked for.
    pub token_scopes: bool,
    /// How long an unused refresh token lives, in days; `None` where it is not known.
    pub idle_days: Option<u16>,
    /// The claims that together name the person for good; `sub` where one of them is missing.
    pub subject_claims: &'static [&'static str],
    /// Domains of addresses that are certainly this provider's.
    pub domains: &'static [&'static str],
}

/// Endpoints that are the same for everybody; `{tenant}` stands for the profile's tenant.
#[derive(Debug)]
pub struct KnownEndpoints {
    /// The issuer; `{tenantid}` stands for the `tid` claim of the token at hand.
    pub issuer: &'static str,
    /// Other spellings of the issuer that `id_token`s have been seen with.
    pub issuer_aliases: &'static [&'static str],
    /// Where the browser is sent.
    pub authorization: &'static str,
    /// Where codes and refresh tokens are redeemed.
    pub token: &'static str,
    /// Where the signing keys are.
    pub jwks: &'static str,
    /// Where a grant is ended, if anywhere.
    pub revocation: Option<&'static str>,
    /// Where a device asks for its codes, if anywhere.
    pub device_authorization: Option<&'static str>,
    /// The tenant where the profile names none.
    pub default_tenant: &'static str,
    /// Tenants that have a name besides their number.
    pub tenant_numbers: &'static [(&'static str, &'static str)],
}

/// How an RSA key signs (RFC 7518, sections 3.3 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaAlgorithm {
    /// PKCS#1 v1.5, which every server knows.
    Rs256,
    /// PSS, which the better ones ask for.
    Ps256,
}

/// How an application gets access of its own (nobody signs in).
#[derive(Debug)]
pub struct ApplicationGrant {
    /// The way.
    pub method: ApplicationMethod,
    /// The scopes of its token request, by resource; empty where the provider's defaults serve.
    pub scopes: &'static [(Resource, &'static [&'static str])],
}

/// The way to a token without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationMethod {
    /// Client credentials (RFC 6749, section 4.4): the mail server decides which mailboxes.
    ClientCredentials,
    /// A signed assertion whose `sub` is the mailbox (RFC 7523).
    JwtBearer,
}

impl ApplicationGrant {
    /// The scopes of the application's token request for a resource.
    pub fn scopes(&self, resource: Resource) -> &'static [&'static str] {
        self.scopes
            .iter()
            .find(|(of, _)| *of == resource)
            .map_or(&[], |(_, scopes)| scopes)
    }
}

/// Which scopes can serve a login to a mail server. Compared without regard to case.
#[derive(Debug)]
pub struct ScopeRules {
    /// The resources that are mail servers: a scope is one of these, `/`, and a name. Empty where
    /// nothing is known; then every scope is accepted.
    pub mail_resources: &'static [&'static str],
    /// The names, under such a resource, that allow IMAP.
    pub imap_names: &'static [&'static str],
    /// Scopes that are welcome beside those, and name no resource.
    pub companions: &'static [&'static str],
    /// Scopes without which a grant does not last, with the reason.
    pub needed: &'static [(&'static str, &'static str)],
    /// Why every other scope is refused and what to enter instead, by how the scope begins; the
    /// first that fits is said.
    pub refusals: &'static [(&'static str, &'static str)],
}

/// The row of a kind.
pub fn row(kind: ProviderKind) -> &'static Row {
    match kind {
        ProviderKind::Microsoft => &microsoft::ROW,
        ProviderKind::Google => &google::ROW,
        ProviderKind::Oidc => &generic::OIDC,
        ProviderKind::Oauth2 => &generic::OAUTH2,
    }
}

impl Row {
    /// The scopes of a resource that are asked for unless others were entered by hand.
    pub fn default_scopes(&self, resource: Resource) -> &'static [&'static str] {
        self.scopes
            .iter()
            .find(|(of, _)| *of == resource)
            .map_or(&[], |(_, scopes)| scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scope, check_scopes};

    const KINDS: [ProviderKind; 4] = [
        ProviderKind::Microsoft,
        ProviderKind::Google,
        ProviderKind::Oidc,
        ProviderKind::Oauth2,
    ];

    #[test]
    fn every_kind_has_its_own_row() {
        for kind in KINDS {
            assert_eq!(row(kind).kind, kind);
        }
    }

    #[test]
    fn the_default_scopes_pass_the_check_for_scopes() {
        for kind in KINDS {
            let scopes: Vec<Scope> = row(kind)
                .default_scopes(Resource::Mail)
                .iter()
                .map(|text| Scope::parse(text).unwrap())
                .collect();
            assert_eq!(check_scopes(kind, &scopes), Ok(()), "{kind:?}");
        }
    }

    #[test]
    fn every_known_endpoint_is_https() {
        for known in KINDS
            .iter()
            .filter_map(|kind| row(*kind).endpoints.as_ref())
        {
            let fixed = [known.issuer, known.authorization, known.token, known.jwks];
            for text in fixed.into_iter().chain(known.revocation) {
                assert!(text.starts_with("https://"), "{text}");
            }
        }
    }
}
