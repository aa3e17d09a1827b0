//! Where a provider's endpoints are: by hand, from the catalogue, by discovery.

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use crate::catalogue::{self, KnownEndpoints};
use crate::error_catalogue::{NO_DISCOVERY, PROFILE_INCOMPLETE, UNSAFE_ENDPOINT, WRONG_ISSUER};
use crate::http_client::{Answer, place};
use crate::transport::is_safe_transport;
use crate::words::{Secrets, clean};
use crate::{Access, EndpointOverrides, HttpClient, Profile, Refusal};

/// The template in an issuer that stands for the `tid` claim of the token at hand.
const TENANT_ID: &str = "{tenantid}";

/// A provider's endpoints, ready to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The issuer that `iss` (RFC 9207) and `id_token` are compared with; may hold the template
    /// `{tenantid}`; `None` for plain OAuth 2.0.
    pub issuer: Option<String>,
    /// Where the browser is sent; an application, or a device, does without.
    pub authorization: Option<Url>,
    /// Where codes and refresh tokens are redeemed.
    pub token: Url,
    /// Where the signing keys are.
    pub jwks: Option<Url>,
    /// Where a grant is ended, if the provider has such a place.
    pub revocation: Option<Url>,
    /// Where a device asks for its codes (RFC 8628), if the provider has such a place.
    pub device_authorization: Option<Url>,
    /// Where a token's state is asked for (RFC 7662), if the provider has such a place.
    pub introspection: Option<Url>,
    /// The ways of client authentication that the provider says it takes at the token endpoint,
    /// where discovery told.
    pub auth_methods: Option<Vec<String>>,
    /// The grant types that the provider says it supports, where discovery told.
    pub grant_types: Option<Vec<String>>,
    /// The provider says that it always sends `iss` with the code (RFC 9207, section 3).
    pub sends_iss: bool,
    /// The scopes that the provider says it supports, where discovery told.
    pub scopes_supported: Option<Vec<String>>,
}

/// Finds a profile's endpoints: what was entered by hand, then the catalogue's, then discovery
/// (OpenID Connect Discovery 1.0, RFC 8414), whose issuer is checked.
pub async fn resolve(http: &HttpClient, profile: &Profile) -> Result<Endpoints, Refusal> {
    let by_hand = &profile.endpoints;
    let mut found = match &catalogue::row(profile.kind).endpoints {
        Some(known) => known.of_tenant(profile.tenant.as_deref())?,
        None => Document::default(),
    };
    // Nobody signs in to an application's access, so nothing is needed for that.
    let signs_in = profile.access == Access::Delegated;
    let for_signing_in = by_hand.authorization.is_some() && by_hand.jwks.is_some();
    let complete = by_hand.token.is_some() && (for_signing_in || !signs_in);
    if let Some(issuer) = &profile.issuer {
        if found.is_empty() && !complete {
            found = discovered(http, issuer).await?;
        } else {
            found.issuer = Some(issuer_text(issuer).to_owned());
        }
    }
    let endpoints = Endpoints::of(by_hand, found)?;
    if signs_in && endpoints.device_authorization.is_none() {
        endpoints.to_sign_in()?;
    }
    Ok(endpoints)
}

impl Endpoints {
    /// Where the browser is sent.
    pub(crate) fn to_sign_in(&self) -> Result<&Url, Refusal> {
        let found = self.authorization.as_ref();
        found.ok_or_else(|| missing("authorization endpoint"))
    }

    /// Reads a discovery document of `issuer`, and checks it as [`resolve`] does.
    pub fn read(issuer: &Url, body: &[u8]) -> Result<Self, Refusal> {
        Self::of(&EndpointOverrides::default(), Document::read(issuer, body)?)
    }

