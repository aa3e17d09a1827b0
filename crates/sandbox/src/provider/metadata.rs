//! What the provider says about itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::context::Context;
use super::faults::ProviderFault;
use super::parameters::Parameters;

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, RFC 8414).
pub(super) async fn discovery(State(context): State<Arc<Context>>) -> Response {
    let down = context.faults.happens(&ProviderFault::DiscoveryDown);
    let response = if down {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        Json(document(&context.issuer)).into_response()
    };
    let name = "GET /.well-known/openid-configuration";
    let status = response.status();
    context
        .requests
        .record(name, &Parameters::default(), status);
    response
}

/// `GET /jwks` (RFC 7517).
pub(super) async fn keys(State(context): State<Arc<Context>>) -> Response {
    let down = context.faults.happens(&ProviderFault::KeysDown);
    let response = if down {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        Json(context.key.public()).into_response()
    };
    let status = response.status();
    context
        .requests
        .record("GET /jwks", &Parameters::default(), status);
    response
}

fn document(issuer: &str) -> serde_json::Value {
    let authentication = ["client_secret_basic", "client_secret_post", "none"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": authentication,
        "introspection_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "email", "offline_access"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "email",
            "email_verified", "preferred_username"],
        "authorization_response_iss_parameter_supported": true,
    })
}
