//! What to do next, at any provider.

pub(super) const AGAIN: &str = "Press Authorize on the account and sign in again.";
pub(super) const ACCEPT: &str = "Press Authorize on the account again and accept.";
pub(super) const CHECK_CLIENT: &str = "Compare client id, client secret and tenant of the provider \
    profile with the provider's portal.";
pub(super) const CHECK_ENDPOINTS: &str = "Check the endpoints, the tenant and the redirect URI of \
    the provider profile; if they are right, please report it.";
pub(super) const CHECK_SCOPES: &str = "Compare the scopes of the provider profile with the \
    permissions in the provider's portal.";
pub(super) const ADD_REDIRECT: &str = "Enter Mailgrant's redirect URI in the provider's portal, \
    character for character, as a web application's.";
pub(super) const CHECK_CLOCK: &str = "Compare the clock of Mailgrant's machine with the world's, \
    and keep it right (NTP).";
pub(super) const OTHER_ACCOUNT: &str = "Press Authorize on the account and sign in with the \
    account that the mailbox belongs to, in a private window if another is taken by itself.";
pub(super) const DEVICE: &str =
    "Begin again: ask for a new code, and type it in as it stands there.";
pub(super) const REPORT: &str = "Please report it: Mailgrant asked in a wrong way.";
pub(super) const WAIT: &str = "Nothing: Mailgrant tries again by itself.";
