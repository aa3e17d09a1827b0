//! The authorization request: where the browser is sent, and what must be remembered meanwhile.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mailgrant_base::Random;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::{Endpoints, Profile, RedirectUri, Refusal, Resource, Scope, catalogue, expand_scopes};

/// What is remembered from sending the browser away until it comes back.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Against CSRF: comes back with the answer (RFC 6749, section 10.12).
    pub state: SecretString,
    /// Ties the `id_token` to this attempt (OpenID Connect Core, section 3.1.2.1).
    pub nonce: SecretString,
    /// The PKCE code verifier (RFC 7636), method S256.
    pub verifier: SecretString,
}

impl Attempt {
    /// A fresh attempt: 256 random bits each.
    pub fn new(random: &dyn Random) -> Self {
        Self {
            state: random.token().into(),
            nonce: random.token().into(),
            verifier: random.token().into(),
        }
    }
}

/// All that the authorization request is made of.
#[derive(Debug)]
pub struct AuthorizeUrl<'a> {
    /// The provider.
    pub profile: &'a Profile,
    /// Its endpoints.
    pub endpoints: &'a Endpoints,
    /// Where the answer goes.
    pub redirect_uri: &'a RedirectUri,
    /// The scopes asked for.
    pub scopes: &'a [Scope],
    /// Who is expected to sign in.
    pub login_hint: &'a str,
}

/// The URL of the provider's own login page for this attempt: authorization code (RFC 6749,
/// section 4.1.1) with PKCE (RFC 7636, section 4.3). Parameters that the endpoint's address already
/// has are kept, and win over the catalogue's.
pub fn authorize_url(request: &AuthorizeUrl<'_>, attempt: &Attempt) -> Result<Url, Refusal> {
    let mut url = request.endpoints.to_sign_in()?.clone();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.expose_secret()));
    let scope = Scope::join(request.scopes);
    let asks_identity = request
        .scopes
        .iter()
        .any(|scope| scope.as_str() == "openid");
    let own = [
        ("response_type", "code"),
        ("client_id", request.profile.client_id.as_str()),
        ("redirect_uri", request.redirect_uri.as_str()),
        ("scope", &scope),
        ("state", attempt.state.expose_secret()),
        (
            "nonce",
            if asks_identity {
                attempt.nonce.expose_secret()
            } else {
                ""
            },
        ),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("login_hint", request.login_hint),
    ];
    let kept = query_without(&url, &own);
    let has = |name: &str| form_urlencoded::parse(kept.as_bytes()).any(|(key, _)| key == name);
    let extra = catalogue::row(request.profile.kind).authorize_parameters;
    let extra = extra.iter().copied().filter(|(name, _)| !has(name));
    let added = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            own.into_iter()
                .filter(|(_, value)| !value.is_empty())
                .chain(extra),
        )
        .finish()
        // Both mean a space; this form is understood by servers that read either way.
        .replace('+', "%20");
    let separator = if kept.is_empty() { "" } else { "&" };
    url.set_query(Some(&format!("{kept}{separator}{added}")));
    Ok(url)
}

/// The scopes to ask for: those entered by hand, their short words expanded and the mail servers'
/// first; else the catalogue's, less what the provider says that it does not support (a provider
/// without `offline_access` gives refresh tokens without it).
pub fn requested_scopes(profile: &Profile, endpoints: &Endpoints) -> Vec<Scope> {
    if let Some(scopes) = &profile.scopes {
        return expand_scopes(profile.kind, scopes);
    }
    let supported = |scope: &&&str| match &endpoints.scopes_supported {
        Some(supported) => supported.iter().any(|one| one == **scope),
        None => true,
    };
    let defaults = catalogue::row(profile.kind).default_scopes(Resource::Mail);
    let known = defaults.iter().filter(supported);
    known.filter_map(|text| Scope::parse(text).ok()).collect()
}

/// The scopes with which a code is redeemed. Consent may be asked for several resources at once;
/// the token is for one, and that is the mail servers.
pub fn redeemed_scopes(profile: &Profile, endpoints: &Endpoints) -> Vec<Scope> {
    let requested = requested_scopes(profile, endpoints);
    let rules = &catalogue::row(profile.kind).scope_rules;
    rules.without_others(Resource::Mail, &requested)
}

