//! The owner of the mailbox can mend it by signing in.

use super::next::{ADDRESS, BROWSER, CONSENT, MFA, OTHER_METHOD, PASSWORD, WEB_THEN_AGAIN};
use super::place::AUTHENTICATION;
use super::source::CODES;
use crate::error_catalogue::Row;
use crate::error_catalogue::next::{ACCEPT, AGAIN, DEVICE, OTHER_ACCOUNT};
use crate::error_catalogue::rows::rows;

pub(super) static ROWS: &[Row] = rows! { Microsoft;
    Ends Owner "interaction_required" [16000, 50020]
        "The account that signed in does not belong to the tenant."
        OTHER_ACCOUNT from CODES;
    Ends Owner "interaction_required" [16001, 16002, 160021]
        "The session that was chosen on Microsoft's page is not there any more."
        AGAIN from CODES;
    Ends Owner "interaction_required" [50034, 50197, 51004, 90125, 90126]
        "The account does not exist in the tenant."
        ADDRESS from CODES;
    Ends Owner "invalid_grant" [500207, 500208]
        "An account of this kind cannot be used here: personal where an organisation's is \
         wanted, or the other way round."
        OTHER_ACCOUNT from CODES;
    Ends Owner "invalid_grant" [50055, 50056, 50064, 50126]
        "Microsoft did not accept the password."
        PASSWORD from CODES;
    Ends Owner "invalid_grant" [50125]
        "The person must first finish setting or resetting the password."
        PASSWORD from CODES;
    Ends Owner "invalid_grant" [50135, 50137, 50142]
        "The person must change the password first; the organisation's policy wants it."
        PASSWORD from CODES;
    Ends Owner "login_required" [50058]
        "Nobody is signed in at Microsoft in this browser."
        AGAIN from CODES;
    Ends Owner "interaction_required" [50072, 50079]
        "Microsoft wants the person to register a second factor."
        MFA from CODES;
    Ends Owner "interaction_required" [50074, 50076]
        "Microsoft wants a second factor."
        AGAIN from CODES;
    Ends Owner "interaction_required" [50078]
        "The second factor was given too long ago for the organisation's policy."
        AGAIN from CODES;
    Ends Owner "interaction_required" [500121]
        "The second factor was not completed."
        AGAIN from "https://github.com/MicrosoftDocs/entra-docs/issues/72";
    Ends Owner "interaction_required" [50158]
        "A further check, such as terms of use or an outside second factor, was not \
         completed."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [50085, 50139]
        "The outside account with which the person signs in must be signed in again."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [50089]
        "The sign-in took too long."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [50132, 50133]
        "The session ended because the password was changed or has expired."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [50136]
        "Microsoft saw a personal account's session."
        OTHER_ACCOUNT from CODES;
    Ends Owner "invalid_grant" [50140]
        "Microsoft asked whether to stay signed in, and was left there."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [50143]
        "The session belongs to another tenant than the sign-in."
        OTHER_ACCOUNT from CODES;
    Ends Owner "invalid_grant" [50148, 501481]
        "The sign-in came back to another attempt than the one it began with; two windows may \
         have been open."
        AGAIN from CODES;
    Ends Owner "interaction_required" [50150, 9002341]
        "The person has not allowed this way of signing in yet."
        ACCEPT from CODES;
    Ends Owner "invalid_grant" [50173]
        "The authorization was ended: the password was reset, or sessions were revoked."
        AGAIN from CODES;
    Ends Owner "interaction_required" [50199]
        "Microsoft asked whether this is the application that was meant, and got no answer."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [54005]
        "The authorization code was used before; a page was loaded twice, or something opened \
         the link first."
        AGAIN from CODES;
    Ends Owner "consent_required" [65001]
        "Nobody has consented to Mailgrant's access in this tenant."
        CONSENT from CODES;
    Ends Owner "consent_required" [65004]
        "The consent was declined."
        ACCEPT from CODES;
    Ends Owner "invalid_grant" [70000]
        "Microsoft no longer accepts this authorization."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [70008]
        "The authorization has expired."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [700082]
        "The authorization ended because nobody used it for 90 days."
        AGAIN from CODES;
    Ends Owner "interaction_required" [700020]
        "Microsoft wants the person to sign in again."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [9002313]
        "Microsoft cannot read the authorization that Mailgrant sent."
        AGAIN from CODES;
    Ends Owner "bad_verification_code" [70018, 90119]
        "The code that was typed in is not one of Microsoft's."
        DEVICE from CODES;
    Ends Owner "expired_token" [70019]
        "The code for signing in on another device has expired."
        DEVICE from CODES;
    Ends Owner "expired_token" [70020]
        "The code for signing in on another device has expired."
        DEVICE from "https://github.com/Azure/azure-cli/issues/22251";
    Ends Owner "invalid_grant" [90120]
        "The code for signing in on another device was used or declined before."
        DEVICE from CODES;
    Ends Owner "invalid_grant" [50134]
        "The sign-in began in another part of the world than it was completed in."
        BROWSER from CODES;
    Ends Owner "invalid_grant" [90056, 900561]
        "The browser went back to a page that cannot be loaded twice."
        AGAIN from CODES;
    Ends Owner "invalid_grant" [90101]
        "What was typed in is not an e-mail address."
        ADDRESS from CODES;
    Ends Owner "invalid_grant" [120000, 120002, 120003, 120004, 120018, 120020]
        "The password could not be changed on Microsoft's page."
        PASSWORD from CODES;
    Ends Owner "invalid_grant" [130004, 130005, 130006, 135010, 140001]
        "The key of this device for signing in is not known to Microsoft."
        OTHER_METHOD from CODES;
    Ends Owner "invalid_grant" [901011, 901012, 901014]
        "The outside account did not tell Microsoft a confirmed address."
        OTHER_ACCOUNT from CODES;
    Ends Operator "invalid_grant" [700084]
        "The authorization lived for 24 hours only, because the redirect URI is registered as \
         a single-page application's."
        WEB_THEN_AGAIN at AUTHENTICATION from CODES;
};
