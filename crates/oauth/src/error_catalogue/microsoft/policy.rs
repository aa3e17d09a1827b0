//! The administrator of the tenant has to allow it, or to undo something.

use super::next::{
    AGE, ALLOW_FLOW, ASK_SUPPORT, ASSIGN, CLEAR_RISK, CONSENT_ALL, CONSENT_REQUEST, CROSS, ENABLE,
    ENABLE_DEVICE, EXEMPT, FREQUENCY, INVITE, LET_REGISTER, LOOK_AT_DEFAULTS, MEND_FEDERATION,
    MEND_OUTSIDE_CHECK, RESET_METHODS, UNLOCK,
};
use super::place::{
    CONSENT_REQUESTS, CROSS_TENANT, DEFAULTS, DEVICES, GRANT_CONSENT, METHODS, POLICIES,
    RISKY_USERS, SIGN_IN_LOG, USERS, USERS_AND_GROUPS,
};
use super::source::{
    CODES, COMPLIANT_DEVICE, DEVICE_GONE, DISABLED, FLOWS, MANAGED_DEVICE, RISKY_APP,
};
use crate::error_catalogue::Row;
use crate::error_catalogue::rows::rows;

pub(super) static ROWS: &[Row] = rows! { Microsoft;
    Ends Tenant "invalid_grant" [16003, 50014]
        "The account is not a member of the tenant, or its invitation is not accepted yet."
        INVITE at USERS from CODES;
    Ends Tenant "invalid_grant" [500141]
        "The account's invitation was accepted elsewhere than where it is needed."
        INVITE at USERS from CODES;
    Ends Tenant "access_denied" [500212]
        "The account's own organisation does not let it into the other tenant."
        CROSS at CROSS_TENANT from CODES;
    Ends Tenant "access_denied" [500213]
        "The other tenant does not let this account in."
        CROSS at CROSS_TENANT from CODES;
    Ends Tenant "access_denied" [1000104]
        "The tenant does not work together with this one of Microsoft's clouds."
        CROSS at CROSS_TENANT from CODES;
    Ends Tenant "invalid_grant" [530004]
        "The tenant does not believe the other one's word about devices."
        CROSS at CROSS_TENANT from COMPLIANT_DEVICE;
    Ends Tenant "invalid_grant" [90072]
        "The account is a stranger in the tenant, or its link to the organisation's directory \
         is broken."
        INVITE at USERS from CODES;
    Ends Tenant "invalid_grant" [50005, 50127, 53002]
        "The organisation's policy wants another device or application than this one."
        EXEMPT at POLICIES from CODES;
    Ends Tenant "interaction_required" [50097, 50129, 50155, 50187, 53000, 53001]
        "The organisation's policy wants a managed device."
        EXEMPT at POLICIES from CODES;
    Ends Tenant "interaction_required" [530003]
        "The organisation's policy wants a managed device."
        EXEMPT at POLICIES from MANAGED_DEVICE;
    Ends Tenant "invalid_grant" [700003]
        "The device was removed from the tenant."
        EXEMPT at POLICIES from DEVICE_GONE;
    Ends Tenant "invalid_grant" [50131, 53003]
        "The organisation's Conditional Access policy blocks the sign-in."
        EXEMPT at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [530032]
        "A security policy of the organisation blocks the sign-in."
        EXEMPT at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [530034]
        "The organisation's protection sees a risk in the administrator who signed in."
        CLEAR_RISK at RISKY_USERS from CODES;
    Ends Tenant "invalid_grant" [530035]
        "The organisation's security defaults block the sign-in as too old a kind."
        LOOK_AT_DEFAULTS at DEFAULTS from CODES;
    Ends Tenant "invalid_grant" [530036]
        "The authorization was given by a code on another device, which the organisation's \
         policy no longer allows; such an authorization cannot be renewed."
        ALLOW_FLOW at POLICIES from FLOWS;
    Ends Tenant "invalid_grant" [53004, 53010]
        "The person cannot register a second factor from here."
        LET_REGISTER at METHODS from CODES;
    Ends Tenant "invalid_grant" [53011]
        "The organisation's protection sees a risk in this account."
        CLEAR_RISK at RISKY_USERS from CODES;
    Ends Tenant "invalid_grant" [50053]
        "The account is locked after wrong passwords, or the sign-in came from an address \
         with a bad name."
        UNLOCK at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [50057]
        "The account is disabled."
        ENABLE at USERS from CODES;
    Ends Tenant "invalid_grant" [500571]
        "The guest's account is disabled."
        ENABLE at USERS from DISABLED;
    Ends Tenant "invalid_grant" [50105]
        "The account is not assigned to the application; members of nested groups do not \
         count."
        ASSIGN at USERS_AND_GROUPS from CODES;
    Ends Tenant "invalid_grant" [5000224]
        "Microsoft has blocked the whole tenant."
        ASK_SUPPORT at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [51000]
        "The tenant has this way of signing in switched off."
        EXEMPT at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [54000, 50015]
        "The account belongs to a person under age who lacks a guardian's consent."
        AGE at USERS from CODES;
    Ends Tenant "invalid_grant" [70043]
        "The organisation's policy wants people to sign in often, so the authorization ended."
        FREQUENCY at POLICIES from CODES;
    Ends Tenant "invalid_grant" [70044]
        "The organisation's policy wants people to sign in often, so the session ended."
        FREQUENCY at POLICIES from "https://github.com/MicrosoftDocs/azure-docs/issues/31876";
    Ends Tenant "consent_required" [90093]
        "Only an administrator may give this consent."
        CONSENT_ALL at GRANT_CONSENT from CODES;
    Ends Tenant "consent_required" [90094]
        "An administrator of the organisation must consent."
        CONSENT_ALL at GRANT_CONSENT from CODES;
    Ends Tenant "consent_required" [90095]
        "The person has asked the administrator for consent, or must ask."
        CONSENT_REQUEST at CONSENT_REQUESTS from CODES;
    Ends Tenant "consent_required" [900941, 900981]
        "Microsoft takes the application for risky, because its publisher is not verified; \
         only an administrator may consent."
        CONSENT_ALL at GRANT_CONSENT from RISKY_APP;
    Ends Tenant "access_denied" [90123]
        "The organisation's sign-in service declined."
        MEND_FEDERATION at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [50192]
        "A certificate was to come with the sign-in and did not; a proxy may have taken it \
         out."
        MEND_FEDERATION at SIGN_IN_LOG from CODES;
    Ends Tenant "invalid_grant" [50086]
        "The second factor failed for good."
        RESET_METHODS at METHODS from CODES;
    Ends Tenant "interaction_required" [50159, 50161, 50170, 50172, 50176, 50177, 50178]
        "An outside check that the organisation's policy asks for does not work."
        MEND_OUTSIDE_CHECK at POLICIES from CODES;
    Ends Tenant "invalid_grant" [5001256]
        "An outside sign-in service gave Microsoft something that it could not use."
        MEND_OUTSIDE_CHECK at METHODS from CODES;
    Ends Tenant "invalid_grant" [130007, 130008, 135011]
        "The device with which the person signed in is disabled or unknown."
        ENABLE_DEVICE at DEVICES from CODES;
    Ends Tenant "invalid_grant" [240001]
        "The person may not register devices."
        ENABLE_DEVICE at DEVICES from CODES;
};