    fn of(by_hand: &EndpointOverrides, found: Document) -> Result<Self, Refusal> {
        let endpoints = Endpoints {
            issuer: found.issuer,
            authorization: by_hand
                .authorization
                .clone()
                .or(found.authorization_endpoint),
            token: by_hand
                .token
                .clone()
                .or(found.token_endpoint)
                .ok_or_else(|| missing("token endpoint"))?,
            jwks: by_hand.jwks.clone().or(found.jwks_uri),
            revocation: by_hand.revocation.clone().or(found.revocation_endpoint),
            device_authorization: by_hand
                .device_authorization
                .clone()
                .or(found.device_authorization_endpoint),
            introspection: by_hand
                .introspection
                .clone()
                .or(found.introspection_endpoint),
            auth_methods: found.token_endpoint_auth_methods_supported,
            grant_types: found.grant_types_supported,
            sends_iss: found
                .authorization_response_iss_parameter_supported
                .unwrap_or(false),
            scopes_supported: found.scopes_supported,
        };
        let optional = [
            &endpoints.authorization,
            &endpoints.jwks,
            &endpoints.revocation,
            &endpoints.device_authorization,
            &endpoints.introspection,
        ];
        let optional = optional.map(Option::as_ref);
        for url in optional.into_iter().flatten().chain([&endpoints.token]) {
            check_endpoint(url, is_safe_transport(url))?;
        }
        Ok(endpoints)
    }
}

fn missing(what: &str) -> Refusal {
    let said = format!("it has no {what}, and no issuer from which to find it");
    Refusal::profile(PROFILE_INCOMPLETE, said)
}

/// Whether an issuer is the expected one: exactly, but for the template.
pub(crate) fn issuer_fits(expected: &str, got: &str) -> bool {
    let Some((before, after)) = expected.split_once(TENANT_ID) else {
        return expected == got;
    };
    let tenant = got
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    tenant.is_some_and(is_guid)
}

/// The issuer that a token of this tenant must name.
pub(crate) fn issuer_of_tenant(issuer: &str, tenant: Option<&str>) -> String {
    match tenant {
        Some(tenant) if is_guid(tenant) => issuer.replace(TENANT_ID, tenant),
        _ => issuer.to_owned(),
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// What a provider publishes about itself (OpenID Connect Discovery, section 3; RFC 8414,
/// section 2), and what the catalogue knows in its place.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Document {
    issuer: Option<String>,
    authorization_endpoint: Option<Url>,
    token_endpoint: Option<Url>,
    jwks_uri: Option<Url>,
    revocation_endpoint: Option<Url>,
    device_authorization_endpoint: Option<Url>,
    introspection_endpoint: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    grant_types_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
    scopes_supported: Option<Vec<String>>,
}

impl Document {
    /// Reads a discovery document of `issuer` and checks all that can be checked.
    pub(crate) fn read(issuer: &Url, body: &[u8]) -> Result<Self, Refusal> {
        let document: Self =
            serde_json::from_slice(body).map_err(|error| unreadable(issuer, &error))?;
        let expected = issuer_text(issuer);
        let named = document.issuer.as_deref().unwrap_or_default();
        if !is_same_issuer(issuer, named) {
            let named: String = named
                .chars()
                .filter(char::is_ascii_graphic)
                .take(200)
                .collect();
            let said = format!("the profile says `{expected}`, the provider `{named}`");
            return Err(Refusal::profile(WRONG_ISSUER, said));
        }
        let urls = [
            &document.authorization_endpoint,
            &document.token_endpoint,
            &document.jwks_uri,
            &document.revocation_endpoint,
            &document.device_authorization_endpoint,
            &document.introspection_endpoint,
        ];
        for url in urls.into_iter().flatten() {
            let as_safe = url.scheme() == "https" || issuer.scheme() == "http";
            check_endpoint(url, as_safe && is_safe_transport(url))?;
        }
        Ok(document)
    }

    fn is_empty(&self) -> bool {
        self.authorization_endpoint.is_none() && self.token_endpoint.is_none()
    }
}

impl KnownEndpoints {
    fn of_tenant(&self, tenant: Option<&str>) -> Result<Document, Refusal> {
        let tenant = tenant.unwrap_or(self.default_tenant);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if !tenant.chars().all(allowed) {
            let said = "the tenant is not an id or a domain";
            return Err(Refusal::profile(PROFILE_INCOMPLETE, said));
        }
        let number = self.tenant_numbers.iter().find(|(name, _)| *name == tenant);
        let number = number
            .map_or(tenant, |(_, number)| number)
            .to_ascii_lowercase();
        let url = |template: &str| Url::parse(&template.replace("{tenant}", tenant)).ok();
        Ok(Document {
            issuer: self
                .issuer
                .map(|issuer| issuer_of_tenant(issuer, Some(&number))),
            authorization_endpoint: url(self.authorization),
            token_endpoint: url(self.token),
            jwks_uri: self.jwks.and_then(url),
            revocation_endpoint: self.revocation.and_then(url),
            device_authorization_endpoint: self.device_authorization.and_then(url),
            ..Document::default()
        })
    }
}

/// Asks the provider where its endpoints are, or remembers.
async fn discovered(http: &HttpClient, issuer: &Url) -> Result<Document, Refusal> {
    if !is_safe_transport(issuer) {
        return Err(unsafe_endpoint(issuer));
    }
    let fetch = async || {
        for url in discovery_urls(issuer) {
            let answer = http.get(&url).await?;
            if answer.status == StatusCode::OK {
                return Document::read(issuer, &answer.body);
            }
            if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
                return Err(later(&url, &answer));
            }
        }
        let said = format!("{} publishes no discovery document", issuer_text(issuer));
        Err(Refusal::profile(NO_DISCOVERY, said))
    };
    http.documents().get(issuer.as_str(), fetch).await
}

