//! The identity provider: discovery, login and consent pages, authorization code with PKCE, device
//! authorization, client credentials, assertions, refresh with rotation, introspection, revocation,
//! JWKS; by the RFCs alone, or as Microsoft or Google do it.
//!
//! One endpoint, one file. `grants` holds what has been given and decides what becomes of it, told
//! the time; the endpoints translate between it and HTTP; `faults` says what is to go wrong.

mod ambient;
mod assertion;
mod attempts;
mod authorization_request;
mod authorize;
mod client_authentication;
mod context;
mod device;
mod devices;
mod disturb;
mod faults;
mod grants;
mod introspection;
mod key;
mod metadata;
mod options;
mod own_grants;
mod pages;
mod parameters;
mod persona;
mod refusal;
mod registration;
mod request_log;
mod scope;
mod server;
mod sign_in;
mod token;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use ambient::Now;
pub use faults::ProviderFault;
pub use options::ProviderOptions;
pub use persona::Persona;
pub use registration::{Client, Credential, PublicKeys, ServiceAccount, User};
pub use sign_in::{answer_device, sign_in, sign_in_and_deny, sign_in_withholding};

use crate::TokenBook;
use attempts::Attempts;
use context::{Context, lock};
use devices::Devices;
use faults::Faults;
use grants::Grants;
use key::Keys;
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

    /// Its issuer: `http://127.0.0.1:PORT`, with the tenant behind it in Microsoft's persona.
    pub fn issuer(&self) -> String {
        self.context.issuer.clone()
    }

    /// Its address without any path: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.context.origin.clone()
    }

    /// Its tenant, in Microsoft's persona.
    pub fn tenant(&self) -> &'static str {
        persona::microsoft::TENANT
    }

    /// Takes assertions that name it so in `aud`, besides its issuer and its token endpoint: the
    /// address of whatever stands before it, say.
    pub fn known_as(&self, name: &str) {
        lock(&self.context.other_names).push(name.to_owned());
    }

    /// Signs with a new key from now on; the old ones stay published (`keep_old`), or not.
    pub fn rotate_keys(&self, keep_old: bool) -> io::Result<()> {
        self.context.keys().rotate(keep_old)
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
    let origin = format!("http://{address}");
    Ok(Context {
        issuer: options.persona.issuer(&origin),
        keys: Mutex::new(Keys::generate(options.persona)?),
        faults: Faults::default(),
        requests: RequestLog::default(),
        token_requests: AtomicU64::new(0),
        refreshes: AtomicU64::new(0),
        attempts: Mutex::new(Attempts::default()),
        devices: Mutex::new(Devices::default()),
        grants: Mutex::new(Grants::new(tokens, options.now.clone())),
        other_names: Mutex::default(),
        used_assertions: Mutex::new(HashSet::new()),
        options,
        origin,
    })
}

fn router(context: Arc<Context>) -> Router {
    let paths = context.persona().paths();
    let mut router = Router::new()
        .route(paths.discovery, get(metadata::discovery))
        .route(paths.keys, get(metadata::keys))
        .route(paths.authorize, get(authorize::authorize))
        .route("/sign-in", post(authorize::sign_in))
        .route("/consent", post(authorize::consent))
        .route(paths.token, post(token::token))
        .route(
            paths.device_authorization,
            post(device::device_authorization),
        )
        .route(
            paths.verification,
            get(device::verification).post(device::verify),
        )
        .route("/style.css", get(pages::style_sheet));
    if let Some(path) = paths.introspect {
        router = router.route(path, post(introspection::introspect));
    }
    if let Some(path) = paths.revoke {
        router = router.route(path, post(introspection::revoke));
    }
    router.fallback(pages::not_found).with_state(context)
}

#[cfg(test)]
mod tests;
