//! The token endpoint (RFC 6749, section 3.2).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Uri, header};
use serde_json::{Map, Value, json};

use super::client_authentication::authenticate;
use super::context::{Context, tenant};
use super::disturb;
use super::faults::ProviderFault;
use super::grants::{GrantId, Proof, Redeemed};
use super::options::ProviderOptions;
use super::own_grants;
use super::parameters::Parameters;
use super::persona::{Persona, google, microsoft};
use super::refusal::Refusal;
use super::registration::Client;
use super::scope::Scope;

/// How long an `id_token` can be used.
const ID_TOKEN_SECONDS: i64 = 3600;

/// An answer with tokens (RFC 6749, section 5.1).
pub(super) type Answer = Map<String, Value>;

/// What an access token is to be for.
pub(super) struct Wanted {
    pub(super) scope: Scope,
    /// For which resource, where tokens have one.
    pub(super) resource: Option<String>,
}

/// The token endpoint.
pub(super) async fn token(
    State(context): State<Arc<Context>>,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Parameters, Refusal>,
) -> Response {
    context.token_requests.fetch_add(1, Ordering::Relaxed);
    let parameters = match form {
        Ok(parameters) => parameters,
        Err(refusal) => return context.persona().refuse(refusal),
    };
    disturb::delay(&context.faults).await;
    let (outcome, response) = match disturb::replacement(&context.faults) {
        Some(replacement) => replacement,
        None => match answer(&context, tenant(&uri), &headers, &parameters) {
            Ok(answer) => {
                let body = Value::Object(answer);
                let response = ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
                disturb::cut(&context.faults, "tokens", response)
            }
            Err(refusal) => (refusal.error.clone(), context.persona().refuse(refusal)),
        },
    };
    if parameters.get("grant_type") == Some("refresh_token") {
        context.refreshes.fetch_add(1, Ordering::Relaxed);
    }
    let name = format!("POST {}", uri.path());
    context.requests.record(&name, &parameters, outcome);
    response
}

