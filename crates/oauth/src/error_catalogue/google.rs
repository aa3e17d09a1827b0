//! What Google says: codes of its own, and the words beside the standard's codes, most telling
//! first. From Google's pages on OAuth and service accounts, and from what its clients have seen.

use crate::error_catalogue::Row;
use crate::error_catalogue::next::{
    ADD_REDIRECT, AGAIN, CHECK_CLIENT, CHECK_CLOCK, CHECK_SCOPES, WAIT,
};
use crate::error_catalogue::rows::rows;

const OAUTH: &str = "https://developers.google.com/identity/protocols/oauth2";
const WEB: &str = "https://developers.google.com/identity/protocols/oauth2/web-server";
const SERVICE_ACCOUNT: &str =
    "https://developers.google.com/identity/protocols/oauth2/service-account";
const GAM: &str = "https://github.com/GAM-team/GAM, its list of errors of the token endpoint";

const ACCESS_CONTROL: &str = "Google Admin console > Security > Access and data control > API \
    controls > App access control";
const AUDIENCE: &str = "Google Cloud console > Google Auth Platform > Audience";
const CLIENTS: &str = "Google Cloud console > Google Auth Platform > Clients";
const DATA_ACCESS: &str = "Google Cloud console > Google Auth Platform > Data Access";
const DELEGATION: &str = "Google Admin console > Security > Access and data control > API controls \
    > Domain-wide delegation";
const DIRECTORY: &str = "Google Admin console > Directory > Users";
const KEYS: &str = "Google Cloud console > IAM & Admin > Service Accounts > Keys";
const SESSION: &str = "Google Admin console > Security > Access and data control > Google Cloud \
    session control";

const TRUST: &str = "Ask the administrator of the mailbox's organisation to mark Mailgrant's client \
    id as trusted; then press Authorize on the account.";
const RESTORE: &str = "Restore the client within 30 days of its deletion, or register anew and \
    enter the new client id and secret; then press Authorize on its accounts.";
const EXTERNAL: &str = "Sign in with an account of that organisation, or make the user type \
    External.";
const REAL_BROWSER: &str = "Open the address in an ordinary browser, not inside another program.";
const TEST_USER: &str = "Add the person to the test users, or publish the app.";
const AGAIN_OR_PUBLISH: &str = "Press Authorize on the account. If it ends seven days after each \
    time, the app's publishing status is Testing: publish it, or make its user type Internal.";
const PUBLISH: &str = "Set the publishing status to In production (or the user type to Internal), \
    then press Authorize on the account once more.";
const USE_MONTHLY: &str = "Press Authorize on the account, and let Mailgrant run, which uses every \
    authorization at least monthly.";
const DELEGATE: &str = "Enter the service account's numeric client id with exactly these scopes; a \
    change takes minutes, at worst a day.";
const NEW_KEY: &str =
    "Make a new key for the service account and enter it in the provider profile.";
const RIGHT_MAILBOX: &str =
    "Enter the mailbox's primary address, of a person of this organisation.";
const RESTORE_ACCOUNT: &str = "Restore the account (possible for 20 days), or remove it from \
    Mailgrant.";
const SESSION_LENGTH: &str = "Press Authorize on the account; to end the repetition, exempt \
    Mailgrant from the session control.";
const UNRESTRICT: &str = "See why the account is restricted, and lift it.";

/// Codes that only Google says.
pub(super) static CODES: &[Row] = rows! { Google;
    Profile Tenant "admin_policy_enforced" ["admin_policy_enforced"]
        "The mailbox's organisation does not allow this application."
        TRUST at ACCESS_CONTROL from WEB;
    Profile Operator "org_internal" ["org_internal"]
        "The registration is for people of one organisation only."
        EXTERNAL at AUDIENCE from WEB;
    Profile Operator "disallowed_useragent" ["disallowed_useragent"]
        "The sign-in was opened inside another program, which Google does not allow."
        REAL_BROWSER from WEB;
    Profile Operator "deleted_client" ["deleted_client"]
        "Mailgrant's registration was deleted at Google, by hand or because nobody used it."
        RESTORE at CLIENTS from WEB;
    Profile Operator "redirect_uri_mismatch" ["redirect_uri_mismatch"]
        "Mailgrant's redirect URI is not registered at the identity provider."
        ADD_REDIRECT at CLIENTS from WEB;
    Passes Provider "internal_failure" ["internal_failure"]
        "Google has a passing fault."
        WAIT from GAM;
};

