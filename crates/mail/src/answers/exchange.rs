//! Exchange Online and Outlook.com.

use super::Row;
use super::rows::rows;

const OAUTH: &str = "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth";
const SMTP_AUTH: &str = "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission";
const THROTTLING: &str =
    "https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements";
const BASIC_ENDS: &str = "https://techcommunity.microsoft.com/blog/exchange/exchange-online-to-retire-basic-auth-for-client-submission-smtp-auth/4114750";

const GIVE_ACCESS: &str = "Give the person who signed in full access to the mailbox, and check that \
    it has a licence and the protocol switched on. If it came suddenly, wait: a mailbox that is \
    being moved says the same.";
const GIVE_APP_ACCESS: &str = "Register the application's service principal in Exchange with the \
    object id from Enterprise applications, and give it, or the person who signed in, full access \
    to the mailbox.";
const SWITCH_SMTP_TENANT: &str = "Switch SMTP AUTH on for the organisation, or for this mailbox \
    alone; the switch counts for OAuth too.";
const SWITCH_SMTP_MAILBOX: &str = "Switch Authenticated SMTP on for the mailbox; the switch counts \
    for OAuth too.";
const USE_OAUTH: &str = "Use OAuth: let the sender send through Mailgrant instead of with a \
    password.";
const RECONNECT: &str = "Press Authorize on the account, so that it signs in by OAuth and not with \
    a password.";
const SWITCH_IMAP: &str = "Switch IMAP on for the mailbox.";
const CHECK_LOGIN: &str = "Check, in this order: that the scopes are those of the mail protocol \
    (outlook.office.com, not Microsoft Graph), that the person who signed in has access to this \
    mailbox, and that the protocol is switched on for it.";
const GIVE_SEND_AS: &str = "Give the person who signed in the right to send as this address, or \
    send with the person's own address as sender.";
const EMPTY_MAILBOX: &str = "Make room in the mailbox, or give it more.";
const SEND_LATER: &str = "Nothing: Mailgrant tries again by itself. At most three connections may \
    send from one mailbox at a time.";
const WAIT: &str = "Nothing: Mailgrant tries again by itself.";
const LESS_MAIL: &str = "Nothing: the count is over a day. If it stays, let less mail go from this \
    mailbox.";

const EXEMPT: &str = "Find the login in the sign-in log; exempt Mailgrant from the policy that it \
    names, or switch Authenticated SMTP on for the mailbox.";
const SIGN_IN_LOG: &str = "Entra admin center > Monitoring & health > Sign-in logs";

const FULL_ACCESS: &str =
    "Add-MailboxPermission -Identity MAILBOX -User PERSON -AccessRights FullAccess";
const SERVICE_PRINCIPAL: &str = "New-ServicePrincipal -AppId CLIENT_ID -ObjectId OBJECT_ID; \
    Add-MailboxPermission -Identity MAILBOX -User OBJECT_ID -AccessRights FullAccess";
const TENANT_SWITCH: &str = "Set-TransportConfig -SmtpClientAuthenticationDisabled $false";
const MAILBOX_SWITCH: &str =
    "Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $false";
const IMAP_SWITCH: &str = "Set-CASMailbox -Identity MAILBOX -ImapEnabled $true";
const SEND_AS: &str =
    "Add-RecipientPermission -Identity MAILBOX -Trustee PERSON -AccessRights SendAs";

