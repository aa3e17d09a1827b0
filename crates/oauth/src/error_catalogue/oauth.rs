//! The codes of the standards, and Mailgrant's own.

use crate::error_catalogue::Row;
use crate::error_catalogue::next::{
    AGAIN, CHECK_CLIENT, CHECK_ENDPOINTS, CHECK_SCOPES, DEVICE, WAIT,
};
use crate::error_catalogue::rows::rows;

/// A profile that lacks something; Mailgrant's own code.
pub(crate) const PROFILE_INCOMPLETE: &str = "profile_incomplete";
/// No discovery document where one was due; Mailgrant's own code.
pub(crate) const NO_DISCOVERY: &str = "no_discovery";
/// A discovery document of another issuer; Mailgrant's own code.
pub(crate) const WRONG_ISSUER: &str = "wrong_issuer";
/// A credential that cannot even be sent; Mailgrant's own code.
pub(crate) const CREDENTIAL_UNUSABLE: &str = "credential_unusable";
/// An endpoint that others could read along with; Mailgrant's own code.
pub(crate) const UNSAFE_ENDPOINT: &str = "unsafe_endpoint";

const ACCEPT_OR_ASK: &str = "Press Authorize on the account again and accept; if the page leaves \
    no choice, ask the administrator of the mailbox's organisation.";
const ENABLE_CODE: &str = "Enable the authorization code flow for Mailgrant in the provider's \
    portal.";
const CHECK_SUPPORT: &str = "Check the endpoints of the provider profile; if they are right, the \
    provider cannot be used in this way.";
const COMPLETE: &str = "Complete it.";
const CHECK_ISSUER: &str = "Check the issuer of the provider profile, or enter the endpoints by \
    hand.";
const COPY_ISSUER: &str = "Enter the issuer in the provider profile exactly as the provider writes \
    it.";
const USE_HTTPS: &str = "Use endpoints that begin with https://.";
const ENTER_CREDENTIAL: &str = "Look at the words below: enter the key or certificate anew in the \
    provider profile, or mend the file that it names and let Mailgrant's user read it.";
const NO_DPOP: &str = "Switch off, in the registration, that tokens are bound to a key (DPoP).";

/// RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core, section 3.1.2.6; RFC 7009, 7523, 8628,
/// 8707 and 9449. The default where the provider's own number or words are not known.
pub(super) static STANDARD: &[Row] = rows! { Standard;
    Ends Owner "invalid_grant" ["invalid_grant"]
        "The identity provider has ended this authorization, or it was never complete."
        AGAIN from "RFC 6749, section 5.2";
    Ends Owner "interaction_required" ["interaction_required", "login_required"]
        "The identity provider wants the person to sign in again."
        AGAIN from "OpenID Connect Core, section 3.1.2.6";
    Ends Owner "account_selection_required" ["account_selection_required"]
        "The identity provider wants the person to choose an account."
        AGAIN from "OpenID Connect Core, section 3.1.2.6";
    Ends Owner "consent_required" ["consent_required"]
        "Nobody has consented to Mailgrant's access yet, or the consent was withdrawn."
        AGAIN from "OpenID Connect Core, section 3.1.2.6";
    Ends Owner "access_denied" ["access_denied"]
        "The access was declined on the identity provider's page."
        ACCEPT_OR_ASK from "RFC 6749, section 4.1.2.1";
    Ends Owner "authorization_declined" ["authorization_declined"]
        "The access was declined on the identity provider's page."
        ACCEPT_OR_ASK from "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code";
    Ends Owner "bad_verification_code" ["bad_verification_code"]
        "The code for signing in on another device is not known to the identity provider."
        DEVICE from "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code";
    Ends Owner "expired_token" ["expired_token"]
        "The code for signing in on another device has expired."
        DEVICE from "RFC 8628, section 3.5";
    Passes Provider "authorization_pending" ["authorization_pending"]
        "Nobody has entered the code on the identity provider's page yet."
        WAIT from "RFC 8628, section 3.5";
    Passes Provider "slow_down" ["slow_down"]
        "The identity provider is asked too often."
        WAIT from "RFC 8628, section 3.5";
    Passes Provider "temporarily_unavailable" ["temporarily_unavailable"]
        "The identity provider is busy."
        WAIT from "RFC 6749, section 4.1.2.1";
    Passes Provider "server_error" ["server_error"]
        "The identity provider has a fault."
        WAIT from "RFC 6749, section 4.1.2.1";
    Profile Operator "invalid_client" ["invalid_client"] about credential
        "The identity provider does not accept Mailgrant's client id or client secret."
        CHECK_CLIENT from "RFC 6749, section 5.2, and RFC 7523, section 3.2";
    Profile Operator "unauthorized_client" ["unauthorized_client"]
        "The identity provider does not let this registration ask for access in this way."
        CHECK_CLIENT from "RFC 6749, section 5.2";
    Profile Operator "invalid_scope" ["invalid_scope"]
        "The identity provider does not know or not allow one of the scopes."
        CHECK_SCOPES from "RFC 6749, section 5.2";
    Profile Operator "invalid_target" ["invalid_target"]
        "The identity provider does not know the resource that the scopes belong to."
        CHECK_SCOPES from "RFC 8707, section 2";
    Profile Operator "invalid_resource" ["invalid_resource"]
        "The identity provider does not know the resource that the scopes belong to."
        CHECK_SCOPES from "https://learn.microsoft.com/entra/identity-platform/reference-error-codes";
    Profile Operator "unsupported_grant_type" ["unsupported_grant_type"]
        "The identity provider does not support what Mailgrant needs."
        CHECK_SUPPORT from "RFC 6749, section 5.2";
    Profile Operator "unsupported_response_type" ["unsupported_response_type"]
        "The identity provider does not support the authorization code for this registration."
        ENABLE_CODE from "RFC 6749, section 4.1.2.1";
    Profile Operator "unsupported_token_type" ["unsupported_token_type"]
        "The identity provider does not take back tokens of this kind."
        CHECK_SUPPORT from "RFC 7009, section 2.2.1";
    Profile Operator "invalid_dpop_proof" ["invalid_dpop_proof", "use_dpop_nonce"]
        "The identity provider wants tokens that are bound to a key, which Mailgrant does not make."
        NO_DPOP from "RFC 9449, sections 5 and 8";
    Profile Operator "invalid_request" ["invalid_request"]
        "The identity provider finds Mailgrant's request incomplete or wrong."
        CHECK_ENDPOINTS from "RFC 6749, section 5.2";
};

/// What Mailgrant says itself before it asks a provider.
pub(super) static OWN: &[Row] = rows! { Mailgrant;
    Profile Operator "profile_incomplete" ["profile_incomplete"]
        "The provider profile is incomplete."
        COMPLETE from "Mailgrant";
    Profile Operator "no_discovery" ["no_discovery"]
        "The identity provider's description of itself was not found."
        CHECK_ISSUER from "OpenID Connect Discovery, section 4, and RFC 8414, section 3";
    Profile Operator "wrong_issuer" ["wrong_issuer"]
        "The identity provider's description of itself belongs to another issuer."
        COPY_ISSUER from "OpenID Connect Discovery, section 4.3, and RFC 8414, section 3.3";
    Profile Operator "unsafe_endpoint" ["unsafe_endpoint"]
        "An endpoint of the identity provider cannot be used safely."
        USE_HTTPS from "RFC 6749, sections 3.1 and 3.2";
    Profile Operator "credential_unusable" ["credential_unusable"] about credential
        "The credential of the provider profile cannot be used: its key or file is missing, cannot be \
         read, or is of another kind than is needed here."
        ENTER_CREDENTIAL from "RFC 7523, section 2, and RFC 7521, section 4.2";
};
