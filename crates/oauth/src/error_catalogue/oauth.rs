//! The codes of the standards, and of those who add to them.

use super::{
    ADD_REDIRECT, AUTHORIZE_AGAIN, CHECK_CLIENT, CHECK_SCOPES, Table, later, person, profile,
};

/// A profile that lacks something; Mailgrant's own code.
pub(crate) const PROFILE_INCOMPLETE: &str = "profile_incomplete";
/// No discovery document where one was due; Mailgrant's own code.
pub(crate) const NO_DISCOVERY: &str = "no_discovery";
/// A discovery document of another issuer; Mailgrant's own code.
pub(crate) const WRONG_ISSUER: &str = "wrong_issuer";
/// An endpoint that others could read along with; Mailgrant's own code.
pub(crate) const UNSAFE_ENDPOINT: &str = "unsafe_endpoint";

const TRUST: &str = "Ask the administrator of the mailbox's organisation to allow this application \
    in the provider's admin console.";

/// RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core, section 3.1.2.6; RFC 8707; Google's
/// `web-server` page for those that only Google says; and Mailgrant's own.
pub(super) static TABLE: Table = &[
    (
        &["invalid_grant"],
        person(
            "The identity provider has ended this authorization, or it was never complete.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["interaction_required", "login_required"],
        person(
            "The identity provider wants the person to sign in again.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["account_selection_required"],
        person(
            "The identity provider wants the person to choose an account.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["consent_required"],
        person(
            "Nobody has consented to Mailgrant's access yet, or the consent was withdrawn.",
            AUTHORIZE_AGAIN,
        ),
    ),
    (
        &["access_denied"],
        person(
            "The access was declined on the identity provider's page.",
            "Press Authorize on the account again and accept; if the page leaves no choice, \
         ask the administrator of the mailbox's organisation.",
        ),
    ),
    (
        &["invalid_client"],
        profile(
            "The identity provider does not accept Mailgrant's client id or client secret.",
            CHECK_CLIENT,
        ),
    ),
    (
        &["unauthorized_client"],
        profile(
            "The identity provider does not let this registration ask for access in this way.",
            CHECK_CLIENT,
        ),
    ),
    (
        &["deleted_client"],
        profile(
            "Mailgrant's registration was deleted at the identity provider.",
            "Restore it in the provider's portal, or register anew and enter the new client \
         id and secret.",
        ),
    ),
    (
        &["invalid_scope"],
        profile(
            "The identity provider does not know or not allow one of the scopes.",
            CHECK_SCOPES,
        ),
    ),
    (
        &["invalid_resource", "invalid_target"],
        profile(
            "The identity provider does not know the resource that the scopes belong to.",
            CHECK_SCOPES,
        ),
    ),
    (
        &["redirect_uri_mismatch"],
        profile(
            "Mailgrant's redirect URI is not registered at the identity provider.",
            ADD_REDIRECT,
        ),
    ),
    (
        &["org_internal"],
        profile(
            "The registration is for people of one organisation only.",
            "Sign in with an account of that organisation, or make the application external \
         in the provider's portal.",
        ),
    ),
    (
        &["admin_policy_enforced"],
        profile(
            "The mailbox's organisation does not allow this application.",
            TRUST,
        ),
    ),
    (
        &["unsupported_grant_type"],
        profile(
            "The identity provider does not support what Mailgrant needs.",
            "Check the endpoints of the provider profile; if they are right, the provider \
         cannot be used.",
        ),
    ),
    (
        &["unsupported_response_type"],
        profile(
            "The identity provider does not support the authorization code for this registration.",
            "Enable the authorization code flow for Mailgrant in the provider's portal.",
        ),
    ),
    (
        &["invalid_request"],
        profile(
            "The identity provider finds Mailgrant's request incomplete or wrong.",
            "Check the endpoints, the tenant and the redirect URI of the provider profile.",
        ),
    ),
    (
        &["temporarily_unavailable", "slow_down"],
        later("The identity provider is busy."),
    ),
    (
        &["server_error"],
        later("The identity provider has a fault."),
    ),
    (
        &[PROFILE_INCOMPLETE],
        profile("The provider profile is incomplete.", "Complete it."),
    ),
    (
        &[NO_DISCOVERY],
        profile(
            "The identity provider's description of itself was not found.",
            "Check the issuer of the provider profile, or enter the endpoints by hand.",
        ),
    ),
    (
        &[WRONG_ISSUER],
        profile(
            "The identity provider's description of itself belongs to another issuer.",
            "Enter the issuer in the provider profile exactly as the provider writes it.",
        ),
    ),
    (
        &[UNSAFE_ENDPOINT],
        profile(
            "An endpoint of the identity provider cannot be used safely.",
            "Use endpoints that begin with https://.",
        ),
    ),
];
