//! Mailgrant as the party that relies on a provider: its grants, one after the other, without a store.

use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey};
use mailgrant_base::{Clock as _, Diagnose as _, Diagnosis, SystemClock, SystemRandom};
use mailgrant_oauth::{
    Access, Attempt, AuthorizeUrl, Callback, ClientCredential, ClientKey, EndpointOverrides,
    Endpoints, HttpClient, Identity, Introspection, KeyAlgorithm, Profile, ProviderKind,
    RedirectUri, Refusal, Resource, Scope, SecretMethod, Tokens, application_token, authorize_url,
    identity, introspect, redeem_code, refresh, requested_scopes, resolve, revoke,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:1/index.pl?Action=AdminMailAccount";
pub(crate) const DESK: &str = "desk@example.com";
pub(crate) const SECRET: &str = "a secret / with+signs";

/// A profile and the endpoints that belong to it.
pub(crate) struct Party {
    pub(crate) http: HttpClient,
    pub(crate) profile: Profile,
    pub(crate) endpoints: Endpoints,
}

/// A profile of which only the kind, the client and its credential are entered.
pub(crate) fn profile(
    kind: ProviderKind,
    client_id: &str,
    credential: ClientCredential,
) -> Profile {
    Profile {
        kind,
        client_id: client_id.to_owned(),
        access: Access::Delegated,
        credential,
        second_credential: None,
        tenant: None,
        issuer: None,
        endpoints: EndpointOverrides::default(),
        scopes: None,
    }
}

pub(crate) fn secret(method: SecretMethod) -> ClientCredential {
    ClientCredential::Secret {
        secret: SECRET.into(),
        method,
        expires_at: None,
    }
}

/// A key of this kind, and its public half as a provider registers it.
pub(crate) fn key(algorithm: KeyAlgorithm) -> (ClientKey, serde_json::Value) {
    let key = ClientKey::generate("mailgrant", 30, algorithm, &SystemClock, &SystemRandom);
    let key = key.unwrap();
    let pem = key.private_key().expose_secret().as_bytes();
    let public = match algorithm {
        KeyAlgorithm::Rsa => {
            let key = EncodingKey::from_rsa_pem(pem).unwrap();
            Jwk::from_encoding_key(&key, Algorithm::RS256)
        }
        KeyAlgorithm::EcP256 => {
            let key = EncodingKey::from_ec_pem(pem).unwrap();
            Jwk::from_encoding_key(&key, Algorithm::ES256)
        }
    };
    let keys = vec![public.unwrap()];
    (key, serde_json::to_value(JwkSet { keys }).unwrap())
}

impl Party {
    /// With what the catalogue and discovery know.
    pub(crate) async fn of(profile: Profile) -> Self {
        let http = HttpClient::new(Duration::from_secs(30)).unwrap();
        let endpoints = resolve(&http, &profile).await.unwrap();
        Self {
            http,
            profile,
            endpoints,
        }
    }

    /// With the catalogue's endpoints, moved to this origin: the sandbox stands for the provider.
    pub(crate) async fn at(origin: &str, profile: Profile) -> Self {
        let mut party = Self::of(profile).await;
        let moved = |url: &Url| Url::parse(&format!("{origin}{}", url.path())).unwrap();
        let Endpoints {
            authorization,
            token,
            jwks,
            revocation,
            device_authorization,
            ..
        } = &mut party.endpoints;
        *token = moved(token);
        for url in [authorization, jwks, revocation, device_authorization] {
            *url = url.as_ref().map(moved);
        }
        party
    }

    /// The browser leaves.
    pub(crate) fn leave(&self) -> (Url, Attempt) {
        let attempt = Attempt::new(&SystemRandom);
        let request = AuthorizeUrl {
            profile: &self.profile,
            endpoints: &self.endpoints,
            redirect_uri: &RedirectUri::parse(REDIRECT_URI).unwrap(),
            scopes: &requested_scopes(&self.profile, &self.endpoints),
            login_hint: DESK,
        };
        (authorize_url(&request, &attempt).unwrap(), attempt)
    }

    /// The browser is back with a code, which is redeemed with this verifier.
    pub(crate) async fn redeem(
        &self,
        back: &Url,
        attempt: &Attempt,
        verifier: &SecretString,
    ) -> Result<Tokens, Refusal> {
        let callback = Callback::parse(back.query().unwrap()).unwrap();
        let (got, left) = (&callback.state, &attempt.state);
        assert_eq!(got.expose_secret(), left.expose_secret());
        callback.check_issuer(&self.endpoints).unwrap();
        let code = callback.answer.unwrap();
        let redirect_uri = RedirectUri::parse(REDIRECT_URI).unwrap();
        let (http, profile, endpoints) = (&self.http, &self.profile, &self.endpoints);
        redeem_code(http, profile, endpoints, &redirect_uri, &code, verifier).await
    }

    /// The same with the right verifier; who signed in is looked at too.
    pub(crate) async fn come_back(&self, back: &Url, attempt: &Attempt) -> (Tokens, Identity) {
        let tokens = self.redeem(back, attempt, &attempt.verifier).await.unwrap();
        let identity = identity(
            &self.http,
            &self.profile,
            &self.endpoints,
            tokens.id_token.as_ref().unwrap(),
            Some(&attempt.nonce),
            SystemClock.now(),
        );
        let identity = identity.await.unwrap();
        (tokens, identity)
    }

    pub(crate) async fn refresh(&self, token: &SecretString) -> Result<Tokens, Refusal> {
        self.refresh_for(Resource::Mail, token).await
    }

    pub(crate) async fn refresh_for(
        &self,
        resource: Resource,
        token: &SecretString,
    ) -> Result<Tokens, Refusal> {
        let scopes = requested_scopes(&self.profile, &self.endpoints);
        let (http, profile, endpoints) = (&self.http, &self.profile, &self.endpoints);
        refresh(http, profile, endpoints, token, resource, &scopes).await
    }

    pub(crate) async fn introspect(&self, token: &SecretString) -> Introspection {
        let (http, profile, endpoints) = (&self.http, &self.profile, &self.endpoints);
        let said = introspect(http, profile, endpoints, token).await;
        said.unwrap().unwrap()
    }

    pub(crate) async fn revoke(&self, token: &SecretString) {
        let (http, profile, endpoints) = (&self.http, &self.profile, &self.endpoints);
        assert!(revoke(http, profile, endpoints, token).await.unwrap());
    }

    pub(crate) async fn application_token(&self) -> Result<Tokens, Refusal> {
        let (http, profile, endpoints) = (&self.http, &self.profile, &self.endpoints);
        application_token(http, profile, endpoints, DESK, Resource::Mail).await
    }
}

/// The grant is over, and whoever reads why is told to authorise again.
pub(crate) fn ended(refused: Result<Tokens, Refusal>) -> Diagnosis {
    let refusal = refused.unwrap_err();
    assert!(matches!(refusal, Refusal::NeedsPerson(_)), "{refusal}");
    let diagnosis = refusal.diagnosis();
    assert!(diagnosis.next.contains("Authorize"), "{diagnosis:?}");
    diagnosis
}

pub(crate) fn scopes(text: &str) -> Vec<Scope> {
    Scope::parse_list(text).unwrap()
}
