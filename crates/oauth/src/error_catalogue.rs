//! What providers' error codes mean: whose turn it is, and what that person reads.
//!
//! The OAuth `error` decides. Below it stand the provider's own numbers, for two purposes only: the
//! few cases where the number says that the `error` is misleading (an expired client secret that
//! comes as `invalid_grant` must not end a single grant), and plainer words. Numbers may change
//! (Entra documentation, `reference-error-codes`), so a number that is not in the table changes
//! nothing.

use crate::Said;

/// Who has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A person must authorise again: ends the grant.
    Person,
    /// Mailgrant's administrator must mend the provider profile or the registration.
    Profile,
    /// Nobody: it passes.
    Later,
}

/// One code with its meaning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) code: &'static str,
    pub(crate) turn: Turn,
    pub(crate) what: &'static str,
    pub(crate) next: &'static str,
}

/// What is known of a refusal, for people: the provider's number if it is in the table, else the
/// OAuth code.
pub(crate) fn look_up(said: &Said) -> Option<&'static Entry> {
    by_number(said).or_else(|| find(OAUTH, &said.error))
}

/// Whose turn it is; `None` where the code is not known. A number may save a grant that the OAuth
/// code would end, and never ends one that the OAuth code would leave.
pub(crate) fn turn(said: &Said) -> Option<Turn> {
    match by_number(said) {
        Some(entry) if entry.turn != Turn::Person => Some(entry.turn),
        _ => find(OAUTH, &said.error).map(|entry| entry.turn),
    }
}

fn by_number(said: &Said) -> Option<&'static Entry> {
    let number = vendor_code(said.description.as_deref()?)?;
    find(VENDOR, number)
}

