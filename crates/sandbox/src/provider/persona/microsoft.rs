//! Microsoft Entra ID. Pages are named by their file in the repository
//! `MicrosoftDocs/entra-docs`, folder `docs/identity-platform`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Paths;
use crate::provider::ambient::{secret, written_time};
use crate::provider::grants::Grant;
use crate::provider::refusal::Refusal;
use crate::provider::scope::Scope;

/// The only tenant, to which all users belong.
pub(in crate::provider) const TENANT: &str = "5a4e1b0c-7d2f-4c36-9e18-0b6f3d2a9c71";

/// The Graph's name as an audience: its application id, in `reference-microsoft-graph-app-roles.md`.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What a scope without a resource is a scope of: `scopes-oidc.md`.
const GRAPH_URL: &str = "https://graph.microsoft.com";

/// Scopes that belong to no resource: `scopes-oidc.md`.
const OPENID_CONNECT: [&str; 5] = ["openid", "profile", "email", "offline_access", "address"];

/// `v2-protocols-oidc.md`. There is no endpoint for revocation or introspection.
pub(super) const PATHS: Paths = Paths {
    discovery: "/{tenant}/v2.0/.well-known/openid-configuration",
    keys: "/{tenant}/discovery/v2.0/keys",
    authorize: "/{tenant}/oauth2/v2.0/authorize",
    token: "/{tenant}/oauth2/v2.0/token",
    device_authorization: "/{tenant}/oauth2/v2.0/devicecode",
    verification: "/devicelogin",
    introspect: None,
    revoke: None,
};

/// Where a scope leads: the resource in full, and the scope's own name there.
struct Named<'a> {
    /// `None`: the scope names none, which is Graph's.
    resource: Option<&'a str>,
    name: &'a str,
}

/// The issuer of a tenant: a template for those tenants that stand for many
/// (`access-tokens.md`, "Validate the issuer").
pub(in crate::provider) fn issuer(origin: &str, tenant: &str) -> String {
    match tenant {
        "common" | "organizations" => format!("{origin}/{{tenantid}}/v2.0"),
        tenant => format!("{origin}/{tenant}/v2.0"),
    }
}

/// Whether this tenant is one that the sandbox's users can sign in to.
pub(in crate::provider) fn check_tenant(tenant: &str) -> Result<(), Refusal> {
    match tenant {
        "common" | "organizations" | TENANT => Ok(()),
        // `reference-error-codes.md`: the registration is for work accounts.
        "consumers" => Err(
            Refusal::invalid_request("the application serves no personal accounts")
                .entra(9_002_332),
        ),
        other => {
            Err(Refusal::invalid_request(format!("no tenant `{other}` is known")).entra(90_002))
        }
    }
}

/// The scopes of one token: those of the one resource that is asked for
/// (`v2-oauth2-auth-code-flow.md`; two in full are refused with 28000). Where some scopes name no
/// resource, the first decides (`Microsoft OAuth2 SMTP issues` in the wiki of `PHPMailer`).
pub(in crate::provider) fn one_resource(asked: &Scope) -> Result<(String, Scope), Refusal> {
    let of_resources = || asked.iter().filter_map(named);
    let mut explicit: Vec<&str> = of_resources().filter_map(|scope| scope.resource).collect();
    explicit.dedup();
    if explicit.iter().any(|resource| *resource != explicit[0]) {
        let complaint = format!("scopes of more than one resource are asked for: {asked}");
        return Err(Refusal::new("invalid_request", complaint).entra(28_000));
    }
    let first = of_resources().next();
    let resource = first
        .and_then(|scope| scope.resource)
        .unwrap_or(GRAPH_URL)
        .to_owned();
    let names = asked.iter().filter(|scope| match named(scope) {
        // Graph's tokens name the scopes of OpenID Connect too.
        None => resource == GRAPH_URL,
        Some(_) => true,
    });
    let scope = names.collect::<Vec<_>>().join(" ");
    Ok((resource, Scope::parse(&scope)))
}

/// The first resource of several, where a request leaves open which.
pub(in crate::provider) fn first_resource(granted: &Scope) -> Scope {
    let first = granted.iter().find_map(named);
    let resource_of = |scope: Named<'_>| scope.resource.unwrap_or(GRAPH_URL).to_owned();
    let first = first.map(resource_of);
    let same = granted
        .iter()
        .filter(|scope| named(scope).is_none_or(|scope| Some(resource_of(scope)) == first));
    Scope::parse(&same.collect::<Vec<_>>().join(" "))
}

