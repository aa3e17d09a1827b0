//! The authorization code, with PKCE (RFC 6749, section 4.1.3; RFC 7636, section 4.5).

use secrecy::SecretString;

use crate::answer::read_tokens;
use crate::request::Request;
use crate::{
    Endpoints, HttpClient, Profile, RedirectUri, Refusal, Tokens, catalogue, redeemed_scopes,
};

/// Redeems an authorization code, once; never repeated, for a code serves one time.
pub async fn redeem_code(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    redirect_uri: &RedirectUri,
    code: &SecretString,
    verifier: &SecretString,
) -> Result<Tokens, Refusal> {
    let mut request = Request::of_grant("authorization_code");
    request.add_secret("code", code);
    request.add("redirect_uri", redirect_uri.as_str());
    request.add_secret("code_verifier", verifier);
    if catalogue::row(profile.kind).token_scopes {
        request.add_scopes(&redeemed_scopes(profile, endpoints));
    }
    let sent = request.send(http, profile, endpoints, &endpoints.token);
    let answered = sent.await?;
    read_tokens(&answered.answer, &answered.secrets)
}
