//! The one check behind pages and command line: what people type becomes a draft, or a list of
//! what is wrong with which field.

mod account;
mod app_password;
mod check;
mod credential;
mod provider;
mod rules;
mod sink;
mod source;
mod watch;

pub use sink::OWN_SINK;

use mailgrant_oauth::ClientKey;

/// One field that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name, as in the form and (with `--` and dashes) on the command line.
    pub field: &'static str,
    /// What is wrong and what is expected, as a sentence.
    pub problem: String,
}

/// Everything that is wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(|e| format!("{}: {}", e.field, e.problem)).collect::<Vec<_>>().join("; "))]
pub struct FormErrors(pub Vec<FieldError>);

/// What people type about an app password.
#[derive(Debug, Clone, Default)]
pub struct AppPasswordForm {
    /// What it is for.
    pub label: String,
    /// `imap`, `pop3`, `smtp`, with commas between; empty means all.
    pub protocols: String,
    /// Where it may be used, with commas between: `192.0.2.0/24`; empty means everywhere.
    pub networks: String,
}

/// What people type about a provider; empty means not given.
#[derive(Debug, Clone, Default)]
pub struct ProviderForm {
    /// Its unique name.
    pub name: String,
    /// `microsoft`, `google`, `oidc`, `oauth2`.
    pub kind: String,
    /// The client id; empty takes the one that came with the key.
    pub client_id: String,
    /// `delegated` (also when empty) or `application`.
    pub access: String,
    /// The client secret; empty keeps the one that is there, or means a public client.
    pub client_secret: String,
    /// Drops the secret that is there, or whatever else stands in its place.
    pub no_client_secret: bool,
    /// The day on which the secret ends, as `YYYY-MM-DD`; empty where it is not known.
    pub secret_expires: String,
    /// A key in the secret's place; none keeps the one that is there.
    pub client_key: Option<ClientKey>,
    /// A federated token file in the secret's place: an absolute path. Empty keeps what is there.
    pub federated_token_file: String,
    /// A new credential leaves the former one as the second.
    pub keep_second: bool,
    /// Drops the second credential.
    pub drop_second: bool,
    /// `basic`, `post` or empty (the catalogue's).
    pub secret_method: String,
    /// Microsoft: the tenant.
    pub tenant: String,
    /// OpenID Connect: the issuer.
    pub issuer: String,
    /// By hand: the authorization endpoint.
    pub authorization_endpoint: String,
    /// By hand: the token endpoint.
    pub token_endpoint: String,
    /// By hand: the signing keys.
    pub jwks_uri: String,
    /// By hand: the revocation endpoint.
    pub revocation_endpoint: String,
    /// By hand: the device authorization endpoint.
    pub device_authorization_endpoint: String,
    /// By hand: the introspection endpoint.
    pub introspection_endpoint: String,
    /// By hand: scopes, separated by spaces.
    pub scopes: String,
}

/// What people type about an account; empty means not given.
#[derive(Debug, Clone, Default)]
pub struct AccountForm {
    /// Its unique name; empty takes the address.
    pub name: String,
    /// The mailbox's address.
    pub address: String,
    /// The provider's name.
    pub provider: String,
    /// Who signs in, for a shared mailbox.
    pub signs_in: String,
    /// `imap` (also when empty), `pop3`, `graph` or `gmail`.
    pub source: String,
    /// `user=` over IMAP.
    pub imap_user: String,
    /// `user=` over POP3.
    pub pop3_user: String,
    /// `user=` over SMTP.
    pub smtp_user: String,
    /// The IMAP host; empty takes the provider's own.
    pub imap_host: String,
    /// The IMAP port; empty takes 993 (tls) or 143.
    pub imap_port: String,
    /// `tls`, `starttls`, `plain`; empty means `tls`.
    pub imap_security: String,
    /// The POP3 host; empty takes the provider's own.
    pub pop3_host: String,
    /// The POP3 port; empty takes 995 (tls) or 110.
    pub pop3_port: String,
    /// As for IMAP.
    pub pop3_security: String,
    /// The SMTP host; empty takes the provider's own.
    pub smtp_host: String,
    /// The SMTP port; empty takes 465 (tls) or 587.
    pub smtp_port: String,
    /// As for IMAP.
    pub smtp_security: String,
    /// The base address of the API for `graph` and `gmail`; empty takes the provider's own.
    pub api_url: String,
    /// The folders, separated by `;`; `*` stands for anything. Empty means `INBOX`.
    pub folder: String,
    /// `everything` (also when empty), `unseen`, `since` or `only-new`.
    pub start: String,
    /// The day for `since`, such as `2026-11-01`.
    pub since: String,
    /// `keep` (also when empty), `mark-seen`, `move`, `delete`, `delete-after`.
    pub after: String,
    /// How many days for `delete-after`.
    pub delete_after: String,
    /// The folder for `move`.
    pub move_to: String,
    /// Rules, one on a line.
    pub rules: String,
    /// The largest message that is delivered, in MB; empty or 0 for any.
    pub largest: String,
    /// How many messages one sender may have delivered within an hour; empty means 200, 0 any.
    pub per_sender: String,
    /// When a mailbox without mail is told of: `off`, a number of hours, or empty: by its habit.
    pub silence: String,
    /// How many hours lie between two canaries; empty for none.
    pub canary: String,
    /// The account's further sinks: they have forms of their own.
    pub sinks: crate::Sinks,
    /// `maildir`, `command`, `lmtp`, `smtp`, `webhook`, `append`, or empty: only tokens.
    pub sink: String,
    /// Maildir: an absolute path.
    pub maildir: String,
    /// Command: program and arguments, in the shell's quoting.
    pub command: String,
    /// Command: the time limit in seconds; empty means 60.
    pub command_time_limit: String,
    /// Command: how many may run at the same time; empty means 1.
    pub command_at_once: String,
    /// LMTP and SMTP: `host:port`, `host`, or a socket's absolute path (LMTP).
    pub relay: String,
    /// LMTP and SMTP: `tls`, `starttls`, `plain`; empty means `plain` on this machine and
    /// `starttls` elsewhere.
    pub relay_security: String,
    /// LMTP and SMTP: the envelope's recipients; empty means the mailbox's address.
    pub relay_to: String,
    /// LMTP and SMTP: the envelope's sender: an address, `return-path`, or empty: nobody.
    pub relay_from: String,
    /// LMTP and SMTP: `yes` puts header lines before the message that say where it comes from.
    pub relay_headers: String,
    /// Webhook: the address.
    pub webhook: String,
    /// Webhook: `json` (also when empty) or `raw`.
    pub webhook_format: String,
    /// Webhook: how many seconds an answer may take; empty means 30.
    pub webhook_time_limit: String,
    /// Webhook: `yes` allows plain HTTP to other machines and a cloud's own addresses.
    pub webhook_anywhere: String,
    /// Append: the name of the account whose mailbox takes the mail.
    pub append_account: String,
    /// Append: the folder there; empty means `INBOX`.
    pub append_folder: String,
}
