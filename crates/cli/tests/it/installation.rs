//! A Mailgrant whose account is authorised, beside the sandbox's provider and mail server.

use mailgrant_sandbox::{IdentityProvider, MailServer, MailServerOptions, TokenBook};

use crate::command_line::{add_account, add_provider, authorize};
use crate::support::{Mailgrant, provider};

pub(crate) const ADDRESS: &str = "support@example.com";

/// A provider, a mail server and a Mailgrant whose account is authorised; `flags` are the
/// account's further ones.
pub(crate) async fn installation(flags: &[&str]) -> (Mailgrant, IdentityProvider, MailServer) {
    installation_with(MailServerOptions::default(), flags, ADDRESS).await
}

/// The same, with a mail server of this kind, and with this user signing in.
pub(crate) async fn installation_with(
    options: MailServerOptions,
    flags: &[&str],
    user: &str,
) -> (Mailgrant, IdentityProvider, MailServer) {
    let mut mailgrant = Mailgrant::new();
    let tokens = TokenBook::default();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &tokens).await;
    let server = MailServer::start(options, tokens).await.unwrap();
    mailgrant.trust(&server.certificate_pem());

    add_provider(&mailgrant, &provider.issuer());
    let port = server.tls_address().port().to_string();
    let mut all = vec!["--imap-port", &port];
    all.extend(flags);
    add_account(&mailgrant, &all);
    authorize(&mailgrant, user).await;
    (mailgrant, provider, server)
}
