//! What the pages stand on, and the way into them.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use mailgrant_base::{Clock, Random};
use mailgrant_doctor::Doctor;
use mailgrant_fetch::Fetcher;
use mailgrant_keeper::Keeper;
use mailgrant_oauth::RedirectUri;
use mailgrant_vault::Vault;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;
use tower::Layer as _;
use tower_http::timeout::TimeoutLayer;
use url::Url;

use crate::layout::see_other;
use crate::pages::accounts::device::Offers;
use crate::pages::welcome::Welcome;
use crate::routes::{self, Route};
use crate::sign_in_limit::SignInLimit;
use crate::{headers, problem};

/// What the pages stand on.
#[derive(Clone)]
pub struct App {
    /// The store.
    pub vault: Vault,
    /// The keeper.
    pub keeper: Keeper,
    /// The fetcher.
    pub fetcher: Fetcher,
    /// The doctor; its examinations must end before [`LONGEST_ANSWER`].
    pub doctor: Doctor,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The metrics that `/metrics` shows.
    pub metrics: Arc<Registry>,
    /// Where browsers reach these pages; decides whether cookies are `Secure`.
    pub public_url: Url,
    /// Where providers send browsers back to; its path is routed to the callback.
    pub redirect_uri: RedirectUri,
    /// A link that signs its holder in, once; only the demo has one.
    pub welcome: Option<Welcome>,
}

/// All routes.
pub fn router(app: App) -> Router {
    assemble(app, routes::all())
}

/// Only what an authorization needs: the one-time link, the callback and its result, health. For
/// the command line's own listener while no server runs.
pub fn callback_router(app: App) -> Router {
    assemble(app, routes::for_authorization())
}

/// An answer may take as long as the slowest test of a provider or mailbox.
const LONGEST_ANSWER: Duration = Duration::from_mins(2);

/// How many browsers may follow the live numbers at once.
const MOST_FOLLOWERS: usize = 64;

/// How many accounts the doctor examines at once; others wait.
const MOST_EXAMINATIONS: usize = 2;

/// The app with what these pages remember between requests.
#[derive(Clone)]
pub(crate) struct Site {
    app: App,
    pub(crate) sign_in_limit: Arc<SignInLimit>,
    pub(crate) followers: Arc<Semaphore>,
    /// Places for examinations: each logs in several times, and providers count connections.
    pub(crate) examinations: Arc<Semaphore>,
    pub(crate) offers: Offers,
}

impl Site {
    pub(crate) fn new(app: App) -> Self {
        let sign_in_limit = Arc::new(SignInLimit::new(app.clock.clone()));
        let followers = Arc::new(Semaphore::new(MOST_FOLLOWERS));
        Self {
            app,
            sign_in_limit,
            followers,
            examinations: Arc::new(Semaphore::new(MOST_EXAMINATIONS)),
            offers: Offers::default(),
        }
    }
}

impl Deref for Site {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

fn assemble(app: App, table: Vec<Route>) -> Router {
    let site = Site::new(app);
    let pages = table
        .into_iter()
        .fold(Router::new(), |router, route| route.add_to(router, &site))
        .fallback(problem::no_such_page)
        .with_state(site.clone());
    let pages = middleware::from_fn_with_state(site, recognise_answer).layer(pages);
    Router::new()
        .fallback_service(pages)
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            LONGEST_ANSWER,
        ))
        .layer(middleware::map_response(headers::add))
}

/// Sends a provider's answer to the page that takes it, whatever path the redirect URI has: the
/// path may even be one of our own. Where the redirect URI is on another host than the pages
/// (another application's, whose web server passes it on), the browser is sent to the pages' host
/// first, because only there its cookies arrive. An answer under [`routes::RETURN`] has got to
/// where it is taken, and is sent nowhere else.
async fn recognise_answer(State(site): State<Site>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let secret = carries_answer(query);
    let mut response = lead_to_callback(&site, request, next).await;
    if secret {
        headers::tell_nobody_the_address(&mut response);
    }
    response
}

async fn lead_to_callback(site: &Site, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let is_answer = request.method() == Method::GET
        && path != routes::RETURN
        && site.redirect_uri.matches(path, query)
        && (carries_answer(query) || !routes::is_ours(path));
    if !is_answer {
        return next.run(request).await;
    }
    let inside = format!("{}?{query}", routes::RETURN);
    if elsewhere(site) {
        let origin = site.public_url.origin().ascii_serialization();
        return see_other(&format!("{origin}{inside}"));
    }
    match inside.parse::<Uri>() {
        Ok(uri) => {
            *request.uri_mut() = uri;
            next.run(request).await
        }
        Err(_) => problem::no_such_page().await,
    }
}

fn carries_answer(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| matches!(&*name, "state" | "code" | "error"))
}

fn elsewhere(site: &Site) -> bool {
    Url::parse(site.redirect_uri.as_str())
        .is_ok_and(|redirect| redirect.origin() != site.public_url.origin())
}