fn answer(
    context: &Context,
    tenant: &str,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Answer, Refusal> {
    context.check_tenant(tenant)?;
    let client = || authenticate(headers, parameters, context);
    match parameters.require("grant_type")? {
        // The assertion alone says who asks.
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
            if context.persona() != Persona::Microsoft =>
        {
            own_grants::assertion(context, parameters)
        }
        "authorization_code" => redeem(context, client()?, parameters),
        "refresh_token" => refresh(context, client()?, parameters),
        "client_credentials" => {
            own_grants::client_credentials(context, tenant, client()?, parameters)
        }
        "urn:ietf:params:oauth:grant-type:device_code" => device(context, client()?, parameters),
        other => {
            client()?;
            Err(Refusal::new(
                "unsupported_grant_type",
                format!("`{other}` is not served"),
            ))
        }
    }
}

/// Redeems a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
fn redeem(context: &Context, client: &Client, parameters: &Parameters) -> Result<Answer, Refusal> {
    let code = parameters.require("code")?;
    let proof = Proof {
        client: &client.id,
        redirect_uri: parameters.require("redirect_uri")?,
        verifier: parameters.require("code_verifier")?,
    };
    let redeemed = context.grants().redeem(code, proof, Instant::now())?;
    first_tokens(context, redeemed, parameters)
}

/// Answers a device that asks again (RFC 8628, section 3.4).
fn device(context: &Context, client: &Client, parameters: &Parameters) -> Result<Answer, Refusal> {
    let code = parameters.require("device_code")?;
    let now = context.options.now.seconds();
    let allowed = context.devices().ask(code, &client.id, now);
    let allowed = allowed.map_err(|refusal| in_words_of(context.persona(), refusal))?;
    let offline =
        context.persona() != Persona::Microsoft || allowed.scope.contains("offline_access");
    let grant = context
        .grants()
        .grant(&client.id, &allowed.user, allowed.scope);
    let redeemed = Redeemed {
        grant,
        nonce: None,
        offline,
    };
    first_tokens(context, redeemed, parameters)
}

/// `v2-oauth2-device-code.md` in entra-docs names two errors otherwise than the RFC.
fn in_words_of(persona: Persona, mut refusal: Refusal) -> Refusal {
    if persona == Persona::Microsoft {
        match refusal.error.as_str() {
            "access_denied" => "authorization_declined".clone_into(&mut refusal.error),
            "invalid_grant" => "bad_verification_code".clone_into(&mut refusal.error),
            _ => {}
        }
    }
    refusal
}

/// The tokens of a new grant.
fn first_tokens(
    context: &Context,
    Redeemed {
        grant,
        nonce,
        offline,
    }: Redeemed,
    parameters: &Parameters,
) -> Result<Answer, Refusal> {
    let scope = context.grants().get(grant).scope.clone();
    let wanted = wanted(
        context.persona(),
        &scope,
        asked(context.persona(), parameters),
    )?;
    let mut answer = access(context, grant, &wanted)?;
    if offline && !context.faults.happens(&ProviderFault::NoOfflineAccess) {
        let mut grants = context.grants();
        let token = grants.refresh_token(grant);
        if context.persona() == Persona::Google {
            let (client, user) = {
                let grant = grants.get(grant);
                (grant.client.clone(), grant.user.clone())
            };
            grants.keep_newest(&client, &user, google::MOST_REFRESH_TOKENS);
        }
        answer.insert("refresh_token".into(), token.into());
    }
    if scope.contains("openid") {
        answer.insert("id_token".into(), id_token(context, grant, nonce)?.into());
    }
    Ok(answer)
}

/// What a token request names as its scope: with a code, only Entra's takes one.
fn asked(persona: Persona, parameters: &Parameters) -> Option<Scope> {
    parameters
        .get("scope")
        .filter(|_| persona == Persona::Microsoft)
        .map(Scope::parse)
}

/// What a token is for, of what is granted.
fn wanted(persona: Persona, granted: &Scope, asked: Option<Scope>) -> Result<Wanted, Refusal> {
    if persona == Persona::Microsoft {
        let asked = asked.unwrap_or_else(|| microsoft::first_resource(granted));
        if !granted.covers(&asked) {
            let complaint = format!("nobody has consented to all of: {asked}");
            return Err(Refusal::invalid_grant(complaint).entra(65_001));
        }
        let (resource, scope) = microsoft::one_resource(&asked)?;
        return Ok(Wanted {
            scope,
            resource: Some(resource),
        });
    }
    Ok(Wanted {
        scope: asked.unwrap_or_else(|| granted.clone()),
        resource: None,
    })
}

/// Fetches a new access token (RFC 6749, section 6).
fn refresh(context: &Context, client: &Client, parameters: &Parameters) -> Result<Answer, Refusal> {
    let token = parameters.require("refresh_token")?;
    let asked = parameters.get("scope").map(Scope::parse);
    let persona = context.persona();
    // One lock from the look at the token to its replacement: of two refreshes at the same time
    // one must find it spent.
    let mut grants = context.grants();
    let found = grants.refresh(token, &client.id, asked.clone());
    let (grant, scope) = found.map_err(|refusal| match persona {
        Persona::Google => google::refresh_refused(refusal),
        // What nobody has consented to ends in `invalid_grant` (`reference-error-codes.md`, 65001).
        Persona::Microsoft if refusal.error == "invalid_scope" => Refusal {
            error: "invalid_grant".to_owned(),
            ..refusal
        },
        Persona::Plain | Persona::Microsoft => refusal,
    })?;
    let wanted = wanted(persona, &scope, asked)?;
    let offline = grants.get(grant).scope.contains("offline_access");
    let successor = match successor(persona, &context.options, offline) {
        Successor::None => None,
        _ if context.faults.happens(&ProviderFault::OmitRefreshToken) => None,
        Successor::Besides => Some(grants.refresh_token(grant)),
        Successor::Instead => Some(grants.rotate(token, grant)),
    };
    drop(grants);
    let mut answer = access(context, grant, &wanted)?;
    if let Some(successor) = successor {
        answer.insert("refresh_token".into(), successor.into());
    }
    Ok(answer)
}

/// Whether a refresh token that is used gets a successor.
enum Successor {
    None,
    /// The old one stays good.
    Besides,
    /// The old one is spent.
    Instead,
}

fn successor(persona: Persona, options: &ProviderOptions, offline: bool) -> Successor {
    match persona {
        Persona::Plain if options.rotate => Successor::Instead,
        // `refresh-tokens.md` in entra-docs: a new one comes each time, the old one is not revoked.
        Persona::Microsoft if offline => Successor::Besides,
        // `web-server`: Google's stay the same.
        Persona::Plain | Persona::Microsoft | Persona::Google => Successor::None,
    }
}

/// An answer with an access token (RFC 6749, section 5.1).
pub(super) fn access(
    context: &Context,
    grant: GrantId,
    wanted: &Wanted,
) -> Result<Answer, Refusal> {
    let lifetime = context.options.access_token_lifetime;
    let Wanted { scope, resource } = wanted;
    let token = match resource {
        None => context.grants().access_token(grant, scope, lifetime),
        Some(resource) => {
            let mut grants = context.grants();
            let times = (context.options.now.seconds(), lifetime.as_secs());
            let issuer = &context.issuer;
            let claims = microsoft::access_token(issuer, grants.get(grant), resource, scope, times);
            let token = sign(context, &claims)?;
            let audience = Some(microsoft::audience(resource));
            grants.enter(&token, grant, scope, audience, lifetime);
            token
        }
    };
    let mut answer = Map::new();
    answer.insert("access_token".into(), token.into());
    answer.insert("token_type".into(), "Bearer".into());
    answer.insert("scope".into(), scope.to_string().into());
    if !context.faults.happens(&ProviderFault::OmitExpiresIn) {
        answer.insert("expires_in".into(), lifetime.as_secs().into());
    }
    Ok(answer)
}

/// Who signed in (OpenID Connect Core, section 2).
fn id_token(context: &Context, grant: GrantId, nonce: Option<String>) -> Result<String, Refusal> {
    let nonce = if context.faults.happens(&ProviderFault::WrongNonce) {
        Some("another-nonce".to_owned())
    } else {
        nonce
    };
    let now = context.options.now.seconds();
    let claims = {
        let grants = context.grants();
        let grant = grants.get(grant);
        let mut claims = json!({
            "iss": context.issuer,
            "aud": grant.client,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let identity = match context.persona() {
            Persona::Microsoft => Value::Object(microsoft::identity(grant)),
            Persona::Plain | Persona::Google => json!({
                "sub": grant.user,
                "email": grant.user,
                "email_verified": true,
                "preferred_username": grant.user,
            }),
        };
        for (name, value) in identity.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    };
    if context.faults.happens(&ProviderFault::ForeignKey) {
        return context.keys().sign_falsely(&claims).map_err(broken);
    }
    sign(context, &claims)
}

fn sign(context: &Context, claims: &Value) -> Result<String, Refusal> {
    context.keys().sign(claims).map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Refusal {
    Refusal::new("server_error", error.to_string())
}
