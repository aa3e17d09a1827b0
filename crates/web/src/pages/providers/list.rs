//! All providers.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use mailgrant_oauth::catalogue;

use crate::app::Site;
use crate::endings::Left;
use crate::layout::{Layout, page};
use crate::problem::Problem;
use crate::summary::State as Shown;
use crate::visit::SignedIn;

#[derive(Template)]
#[template(path = "providers.html")]
struct Providers {
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    id: i64,
    name: String,
    kind: &'static str,
    client_id: String,
    accounts: usize,
    state: Shown,
    /// How long the credential lasts that serves, where that should be thought of.
    left: Option<Left>,
}

/// The page.
pub(crate) async fn show(State(site): State<Site>, visitor: SignedIn) -> Result<Response, Problem> {
    let mut used = BTreeMap::new();
    for account in site.vault.accounts().await? {
        *used.entry(account.draft.provider).or_default() += 1;
    }
    let now = site.clock.now();
    let providers = site.vault.providers().await?;
    let rows = providers.iter().map(|provider| Row {
        id: provider.id.0,
        name: provider.name.clone(),
        kind: catalogue::row(provider.profile.kind).label,
        client_id: provider.profile.client_id.clone(),
        accounts: used.get(&provider.id).copied().unwrap_or_default(),
        state: super::state(provider),
        left: super::credentials::soon(provider, &site.keeper, now),
    });
    Ok(page(&Providers {
        rows: rows.collect(),
        layout: Layout::signed_in("Providers", &visitor).section("providers"),
    }))
}
