//! What the provider says about itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::context::{Context, tenant};
use super::faults::ProviderFault;
use super::parameters::Parameters;
use super::persona::{Persona, microsoft};

/// The discovery document (OpenID Connect Discovery 1.0, RFC 8414).
pub(super) async fn discovery(State(context): State<Arc<Context>>, uri: Uri) -> Response {
    answer(&context, &uri, &ProviderFault::DiscoveryDown, document)
}

/// The signing keys (RFC 7517).
pub(super) async fn keys(State(context): State<Arc<Context>>, uri: Uri) -> Response {
    answer(&context, &uri, &ProviderFault::KeysDown, published)
}

fn answer(
    context: &Context,
    uri: &Uri,
    down: &ProviderFault,
    truth: impl Fn(&Context, &str) -> Value,
) -> Response {
    let tenant = tenant(uri);
    let response = if context.faults.happens(down) {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        match context.check_tenant(tenant) {
            Ok(()) => Json(truth(context, tenant)).into_response(),
            Err(refusal) => context.persona().refuse(refusal),
        }
    };
    let name = format!("GET {}", uri.path());
    let status = response.status();
    context
        .requests
        .record(&name, &Parameters::default(), status);
    response
}

fn published(context: &Context, tenant: &str) -> Value {
    let mut published = json!(context.keys().published());
    // Each of Entra's keys says whose tokens it signs (`access-tokens.md`, "Validate the issuer").
    if context.persona() == Persona::Microsoft {
        let issuer = microsoft::issuer(&context.origin, tenant);
        for key in published["keys"].as_array_mut().into_iter().flatten() {
            key["issuer"] = issuer.clone().into();
        }
    }
    published
}

fn document(context: &Context, tenant: &str) -> Value {
    let paths = context.persona().paths();
    let url = |path| context.url(path, tenant);
    let mut document = json!({
        "issuer": context.issuer,
        "authorization_endpoint": url(paths.authorize),
        "token_endpoint": url(paths.token),
        "device_authorization_endpoint": url(paths.device_authorization),
        "jwks_uri": url(paths.keys),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
    });
    let own = match context.persona() {
        Persona::Plain => plain(),
        Persona::Microsoft => json!({
            "issuer": microsoft::issuer(&context.origin, tenant),
            // As in `v2-protocols-oidc.md`, which promises no S256 and no `iss`.
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce",
                "preferred_username", "tid", "ver", "oid"],
        }),
        Persona::Google => json!({
            "grant_types_supported": ["authorization_code", "refresh_token",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "sub"],
            "authorization_response_iss_parameter_supported": true,
        }),
    };
    let endpoints = [
        ("introspection_endpoint", paths.introspect),
        ("revocation_endpoint", paths.revoke),
    ];
    for (name, path) in endpoints {
        if let Some(path) = path {
            document[name] = url(path).into();
        }
    }
    for (name, value) in own.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    document
}

fn plain() -> Value {
    let authentication = [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    ];
    let signed = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
    json!({
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": authentication,
        "token_endpoint_auth_signing_alg_values_supported": signed,
        "introspection_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "email", "offline_access"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "email",
            "email_verified", "preferred_username"],
        "authorization_response_iss_parameter_supported": true,
    })
}