pub(super) static ROWS: &[Row] = rows! { Answer;
    Imap NotConnected Tenant ["authenticated but not connected", "connection closed. 14"]
        says "BAD User is authenticated but not connected."
        "The token is good, and the mailbox does not open: no access, no licence, or no IMAP."
        GIVE_ACCESS at FULL_ACCESS from "https://github.com/jstedfast/MailKit/issues/1494";
    Imap TokenEnded Server ["accesstokenexpired"]
        says "BYE Session invalidated - AccessTokenExpired"
        "The session ended with its access token, as it must."
        WAIT from "https://github.com/iroco-co/aioimaplib/issues/83";
    Imap Act Operator ["basicauthblocked"]
        says "NO AUTHENTICATE failed. Error=\"AuthFailed:LogonDenied-BasicAuthBlocked-<UserType:OutlookCom> LogonFailed-BasicAuthBlocked\""
        "A password was used where only OAuth is allowed."
        RECONNECT from "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online";
    Imap Act Tenant ["noadrecipient", "authresultfrompopimapend=8"]
        says "NO AUTHENTICATE failed. Error=\"NoADRecipient\" AuthResultFromPopImapEnd=8"
        "IMAP is switched off for the mailbox, or Exchange does not know it."
        SWITCH_IMAP at IMAP_SWITCH from "https://learn.microsoft.com/powershell/module/exchange/set-casmailbox";
    Imap Act Tenant ["authfailed:logondenied"]
        says "NO AUTHENTICATE failed. Error=\"AuthFailed:LogonDenied-None-OAuthLog:AuthExc_Auth Failed.\""
        "The token was understood, and Exchange gives no access to this mailbox."
        GIVE_APP_ACCESS at SERVICE_PRINCIPAL from "https://www.phinit.de, 2025-12-23, on OAuth for IMAP in Exchange Online";
    Smtp Act Tenant ["smtpclientauthentication is disabled for the tenant"]
        says "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information."
        "Sending by SMTP is switched off for the whole organisation."
        SWITCH_SMTP_TENANT at TENANT_SWITCH from "https://github.com/simonrob/email-oauth2-proxy/issues/193";
    Smtp Act Tenant ["smtpclientauthentication is disabled for the mailbox"]
        says "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information."
        "Sending by SMTP is switched off for this mailbox."
        SWITCH_SMTP_MAILBOX at MAILBOX_SWITCH from SMTP_AUTH;
    Smtp Act Operator ["basic authentication is disabled"]
        says "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
        "A password was used where only OAuth is allowed."
        RECONNECT from "https://github.com/rpremraj/mailR/issues/107";
    Smtp Act Operator ["550 5.7.30"]
        says "550 5.7.30 Basic authentication is not supported for Client Submission."
        "A password was used where only OAuth is allowed."
        USE_OAUTH from BASIC_ENDS;
    Smtp Act Tenant ["5.7.139"]
        says "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully."
        "A policy or a switch of the organisation does not let this login in."
        EXEMPT at SIGN_IN_LOG from SMTP_AUTH;
    Smtp Act Tenant ["550 5.7.60", "permissions to send as this sender", "sendasdenied"]
        says "550 5.7.60 SMTP; Client does not have permissions to send as this sender"
        "The person who signed in may not send with this address as sender."
        GIVE_SEND_AS at SEND_AS from "https://github.com/swiftmailer/swiftmailer/issues/1030";
    Smtp Later Server ["432 4.3.2", "sender thread limit exceeded", "concurrent connections limit"]
        says "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information."
        "Too many connections send from this mailbox at the same time."
        SEND_LATER from THROTTLING;
    Smtp Act Owner ["5.2.2 mailbox full", "exception:quotaexceeded"]
        says "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException"
        "The mailbox is full, so that nothing can be sent from it."
        EMPTY_MAILBOX from SMTP_AUTH;
    Smtp Later Server ["submissionquotaexceeded"]
        says "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"
        "The mailbox has sent as much as it may within a day."
        LESS_MAIL from SMTP_AUTH;
    Imap Later Server ["server unavailable"]
        says "NO Server Unavailable. 15"
        "Exchange holds this mailbox's connections back."
        WAIT from "https://github.com/lefcha/imapfilter/issues/146";
};

/// What Exchange says for any reason at all.
pub(super) static GENERAL: &[Row] = rows! { Answer;
    Imap Act Operator ["authenticate failed"]
        says "NO AUTHENTICATE failed."
        "Exchange says no more than that: the scopes, the address or the access may be wrong."
        CHECK_LOGIN from OAUTH;
    Pop3 Act Operator ["unknown user name or bad password"]
        says "-ERR Logon failure: unknown user name or bad password."
        "Exchange says no more than that: the scopes, the address or the access may be wrong."
        CHECK_LOGIN from OAUTH;
    Smtp Act Operator ["535 5.7.3"]
        says "535 5.7.3 Authentication unsuccessful [AM0PR04CA0001.eurprd04.prod.outlook.com]"
        "Exchange says no more than that: the scopes, the address or the access may be wrong."
        CHECK_LOGIN from OAUTH;
};
