//! What Yahoo and Zoho say that the standards do not have. Yandex keeps to the standard's codes.

use crate::error_catalogue::Row;
use crate::error_catalogue::next::AGAIN;
use crate::error_catalogue::rows::rows;

const ASK_YAHOO: &str = "Ask Yahoo for access to mail with its form for Mail API access; a new \
    registration does not have it.";
const DATA_CENTRE: &str = "Press Authorize on the account again, with the endpoints of the data \
    centre in which the account lives (.com, .eu, .in and others).";
const YAHOO_FORM: &str = "https://senders.yahooinc.com/developer/developer-access-mail-form/";

/// Codes of their own.
pub(super) static CODES: &[Row] = rows! { Other;
    Ends Owner "INVALID_REFRESH_TOKEN" ["INVALID_REFRESH_TOKEN"]
        "Yahoo does not accept this authorization any more."
        AGAIN from "https://github.com/josuebrunel/yahoo-oauth/issues/51";
    Ends Owner "invalid_code" ["invalid_code"]
        "Zoho does not accept this authorization: it has ended, was pushed out by newer ones (20 \
         for each person), or belongs to another data centre."
        DATA_CENTRE from "https://github.com/Weble/ZohoBooksApi/issues/84, and \
            https://www.zoho.com/accounts/protocol/oauth.html";
};

/// Words beside a standard code.
pub(super) static WORDS: &[Row] = rows! { OtherWords;
    Profile Operator "invalid_scope" ["registered scopes"]
        says "Developers: Please request scope from registered scopes and submit again."
        "The registration at Yahoo has no access to mail."
        ASK_YAHOO at YAHOO_FORM from "https://developer.nylas.com/docs/provider-guides/yahoo-authentication/";
};
