//! The authorization endpoint and its pages: sign in, consent, back to the client.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};

use super::authorization_request::{AuthorizationRequest, Refused, WayBack};
use super::context::{Context, tenant};
use super::device::decided;
use super::faults::ProviderFault;
use super::grants::Consent;
use super::pages::{ConsentPage, SignInPage, message, page};
use super::parameters::Parameters;
use super::persona::Persona;
use super::refusal::Refusal;
use super::scope::Scope;

/// The authorization endpoint: the login page, if the request is in order.
pub(super) async fn authorize(
    State(context): State<Arc<Context>>,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = match Parameters::parse(query.unwrap_or_default().as_bytes()) {
        Ok(parameters) => parameters,
        Err(refusal) => return unacceptable(&refusal.description),
    };
    if let Err(refusal) = context.check_tenant(tenant(&uri)) {
        return unacceptable(&refusal.description);
    }
    let response = match AuthorizationRequest::read(&parameters, &context.options) {
        Ok(request) => begin(&context, request),
        Err(Refused::Here(why)) => unacceptable(&why),
        Err(Refused::ThroughClient(back, refusal)) => refuse(&context, &back, &refusal),
    };
    let status = response.status();
    context
        .requests
        .record(&format!("GET {}", uri.path()), &parameters, status);
    response
}

/// `POST /sign-in`: the consent page, or the login page again.
pub(super) async fn sign_in(
    State(context): State<Arc<Context>>,
    form: Result<Parameters, Refusal>,
) -> Response {
    let parameters = match form {
        Ok(parameters) => parameters,
        Err(refusal) => return unacceptable(&refusal.description),
    };
    let attempt = parameters.get("attempt").unwrap_or_default();
    let address = parameters.get("address").unwrap_or_default();
    let password = parameters.get("password").unwrap_or_default();
    let Some(request) = context.attempts().request(attempt, Instant::now()) else {
        return expired();
    };
    let Some(user) = context.options.user(address, password) else {
        context
            .requests
            .record("POST /sign-in", &parameters, "wrong password");
        let error = Some("The address or the password is wrong.");
        return login_page(&context, attempt, address, error);
    };
    context.attempts().signed_in(attempt, &user.address);
    context
        .requests
        .record("POST /sign-in", &parameters, "signed in");
    page(
        StatusCode::OK,
        &ConsentPage {
            attempt,
            user: &user.address,
            client: &request.client,
            redirect_uri: request
                .device
                .is_none()
                .then_some(request.back.redirect_uri.as_str()),
            scopes: ConsentPage::list(&request.scope),
            granular: context.persona() == Persona::Google,
        },
    )
}

/// `POST /consent`: back to the client, with a code or without.
pub(super) async fn consent(
    State(context): State<Arc<Context>>,
    form: Result<Parameters, Refusal>,
) -> Response {
    let parameters = match form {
        Ok(parameters) => parameters,
        Err(refusal) => return unacceptable(&refusal.description),
    };
    let attempt = parameters.get("attempt").unwrap_or_default();
    let Some((user, request)) = context.attempts().finish(attempt, Instant::now()) else {
        return expired();
    };
    let allowed = parameters.get("decision") == Some("allow");
    if !allowed || context.faults.happens(&ProviderFault::DenyConsent) {
        context
            .requests
            .record("POST /consent", &parameters, "denied");
        if let Some(device) = &request.device {
            return decided(&context, device, None);
        }
        let refusal = Refusal::new("access_denied", "the user has denied the request");
        return refuse(&context, &request.back, &refusal);
    }
    context
        .requests
        .record("POST /consent", &parameters, "allowed");
    let scope = granted(&context, &parameters, &request.scope);
    if let Some(device) = &request.device {
        return decided(&context, device, Some((&user, scope)));
    }
    let consent = Consent {
        offline: is_offline(&context, &request, &user, &scope),
        client: request.client,
        user,
        scope,
        redirect_uri: request.back.redirect_uri.clone(),
        challenge: request.challenge,
        nonce: request.nonce,
    };
    let code = context.grants().code(consent, Instant::now());
    send_back(&context, &request.back, &[("code", &code)])
}

/// Shows the login page for a request.
pub(super) fn begin(context: &Context, request: AuthorizationRequest) -> Response {
    let hint = request.login_hint.clone().unwrap_or_default();
    let begun = context.attempts().begin(request, Instant::now());
    match begun {
        Some(attempt) => login_page(context, &attempt, &hint, None),
        None => message(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many sign-ins",
            "Too many sign-ins are under way. Try again in ten minutes.",
        ),
    }
}

fn login_page(context: &Context, attempt: &str, address: &str, error: Option<&str>) -> Response {
    page(
        StatusCode::OK,
        &SignInPage {
            attempt,
            address,
            hint: context.options.hint.as_deref(),
            error,
        },
    )
}

fn granted(context: &Context, parameters: &Parameters, asked: &Scope) -> Scope {
    let narrow = |fault: &ProviderFault| matches!(fault, ProviderFault::NarrowScope(_));
    match context.faults.take(narrow) {
        Some(ProviderFault::NarrowScope(scope)) => Scope::parse(&scope),
        // At Google a person may withhold single scopes (`web-server`, "Granular permissions").
        _ if context.persona() == Persona::Google => {
            let given = asked
                .iter()
                .filter(|scope| parameters.get(&format!("scope:{scope}")).is_some());
            Scope::parse(&given.collect::<Vec<_>>().join(" "))
        }
        _ => asked.clone(),
    }
}

/// Whether the client is to get a refresh token.
fn is_offline(
    context: &Context,
    request: &AuthorizationRequest,
    user: &str,
    granted: &Scope,
) -> bool {
    match context.persona() {
        Persona::Plain => true,
        // `scopes-oidc.md` in entra-docs.
        Persona::Microsoft => granted.contains("offline_access"),
        // `web-server`: with `access_type=offline` at the first consent, later with
        // `prompt=consent` only.
        Persona::Google => {
            let first = !context.grants().has_living(&request.client, user);
            request.offline && (first || request.anew)
        }
    }
}

fn refuse(context: &Context, back: &WayBack, refusal: &Refusal) -> Response {
    let answer = [
        ("error", refusal.error.as_str()),
        ("error_description", &refusal.description),
    ];
    send_back(context, back, &answer)
}

/// Sends the browser back with the answer and the issuer (RFC 9207).
fn send_back(context: &Context, back: &WayBack, answer: &[(&str, &str)]) -> Response {
    let mut answer = answer.to_vec();
    if !context.persona().names_itself() {
        // No `iss`.
    } else if context.faults.happens(&ProviderFault::WrongIss) {
        answer.push(("iss", "https://other-issuer.invalid"));
    } else if !context.faults.happens(&ProviderFault::MissingIss) {
        answer.push(("iss", &context.issuer));
    }
    match HeaderValue::try_from(back.with(&answer)) {
        Ok(location) => (
            StatusCode::SEE_OTHER,
            [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (
                    header::REFERRER_POLICY,
                    HeaderValue::from_static("no-referrer"),
                ),
            ],
        )
            .into_response(),
        Err(_) => unacceptable("The redirect URI cannot be written into an HTTP header."),
    }
}

/// A page that says why a request cannot be accepted.
pub(super) fn unacceptable(why: &str) -> Response {
    message(
        StatusCode::BAD_REQUEST,
        "This request cannot be accepted",
        why,
    )
}

fn expired() -> Response {
    message(
        StatusCode::BAD_REQUEST,
        "This sign-in is over",
        "It has been finished, or was begun more than ten minutes ago. Begin again in Mailgrant.",
    )
}