fn find(table: &'static [Entry], code: &str) -> Option<&'static Entry> {
    table.iter().find(|entry| entry.code == code)
}

/// The number that Microsoft's descriptions begin with. The whole number: 50020 and 500208 are
/// different things.
fn vendor_code(description: &str) -> Option<&str> {
    let digits = description.strip_prefix("AADSTS")?;
    let end = digits.find(|c: char| !c.is_ascii_digit());
    Some(&description[..end.unwrap_or(digits.len()) + "AADSTS".len()])
}

const fn entry(code: &'static str, turn: Turn, what: &'static str, next: &'static str) -> Entry {
    Entry {
        code,
        turn,
        what,
        next,
    }
}

const AUTHORIZE_AGAIN: &str = "Press Authorize on the account and sign in again.";
const TENANT_POLICY: &str = "Ask the administrator of the mailbox's organisation to look at the \
    sign-in log and to allow Mailgrant; then press Authorize on the account.";
const NEW_SECRET: &str = "Make a new client secret in the provider's portal and enter its value \
    in the provider profile.";
const CHECK_CLIENT: &str = "Compare client id, client secret and tenant of the provider profile with the provider's portal.";
const CHECK_SCOPES: &str =
    "Compare the scopes of the provider profile with the permissions in the provider's portal.";
const ADD_REDIRECT: &str = "Enter Mailgrant's redirect URI in the provider's portal, character for \
    character, as a web application's.";
const CHECK_TENANT: &str = "Enter the tenant's own id or domain in the provider profile.";
const WAIT: &str = "Nothing: Mailgrant tries again by itself.";
const TRUST: &str = "Ask the administrator of the mailbox's organisation to allow this application \
    in the provider's admin console.";

/// RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core, section 3.1.2.6; RFC 8707; Google's
/// web-server page for those that only Google says. The last four are Mailgrant's own, for profiles
/// that cannot work.
static OAUTH: &[Entry] = &[
    entry(
        "invalid_grant",
        Turn::Person,
        "The identity provider has ended this authorization, or it was never complete.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "interaction_required",
        Turn::Person,
        "The identity provider wants the person to sign in again.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "login_required",
        Turn::Person,
        "The identity provider wants the person to sign in again.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "account_selection_required",
        Turn::Person,
        "The identity provider wants the person to choose an account.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "consent_required",
        Turn::Person,
        "Nobody has consented to Mailgrant's access yet, or the consent was withdrawn.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "access_denied",
        Turn::Person,
        "The access was declined on the identity provider's page.",
        "Press Authorize on the account again and accept; if the page leaves no choice, ask the administrator of the mailbox's organisation.",
    ),
    entry(
        "invalid_client",
        Turn::Profile,
        "The identity provider does not accept Mailgrant's client id or client secret.",
        CHECK_CLIENT,
    ),
    entry(
        "unauthorized_client",
        Turn::Profile,
        "The identity provider does not let this registration ask for access in this way.",
        CHECK_CLIENT,
    ),
    entry(
        "deleted_client",
        Turn::Profile,
        "Mailgrant's registration was deleted at the identity provider.",
        "Restore it in the provider's portal, or register anew and enter the new client id and secret.",
    ),
    entry(
        "invalid_scope",
        Turn::Profile,
        "The identity provider does not know or not allow one of the scopes.",
        CHECK_SCOPES,
    ),
    entry(
        "invalid_resource",
        Turn::Profile,
        "The identity provider does not know the resource that the scopes belong to.",
        CHECK_SCOPES,
    ),
    entry(
        "invalid_target",
        Turn::Profile,
        "The identity provider does not know the resource that the scopes belong to.",
        CHECK_SCOPES,
    ),
    entry(
        "redirect_uri_mismatch",
        Turn::Profile,
        "Mailgrant's redirect URI is not registered at the identity provider.",
        ADD_REDIRECT,
    ),
    entry(
        "org_internal",
        Turn::Profile,
        "The registration is for people of one organisation only.",
        "Sign in with an account of that organisation, or make the application external in the provider's portal.",
    ),
    entry(
        "admin_policy_enforced",
        Turn::Profile,
        "The mailbox's organisation does not allow this application.",
        TRUST,
    ),
    entry(
        "unsupported_grant_type",
        Turn::Profile,
        "The identity provider does not support what Mailgrant needs.",
        "Check the endpoints of the provider profile; if they are right, the provider cannot be used.",
    ),
    entry(
        "unsupported_response_type",
        Turn::Profile,
        "The identity provider does not support the authorization code for this registration.",
        "Enable the authorization code flow for Mailgrant in the provider's portal.",
    ),
    entry(
        "invalid_request",
        Turn::Profile,
        "The identity provider finds Mailgrant's request incomplete or wrong.",
        "Check the endpoints, the tenant and the redirect URI of the provider profile.",
    ),
    entry(
        "temporarily_unavailable",
        Turn::Later,
        "The identity provider is busy.",
        WAIT,
    ),
    entry(
        "server_error",
        Turn::Later,
        "The identity provider has a fault.",
        WAIT,
    ),
    entry(
        "slow_down",
        Turn::Later,
        "The identity provider is busy.",
        WAIT,
    ),
    entry(
        PROFILE_INCOMPLETE,
        Turn::Profile,
        "The provider profile is incomplete.",
        "Complete it.",
    ),
    entry(
        NO_DISCOVERY,
        Turn::Profile,
        "The identity provider's description of itself was not found.",
        "Check the issuer of the provider profile, or enter the endpoints by hand.",
    ),
    entry(
        WRONG_ISSUER,
        Turn::Profile,
        "The identity provider's description of itself belongs to another issuer.",
        "Enter the issuer in the provider profile exactly as the provider writes it.",
    ),
    entry(
        UNSAFE_ENDPOINT,
        Turn::Profile,
        "An endpoint of the identity provider cannot be used safely.",
        "Use endpoints that begin with https://.",
    ),
];

pub(crate) const PROFILE_INCOMPLETE: &str = "profile_incomplete";
pub(crate) const NO_DISCOVERY: &str = "no_discovery";
pub(crate) const WRONG_ISSUER: &str = "wrong_issuer";
pub(crate) const UNSAFE_ENDPOINT: &str = "unsafe_endpoint";

/// Microsoft's numbers, from Entra's `reference-error-codes` and the support articles. Whose turn it
/// is and what to do is our reading.
static VENDOR: &[Entry] = &[
    // Microsoft's own trouble, whatever `error` it comes with.
    entry(
        "AADSTS40008",
        Turn::Later,
        "The organisation's own sign-in service failed.",
        WAIT,
    ),
    entry(
        "AADSTS40009",
        Turn::Later,
        "The organisation's own sign-in service failed.",
        WAIT,
    ),
    entry(
        "AADSTS40010",
        Turn::Later,
        "The organisation's own sign-in service failed.",
        WAIT,
    ),
    entry(
        "AADSTS40015",
        Turn::Later,
        "The organisation's own sign-in service failed.",
        WAIT,
    ),
    entry(
        "AADSTS50000",
        Turn::Later,
        "Microsoft could not issue a token.",
        WAIT,
    ),
    entry(
        "AADSTS50033",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    entry(
        "AADSTS50087",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    entry("AADSTS50166", Turn::Later, "Microsoft is busy.", WAIT),
    entry(
        "AADSTS50196",
        Turn::Later,
        "Microsoft saw the same request too often.",
        WAIT,
    ),
    entry(
        "AADSTS70012",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    entry(
        "AADSTS70021",
        Turn::Later,
        "Microsoft does not know the federated credential yet.",
        "Wait some minutes; if it stays, compare issuer, subject and audience in the portal.",
    ),
    entry(
        "AADSTS80001",
        Turn::Later,
        "The organisation's own sign-in service is not available.",
        WAIT,
    ),
    entry(
        "AADSTS80002",
        Turn::Later,
        "The organisation's own sign-in service is not available.",
        WAIT,
    ),
    entry(
        "AADSTS80005",
        Turn::Later,
        "The organisation's own sign-in service is not available.",
        WAIT,
    ),
    entry(
        "AADSTS80007",
        Turn::Later,
        "The organisation's own sign-in service is not available.",
        WAIT,
    ),
    entry(
        "AADSTS90006",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    entry(
        "AADSTS90012",
        Turn::Later,
        "Microsoft did not answer itself in time.",
        WAIT,
    ),
    entry(
        "AADSTS90024",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    entry(
        "AADSTS90033",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    entry(
        "AADSTS90055",
        Turn::Later,
        "Microsoft holds the tenant back because of too many requests.",
        WAIT,
    ),
    entry(
        "AADSTS90090",
        Turn::Later,
        "Microsoft has a passing fault.",
        WAIT,
    ),
    // The registration or the profile.
    entry(
        "AADSTS28000",
        Turn::Profile,
        "The scopes belong to more than one resource.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS28002",
        Turn::Profile,
        "One of the scopes is not valid.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS28003",
        Turn::Profile,
        "The scopes are empty.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS50001",
        Turn::Profile,
        "The resource of the scopes does not exist in this tenant.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS500011",
        Turn::Profile,
        "The resource of the scopes does not exist in this tenant.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS50011",
        Turn::Profile,
        "Mailgrant's redirect URI is not registered at Microsoft.",
        ADD_REDIRECT,
    ),
    entry(
        "AADSTS500113",
        Turn::Profile,
        "The registration at Microsoft has no redirect URI.",
        ADD_REDIRECT,
    ),
    entry(
        "AADSTS50012",
        Turn::Profile,
        "Microsoft does not accept Mailgrant's client certificate.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS50049",
        Turn::Profile,
        "Microsoft does not know this cloud.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS50194",
        Turn::Profile,
        "The registration is for one tenant only, and the profile names none.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS65005",
        Turn::Profile,
        "The registration does not list the permission that the scopes ask for.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS650056",
        Turn::Profile,
        "The registration does not list the permission that the scopes ask for.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS650057",
        Turn::Profile,
        "The registration does not list the permission that the scopes ask for.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS70001",
        Turn::Profile,
        "Microsoft does not know this client id in this tenant.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS700011",
        Turn::Profile,
        "Microsoft does not know this client id in this tenant.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS700016",
        Turn::Profile,
        "Microsoft does not know this client id in this tenant.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS70002",
        Turn::Profile,
        "Microsoft does not accept Mailgrant's client secret.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS700022",
        Turn::Profile,
        "The scopes belong to more than one resource.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS700023",
        Turn::Profile,
        "One of the scopes names no resource.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS700025",
        Turn::Profile,
        "The registration is a public client's, which must not send a secret.",
        "Remove the client secret from the provider profile, or register the redirect URI as a web application's.",
    ),
    entry(
        "AADSTS700027",
        Turn::Profile,
        "Microsoft does not accept Mailgrant's client certificate.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS70003",
        Turn::Profile,
        "Microsoft does not support this grant.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS70004",
        Turn::Profile,
        "Mailgrant's redirect URI is not valid at Microsoft.",
        ADD_REDIRECT,
    ),
    entry(
        "AADSTS700054",
        Turn::Profile,
        "The registration does not allow the authorization code.",
        CHECK_CLIENT,
    ),
    entry(
        "AADSTS70011",
        Turn::Profile,
        "One of the scopes is not valid.",
        CHECK_SCOPES,
    ),
    entry(
        "AADSTS7000112",
        Turn::Profile,
        "The application is disabled in the tenant.",
        "Ask the tenant's administrator to enable it under Enterprise applications, Properties.",
    ),
    entry(
        "AADSTS7000215",
        Turn::Profile,
        "Microsoft does not accept the client secret; often the secret's id was entered instead of its value.",
        NEW_SECRET,
    ),
    entry(
        "AADSTS7000218",
        Turn::Profile,
        "Microsoft wants a client secret for this registration.",
        NEW_SECRET,
    ),
    entry(
        "AADSTS7000222",
        Turn::Profile,
        "The client secret has expired.",
        NEW_SECRET,
    ),
    entry(
        "AADSTS90002",
        Turn::Profile,
        "Microsoft does not know this tenant.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS90038",
        Turn::Profile,
        "The tenant lives in another of Microsoft's clouds.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS900382",
        Turn::Profile,
        "The tenant lives in another of Microsoft's clouds.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS900432",
        Turn::Profile,
        "The tenant lives in another of Microsoft's clouds.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS900439",
        Turn::Profile,
        "The registration lives in Microsoft's US government cloud.",
        "Enter the endpoints of that cloud in the provider profile.",
    ),
    entry(
        "AADSTS9001023",
        Turn::Profile,
        "This needs a tenant.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS90130",
        Turn::Profile,
        "This needs a tenant.",
        CHECK_TENANT,
    ),
    entry(
        "AADSTS9002326",
        Turn::Profile,
        "The redirect URI is registered as a single-page application's.",
        ADD_REDIRECT,
    ),
    entry(
        "AADSTS9002327",
        Turn::Profile,
        "The redirect URI is registered as a single-page application's.",
        ADD_REDIRECT,
    ),
    entry(
        "AADSTS9002332",
        Turn::Profile,
        "The registration is for organisations only, and the profile names personal accounts.",
        CHECK_TENANT,
    ),
    // A person's turn, in plainer words.
    entry(
        "AADSTS50020",
        Turn::Person,
        "The account that signed in does not belong to the tenant.",
        "Sign in with an account of the tenant, or enter another tenant in the provider profile.",
    ),
    entry(
        "AADSTS50034",
        Turn::Person,
        "The account does not exist in the tenant.",
        "Check the address and the tenant, then press Authorize again.",
    ),
    entry(
        "AADSTS50057",
        Turn::Person,
        "The account is disabled.",
        "Ask the administrator of the mailbox's organisation to enable it; then press Authorize on the account.",
    ),
    entry(
        "AADSTS50076",
        Turn::Person,
        "Microsoft wants a second factor.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS50079",
        Turn::Person,
        "Microsoft wants the person to register a second factor.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS50105",
        Turn::Person,
        "The account is not assigned to the application.",
        "Ask the tenant's administrator to assign it under Enterprise applications, Users and groups; then press Authorize on the account.",
    ),
    entry(
        "AADSTS50173",
        Turn::Person,
        "The authorization was ended: the password was reset, or sessions were revoked.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS53000",
        Turn::Person,
        "The organisation's policy wants a managed device.",
        TENANT_POLICY,
    ),
    entry(
        "AADSTS53003",
        Turn::Person,
        "The organisation's Conditional Access policy blocks the sign-in.",
        TENANT_POLICY,
    ),
    entry(
        "AADSTS530036",
        Turn::Person,
        "The organisation's policy blocks the way in which this authorization was given.",
        TENANT_POLICY,
    ),
    entry(
        "AADSTS54005",
        Turn::Person,
        "The authorization code was used before.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS65001",
        Turn::Person,
        "Nobody has consented to Mailgrant's access in this tenant.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS65004",
        Turn::Person,
        "The consent was declined.",
        "Press Authorize on the account again and accept.",
    ),
    entry(
        "AADSTS70000",
        Turn::Person,
        "Microsoft no longer accepts this authorization.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS70008",
        Turn::Person,
        "The authorization has expired.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS700082",
        Turn::Person,
        "The authorization ended because nobody used it for 90 days.",
        AUTHORIZE_AGAIN,
    ),
    entry(
        "AADSTS700084",
        Turn::Person,
        "The authorization lived for 24 hours only, because the redirect URI is registered as a single-page application's.",
        "Register the redirect URI as a web application's, then press Authorize on the account.",
    ),
    entry(
        "AADSTS70043",
        Turn::Person,
        "The organisation's policy wants frequent sign-ins.",
        "Press Authorize on the account; to end the repetition, ask the organisation's administrator to exempt Mailgrant from the sign-in frequency.",
    ),
    entry(
        "AADSTS90094",
        Turn::Person,
        "An administrator of the organisation must consent.",
        "Let an administrator of the mailbox's organisation consent to the application; then press Authorize on the account.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_twice() {
        let mut codes: Vec<&str> = OAUTH.iter().chain(VENDOR).map(|entry| entry.code).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn what_people_read_are_sentences() {
        for entry in OAUTH.iter().chain(VENDOR) {
            for text in [entry.what, entry.next] {
                assert!(
                    text.ends_with('.') && !text.contains("  "),
                    "{}: {text}",
                    entry.code
                );
            }
        }
    }

    #[test]
    fn a_number_is_taken_whole() {
        assert_eq!(vendor_code("AADSTS500208: x"), Some("AADSTS500208"));
        assert_eq!(vendor_code("AADSTS50020"), Some("AADSTS50020"));
        assert_eq!(vendor_code("see AADSTS50020"), None);
    }
}