/// The address's own query, as it was written, less what the request itself says.
fn query_without(url: &Url, own: &[(&str, &str)]) -> String {
    let is_own = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes())
            .any(|(key, _)| own.iter().any(|(name, _)| *name == key))
    };
    let pairs = url.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = pairs
        .filter(|pair| !pair.is_empty() && !is_own(pair))
        .collect();
    kept.join("&")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use mailgrant_base::SeededRandom;

    use super::*;
    use crate::ProviderKind::{self, Google, Microsoft, Oauth2, Oidc};
    use crate::endpoints::tests::endpoints;
    use crate::test_server::profile;

    fn url(kind: ProviderKind, endpoint: &str, scopes: &str, login_hint: &str) -> Url {
        let mut endpoints = endpoints("https://login.example.com");
        endpoints.authorization = Url::parse(endpoint).ok();
        let desk = "https://desk.example.com/index.pl?Action=AdminMailAccount";
        let request = AuthorizeUrl {
            profile: &profile(kind),
            endpoints: &endpoints,
            redirect_uri: &RedirectUri::parse(desk).unwrap(),
            scopes: &Scope::parse_list(scopes).unwrap(),
            login_hint,
        };
        authorize_url(&request, &Attempt::new(&SeededRandom::new(1))).unwrap()
    }

    fn parameters(url: &Url) -> HashMap<String, String> {
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let map: HashMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(map.len(), pairs.len(), "a parameter stands twice in {url}");
        map
    }

    #[test]
    fn the_browser_is_sent_with_all_that_protects_the_code() {
        let url = url(
            Google,
            "https://a.example/auth",
            "https://mail.google.com/ openid",
            "a b@c.example",
        );
        let sent = parameters(&url);
        let attempt = Attempt::new(&SeededRandom::new(1));
        let expected = [
            ("response_type", "code"),
            ("client_id", "client"),
            (
                "redirect_uri",
                "https://desk.example.com/index.pl?Action=AdminMailAccount",
            ),
            ("scope", "https://mail.google.com/ openid"),
            ("state", attempt.state.expose_secret()),
            ("nonce", attempt.nonce.expose_secret()),
            ("code_challenge_method", "S256"),
            ("login_hint", "a b@c.example"),
            ("access_type", "offline"),
            ("prompt", "consent"),
        ];
        for (name, value) in expected {
            assert_eq!(sent[name], value);
        }
        assert_eq!(sent.len(), expected.len() + 1);
        assert!(!url.as_str().contains(attempt.verifier.expose_secret()));
        assert!(!url.as_str().contains('+'));
    }

    #[test]
    fn the_challenge_is_the_verifiers_hash() {
        // RFC 7636, appendix B.
        let attempt = Attempt {
            state: "s".into(),
            nonce: "n".into(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        };
        let request = AuthorizeUrl {
            profile: &profile(Oauth2),
            endpoints: &endpoints("x"),
            redirect_uri: &RedirectUri::parse("http://localhost/").unwrap(),
            scopes: &[],
            login_hint: "",
        };
        let sent = parameters(&authorize_url(&request, &attempt).unwrap());
        assert_eq!(
            sent["code_challenge"],
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn nothing_is_sent_empty_and_a_nonce_only_for_an_id_token() {
        let sent = parameters(&url(Microsoft, "https://a.example/auth", "imap", ""));
        for absent in ["nonce", "login_hint", "prompt"] {
            assert!(!sent.contains_key(absent), "{absent}");
        }
    }

    #[test]
    fn the_endpoints_own_query_is_kept_as_it_is_and_wins_over_the_catalogue() {
        let url = url(
            Google,
            "https://a.example/auth?realm=a%20b&prompt=login&state=x",
            "openid",
            "",
        );
        assert!(
            url.query()
                .unwrap()
                .starts_with("realm=a%20b&prompt=login&response_type=code")
        );
        let sent = parameters(&url);
        assert_eq!(sent["prompt"], "login");
        assert_ne!(sent["state"], "x");
    }

    #[test]
    fn every_attempt_is_another() {
        let random = SeededRandom::new(1);
        let (one, two) = (Attempt::new(&random), Attempt::new(&random));
        assert_ne!(one.state.expose_secret(), two.state.expose_secret());
        assert_ne!(one.verifier.expose_secret(), one.nonce.expose_secret());
        assert!(!format!("{one:?}").contains(one.state.expose_secret()));
    }

    #[test]
    fn scopes_come_by_hand_or_from_the_catalogue_less_what_is_not_supported() {
        let mut found = endpoints("x");
        let mut oidc = profile(Oidc);
        let asked = |oidc: &Profile, found: &Endpoints| Scope::join(&requested_scopes(oidc, found));
        assert_eq!(asked(&oidc, &found), "openid email offline_access");
        found.scopes_supported = Some(vec!["openid".to_owned(), "email".to_owned()]);
        assert_eq!(asked(&oidc, &found), "openid email");
        oidc.scopes = Some(Scope::parse_list("openid mail").unwrap());
        assert_eq!(asked(&oidc, &found), "openid mail");
    }
}
