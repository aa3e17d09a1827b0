//! The table of routes: each with who may use it.

use axum::Router;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};

use crate::app::Site;
use crate::guard::{self, Access, Gate};
use crate::pages::{
    accounts, authorization, events, health, messages, metrics, overview, providers, setup,
    sign_in, sign_out, welcome,
};
use crate::statics;

/// Where a provider's answer is taken, under whatever path it came in.
pub(crate) const RETURN: &str = "/authorization/return";

/// One row of the table.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    handler: MethodRouter<Site>,
}

impl Route {
    /// For whoever comes, signed in or not.
    fn open(path: &'static str, handler: MethodRouter<Site>) -> Self {
        Self {
            path,
            access: Access::Anyone,
            handler,
        }
    }

    /// For administrators.
    fn signed_in(path: &'static str, handler: MethodRouter<Site>) -> Self {
        Self {
            path,
            access: Access::SignedIn,
            handler,
        }
    }

    /// For machines: no cookies, no session.
    fn machine(path: &'static str, handler: MethodRouter<Site>) -> Self {
        Self {
            path,
            access: Access::Machine,
            handler,
        }
    }

    /// Puts the row behind the guard and into the router.
    pub(crate) fn add_to(self, router: Router<Site>, site: &Site) -> Router<Site> {
        let gate = Gate {
            site: site.clone(),
            access: self.access,
        };
        let guarded = self
            .handler
            .layer(middleware::from_fn_with_state(gate, guard::guard));
        router.route(self.path, guarded)
    }
}

/// Every path, with `{…}` where something stands that differs, and who may use it.
pub fn routes() -> impl Iterator<Item = (&'static str, Access)> {
    all().into_iter().map(|route| (route.path, route.access))
}

/// Every page, action and machine's address.
pub(crate) fn all() -> Vec<Route> {
    let mut table = for_authorization();
    table.extend([
        Route::open("/welcome/{secret}", get(welcome::arrive)),
        Route::open("/setup/{secret}", get(setup::show).post(setup::submit)),
        Route::open("/sign-in", get(sign_in::show).post(sign_in::submit)),
        Route::signed_in("/sign-out", post(sign_out::submit)),
        Route::signed_in("/", get(overview::show)),
        Route::signed_in("/events", get(events::follow)),
        Route::signed_in("/providers", get(providers::list::show)),
        Route::signed_in(
            "/providers/new",
            get(providers::new::show).post(providers::new::submit),
        ),
        Route::signed_in("/providers/guide", get(providers::guide::list)),
        Route::signed_in("/providers/guide/{kind}", get(providers::guide::show)),
        Route::signed_in(
            "/providers/{id}",
            get(providers::edit::show).post(providers::edit::submit),
        ),
        Route::signed_in(
            "/providers/{id}/certificate",
            get(providers::certificate::show).post(providers::certificate::submit),
        ),
        Route::signed_in("/providers/{id}/test", post(providers::test::submit)),
        Route::signed_in("/providers/{id}/pause", post(providers::pause::submit)),
        Route::signed_in(
            "/providers/{id}/remove",
            get(providers::remove::show).post(providers::remove::submit),
        ),
        Route::signed_in("/messages", get(messages::list::show)),
        Route::signed_in("/messages/{id}", get(messages::show::show)),
        Route::signed_in("/messages/{id}/look", get(messages::original::look)),
        Route::signed_in("/messages/{id}/original", get(messages::original::download)),
        Route::signed_in("/messages/{id}/retry", post(messages::retry::submit)),
        Route::signed_in(
            "/messages/{id}/drop",
            get(messages::drop::show).post(messages::drop::submit),
        ),
        Route::machine("/metrics", get(metrics::show)),
    ]);
    table.extend(of_accounts());
    table
}

/// The pages of accounts.
fn of_accounts() -> Vec<Route> {
    vec![
        Route::signed_in(
            "/accounts/new",
            get(accounts::new::show).post(accounts::new::submit),
        ),
        Route::signed_in("/accounts/{id}", get(accounts::show::show)),
        Route::signed_in(
            "/accounts/{id}/edit",
            get(accounts::edit::show).post(accounts::edit::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/doctor",
            get(accounts::doctor::show).post(accounts::doctor::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/device",
            get(accounts::device::show).post(accounts::device::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/device/{authorization}",
            get(accounts::device::wait),
        ),
        Route::signed_in(
            "/accounts/{id}/sinks",
            get(accounts::sink::begin).post(accounts::sink::add),
        ),
        Route::signed_in(
            "/accounts/{id}/sinks/{name}",
            get(accounts::sink::show).post(accounts::sink::change),
        ),
        Route::signed_in(
            "/accounts/{id}/sinks/{name}/remove",
            get(accounts::sink::ask_removal).post(accounts::sink::remove),
        ),
        Route::signed_in(
            "/accounts/{id}/route",
            get(accounts::route::show).post(accounts::route::submit),
        ),
        Route::signed_in("/accounts/{id}/test", post(accounts::test::submit)),
        Route::signed_in("/accounts/{id}/pause", post(accounts::pause::submit)),
        Route::signed_in("/accounts/{id}/backfill", post(accounts::backfill::submit)),
        Route::signed_in("/accounts/{id}/retry", post(accounts::retry::submit)),
        Route::signed_in(
            "/accounts/{id}/authorize",
            post(accounts::authorize::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/invite",
            get(accounts::invite::show).post(accounts::invite::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/app-passwords",
            get(accounts::app_passwords::show).post(accounts::app_passwords::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/app-passwords/{password}/revoke",
            post(accounts::app_passwords::revoke),
        ),
        Route::signed_in("/accounts/{id}/withdraw", post(accounts::invite::withdraw)),
        Route::signed_in(
            "/accounts/{id}/revoke",
            get(accounts::revoke::show).post(accounts::revoke::submit),
        ),
        Route::signed_in(
            "/accounts/{id}/remove",
            get(accounts::remove::show).post(accounts::remove::submit),
        ),
    ]
}

/// What an authorization needs that began at the command line.
pub(crate) fn for_authorization() -> Vec<Route> {
    vec![
        Route::open(
            "/authorize/{ticket}",
            get(authorization::ticket::show).post(authorization::ticket::submit),
        ),
        Route::open(
            "/invitation/{secret}",
            get(authorization::invitation::show).post(authorization::invitation::submit),
        ),
        Route::open(RETURN, get(authorization::arrive::arrive)),
        Route::open("/authorization/{id}", get(authorization::result::show)),
        Route::open("/authorization/accept", post(authorization::accept::submit)),
        Route::machine("/healthz", get(health::alive)),
        Route::machine("/readyz", get(health::ready)),
        Route::machine("/static/{file}", get(statics::serve)),
    ]
}

/// Whether a path is one of those above, so that a redirect URI may share it.
pub(crate) fn is_ours(path: &str) -> bool {
    all().iter().any(|route| fits(route.path, path))
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(found)) if part == found => {}
            (Some(part), Some(found)) if part.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_ours_whatever_stands_in_its_places() {
        for ours in ["/", "/sign-in", "/accounts/7", "/accounts/7/edit", RETURN] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "/index.pl",
            "/accounts/",
            "/accounts/7/index.pl",
            "/sign-in/",
            "",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
