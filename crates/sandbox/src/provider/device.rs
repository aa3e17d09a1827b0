//! Device authorization (RFC 8628): the endpoint that devices ask, and the page on which a person
//! types the device's code.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::authorization_request::AuthorizationRequest;
use super::authorize::{begin, unacceptable};
use super::client_authentication::authenticate;
use super::context::{Context, tenant};
use super::pages::{DevicePage, message, page};
use super::parameters::Parameters;
use super::persona::{Persona, google};
use super::refusal::Refusal;
use super::scope::Scope;

/// A device asks for its codes (RFC 8628, section 3.1).
pub(super) async fn device_authorization(
    State(context): State<Arc<Context>>,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Parameters, Refusal>,
) -> Response {
    let answer = form.and_then(|parameters| {
        let answer = codes(&context, tenant(&uri), &headers, &parameters);
        let outcome = match &answer {
            Ok(_) => "codes",
            Err(refusal) => &refusal.error,
        };
        context
            .requests
            .record(&format!("POST {}", uri.path()), &parameters, outcome);
        answer
    });
    match answer {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refusal) => context.persona().refuse(refusal),
    }
}

/// The page on which a person types the code.
pub(super) async fn verification(
    State(context): State<Arc<Context>>,
    RawQuery(query): RawQuery,
) -> Response {
    match Parameters::parse(query.unwrap_or_default().as_bytes()) {
        Ok(parameters) => code_page(&context, parameters.get("user_code"), None),
        Err(refusal) => unacceptable(&refusal.description),
    }
}

/// A person has typed a code: the login page, or the same page again.
pub(super) async fn verify(
    State(context): State<Arc<Context>>,
    form: Result<Parameters, Refusal>,
) -> Response {
    let parameters = match form {
        Ok(parameters) => parameters,
        Err(refusal) => return unacceptable(&refusal.description),
    };
    let typed = parameters.get("user_code").unwrap_or_default();
    let found = context.devices().find(typed, context.options.now.seconds());
    match found {
        Some((device, client, scope)) => begin(
            &context,
            AuthorizationRequest::of_device(device, client, scope),
        ),
        None => code_page(
            &context,
            Some(typed),
            Some("This code is not known, or it is over. Look again at the device."),
        ),
    }
}

/// A person has decided about a device.
pub(super) fn decided(context: &Context, device: &str, allowed: Option<(&str, Scope)>) -> Response {
    let (heading, text) = match allowed {
        Some(_) => ("The device is connected", "You can close this page."),
        None => ("The device gets no access", "You can close this page."),
    };
    context.devices().decide(device, allowed);
    message(StatusCode::OK, heading, text)
}

fn codes(
    context: &Context,
    tenant: &str,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    context.check_tenant(tenant)?;
    // The sample requests of Entra (`v2-oauth2-device-code.md`) and Google
    // (`limited-input-device`) name the client and prove nothing; the token endpoint asks for proof.
    let client = match context.persona() {
        Persona::Plain => authenticate(headers, parameters, context)?,
        Persona::Microsoft | Persona::Google => {
            let id = parameters.require("client_id")?;
            context
                .options
                .client(id)
                .ok_or_else(|| Refusal::invalid_client("no such client").entra(700_016))?
        }
    };
    let scope = Scope::parse(parameters.get("scope").unwrap_or_default());
    if context.persona() == Persona::Google {
        google::check_device_scope(&scope)?;
    }
    let options = &context.options;
    let (lifetime, interval) = (
        options.device_code_lifetime.as_secs().cast_signed(),
        options.device_interval.as_secs().cast_signed(),
    );
    let times = (options.now.seconds(), lifetime, interval);
    let codes = context.devices().begin(&client.id, scope, times)?;
    let page = context.url(context.persona().paths().verification, tenant);
    let mut answer = json!({
        "device_code": codes.device,
        "user_code": codes.user,
        "expires_in": lifetime,
        "interval": interval,
    });
    match context.persona() {
        Persona::Plain => {
            let complete = format!("{page}?user_code={}", codes.user);
            answer["verification_uri"] = page.into();
            answer["verification_uri_complete"] = complete.into();
        }
        // `v2-oauth2-device-code.md`: no complete address, and a text for the person.
        Persona::Microsoft => {
            answer["message"] = format!("Open {page} and type {}.", codes.user).into();
            answer["verification_uri"] = page.into();
        }
        // `limited-input-device`: the name is older than the RFC's.
        Persona::Google => answer["verification_url"] = page.into(),
    }
    Ok(answer)
}

fn code_page(context: &Context, code: Option<&str>, error: Option<&str>) -> Response {
    page(
        StatusCode::OK,
        &DevicePage {
            action: context.persona().paths().verification,
            code: code.unwrap_or_default(),
            error,
        },
    )
}
