//! The `status` of an error challenge (XOAUTH2: a number; RFC 7628: a word).

use super::Row;
use super::rows::rows;

const XOAUTH2: &str = "https://developers.google.com/workspace/gmail/imap/xoauth2-protocol";
const TOOLS: &str = "https://github.com/google/gmail-oauth2-tools/issues/78";
const RFC: &str = "RFC 7628, section 3.2.2, and RFC 6750, section 3.1";

const CHECK_GOOGLE: &str = "Check that the scope is https://mail.google.com/ and that the person \
    who signed in is the mailbox's owner; then press Authorize on the account.";
const CHECK_TOKEN: &str = "Check that the mail server believes this identity provider, and that the \
    person who signed in is the mailbox's owner; then press Authorize on the account.";
const CHECK_SCOPES: &str = "Add the scope that the server wants to the provider profile, then press \
    Authorize on the account.";
const REPORT: &str = "Please report it with the server's name.";

pub(super) static ROWS: &[Row] = rows! { Challenge;
    Gmail Act Operator ["400"]
        says r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#
        "Google does not take this token: it is old, for another scope, or another person's."
        CHECK_GOOGLE from TOOLS;
    Gmail Act Operator ["401"]
        says r#"{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}"#
        "Google does not take this token: it is old or another person's."
        CHECK_GOOGLE from XOAUTH2;
    Any Act Operator ["400", "401", "invalid_token"]
        says r#"{"status":"invalid_token","scope":"mail"}"#
        "The mail server does not believe this token."
        CHECK_TOKEN from RFC;
    Any Act Operator ["insufficient_scope", "403"]
        says r#"{"status":"insufficient_scope","scope":"mail"}"#
        "The token does not hold the scope that the mail server wants."
        CHECK_SCOPES from RFC;
    Any Act Bug ["invalid_request"]
        says r#"{"status":"invalid_request"}"#
        "The mail server did not understand the login."
        REPORT from RFC;
};
