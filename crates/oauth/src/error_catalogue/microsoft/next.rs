//! What to do next, at Microsoft.

pub(super) const ADDRESS: &str =
    "Check the address and the tenant, then press Authorize on the account again.";
pub(super) const PASSWORD: &str = "Set the password right on Microsoft's page, then press \
    Authorize on the account.";
pub(super) const MFA: &str = "Press Authorize on the account and follow Microsoft's page, which \
    sets the second factor up.";
pub(super) const CONSENT: &str = "Press Authorize on the account and accept; if the page leaves no \
    choice, an administrator of the mailbox's organisation must consent.";
pub(super) const BROWSER: &str = "Press Authorize on the account in a browser, without a code.";
pub(super) const OTHER_METHOD: &str = "Press Authorize on the account and choose another way of \
    signing in on Microsoft's page.";

pub(super) const ALLOW_FLOW: &str = "Press Authorize on the account and sign in with a browser; or \
    exempt Mailgrant from the policy on authentication flows.";
pub(super) const APP_ROLE: &str = "Give the application its permission (such as IMAP.AccessAsApp) \
    and consent to it for the organisation.";
pub(super) const AGE: &str = "Correct the age group of the account, or let the guardian consent.";
pub(super) const ASSIGN: &str = "Assign the account to the application, or switch Assignment \
    required off; then press Authorize on the account.";
pub(super) const CLEAR_RISK: &str = "Look into the risk that is reported, and dismiss it if it is \
    none; then press Authorize on the account.";
pub(super) const CONSENT_ALL: &str = "Consent to the application for the whole organisation; then \
    press Authorize on the account.";
pub(super) const CONSENT_REQUEST: &str = "Decide on the request for consent; then press Authorize \
    on the account.";
pub(super) const CROSS: &str = "Allow the other organisation in the settings for access across \
    tenants, or sign in with an account of the mailbox's own tenant.";
pub(super) const ENABLE: &str = "Enable the account; then press Authorize on the account.";
pub(super) const ENABLE_APP: &str = "Switch Enabled for users to sign in on again, if that is \
    wanted; nothing else has to be done.";
pub(super) const ENABLE_DEVICE: &str = "Enable the device or let the person sign in from another; \
    then press Authorize on the account.";
pub(super) const ENABLE_SERVICE: &str = "Check that the organisation has Exchange Online, with a \
    licence that has not ended; then press Authorize on the account.";
pub(super) const EXEMPT: &str = "Find the sign-in in the log by its Correlation ID, and exempt \
    Mailgrant or its address from the policy that it names; then press Authorize on the account.";
pub(super) const FREQUENCY: &str = "Press Authorize on the account; to end the repetition, exempt \
    Mailgrant from the policy on sign-in frequency.";
pub(super) const INVITE: &str = "Add or invite the account, let the invitation be accepted, or \
    enter the mailbox's own tenant in the provider profile; then press Authorize on the account.";
pub(super) const LET_REGISTER: &str = "Let the person register a second factor, from a place that \
    the policy trusts or with a temporary pass; then press Authorize on the account.";
pub(super) const LOOK_AT_DEFAULTS: &str = "Let the person register a second factor and sign in \
    with a browser, or replace the security defaults by policies of your own.";
pub(super) const MEND_OUTSIDE_CHECK: &str = "Mend the set-up of the outside check, or take it out \
    of the policy; then press Authorize on the account.";
pub(super) const RESET_METHODS: &str = "Let the person register the second factor anew; then press \
    Authorize on the account.";
pub(super) const RESET_PASSWORD: &str = "Reset the password in the organisation's own directory, \
    and look at why it could not be written; then press Authorize on the account.";
pub(super) const RESTRICT: &str = "Allow the mailbox's tenant in the proxy that adds the header \
    Restrict-Access-To-Tenants, or lead Mailgrant around it.";
pub(super) const UNLOCK: &str = "Look at the Failure reason in the sign-in log: wait or unblock the \
    account, or see why the address of Mailgrant's machine has a bad name.";

pub(super) const MEND_AGENTS: &str = "Look at the logs and clocks of the authentication agents in \
    the organisation's network.";
pub(super) const MEND_FEDERATION: &str = "Look at the organisation's own sign-in service (such as \
    AD FS or Okta) and its set-up at Microsoft; then press Authorize on the account.";
pub(super) const MEND_SYNC: &str = "Look at how the account is synchronised, above all at its \
    immutable id and its sign-in name; then press Authorize on the account.";
pub(super) const MEND_TICKET: &str = "Press Authorize on the account from a browser outside the \
    network, or mend the seamless single sign-on.";
pub(super) const WIDEN_HOURS: &str = "Widen the account's logon hours in the organisation's own \
    directory, or sign in within them.";

pub(super) const ADD_PERMISSION: &str = "Add the permission to the registration (Office 365 \
    Exchange Online for IMAP, POP and SMTP, Microsoft Graph for its own), and consent to it.";
pub(super) const ADD_SECRET: &str = "Enter a client secret or certificate in the provider profile; \
    for a public client allow public client flows in the registration.";
pub(super) const ASK_SUPPORT: &str = "Ask Microsoft's support, with the Trace ID, the Correlation \
    ID and the time of this refusal.";
pub(super) const CHECK_CERTIFICATE: &str = "Upload the certificate that belongs to Mailgrant's key, \
    compare its thumbprint, and see that it has not expired.";
pub(super) const CHECK_CLAIMS: &str = "Correct or remove the claims that were set up for the \
    application.";
pub(super) const CHECK_CLOUD: &str = "Enter the endpoints of the cloud that the tenant lives in, \
    and register Mailgrant there.";
pub(super) const CHECK_FEDERATED: &str = "Compare issuer, subject and audience of the federated \
    credential with the token, letter by letter; a new one takes some minutes to spread.";
pub(super) const CHECK_MANIFEST: &str = "Correct the registration's manifest; a plain registration \
    needs none of this.";
pub(super) const CHECK_TENANT: &str =
    "Enter the tenant's own id or domain in the provider profile.";
pub(super) const MULTITENANT: &str = "Make the registration multitenant, or register Mailgrant in \
    the mailbox's own tenant.";
pub(super) const NEW_SECRET: &str = "Make a new client secret in the provider's portal and enter \
    its value in the provider profile.";
pub(super) const REGISTER_AS_WEB: &str = "Move the redirect URI from Single-page application to \
    Web in the registration; then press Authorize on the account.";
pub(super) const REGISTER_OWN: &str = "Register an application of your own and enter its client id \
    in the provider profile.";
pub(super) const REMOVE_SECRET: &str = "Remove the client secret from the provider profile, or \
    register the redirect URI as a web application's.";
pub(super) const WEB_THEN_AGAIN: &str = "Register the redirect URI as a web application's, then \
    press Authorize on every account of this profile.";
