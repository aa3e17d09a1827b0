//! Yahoo, Yandex and Dovecot. Zoho says no more than the standard's code.

use super::Row;
use super::rows::rows;

const WAIT: &str = "Nothing: Mailgrant tries again by itself.";
const FEWER: &str = "Nothing: Mailgrant tries again by itself. If it stays, close other mail \
    programs on this mailbox, or raise the server's limit.";
const TURN_ON_AT_YANDEX: &str = "Turn IMAP on in the mailbox's settings, and check that the person \
    who signed in is the mailbox's owner.";
const YANDEX_SETTINGS: &str = "Yandex Mail > All settings > Email clients";

pub(super) static ROWS: &[Row] = rows! { Answer;
    Imap Act Owner ["or imap is disabled"]
        says "NO [AUTHENTICATIONFAILED] AUTHENTICATE invalid credentials or IMAP is disabled sc=x"
        "Yandex does not take this token, or IMAP is switched off for this mailbox."
        TURN_ON_AT_YANDEX at YANDEX_SETTINGS from "https://github.com/chatmail/async-imap/issues/35";
    Imap Later Server ["rate limit hit"]
        says "NO [LIMIT] CAPABILITY Rate limit hit."
        "Yahoo is asked too often."
        WAIT from "https://github.com/postalsys/imapflow/issues/75";
    Imap Later Server ["server error - please try again later", "server error while"]
        says "NO [UNAVAILABLE] UID FETCH Server error - Please try again later"
        "Yahoo has a passing fault."
        WAIT from "https://github.com/joeyates/imap-backup/issues/218";
    Imap Later Server ["tempfail"]
        says "NO [TEMPFAIL] UID FETCH Temporary failure on server [CODE: WBL]"
        "Yahoo has a passing fault."
        WAIT from "https://github.com/mscdex/node-imap/issues/340";
    Imap Later Server ["maximum number of connections"]
        says "NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=16)"
        "Too many connections are open to this mailbox."
        FEWER from "https://github.com/mscdex/node-imap/issues/606";
    Any Later Server ["temporary authentication failure"]
        says "NO [UNAVAILABLE] Temporary authentication failure."
        "The server cannot check the token at the moment; it may not reach its identity provider."
        WAIT from "https://github.com/dovecot/core, its login processes";
    Imap Later Server ["internal error occurred"]
        says "NO [SERVERBUG] Internal error occurred. Refer to server log for more information."
        "The server has a fault, which its log tells."
        WAIT from "https://github.com/dovecot/core, its mail errors";
    Imap Later Server ["server busy", "try again later", "temporary"]
        says "NO Server busy, try again later."
        "The server is busy."
        WAIT from "https://support.google.com/a/answer/3726730";
};
