//! Google. Pages are named by their path below `developers.google.com/identity/protocols/oauth2`;
//! what GAM's list of token errors (GAM-team/GAM) has seen is marked so.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::Paths;
use crate::provider::assertion::Defect;
use crate::provider::refusal::Refusal;
use crate::provider::scope::Scope;

/// So many refresh tokens may live for one user and one client; one more ends the oldest without a
/// word (the page itself, "Refresh token expiration").
pub(in crate::provider) const MOST_REFRESH_TOKENS: usize = 100;

/// The discovery document of `accounts.google.com`, on one host.
pub(super) const PATHS: Paths = Paths {
    discovery: "/.well-known/openid-configuration",
    keys: "/oauth2/v3/certs",
    authorize: "/o/oauth2/v2/auth",
    token: "/token",
    device_authorization: "/device/code",
    verification: "/device",
    introspect: None,
    revoke: Some("/revoke"),
};

/// The scopes that a device may ask for; Gmail's are not among them (`limited-input-device`).
const FOR_DEVICES: [&str; 5] = [
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/drive.appdata",
    "https://www.googleapis.com/auth/drive.file",
];

/// Whether a device may ask for these.
pub(in crate::provider) fn check_device_scope(scope: &Scope) -> Result<(), Refusal> {
    match scope.iter().find(|scope| !FOR_DEVICES.contains(scope)) {
        None => Ok(()),
        Some(other) => Err(Refusal::new(
            "invalid_scope",
            format!("Invalid device flow scope: {other}"),
        )),
    }
}

/// Every refresh token that does not serve has the same answer, whatever has ended it.
pub(in crate::provider) fn refresh_refused(refusal: Refusal) -> Refusal {
    match refusal.error.as_str() {
        "invalid_grant" => Refusal::invalid_grant("Token has been expired or revoked."),
        _ => refusal,
    }
}

/// An assertion of a service account that does not serve (GAM's list).
pub(in crate::provider) fn assertion_refused(defect: Defect) -> Refusal {
    Refusal::invalid_grant(match defect {
        Defect::Signature => "Invalid JWT Signature.",
        Defect::UnknownKey => "Invalid JWT: No valid verifier found for issuer.",
        Defect::Time | Defect::TooLong | Defect::Missing("exp" | "iat") => {
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
             timeframe. Check your iat and exp values in the JWT claim."
        }
        Defect::Audience => "Invalid JWT: Failed audience check.",
        _ => "Bad Request",
    })
}

/// Nobody has delegated all of these scopes to the service account (`service-account`).
pub(in crate::provider) fn not_delegated() -> Refusal {
    Refusal::new(
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not \
         authorized for any of the scopes requested.",
    )
}

/// Refusals have these statuses: 401 for clients (GAM's list), 428 and 403 for devices that ask
/// early (`limited-input-device`).
pub(super) fn refuse(refusal: Refusal) -> Response {
    let status = match refusal.error.as_str() {
        "invalid_client" | "unauthorized_client" => StatusCode::UNAUTHORIZED,
        "authorization_pending" => StatusCode::PRECONDITION_REQUIRED,
        "slow_down" | "access_denied" => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = refusal.into_response();
    *response.status_mut() = status;
    response
}
