//! The identity provider: discovery, login and consent pages, authorization code with PKCE,
//! refresh with rotation, introspection, revocation, JWKS.
//!
//! One endpoint, one file. `grants` holds what has been given and decides what becomes of it, told
//! the time; the endpoints translate between it and HTTP; `faults` says what is to go wrong.

mod ambient;
mod attempts;
mod authorization_request;
mod authorize;
mod client_authentication;

mod context;
mod disturb;
mod faults;
mod grants;
mod introspection;
mod key;
mod metadata;
mod options;
mod pages;
mod parameters;
mod refusal;
mod request_log;
mod scope;
mod server;
mod sign_in;
mod token;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use faults::ProviderFault;
pub use options::{Client, ProviderOptions, User};
pub use sign_in::{sign_in, sign_in_and_deny};

use crate::TokenBook;
use attempts::Attempts;
use context::Context;
use faults::Faults;
use grants::Grants;
use key::SigningKey;
use request_log::RequestLog;
use scope::Scope;
use server::Server;

/// A running identity provider; stops when dropped.
pub struct IdentityProvider {
    context: Arc<Context>,
    server: Server,
}

impl IdentityProvider {
    /// Starts one on loopback, over plain HTTP. Another address than a loopback one is refused.
    pub async fn start(options: ProviderOptions, tokens: TokenBook) -> io::Result<Self> {
        let listen = options.listen;
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{listen} is not a loopback address; the sandbox serves nobody else"),
            ));
        }
        let listener = TcpListener::bind(listen).await?;
        let context = Arc::new(context(options, tokens, listener.local_addr()?)?);
        let server = Server::start(listener, router(Arc::clone(&context)))?;
        Ok(Self { context, server })
    }

    /// Its issuer: `http://127.0.0.1:PORT`.
    pub fn issuer(&self) -> String {
        self.context.issuer.clone()
    }

    /// Lets a fault happen `times` times (`None`: until [`clear_faults`](Self::clear_faults)).
    pub fn fault(&self, fault: ProviderFault, times: Option<u32>) {
        self.context.faults.add(fault, times);
    }

    /// All is well again.
    pub fn clear_faults(&self) {
        self.context.faults.clear();
    }

    /// Goes down: connections end, new ones are refused. The port stays reserved.
    pub async fn stop(&self) -> io::Result<()> {
        self.server.stop().await
    }

    /// Comes back on the same port, with all grants.
    pub async fn restart(&self) -> io::Result<()> {
        self.server.restart().await
    }

    /// Ends all grants of a user: the next refresh answers `invalid_grant`. Access tokens live on
    /// until their time is up, as they do at most providers; [`TokenBook::revoke_user`] ends them.
    pub fn revoke_grants(&self, user: &str) {
        self.context.grants().end_all_of(user);
    }

    /// How many requests have come to the token endpoint, whether answered or not.
    pub fn token_requests(&self) -> u64 {
        self.context.token_requests.load(Ordering::Relaxed)
    }

    /// How many refresh requests have been answered, with whatever answer.
    pub fn refreshes(&self) -> u64 {
        self.context.refreshes.load(Ordering::Relaxed)
    }

    /// How many grants have been ended because an old refresh token was used again.
    pub fn reuse_detected(&self) -> u64 {
        self.context.grants().reuse_detected()
    }

    /// What has been asked, oldest first, one line each: endpoint, outcome, parameters with secrets
    /// shortened. The last 10,000.
    pub fn requests(&self) -> Vec<String> {
        self.context.requests.lines()
    }

    /// Gives a grant without a browser, as if `user` had signed in and consented: a refresh token.
    pub fn grant(&self, client_id: &str, user: &str, scope: &str) -> String {
        let mut grants = self.context.grants();
        let grant = grants.grant(client_id, user, Scope::parse(scope));
        grants.refresh_token(grant)
    }
}

impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProvider")
            .field("address", &self.server.address())
            .finish_non_exhaustive()
    }
}

fn context(
    options: ProviderOptions,
    tokens: TokenBook,
    address: SocketAddr,
) -> io::Result<Context> {
    Ok(Context {
        options,
        issuer: format!("http://{address}"),
        key: SigningKey::generate()?,
        faults: Faults::default(),
        requests: RequestLog::default(),
        token_requests: AtomicU64::new(0),
        refreshes: AtomicU64::new(0),
        attempts: Mutex::new(Attempts::default()),
        grants: Mutex::new(Grants::new(tokens)),
    })
}

fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(metadata::discovery),
        )
        .route("/jwks", get(metadata::keys))
        .route("/authorize", get(authorize::authorize))
        .route("/sign-in", post(authorize::sign_in))
        .route("/consent", post(authorize::consent))
        .route("/token", post(token::token))
        .route("/introspect", post(introspection::introspect))
        .route("/revoke", post(introspection::revoke))
        .route("/style.css", get(pages::style_sheet))
        .fallback(pages::not_found)
        .with_state(context)
}

#[cfg(test)]
mod tests;
