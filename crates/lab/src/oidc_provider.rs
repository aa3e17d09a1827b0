//! oidc-provider from npm, a certified OpenID provider with login and consent pages of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::npm;
use crate::process::{Background, free_port};

/// A registered client.
#[derive(Debug, Clone, Default)]
pub struct OidcClient {
    /// Its id.
    pub id: String,
    /// Its secret, where its method has one.
    pub secret: String,
    /// `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`.
    pub method: &'static str,
    /// Its public keys for `private_key_jwt`: a JWK Set.
    pub jwks: Option<Value>,
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

/// A running provider: PKCE required, refresh tokens rotate and their reuse ends the grant, scopes
/// `openid offline_access email mail`; device flow, client credentials (where the client proves
/// itself), introspection, revocation. Whoever signs in is called what they type as login.
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

    /// Signs with a new key from now on; the old ones stay published (`keep_old`), or not. What has
    /// been given stays good.
    pub fn rotate_keys(&self, keep_old: bool) {
        let query = if keep_old { "?keep-old" } else { "" };
        let request = format!(
            "POST /lab/rotate-keys{query} HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        );
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.port)).expect("the provider listens");
        stream
            .write_all(request.as_bytes())
            .expect("the provider reads");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("the provider answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
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
    let mut grants = vec![
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ];
    if client.method != "none" {
        grants.push("client_credentials");
    }
    let mut registration = json!({
        "client_id": client.id,
        "token_endpoint_auth_method": client.method,
        "grant_types": grants,
        "response_types": ["code"],
        "redirect_uris": client.redirect_uris,
        "application_type": "native",
    });
    if client.method.starts_with("client_secret") {
        registration["client_secret"] = client.secret.clone().into();
    }
    if let Some(jwks) = &client.jwks {
        registration["jwks"] = jwks.clone();
    }
    registration
}
