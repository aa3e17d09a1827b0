//! Microsoft's `suberror`, for where the number is not known: it explains, and decides nothing.

use super::next::{CONSENT, EXEMPT, PASSWORD};
use super::place::SIGN_IN_LOG;
use crate::error_catalogue::Row;
use crate::error_catalogue::next::AGAIN;
use crate::error_catalogue::rows::rows;

const CODES: &str =
    "https://learn.microsoft.com/javascript/api/@azure/msal-node/interactionrequiredautherrorcodes";
const PROPERTY: &str = "https://learn.microsoft.com/dotnet/api/microsoft.identity.client.uirequiredexceptionclassification";

pub(in crate::error_catalogue) static ROWS: &[Row] = rows! { MicrosoftSuberror;
    Ends Owner "invalid_grant" ["bad_token"]
        "Microsoft no longer accepts this authorization."
        AGAIN from CODES;
    Ends Owner "invalid_grant" ["token_expired"]
        "The authorization has expired, by the organisation's policy or because nobody used it."
        AGAIN from "https://github.com/microsoft/vscode-azure-account/issues/673";
    Ends Owner "invalid_grant" ["consent_required"]
        "Nobody has consented to Mailgrant's access in this tenant."
        CONSENT from CODES;
    Ends Owner "interaction_required" ["basic_action"]
        "Microsoft wants the person to do something on its page."
        AGAIN from PROPERTY;
    Ends Tenant "interaction_required" ["additional_action"]
        "Microsoft wants something done outside its sign-in page, such as a device enrolled."
        EXEMPT at SIGN_IN_LOG from PROPERTY;
    Ends Tenant "interaction_required" ["message_only"]
        "Microsoft blocks the sign-in, and nothing on its page would help."
        EXEMPT at SIGN_IN_LOG from PROPERTY;
    Ends Owner "invalid_grant" ["user_password_expired"]
        "The password has expired."
        PASSWORD from PROPERTY;
};
