//! The token endpoint (RFC 6749, section 3.2).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::ambient::epoch_seconds;
use super::client_authentication::authenticate;
use super::context::Context;
use super::disturb;
use super::faults::ProviderFault;
use super::grants::{GrantId, Proof};
use super::key::SigningKey;
use super::options::Client;
use super::parameters::Parameters;
use super::refusal::Refusal;
use super::scope::Scope;

/// How long an `id_token` can be used.
const ID_TOKEN_SECONDS: i64 = 3600;

/// `POST /token`.
pub(super) async fn token(
    State(context): State<Arc<Context>>,
    headers: HeaderMap,
    form: Result<Parameters, Refusal>,
) -> Response {
    context.token_requests.fetch_add(1, Ordering::Relaxed);
    let parameters = match form {
        Ok(parameters) => parameters,
        Err(refusal) => return refusal.into_response(),
    };
    disturb::delay(&context.faults).await;
    let (outcome, response) = match disturb::replacement(&context.faults) {
        Some(replacement) => replacement,
        None => match answer(&context, &headers, &parameters) {
            Ok(answer) => {
                let body = Value::Object(answer);
                let response = ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
                disturb::cut(&context.faults, "tokens", response)
            }
            Err(refusal) => (refusal.error.clone(), refusal.into_response()),
        },
    };
    if parameters.get("grant_type") == Some("refresh_token") {
        context.refreshes.fetch_add(1, Ordering::Relaxed);
    }
    context.requests.record("POST /token", &parameters, outcome);
    response
}

fn answer(
    context: &Context,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Map<String, Value>, Refusal> {
    let client = authenticate(headers, parameters, &context.options)?;
    match parameters.require("grant_type")? {
        "authorization_code" => redeem(context, client, parameters),
        "refresh_token" => refresh(context, client, parameters),
        other => Err(Refusal::new(
            "unsupported_grant_type",
            format!("`{other}` is not served"),
        )),
    }
}

/// Redeems a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
fn redeem(
    context: &Context,
    client: &Client,
    parameters: &Parameters,
) -> Result<Map<String, Value>, Refusal> {
    let code = parameters.require("code")?;
    let proof = Proof {
        client: &client.id,
        redirect_uri: parameters.require("redirect_uri")?,
        verifier: parameters.require("code_verifier")?,
    };
    let (grant, nonce) = context.grants().redeem(code, proof, Instant::now())?;
    let scope = context.grants().get(grant).scope.clone();
    let mut answer = access(context, grant, &scope);
    if !context.faults.happens(&ProviderFault::NoOfflineAccess) {
        let token = context.grants().refresh_token(grant);
        answer.insert("refresh_token".into(), token.into());
    }
    if scope.contains("openid") {
        let token = id_token(context, grant, nonce)
            .map_err(|error| Refusal::new("server_error", error.to_string()))?;
        answer.insert("id_token".into(), token.into());
    }
    Ok(answer)
}

/// Fetches a new access token (RFC 6749, section 6).
fn refresh(
    context: &Context,
    client: &Client,
    parameters: &Parameters,
) -> Result<Map<String, Value>, Refusal> {
    let token = parameters.require("refresh_token")?;
    let asked = parameters.get("scope").map(Scope::parse);
    // One lock from the look at the token to its replacement: of two refreshes at the same time
    // one must find it spent.
    let mut grants = context.grants();
    let (grant, scope) = grants.refresh(token, &client.id, asked)?;
    let rotate =
        context.options.rotate && !context.faults.happens(&ProviderFault::OmitRefreshToken);
    let successor = rotate.then(|| grants.rotate(token, grant));
    drop(grants);
    let mut answer = access(context, grant, &scope);
    if let Some(successor) = successor {
        answer.insert("refresh_token".into(), successor.into());
    }
    Ok(answer)
}

/// An answer with an access token (RFC 6749, section 5.1).
fn access(context: &Context, grant: GrantId, scope: &Scope) -> Map<String, Value> {
    let lifetime = context.options.access_token_lifetime;
    let token = context.grants().access_token(grant, scope, lifetime);
    let mut answer = Map::new();
    answer.insert("access_token".into(), token.into());
    answer.insert("token_type".into(), "Bearer".into());
    answer.insert("scope".into(), scope.to_string().into());
    if !context.faults.happens(&ProviderFault::OmitExpiresIn) {
        answer.insert("expires_in".into(), lifetime.as_secs().into());
    }
    answer
}

/// Who signed in (OpenID Connect Core, section 2).
fn id_token(context: &Context, grant: GrantId, nonce: Option<String>) -> io::Result<String> {
    let nonce = if context.faults.happens(&ProviderFault::WrongNonce) {
        Some("another-nonce".to_owned())
    } else {
        nonce
    };
    let now = epoch_seconds();
    let claims = {
        let grants = context.grants();
        let grant = grants.get(grant);
        json!({
            "iss": context.issuer,
            "sub": grant.user,
            "aud": grant.client,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
            "email": grant.user,
            "email_verified": true,
            "preferred_username": grant.user,
            "nonce": nonce,
        })
    };
    if context.faults.happens(&ProviderFault::ForeignKey) {
        return SigningKey::generate()?.sign(&claims);
    }
    context.key.sign(&claims)
}
