//! oidc-provider from npm, a certified OpenID provider with login and consent pages of its own.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::npm;
use crate::process::{Background, free_port};

/// A registered client.
#[derive(Debug, Clone)]
pub struct OidcClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// `client_secret_basic` or `client_secret_post`.
    pub method: &'static str,
    /// Its redirect URIs, compared exactly.
    pub redirect_uris: Vec<String>,
}

/// What a test decides about its provider.
#[derive(Debug, Clone)]
pub struct OidcProviderOptions {
    /// The clients; a client `dovecot` with the secret `dovecot-secret` that may introspect is
    /// always there.
    pub clients: Vec<OidcClient>,
    /// How long access tokens live, in seconds.
    pub access_token_seconds: u32,
}

/// A running provider: PKCE required, refresh tokens rotate, scopes `openid offline_access email
/// mail`; whoever signs in is called what they type as login.
#[derive(Debug)]
pub struct OidcProvider {
    _process: Background,
    _script: NamedTempFile,
    port: u16,
}

impl OidcProvider {
    /// Starts one.
    pub fn start(options: &OidcProviderOptions) -> Self {
        let port = free_port();
        let lab = npm::folder();
        assert!(
            lab.join("node_modules/oidc-provider").exists(),
            "oidc-provider is not in {}: run ./test, which installs it",
            lab.display()
        );
        // A module finds its packages by the folder that it lies in.
        let script = tempfile::Builder::new()
            .prefix("oidc-provider-")
            .suffix(".mjs")
            .tempfile_in(&lab)
            .expect("the lab's folder is writable");
        fs::write(script.path(), include_str!("../oidc-provider.mjs"))
            .expect("the lab's folder is writable");
        let settings = json!({
            "port": port,
            "accessTokenSeconds": options.access_token_seconds,
            "clients": options.clients.iter().map(client).collect::<Vec<_>>(),
        });
        let mut command = Command::new(npm::node());
        command
            .arg(script.path())
            .env("SETTINGS", settings.to_string());
        command.stderr(std::process::Stdio::null());
        let (process, ()) =
            Background::start_and_read(&mut command, |line| line.contains("up").then_some(()));
        Self {
            _process: process,
            _script: script,
            port,
        }
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where Dovecot asks about tokens.
    pub fn introspection_url(&self) -> String {
        format!(
            "http://dovecot:dovecot-secret@127.0.0.1:{}/token/introspection",
            self.port
        )
    }
}

fn client(client: &OidcClient) -> Value {
    json!({
        "client_id": client.id,
        "client_secret": client.secret,
        "token_endpoint_auth_method": client.method,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": client.redirect_uris,
        "application_type": "native",
    })
}