/// What an application may do at the resource that it asks for: exactly one, with `/.default`
/// (`v2-oauth2-client-creds-grant-flow.md`; the number is seen in microsoftgraph/msgraph-sdk-python,
/// issue 181).
pub(in crate::provider) fn application(
    tenant: &str,
    asked: Option<&str>,
    permissions: &[String],
) -> Result<(String, Scope), Refusal> {
    if tenant != TENANT {
        return Err(
            Refusal::invalid_request(format!("an application has no tenant `{tenant}`"))
                .entra(9_001_023),
        );
    }
    let asked = asked.unwrap_or_default();
    let resource = asked
        .strip_suffix("/.default")
        .filter(|resource| !resource.contains(' ') && !resource.is_empty())
        .ok_or_else(|| {
            let complaint = format!("`{asked}` is not one resource with /.default");
            Refusal::new("invalid_scope", complaint).entra(1_002_012)
        })?;
    let roles = permissions.iter().filter_map(|permission| {
        let permission = named(permission)?;
        (permission.resource.unwrap_or(GRAPH_URL) == resource).then_some(permission.name)
    });
    let roles = roles.collect::<Vec<_>>().join(" ");
    Ok((resource.to_owned(), Scope::parse(&roles)))
}

/// What an access token for a resource says (`access-token-claims-reference.md`). Whoever has been
/// granted nothing gets a token without `roles` (`v2-oauth2-client-creds-grant-flow.md`).
pub(in crate::provider) fn access_token(
    issuer: &str,
    grant: &Grant,
    resource: &str,
    scope: &Scope,
    (now, lifetime): (i64, u64),
) -> Value {
    let names = || {
        let names = scope
            .iter()
            .map(|scope| named(scope).map_or(scope, |n| n.name));
        names.filter(|name| *name != "offline_access")
    };
    let application = grant.is_of_the_client_itself();
    let mut claims = json!({
        "aud": audience(resource),
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add_unsigned(lifetime),
        "appid": grant.client,
        "oid": object_id(&grant.user),
        "sub": object_id(&grant.user),
        "tid": TENANT,
        "idtyp": if application { "app" } else { "user" },
        "ver": "1.0",
        // Two tokens of one second are two tokens.
        "uti": secret(""),
    });
    if application {
        let roles: Vec<&str> = names().collect();
        if !roles.is_empty() {
            claims["roles"] = roles.into();
        }
    } else {
        claims["scp"] = names().collect::<Vec<_>>().join(" ").into();
        claims["upn"] = grant.user.clone().into();
    }
    claims
}

/// What an `id_token` says besides (`id-token-claims-reference.md`): `email` is not promised.
pub(in crate::provider) fn identity(grant: &Grant) -> Map<String, Value> {
    let claims = json!({
        "tid": TENANT,
        "oid": object_id(&grant.user),
        "sub": object_id(&format!("{} of {}", grant.user, grant.client)),
        "preferred_username": grant.user,
        "ver": "2.0",
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

/// How a resource is called in `aud`.
pub(in crate::provider) fn audience(resource: &str) -> &str {
    if resource == GRAPH_URL {
        GRAPH
    } else {
        resource
    }
}

/// An error with its number, as `v2-oauth2-auth-code-flow.md` shows it. Where somebody has written
/// the number into the description, that one counts.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    let written = refusal.description.strip_prefix("AADSTS");
    let written = written.and_then(|rest| {
        let (number, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
        number.parse().ok()
    });
    let number = written.unwrap_or_else(|| number(refusal));
    let now = written_time();
    let (trace, correlation) = (object_id(&secret("")), object_id(&secret("")));
    let said = match written {
        Some(_) => refusal.description.clone(),
        None => format!("AADSTS{number}: {}", refusal.description),
    };
    let body = json!({
        "error": refusal.error,
        "error_description": format!(
            "{said} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        ),
        "error_codes": [number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    });
    let status = match refusal.error.as_str() {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// The number for an error that has none of its own (`reference-error-codes.md`).
fn number(refusal: &Refusal) -> u32 {
    refusal.entra.unwrap_or(match refusal.error.as_str() {
        "invalid_client" => 7_000_215,
        "invalid_request" => 900_144,
        "invalid_scope" => 70_011,
        "unauthorized_client" => 700_016,
        "unsupported_grant_type" => 70_003,
        "access_denied" => 65_004,
        "authorization_pending" => 70_016,
        _ => 70_000,
    })
}

/// A scope taken apart; `None` for those of OpenID Connect.
fn named(scope: &str) -> Option<Named<'_>> {
    if OPENID_CONNECT.contains(&scope) {
        return None;
    }
    let (resource, name) = match scope.rsplit_once('/') {
        Some((resource, name)) => (Some(resource), name),
        None => (None, scope),
    };
    Some(Named { resource, name })
}

/// An object id that is always the same for the same name.
fn object_id(of: &str) -> String {
    let hash = Sha256::digest(of);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
