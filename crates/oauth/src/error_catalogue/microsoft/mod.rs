//! Microsoft's numbers (`AADSTS…`), from Entra's `reference-error-codes` and the support articles.
//! Whose turn it is and what to do is our reading of them.

use super::{
    ADD_REDIRECT, AUTHORIZE_AGAIN, CHECK_CLIENT, CHECK_SCOPES, Table, later, person, profile,
};

const TENANT_POLICY: &str = "Ask the administrator of the mailbox's organisation to look at the \
    sign-in log and to allow Mailgrant; then press Authorize on the account.";
const NEW_SECRET: &str = "Make a new client secret in the provider's portal and enter its value \
    in the provider profile.";
const CHECK_TENANT: &str = "Enter the tenant's own id or domain in the provider profile.";

pub(super) static TABLE: Table = &[
    // Microsoft's own trouble, whatever `error` it comes with.
    (
        &["40008", "40009", "40010", "40015"],
        later("The organisation's own sign-in service failed."),
    ),
    (&["50000"], later("Microsoft could not issue a token.")),
    (
        &[
            "50033", "50087", "70012", "90006", "90024", "90033", "90090",
        ],
        later("Microsoft has a passing fault."),
    ),
    (&["50166"], later("Microsoft is busy.")),
    (
        &["50196"],
        later("Microsoft saw the same request too often."),
    ),
    (
        &["70021"],
        later("Microsoft does not know the federated credential yet."),
    ),
    (
        &["80001", "80002", "80005", "80007"],
        later("The organisation's own sign-in service is not available."),
    ),
    (
        &["90012"],
        later("Microsoft did not answer itself in time."),
    ),
    (
        &["90055"],
        later("Microsoft holds the tenant back because of too many requests."),
    ),
    // The registration or the profile.
    (
        &["28000", "700022"],
        profile("The scopes belong to more than one resource.", CHECK_SCOPES),
    ),
    (
        &["28002", "70011"],
        profile("One of the scopes is not valid.", CHECK_SCOPES),
    ),
    (&["28003"], profile("The scopes are empty.", CHECK_SCOPES)),
    (
        &["50001", "500011"],
        profile(
            "The resource of the scopes does not exist in this tenant.",
            CHECK_SCOPES,
        ),
    ),
    (
        &["50011"],
        profile(
            "Mailgrant's redirect URI is not registered at Microsoft.",
            ADD_REDIRECT,
        ),
    ),
    (
        &["500113"],
        profile(
            "The registration at Microsoft has no redirect URI.",
            ADD_REDIRECT,
        ),
    ),
    (
        &["50012", "700027"],
        profile(
            "Microsoft does not accept Mailgrant's client certificate.",
            CHECK_CLIENT,
        ),
    ),
    (
        &["50049"],
        profile("Microsoft does not know this cloud.", CHECK_TENANT),
    ),
    (
        &["50194"],
        profile(
            "The registration is for one tenant only, and the profile names none.",
            CHECK_TENANT,
        ),
    ),
    (
        &["65005", "650056", "650057"],
        profile(
            "The registration does not list the permission that the scopes ask for.",
            CHECK_SCOPES,
        ),
    ),
    (
        &["70001", "700011", "700016"],
        profile(
            "Microsoft does not know this client id in this tenant.",
            CHECK_CLIENT,
        ),
    ),
    (
        &["70002"],
        profile(
            "Microsoft does not accept Mailgrant's client secret.",
            CHECK_CLIENT,
        ),
    ),
    (
        &["700023"],
        profile("One of the scopes names no resource.", CHECK_SCOPES),
    ),
    (
        &["700025"],
        profile(
            "The registration is a public client's, which must not send a secret.",
            "Remove the client secret from the provider profile, or register the redirect \
         URI as a web application's.",
        ),
    ),
    (
        &["70003"],
        profile("Microsoft does not support this grant.", CHECK_CLIENT),
    ),
    (
        &["70004"],
        profile(
            "Mailgrant's redirect URI is not valid at Microsoft.",
            ADD_REDIRECT,
        ),
    ),
    (
        &["700054"],
        profile(
            "The registration does not allow the authorization code.",
            CHECK_CLIENT,
        ),
    ),
    (
        &["7000112"],
        profile(
            "The application is disabled in the tenant.",
            "Ask the tenant's administrator to enable it under Enterprise applications, Properties.",
        ),
    ),
    (
        &["7000215"],
        profile(
            "Microsoft does not accept the client secret; often the secret's id was entered \
         instead of its value.",
            NEW_SECRET,
        ),
    ),
    (
        &["7000218"],
        profile(
            "Microsoft wants a client secret for this registration.",
            NEW_SECRET,
        ),
    ),
    (
        &["7000222"],
        profile("The client secret has expired.", NEW_SECRET),
    ),
    (
        &["90002"],
        profile("Microsoft does not know this tenant.", CHECK_TENANT),
    ),
    (
        &["90038", "900382", "900432"],
        profile(
            "The tenant lives in another of Microsoft's clouds.",
            CHECK_TENANT,
        ),
    ),
    (
        &["900439"],
        profile(
            "The registration lives in Microsoft's US government cloud.",
            "Enter the endpoints of that cloud in the provider profile.",
        ),
    ),
    (
        &["9001023", "90130"],
        profile("This needs a tenant.", CHECK_TENANT),
    ),
    (
        &["9002326", "9002327"],
        profile(
            "The redirect URI is registered as a single-page application's.",
            ADD_REDIRECT,
        ),
    ),
    (
        &["9002332"],
        profile(
            "The registration is for organisations only, and the profile names personal accounts.",
            CHECK_TENANT,
        ),
    ),
    // A person's turn, in plainer words.
    (
        &["50020"],
        person(
            "The account that signed in does not belong to the tenant.",
            "Sign in with an account of the tenant, or enter another tenant in the provider \
         profile.",
        ),
    ),
    (
        &["50034"],
        person(
            "The account does not exist in the tenant.",
            "Check the address and the tenant, then press Authorize again.",
        ),
    ),
    (
        &["50057"],
        person(
            "The account is disabled.",
            "Ask the administrator of the mailbox's organisation to enable it; then press \
         Authorize on the account.",
        ),
    ),
    (
        &["50076"],
        person("Microsoft wants a second factor.", AUTHORIZE_AGAIN),
    ),
    (
        &["50079"],
        person(
            "Microsoft wants the person to register a second factor.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["50105"],
        person(
            "The account is not assigned to the application.",
            "Ask the tenant's administrator to assign it under Enterprise applications, \
         Users and groups; then press Authorize on the account.",
        ),
    ),
    (
        &["50173"],
        person(
            "The authorization was ended: the password was reset, or sessions were revoked.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["53000"],
        person(
            "The organisation's policy wants a managed device.",
            TENANT_POLICY,
        ),
    ),
    (
        &["53003"],
        person(
            "The organisation's Conditional Access policy blocks the sign-in.",
            TENANT_POLICY,
        ),
    ),
    (
        &["530036"],
        person(
            "The organisation's policy blocks the way in which this authorization was given.",
            TENANT_POLICY,
        ),
    ),
    (
        &["54005"],
        person("The authorization code was used before.", AUTHORIZE_AGAIN),
    ),
    (
        &["65001"],
        person(
            "Nobody has consented to Mailgrant's access in this tenant.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["65004"],
        person(
            "The consent was declined.",
            "Press Authorize on the account again and accept.",
        ),
    ),
    (
        &["70000"],
        person(
            "Microsoft no longer accepts this authorization.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["70008"],
        person("The authorization has expired.", AUTHORIZE_AGAIN),
    ),
    (
        &["700082"],
        person(
            "The authorization ended because nobody used it for 90 days.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["700084"],
        person(
            "The authorization lived for 24 hours only, because the redirect URI is \
         registered as a single-page application's.",
            "Register the redirect URI as a web application's, then press Authorize on the account.",
        ),
    ),
    (
        &["70043"],
        person(
            "The organisation's policy wants frequent sign-ins.",
            "Press Authorize on the account; to end the repetition, ask the organisation's \
         administrator to exempt Mailgrant from the sign-in frequency.",
        ),
    ),
    (
        &["90094"],
        person(
            "An administrator of the organisation must consent.",
            "Let an administrator of the mailbox's organisation consent to the application; \
         then press Authorize on the account.",
        ),
    ),
];
