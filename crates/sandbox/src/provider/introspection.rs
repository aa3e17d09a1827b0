//! Introspection (RFC 7662) and revocation (RFC 7009) of tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::client_authentication::authenticate;
use super::context::Context;
use super::grants::Kind;
use super::parameters::Parameters;
use super::refusal::Refusal;

/// `POST /introspect`: what a token is, for any client that can prove who it is.
pub(super) async fn introspect(
    State(context): State<Arc<Context>>,
    headers: HeaderMap,
    form: Result<Parameters, Refusal>,
) -> Response {
    let answer = form.and_then(|parameters| {
        let answer = description(&context, &headers, &parameters);
        let outcome = match &answer {
            Ok(answer) if answer["active"] == true => "active",
            Ok(_) => "inactive",
            Err(refusal) => &refusal.error,
        };
        context
            .requests
            .record("POST /introspect", &parameters, outcome);
        answer
    });
    match answer {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST /revoke`: ends an access token, or with a refresh token the whole grant.
pub(super) async fn revoke(
    State(context): State<Arc<Context>>,
    headers: HeaderMap,
    form: Result<Parameters, Refusal>,
) -> Response {
    let answer = form.and_then(|parameters| {
        let answer = end(&context, &headers, &parameters);
        let outcome = match &answer {
            Ok(()) => "ended",
            Err(refusal) => &refusal.error,
        };
        context
            .requests
            .record("POST /revoke", &parameters, outcome);
        answer
    });
    match answer {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn description(
    context: &Context,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let client = authenticate(headers, parameters, &context.options)?;
    if client.secret.is_none() {
        return Err(Refusal::invalid_client(
            "a client without a secret may not introspect",
        ));
    }
    let Some(known) = context.grants().look_up(parameters.require("token")?) else {
        return Ok(json!({ "active": false }));
    };
    let mut answer = json!({
        "active": true,
        "iss": context.issuer,
        "sub": known.user,
        "username": known.user,
        "client_id": known.client,
        "scope": known.scope,
    });
    if known.kind == Kind::Access {
        answer["token_type"] = "Bearer".into();
    }
    if let Some(expires) = known.expires {
        answer["exp"] = expires.into();
    }
    Ok(answer)
}

fn end(context: &Context, headers: &HeaderMap, parameters: &Parameters) -> Result<(), Refusal> {
    let client = authenticate(headers, parameters, &context.options)?;
    let token = parameters.require("token")?;
    let mut grants = context.grants();
    match grants.look_up(token) {
        // What is not valid need not be ended (RFC 7009, section 2.2).
        None => Ok(()),
        Some(known) if known.client != client.id => Err(Refusal::invalid_request(
            "the token belongs to another client",
        )),
        Some(_) => {
            grants.revoke(token);
            Ok(())
        }
    }
}
