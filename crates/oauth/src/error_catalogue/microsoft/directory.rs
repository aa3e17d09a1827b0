//! Accounts that live in the organisation's own directory or sign-in service: synchronised, passed
//! through, federated.

use super::next::{
    INVITE, MEND_AGENTS, MEND_FEDERATION, MEND_SYNC, MEND_TICKET, PASSWORD, RESET_PASSWORD,
    WIDEN_HOURS,
};
use super::place::{CONNECT_HEALTH, FEDERATION, USERS};
use super::source::CODES;
use crate::error_catalogue::Row;
use crate::error_catalogue::next::{AGAIN, OTHER_ACCOUNT};
use crate::error_catalogue::rows::rows;

pub(super) static ROWS: &[Row] = rows! { Microsoft;
    Ends Tenant "invalid_grant" [20001, 20012, 20033, 399284]
        "The organisation's own sign-in service gave Microsoft something that it could not \
         use."
        MEND_FEDERATION at FEDERATION from CODES;
    Ends Tenant "invalid_grant" [50008, 5000819]
        "The organisation's own sign-in service sent a statement that Microsoft cannot use."
        MEND_FEDERATION at FEDERATION from CODES;
    Ends Tenant "invalid_grant" [50107, 50169]
        "Microsoft does not find the organisation's own sign-in service under the name that \
         came."
        MEND_FEDERATION at FEDERATION from CODES;
    Ends Tenant "invalid_grant" [50120]
        "Microsoft does not know the kind of proof that came from the organisation's sign-in \
         service."
        MEND_FEDERATION at FEDERATION from CODES;
    Ends Tenant "invalid_grant" [90081, 90082, 90087]
        "The organisation's own sign-in service and Microsoft do not understand each other."
        MEND_FEDERATION at FEDERATION from CODES;
    Ends Tenant "invalid_grant" [90084]
        "Guests cannot sign in here through their own organisation."
        INVITE at USERS from CODES;
    Ends Tenant "invalid_grant" [90085]
        "The organisation is not set up at Microsoft yet."
        MEND_FEDERATION at FEDERATION from CODES;
    Ends Owner "invalid_grant" [90086]
        "The session at the organisation's own sign-in service has expired."
        AGAIN from CODES;
    Ends Tenant "invalid_grant" [90020, 90022]
        "The name under which the organisation's directory knows the account does not reach \
         Microsoft."
        MEND_SYNC at CONNECT_HEALTH from CODES;
    Ends Tenant "invalid_grant" [80010]
        "The organisation's agent cannot read the password that Microsoft passes to it."
        MEND_AGENTS at CONNECT_HEALTH from CODES;
    Ends Tenant "invalid_grant" [80012]
        "The organisation's directory lets this account sign in at certain hours only."
        WIDEN_HOURS from CODES;
    Ends Tenant "invalid_grant" [80013]
        "The clocks of the organisation's directory and its agent differ."
        MEND_AGENTS at CONNECT_HEALTH from CODES;
    Ends Tenant "invalid_grant" [81004, 81005, 81006, 81009, 81010]
        "Signing in by the network's own ticket did not work."
        MEND_TICKET at CONNECT_HEALTH from CODES;
    Ends Tenant "invalid_grant" [81007, 50180]
        "The tenant is not set up for signing in by the network's own ticket."
        MEND_TICKET at CONNECT_HEALTH from CODES;
    Ends Tenant "invalid_grant" [81011]
        "Microsoft finds no account for the network's own ticket."
        MEND_SYNC at CONNECT_HEALTH from CODES;
    Ends Owner "invalid_grant" [81012]
        "The person who signs in is not the one who is signed in to the device."
        OTHER_ACCOUNT from CODES;
    Ends Owner "interaction_required" [51006]
        "The person must sign in again through the network's own ticket."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [50144]
        "The password in the organisation's own directory has expired."
        PASSWORD from CODES;
    Ends Tenant "invalid_grant" [51001]
        "The sign-in does not say which of the organisation's domains it is for."
        MEND_SYNC at CONNECT_HEALTH from CODES;
    Ends Tenant "invalid_grant" [120005, 120008, 120011, 120012, 120013, 120014, 120015, 120016, 120021]
        "The password could not be changed, because the organisation's own directory did not \
         agree."
        RESET_PASSWORD at USERS from CODES;
};
