//! Microsoft's own trouble, and that of an organisation's sign-in service: it passes.

use super::source::{CODES, FEDERATED};
use crate::error_catalogue::Row;
use crate::error_catalogue::next::WAIT;
use crate::error_catalogue::rows::rows;

pub(super) static ROWS: &[Row] = rows! { Microsoft;
    Passes Provider "temporarily_unavailable" [50000]
        "Microsoft's sign-in service could not issue a token."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [50033, 90006, 90024, 90033, 90090, 90091]
        "Microsoft has a passing fault."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [50087]
        "Microsoft's service for second factors has a passing fault."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [50088]
        "Microsoft's limit on second factors by telephone is reached for the moment."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [50166]
        "An outside sign-in service that the organisation uses did not answer Microsoft."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [50196]
        "Microsoft saw the same request too often and wants it to pause."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [70012]
        "Microsoft's service for personal accounts has a passing fault."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [90012]
        "Microsoft did not answer itself in time."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [90055]
        "Microsoft holds the tenant back because of too many requests."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [51005]
        "Microsoft has moved the request for the moment."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [50162, 501621]
        "Microsoft's reckoning of the claims for this application took too long."
        WAIT from CODES;
    Passes Provider "invalid_request" [70021]
        "Microsoft does not know the federated credential, or not yet: a new one takes some \
         minutes to spread."
        WAIT from FEDERATED;
    Passes Provider "authorization_pending" [70016]
        "Nobody has entered the code on Microsoft's page yet."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [40008, 40009, 40010, 40015]
        "The organisation's own sign-in service failed."
        WAIT from CODES;
    Passes Provider "temporarily_unavailable" [80001, 80002, 80005, 80007, 80014]
        "The organisation's own directory or its agent does not answer Microsoft."
        WAIT from CODES;
};