/// Words beside a standard code.
pub(super) static WORDS: &[Row] = rows! { GoogleWords;
    Ends Owner "invalid_grant" ["expired or revoked"]
        says "Token has been expired or revoked."
        "Google has ended this authorization: it was withdrawn, the password was changed, it was \
         not used for six months, or newer ones pushed it out."
        AGAIN_OR_PUBLISH at AUDIENCE from OAUTH;
    Ends Tenant "invalid_grant" ["account has been deleted"]
        says "The account has been deleted."
        "The account was deleted at Google."
        RESTORE_ACCOUNT at DIRECTORY from GAM;
    Ends Operator "invalid_grant" ["invalid email or user id"]
        says "Invalid email or User ID"
        "Google does not know the mailbox that the service account is to open."
        RIGHT_MAILBOX at DIRECTORY from GAM;
    Ends Operator "invalid_grant" ["not a valid email"]
        says "Not a valid email."
        "The mailbox that the service account is to open is not written as an address."
        RIGHT_MAILBOX from GAM;
    Profile Operator "invalid_grant" ["short-lived token"]
        says "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
              timeframe. Check your iat and exp values in the JWT claim."
        "The clock of Mailgrant's machine differs from Google's."
        CHECK_CLOCK from GAM;
    Profile Operator "invalid_grant" ["invalid jwt signature", "no valid verifier"] about credential
        says "Invalid JWT Signature."
        "Google does not know the key with which Mailgrant signs for the service account."
        NEW_KEY at KEYS from GAM;
    Profile Operator "invalid_grant" ["invalid jwt"]
        says "Invalid JWT: Failed audience check."
        "Google does not accept the statement that Mailgrant signed for the service account."
        NEW_KEY at KEYS from SERVICE_ACCOUNT;
    Ends Owner "invalid_grant" ["rapt_required", "invalid_rapt", "reauth related"]
        says "reauth related error (invalid_rapt)"
        "The organisation wants people to sign in to Google Cloud again and again."
        SESSION_LENGTH at SESSION from OAUTH;
    Ends Owner "invalid_grant" ["malformed auth code"]
        says "Malformed auth code."
        "The authorization code came back damaged."
        AGAIN from "https://github.com/kewisch/gdata-provider/issues/23";
    Ends Owner "invalid_grant" ["already redeemed"]
        says "Code was already redeemed."
        "The authorization code was used before."
        AGAIN from "https://github.com/googleapis/google-api-nodejs-client/issues/392";
    Ends Owner "invalid_grant" ["code verifier"]
        says "Invalid code verifier."
        "The sign-in came back to another attempt than the one it began with."
        AGAIN from "https://github.com/googleapis/google-api-java-client/issues/1479";
    Ends Owner "invalid_grant" ["bad request"]
        says "Bad Request"
        "Google does not know this authorization; it may belong to another client id."
        AGAIN from "https://github.com/atinux/nuxt-auth-utils/issues/440";
    Profile Tenant "unauthorized_client" ["unauthorized to retrieve access tokens", "not authorized for any of the scopes"]
        says "Client is unauthorized to retrieve access tokens using this method, or client not \
              authorized for any of the scopes requested."
        "The organisation has not let the service account open its mailboxes with these scopes."
        DELEGATE at DELEGATION from GAM;
    Profile Tenant "access_denied" ["requested client not authorized"]
        says "Requested client not authorized."
        "The organisation has not let the service account open its mailboxes."
        DELEGATE at DELEGATION from GAM;
    Ends Tenant "access_denied" ["account restricted"]
        says "Account restricted"
        "The account is restricted at Google."
        UNRESTRICT at DIRECTORY from GAM;
    Ends Operator "access_denied" ["not completed the google verification", "access_not_configured", "test user"]
        says "The app is being tested and the account is no test user of it."
        "The app is being tested, and the person is not one of its test users."
        TEST_USER at AUDIENCE from WEB;
    Profile Operator "invalid_request" ["impersonation"]
        says "Invalid impersonation \"sub\" field."
        "The mailbox that the service account is to open is not written as Google wants it."
        RIGHT_MAILBOX from GAM;
    Profile Operator "invalid_request" ["oauth 2.0 policy"]
        says "You can't sign in to this app because it doesn't comply with Google's OAuth 2.0 policy."
        "Google does not take Mailgrant's redirect URI: it wants https and a public name, or loopback."
        ADD_REDIRECT at CLIENTS from WEB;
    Profile Operator "invalid_client" ["oauth client was not found"]
        says "The OAuth client was not found."
        "Google does not know Mailgrant's client id."
        CHECK_CLIENT at CLIENTS from WEB;
    Profile Operator "invalid_client" ["unauthorized"] about credential
        says "Unauthorized"
        "Google does not accept Mailgrant's client secret."
        CHECK_CLIENT at CLIENTS from WEB;
    Profile Operator "invalid_scope" ["invalid oauth scope", "scope must be provided"]
        says "Some requested scopes were invalid. Invalid OAuth scope or ID token audience provided."
        "Google does not know one of the scopes, or its API is not enabled."
        CHECK_SCOPES at DATA_ACCESS from OAUTH;
};

/// What no refusal says by itself, and the history of the grant tells; see [`super::refine`].
pub(super) static TESTING: &[Row] = rows! { Refined;
    Ends Operator "invalid_grant" ["seven days after consent"]
        says "Token has been expired or revoked."
        "Google ended the authorization seven days after it was given, as it does while the app's \
         publishing status is Testing."
        PUBLISH at AUDIENCE from OAUTH;
};

/// See [`TESTING`].
pub(super) static UNUSED: &[Row] = rows! { Refined;
    Ends Owner "invalid_grant" ["unused for six months"]
        says "Token has been expired or revoked."
        "Google ended the authorization because nobody used it for six months."
        USE_MONTHLY from OAUTH;
};
