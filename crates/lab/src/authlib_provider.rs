//! An identity provider on Authlib and Flask, as Debian packages them: another implementation, in
//! another language, by other people.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::OidcClient;
use crate::process::{Background, free_port};

/// The system's own Python, which sees the system's packages.
const PYTHON: &str = "/usr/bin/python3";

/// What a test decides about its provider.
#[derive(Debug, Clone)]
pub struct AuthlibProviderOptions {
    /// The clients, by `client_secret_basic` or `client_secret_post`. Authlib takes the secret of
    /// the former as it stands, where RFC 6749 (section 2.3.1) has it wrapped as in a form.
    pub clients: Vec<OidcClient>,
    /// How long access tokens live, in seconds.
    pub access_token_seconds: u32,
}

/// A running provider: PKCE, refresh tokens rotate and their reuse ends the grant, identities signed
/// with RS256, revocation, introspection, scopes `openid offline_access email mail`. Whoever signs
/// in is called what they type as login.
#[derive(Debug)]
pub struct AuthlibProvider {
    _process: Background,
    port: u16,
}

impl AuthlibProvider {
    /// Starts one.
    pub fn start(options: &AuthlibProviderOptions) -> Self {
        let port = free_port();
        let settings = json!({
            "port": port,
            "accessTokenSeconds": options.access_token_seconds,
            "clients": options.clients.iter().map(client).collect::<Vec<_>>(),
        });
        let mut command = Command::new(PYTHON);
        command
            .args(["-c", include_str!("../authlib-provider.py")])
            .env("SETTINGS", settings.to_string())
            .stderr(Stdio::null());
        let (process, ()) =
            Background::start_and_read(&mut command, |line| line.contains("up").then_some(()));
        Self {
            _process: process,
            port,
        }
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn client(client: &OidcClient) -> Value {
    json!({
        "id": client.id,
        "secret": client.secret,
        "method": client.method,
        "redirect_uris": client.redirect_uris,
    })
}
