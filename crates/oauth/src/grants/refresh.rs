//! The refresh token (RFC 6749, section 6).

use secrecy::SecretString;

use crate::answer::read_tokens;
use crate::request::Request;
use crate::{Endpoints, HttpClient, Profile, Refusal, Resource, Scope, Tokens, catalogue};

/// Fetches a new access token with a refresh token for `resource`, with no more than was `granted`.
/// Where the catalogue says so the scopes go with the request, reduced to those of the resource;
/// elsewhere the token is for what was granted.
pub async fn refresh(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    refresh_token: &SecretString,
    resource: Resource,
    granted: &[Scope],
) -> Result<Tokens, Refusal> {
    let row = catalogue::row(profile.kind);
    let mut request = Request::of_grant("refresh_token");
    request.add_secret("refresh_token", refresh_token);
    if row.token_scopes {
        request.add_scopes(&row.scope_rules.of_one_resource(resource, granted));
    }
    let sent = request.send(http, profile, endpoints, &endpoints.token);
    let answered = sent.await?;
    read_tokens(&answered.answer, &answered.secrets)
}
