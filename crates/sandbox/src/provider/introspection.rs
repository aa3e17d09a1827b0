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
use super::persona::Persona;
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
        Err(refusal) => context.persona().refuse(refusal),
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
        Err(refusal) => context.persona().refuse(refusal),
    }
}

fn description(
    context: &Context,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let client = authenticate(headers, parameters, context)?;
    if client.is_public() {
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
    if context.persona() == Persona::Google {
        return end_at_google(context, parameters);
    }
    let client = authenticate(headers, parameters, context)?;
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

/// Google asks for no proof, takes either token, and ends all that the user has granted to the
/// client (`web-server`, "Revoking a token").
fn end_at_google(context: &Context, parameters: &Parameters) -> Result<(), Refusal> {
    if context.grants().revoke_all_of(parameters.require("token")?) {
        Ok(())
    } else {
        Err(Refusal::new("invalid_token", "Token expired or revoked"))
    }
}