/// What was to be read at this address, and is no such document. The error may quote it.
pub(crate) fn unreadable(url: &Url, error: &serde_json::Error) -> Refusal {
    let why = clean(&error.to_string(), &Secrets::default()).unwrap_or_default();
    Refusal::Garbled(format!("{}: {why}", place(url)))
}

pub(crate) fn later(url: &Url, answer: &Answer) -> Refusal {
    Refusal::Later {
        why: format!("{}: HTTP {}", place(url), answer.status.as_u16()),
        retry_after: answer.retry_after,
        known: None,
    }
}

/// OpenID Connect Discovery, section 4.1 puts the well-known part behind the issuer's path;
/// RFC 8414, section 3.1 between host and path.
fn discovery_urls(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let with_path = |path: String| {
        let mut url = issuer.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&path);
        url
    };
    [
        with_path(format!("{path}/.well-known/openid-configuration")),
        with_path(format!("/.well-known/oauth-authorization-server{path}")),
    ]
}

/// A parsed URL always has a path, an issuer need not: the lone slash is not part of it.
fn issuer_text(issuer: &Url) -> &str {
    let text = issuer.as_str();
    if issuer.path() == "/" {
        text.trim_end_matches('/')
    } else {
        text
    }
}

/// Exactly, except that the slash of an empty path cannot be known from a parsed URL.
fn is_same_issuer(issuer: &Url, named: &str) -> bool {
    named == issuer.as_str() || named == issuer_text(issuer)
}

fn check_endpoint(url: &Url, is_safe: bool) -> Result<(), Refusal> {
    let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if is_safe && plain {
        Ok(())
    } else {
        Err(unsafe_endpoint(url))
    }
}

