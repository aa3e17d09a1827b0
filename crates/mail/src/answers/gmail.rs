//! Gmail and Google Workspace.

use super::Row;
use super::rows::rows;

const ERRORS: &str = "https://support.google.com/a/answer/3726730";
const LIMITS: &str = "https://support.google.com/a/answer/1071518";
const IMAP_SMTP: &str = "https://developers.google.com/workspace/gmail/imap/imap-smtp";
const CONNECTIONS: &str = "https://support.google.com/mail/answer/7126229";
const BROWSER: &str = "https://support.google.com/mail/accounts/answer/78754";

const END_USER_ACCESS: &str = "Google Admin console > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access";
const SETTINGS: &str = "Gmail > Settings > See all settings > Forwarding and POP/IMAP";

const ALLOW_IMAP: &str = "Allow POP and IMAP access, and Mailgrant's client id where only listed \
    OAuth clients are allowed.";
const TURN_IMAP_ON: &str = "Turn IMAP on in the mailbox's settings.";
const TURN_POP_ON: &str = "Turn POP on in the mailbox's settings.";
const SIGN_IN: &str = "Sign in once with a web browser and confirm that it was you.";
const USE_OAUTH: &str = "Press Authorize on the account, so that it signs in by OAuth and not with \
    a password.";
const WAIT: &str = "Nothing: Mailgrant tries again by itself.";
const FEWER: &str = "Nothing: Mailgrant tries again by itself. If it stays, close other mail \
    programs on this mailbox; Gmail allows 15 connections.";
const NEXT_DAY: &str = "Nothing: Gmail opens the mailbox again within a day. If it comes back, \
    fetch less often or fewer folders.";
const SEND_LESS: &str = "Nothing: the count is over 24 hours. If it stays, let less mail go from \
    this mailbox.";
const ASK_ADMIN: &str = "Look at the organisation's rules for Gmail: one of them refuses this.";
const REPORT: &str = "Please report it with the server's name.";
const CHECK_ACCOUNT: &str = "Check that the scope is https://mail.google.com/ and that the person \
    who signed in is the mailbox's owner; then press Authorize on the account.";

pub(super) static ROWS: &[Row] = rows! { Answer;
    Imap Act Tenant ["imap access is disabled for your domain"]
        says "NO [ALERT] IMAP access is disabled for your domain. Please contact your domain administrator for questions about this feature. (Failure)"
        "IMAP is switched off for the whole organisation, or for Mailgrant's client."
        ALLOW_IMAP at END_USER_ACCESS from "https://support.google.com/a/answer/105694";
    Imap Act Owner ["not enabled for imap"]
        says "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)"
        "IMAP is switched off for this mailbox."
        TURN_IMAP_ON at SETTINGS from CONNECTIONS;
    Pop3 Act Owner ["not enabled for pop"]
        says "-ERR [SYS/PERM] Your account is not enabled for POP access. Please visit your Gmail settings page and enable your account for POP access."
        "POP is switched off for this mailbox."
        TURN_POP_ON at SETTINGS from "https://support.google.com/mail/answer/7104828";
    Any Act Owner ["web login required", "log in via your web browser", "log in with your web browser", "webalert"]
        says "NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)"
        "Google wants to see the mailbox's owner in a browser first."
        SIGN_IN at BROWSER from BROWSER;
    Smtp Act Operator ["application-specific password required", "5.7.9 application"]
        says "534-5.7.9 Application-specific password required."
        "A password was used where OAuth or an app password is wanted."
        USE_OAUTH from ERRORS;
    Imap Later Server ["too many simultaneous connections"]
        says "NO [ALERT] Too many simultaneous connections. (Failure)"
        "Too many connections are open to this mailbox."
        FEWER from CONNECTIONS;
    Imap Later Server ["exceeded command or bandwidth limits"]
        says "NO [ALERT] Account exceeded command or bandwidth limits. (Failure)"
        "The mailbox has given out as much as Gmail allows within a day."
        NEXT_DAY from LIMITS;
    Imap TokenEnded Server ["session expired"]
        says "BYE Session expired, please login again."
        "The session ended with its access token, as it must."
        WAIT from IMAP_SMTP;
    Smtp Later Server ["too many login attempts"]
        says "454 4.7.0 Too many login attempts, please try again later."
        "Google takes no login at the moment, because there were too many."
        WAIT from ERRORS;
    Smtp Later Server ["cannot authenticate due to temporary system problem"]
        says "454 4.7.0 Cannot authenticate due to temporary system problem, please try again later."
        "Google has a passing fault."
        WAIT from ERRORS;
    Smtp Later Server ["421 4.7.0", "421 4.3.0", "451 4.3.0", "421 4.4.5"]
        says "421 4.7.0 Temporary System Problem. Try again later."
        "Google has a passing fault."
        WAIT from ERRORS;
    Smtp Later Server ["550 5.4.5", "user sending limit exceeded"]
        says "550 5.4.5 Daily user sending limit exceeded."
        "The mailbox has sent as much as Google allows within 24 hours."
        SEND_LESS from "https://support.google.com/a/answer/166852";
    Smtp Later Server ["452 4.5.3"]
        says "452 4.5.3 Your message has too many recipients."
        "The message has more recipients than Google takes at a time."
        SEND_LESS from ERRORS;
    Smtp Act Tenant ["gcdp"]
        says "550 5.7.1 Message rejected by your organisation's rule - gcdp"
        "A rule of the organisation refuses it."
        ASK_ADMIN at END_USER_ACCESS from ERRORS;
    Any Act Bug ["invalid sasl argument", "cannot decode response", "555 5.5.2 syntax error"]
        says "BAD Invalid SASL argument"
        "The server did not understand the login."
        REPORT from "https://github.com/mscdex/node-imap/issues/233";
    Smtp Act Operator ["5.7.8 username and password not accepted"]
        says "535-5.7.8 Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials"
        "Google does not take this token: it is old, for another scope, or another person's."
        CHECK_ACCOUNT from ERRORS;
    Pop3 Act Operator ["[auth] username and password not accepted"]
        says "-ERR [AUTH] Username and password not accepted."
        "Google does not take this token: it is old, for another scope, or another person's."
        CHECK_ACCOUNT from ERRORS;
};
