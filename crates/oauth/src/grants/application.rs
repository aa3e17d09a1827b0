//! Tokens without a person: client credentials (RFC 6749, section 4.4), or an assertion about the
//! mailbox, signed with a service account's key (RFC 7523, section 2.1).

use crate::answer::read_tokens;
use crate::catalogue::{ApplicationGrant, ApplicationMethod};
use crate::client_authentication::{Proving, is_about_credential};
use crate::error_catalogue::PROFILE_INCOMPLETE;
use crate::request::Request;
use crate::{Endpoints, HttpClient, Profile, Refusal, Resource, Scope, Tokens, catalogue};

/// Fetches an access token for `resource` in the application's own name. Which mailboxes it opens
/// the mail server decides, or, with an assertion, `mailbox`: the token is for that one alone.
///
/// A token may come although nothing was allowed: Entra then leaves out the claim `roles`
/// (`v2-oauth2-client-creds-grant-flow`), and only the mail server says no.
pub async fn application_token(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    mailbox: &str,
    resource: Resource,
) -> Result<Tokens, Refusal> {
    let Some(grant) = &catalogue::row(profile.kind).application_grant else {
        let said = "this kind of provider gives no access without a person who signs in";
        return Err(Refusal::profile(PROFILE_INCOMPLETE, said));
    };
    let scopes = scopes(profile, grant, resource);
    let url = &endpoints.token;
    let answered = match grant.method {
        ApplicationMethod::ClientCredentials => {
            let mut request = Request::of_grant("client_credentials");
            request.add_scopes(&scopes);
            request.send(http, profile, endpoints, url).await?
        }
        ApplicationMethod::JwtBearer => {
            let request = Request::of_grant("urn:ietf:params:oauth:grant-type:jwt-bearer");
            let proving = Proving::Grant {
                subject: mailbox,
                scope: &Scope::join(&scopes),
            };
            let sent = request.send_as(&proving, http, profile, endpoints, url);
            sent.await?
        }
    };
    match read_tokens(&answered.answer, &answered.secrets) {
        // A key that is not known is nobody's grant that ended: every mailbox has it.
        Err(Refusal::NeedsPerson(said)) if is_about_credential(&said) => {
            Err(Refusal::Profile(said))
        }
        read => read,
    }
}

/// Those entered by hand, which are for the mail servers; else the catalogue's.
fn scopes(profile: &Profile, grant: &ApplicationGrant, resource: Resource) -> Vec<Scope> {
    match (&profile.scopes, resource) {
        (Some(scopes), Resource::Mail) => scopes.clone(),
        _ => grant
            .scopes(resource)
            .iter()
            .filter_map(|text| Scope::parse(text).ok())
            .collect(),
    }
}
