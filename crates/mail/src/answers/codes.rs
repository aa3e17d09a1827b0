//! The codes of the standards.

use super::Row;
use super::rows::rows;

const WAIT: &str = "Nothing: Mailgrant tries again by itself.";
const ASK_ADMIN: &str = "Ask the administrator of the mail server; the words above tell why.";
const AGAIN: &str = "Press Authorize on the account and sign in again.";
const USE_TLS: &str = "Choose TLS or STARTTLS for the account.";
const OFFER_OAUTH: &str = "Check host and port of the account; the server must offer OAuth logins.";
const CHECK_LOGIN: &str = "Check that the scopes are those for mail, that the protocol is switched \
    on for the mailbox, and that the person who signed in has access to it.";
const REPORT: &str = "Please report it with the server's name.";
const PERMANENT: &str = "Look at the words above; the server says that it will not pass.";

pub(super) static ROWS: &[Row] = rows! { Answer;
    Imap Act Owner ["[expired]"]
        says "NO [EXPIRED] That password isn't valid any more"
        "What the login is made with has expired."
        AGAIN from "RFC 5530, section 3";
    Imap Act Operator ["[privacyrequired]"]
        says "NO [PRIVACYREQUIRED] Please use TLS"
        "The server wants an encrypted connection for this."
        USE_TLS from "RFC 5530, section 3";
    Imap Act Tenant ["[contactadmin]"]
        says "NO [CONTACTADMIN] Contact your administrator"
        "The server sends its user to the administrator."
        ASK_ADMIN from "RFC 5530, section 3";
    Imap Act Tenant ["[authorizationfailed]"]
        says "NO [AUTHORIZATIONFAILED] No such authorization-ID"
        "The token is good, and the server does not let it into this mailbox."
        ASK_ADMIN from "RFC 5530, section 3";
    Smtp Act Operator ["538 5.7.11", "538 encryption"]
        says "538 5.7.11 Encryption required for requested authentication mechanism"
        "The server wants an encrypted connection for this."
        USE_TLS from "RFC 4954, section 6";
    Smtp Act Operator ["504 5.5.4", "504 5.7.4", "unrecognized authentication type"]
        says "504 5.5.4 Unrecognized authentication type"
        "The server does not offer this way of logging in."
        OFFER_OAUTH from "RFC 4954, section 4";
    Smtp Act Operator ["534 5.7.9", "534-5.7.9"]
        says "534 5.7.9 Authentication mechanism is too weak"
        "The server finds this way of logging in too weak."
        OFFER_OAUTH from "RFC 4954, section 6";
    Smtp Act Bug ["501 5.5.2", "500 5.5.6"]
        says "501 5.5.2 Invalid base64 data"
        "The server did not understand the login."
        REPORT from "RFC 4954, section 4";
    Smtp Act Bug ["530 5.7.0", "530-5.7.0"]
        says "530 5.7.0 Authentication required"
        "The server wants a login first."
        REPORT from "RFC 4954, section 6";
    Pop3 Act Operator ["[sys/perm]"]
        says "-ERR [SYS/PERM] This mailbox cannot be opened"
        "The server has a fault that does not pass."
        PERMANENT from "RFC 3206, section 4";
};

/// What passes by itself.
pub(super) static PASSING: &[Row] = rows! { Answer;
    Imap Later Server ["[unavailable]"]
        says "NO [UNAVAILABLE] User's backend down for maintenance"
        "The server cannot do it at the moment."
        WAIT from "RFC 5530, section 3";
    Imap Later Server ["[inuse]"]
        says "NO [INUSE] Mailbox in use"
        "The mailbox is in use."
        WAIT from "RFC 5530, section 3";
    Imap Later Server ["[limit]"]
        says "NO [LIMIT] At most 32 flags in one mailbox supported"
        "A limit of the server is reached."
        WAIT from "RFC 5530, section 3";
    Imap Later Server ["[overquota]"]
        says "NO [OVERQUOTA] Sorry"
        "The mailbox has reached its quota."
        WAIT from "RFC 9208, section 4.3.1";
    Imap Later Server ["[serverbug]"]
        says "NO [SERVERBUG] This should not happen"
        "The server has a fault."
        WAIT from "RFC 5530, section 3";
    Imap Later Server ["[expungeissued]"]
        says "NO [EXPUNGEISSUED] Some of the requested messages no longer exist"
        "A message went while it was asked for."
        WAIT from "RFC 5530, section 3";
    Pop3 Later Server ["[sys/temp]"]
        says "-ERR [SYS/TEMP] No response from the authentication server"
        "The server has a passing fault."
        WAIT from "RFC 3206, section 4";
    Pop3 Later Server ["[in-use]"]
        says "-ERR [IN-USE] Do you have another POP session running?"
        "The mailbox is in use."
        WAIT from "RFC 2449, section 8.1.2";
    Pop3 Later Server ["[login-delay]"]
        says "-ERR [LOGIN-DELAY] Minimum time between mail checks is 60 seconds"
        "The server wants more time between two logins."
        WAIT from "RFC 2449, section 8.1.1";
    Smtp Later Server ["454 4.7.0"]
        says "454 4.7.0 The login cannot be checked now"
        "The server cannot check the login at the moment."
        WAIT from "RFC 4954, section 6";
    Smtp Later Server ["432 4.7.12"]
        says "432 4.7.12 A password transition is needed"
        "The server moves its logins to another mechanism."
        WAIT from "RFC 4954, section 6";
};

/// What says no more than no.
pub(super) static GENERAL: &[Row] = rows! { Answer;
    Imap Act Operator ["[authenticationfailed]"]
        says "NO [AUTHENTICATIONFAILED] Authentication failed."
        "The server does not take this token."
        CHECK_LOGIN from "RFC 5530, section 3";
    Pop3 Act Operator ["[auth]"]
        says "-ERR [AUTH] Authentication failed."
        "The server does not take this token."
        CHECK_LOGIN from "RFC 3206, section 4";
    Smtp Act Operator ["535 5.7.8", "535-5.7.8", "535 5.7.1"]
        says "535 5.7.8 Authentication credentials invalid"
        "The server does not take this token."
        CHECK_LOGIN from "RFC 4954, section 6";
};
