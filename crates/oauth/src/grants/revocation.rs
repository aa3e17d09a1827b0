//! The end of a grant (RFC 7009).

use secrecy::SecretString;

use crate::answer::{error_code, read_fields};
use crate::request::Request;
use crate::{Endpoints, HttpClient, Profile, Refusal};

/// Ends a grant at the provider. `Ok(false)` where the provider has no such endpoint.
pub async fn revoke(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    refresh_token: &SecretString,
) -> Result<bool, Refusal> {
    let Some(url) = &endpoints.revocation else {
        return Ok(false);
    };
    let mut request = Request::default();
    request.add_secret("token", refresh_token);
    request.add("token_type_hint", "refresh_token");
    let answered = request.send(http, profile, endpoints, url).await?;
    // RFC 7009, section 2.2: the body of a success means nothing, and is often empty.
    if answered.answer.status.is_success() {
        return Ok(true);
    }
    match error_code(&answered.answer).as_deref() {
        // It ended before; the first is Google's word for it.
        Some("invalid_token" | "invalid_grant") => Ok(true),
        _ => read_fields(&answered.answer, &answered.secrets).map(|_| true),
    }
}
