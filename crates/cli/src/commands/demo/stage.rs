//! The outside world in small: an identity provider and a mail server with sample mail.

use std::io;
use std::path::Path;
use std::time::Duration;

use mailgrant_base::files::{self, FileError};
use mailgrant_sandbox::{
    Client, IdentityProvider, MailServer, MailServerOptions, ProviderOptions, Sample, TokenBook,
    User, samples,
};

pub(super) const ADDRESS: &str = "support@example.com";
pub(super) const PASSWORD: &str = "sandbox";
pub(super) const CLIENT_ID: &str = "mailgrant-demo";
pub(super) const CLIENT_SECRET: &str = "known-to-the-sandbox-alone";
pub(super) const CERTIFICATE: &str = "sandbox.pem";
pub(super) const MAILDIR: &str = "Maildir";

/// Short enough that a renewal can be watched.
const TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// Which hundred messages: any number will do.
const SEED: u64 = 7;

/// The sandbox, running.
pub(super) struct Stage {
    pub(super) provider: IdentityProvider,
    pub(super) server: MailServer,
    pub(super) messages: Vec<Sample>,
}

impl Stage {
    /// Starts provider and mail server and puts the sample mail into the mailbox.
    pub(super) async fn set_up(redirect_uri: &str) -> io::Result<Self> {
        let tokens = TokenBook::default();
        let options = ProviderOptions {
            clients: vec![Client {
                id: CLIENT_ID.to_owned(),
                secret: Some(CLIENT_SECRET.to_owned()),
                redirect_uris: vec![redirect_uri.to_owned()],
                ..Client::default()
            }],
            users: vec![User {
                address: ADDRESS.to_owned(),
                password: PASSWORD.to_owned(),
            }],
            access_token_lifetime: TOKEN_LIFETIME,
            hint: Some(format!(
                "Sign in as {ADDRESS} with the password {PASSWORD}."
            )),
            ..ProviderOptions::default()
        };
        let provider = IdentityProvider::start(options, tokens.clone()).await?;
        let server = MailServer::start(MailServerOptions::default(), tokens).await?;
        let stage = Self {
            provider,
            server,
            messages: samples(SEED),
        };
        for message in &stage.messages {
            stage.deliver(message);
        }
        Ok(stage)
    }

    /// Lets a message arrive in the mailbox.
    pub(super) fn deliver(&self, message: &Sample) {
        self.server.deliver(ADDRESS, "INBOX", &message.raw);
    }

    /// Writes the mail server's certificate where Mailgrant is told to trust it.
    pub(super) fn write_certificate(&self, folder: &Path) -> Result<(), FileError> {
        files::create_private(
            &folder.join(CERTIFICATE),
            self.server.certificate_pem().as_bytes(),
        )
    }
}