fn unsafe_endpoint(url: &Url) -> Refusal {
    let said = format!(
        "{} is not https, or has a user name or a fragment",
        place(url)
    );
    Refusal::profile(UNSAFE_ENDPOINT, said)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ProviderKind::{Google, Microsoft, Oauth2, Oidc};
    use crate::test_server::{Reply, TestServer, http_client, profile};

    pub(crate) fn endpoints(issuer: &str) -> Endpoints {
        Endpoints {
            issuer: Some(issuer.to_owned()),
            authorization: Url::parse("https://login.example.com/authorize").ok(),
            token: Url::parse("https://login.example.com/token").unwrap(),
            jwks: None,
            revocation: None,
            device_authorization: None,
            introspection: None,
            auth_methods: None,
            grant_types: None,
            sends_iss: false,
            scopes_supported: None,
        }
    }

    async fn resolved(profile: &Profile) -> Endpoints {
        resolve(&http_client(), profile).await.unwrap()
    }

    #[tokio::test]
    async fn microsofts_endpoints_are_the_tenants() {
        let mut microsoft = profile(Microsoft);
        microsoft.tenant = Some("contoso.example".to_owned());
        let found = resolved(&microsoft).await;
        assert_eq!(
            found.token.as_str(),
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
        );
        assert_eq!(
            found.issuer.unwrap(),
            "https://login.microsoftonline.com/{tenantid}/v2.0"
        );
        assert_eq!(found.revocation, None);

        microsoft.tenant = None;
        let found = resolved(&microsoft).await;
        let sign_in = found.to_sign_in().unwrap();
        assert!(sign_in.path().starts_with("/common/"));
        for (tenant, issuer) in [
            ("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"),
            (
                "0F0E0D0C-0000-4000-8000-000000000000",
                "0f0e0d0c-0000-4000-8000-000000000000",
            ),
        ] {
            microsoft.tenant = Some(tenant.to_owned());
            let expected = format!("https://login.microsoftonline.com/{issuer}/v2.0");
            assert_eq!(resolved(&microsoft).await.issuer.unwrap(), expected);
        }
        microsoft.tenant = Some("../evil".to_owned());
        let refusal = resolve(&http_client(), &microsoft).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Profile(_)));
    }

    #[tokio::test]
    async fn what_was_entered_by_hand_wins() {
        let mut google = profile(Google);
        google.endpoints.token = Some(Url::parse("https://proxy.example.com/token").unwrap());
        let found = resolved(&google).await;
        assert_eq!(found.token.as_str(), "https://proxy.example.com/token");
        let sign_in = found.to_sign_in().unwrap();
        assert_eq!(sign_in.host_str(), Some("accounts.google.com"));
        assert_eq!(found.revocation.unwrap().path(), "/revoke");
    }

    #[tokio::test]
    async fn endpoints_by_hand_need_no_discovery() {
        let mut own = profile(Oauth2);
        let lacks = async |own: &Profile| {
            let refusal = resolve(&http_client(), own).await.unwrap_err();
            refusal.to_string()
        };
        let lack = lacks(&own).await;
        assert!(lack.contains("no token endpoint"), "{lack}");
        own.endpoints.token = Some(Url::parse("https://a.example/token").unwrap());
        let lack = lacks(&own).await;
        assert!(lack.contains("no authorization endpoint"), "{lack}");
        own.endpoints.authorization = Some(Url::parse("https://a.example/authorize").unwrap());
        assert_eq!(resolved(&own).await.issuer, None);
        own.endpoints.token = Some(Url::parse("http://a.example/token").unwrap());
        let refusal = resolve(&http_client(), &own).await.unwrap_err();
        assert!(
            refusal
                .to_string()
                .contains("http://a.example/token is not https"),
            "{refusal}"
        );
    }

    #[tokio::test]
    async fn where_nobody_signs_in_nothing_is_needed_for_it() {
        let mut own = profile(Oidc);
        own.access = Access::Application;
        // Nobody answers there.
        own.issuer = Some(Url::parse("http://127.0.0.1:9").unwrap());
        own.endpoints.token = Some(Url::parse("https://a.example/token").unwrap());
        let found = resolved(&own).await;
        assert_eq!(found.authorization, None);
        let refusal = found.to_sign_in().unwrap_err();
        assert!(matches!(&refusal, Refusal::Profile(said) if said.error == PROFILE_INCOMPLETE));
        assert!(
            refusal.to_string().contains("no authorization endpoint"),
            "{refusal}"
        );
    }

    #[tokio::test]
    async fn a_device_needs_no_page_for_the_browser() {
        let mut own = profile(Oauth2);
        own.endpoints.token = Some(Url::parse("https://a.example/token").unwrap());
        own.endpoints.device_authorization = Some(Url::parse("https://a.example/device").unwrap());
        assert_eq!(resolved(&own).await.authorization, None);
    }

    #[tokio::test]
    async fn discovery_is_asked_once_and_again_after_a_failure() {
        let server = TestServer::start().await;
        let issuer = server.url("/realm");
        let document = format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"{issuer}/a","token_endpoint":"{issuer}/t",
                "jwks_uri":null,"introspection_endpoint":"{issuer}/i",
                "device_authorization_endpoint":"{issuer}/d","grant_types_supported":["refresh_token"],
                "token_endpoint_auth_methods_supported":["private_key_jwt"],"authorization_response_iss_parameter_supported":true,"odd":[1]}}"#
        );
        server.queue([Reply::status(503, "Retry-After: 7"), Reply::json(&document)]);
        let mut oidc = profile(Oidc);
        oidc.issuer = Some(issuer.clone());
        let http = http_client();
        let Refusal::Later { retry_after, .. } = resolve(&http, &oidc).await.unwrap_err() else {
            panic!()
        };
        assert_eq!(retry_after.unwrap().as_secs(), 7);
        let found = resolve(&http, &oidc).await.unwrap();
        assert_eq!(found, resolve(&http, &oidc).await.unwrap());
        assert!(found.sends_iss);
        assert_eq!(found.token.path(), "/realm/t");
        assert_eq!(found.introspection.unwrap().path(), "/realm/i");
        assert_eq!(found.device_authorization.unwrap().path(), "/realm/d");
        assert_eq!(found.auth_methods.unwrap(), ["private_key_jwt"]);
        assert_eq!(found.grant_types.unwrap(), ["refresh_token"]);
        let asked: Vec<String> = server.requests().iter().map(|r| r.line.clone()).collect();
        assert_eq!(
            asked,
            ["GET /realm/.well-known/openid-configuration HTTP/1.1"; 2]
        );
    }

    #[tokio::test]
    async fn rfc_8414_is_the_second_place_to_look_and_then_the_issuer_is_wrong() {
        let server = TestServer::start().await;
        server.queue([Reply::status(404, ""), Reply::status(404, "")]);
        let mut oidc = profile(Oidc);
        oidc.issuer = Some(server.url("/realm"));
        let refusal = resolve(&http_client(), &oidc).await.unwrap_err();
        assert!(matches!(&refusal, Refusal::Profile(said) if said.error == NO_DISCOVERY));
        let line = server.requests()[1].line.clone();
        assert_eq!(
            line,
            "GET /.well-known/oauth-authorization-server/realm HTTP/1.1"
        );
    }

    #[test]
    fn a_document_of_another_issuer_is_refused() {
        let read = |issuer: &str, named: &str| {
            let issuer = Url::parse(issuer).unwrap();
            Document::read(&issuer, format!(r#"{{"issuer":"{named}"}}"#).as_bytes()).is_ok()
        };
        assert!(read("https://a.example", "https://a.example"));
        assert!(read("https://a.example/", "https://a.example/"));
        assert!(read("https://a.example/x", "https://a.example/x"));
        for named in [
            "https://a.example/x/",
            "https://A.example/x",
            "https://b.example/x",
            "",
        ] {
            assert!(!read("https://a.example/x", named), "{named}");
        }
    }

    #[test]
    fn a_document_cannot_lead_to_plain_http() {
        let read = |issuer: &str, endpoint: &str| {
            let safe = |name: &str| {
                let body = format!(r#"{{"issuer":"{issuer}","{name}":"{endpoint}"}}"#);
                Document::read(&Url::parse(issuer).unwrap(), body.as_bytes()).is_ok()
            };
            let all = [
                "token_endpoint",
                "device_authorization_endpoint",
                "introspection_endpoint",
            ]
            .map(safe);
            assert_eq!(all, [all[0]; 3], "{endpoint}");
            all[0]
        };
        assert!(read("https://a.example", "https://b.example/t"));
        assert!(read("http://localhost:1", "http://localhost:2/t"));
        for (issuer, endpoint) in [
            ("https://a.example", "http://a.example/t"),
            ("https://a.example", "http://127.0.0.1/t"),
            ("http://localhost:1", "http://a.example/t"),
            ("https://a.example", "https://u:p@a.example/t"),
            ("https://a.example", "https://a.example/t#x"),
            ("https://a.example", "file:///etc/passwd"),
            ("https://a.example", "no url"),
        ] {
            assert!(!read(issuer, endpoint), "{endpoint}");
        }
    }

    proptest! {
        #[test]
        fn any_document_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200), json in "\\PC{0,40}") {
            let issuer = Url::parse("https://a.example").unwrap();
            let _ = Document::read(&issuer, &body);
            let json = serde_json::json!({"issuer": "https://a.example", "token_endpoint": json});
            if let Ok(document) = Document::read(&issuer, json.to_string().as_bytes()) {
                prop_assert!(document.token_endpoint.is_none_or(|url| url.scheme() == "https"));
            }
        }

        #[test]
        fn why_a_document_is_refused_is_short_and_without_control_characters(
            text in ".{0,3000}", path in "[a-z/]{0,3000}", place in 0..4usize,
        ) {
            let issuer = Url::parse("https://a.example").unwrap();
            let mut json = serde_json::json!({"issuer": "https://a.example"});
            json[["issuer", "token_endpoint", "jwks_uri", "scopes_supported"][place]] = text.into();
            json["introspection_endpoint"] = format!("http://a.example/{path}").into();
            let refusal = Document::read(&issuer, json.to_string().as_bytes()).unwrap_err();
            let diagnosis = mailgrant_base::Diagnose::diagnosis(&refusal);
            let shown = format!("{refusal} {}", diagnosis.said.unwrap_or_default());
            prop_assert!(!shown.chars().any(char::is_control), "{}", shown);
            prop_assert!(shown.chars().count() < 2000, "{}", shown);
        }
    }
}
