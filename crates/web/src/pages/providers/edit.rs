//! A provider's own page: its state, the redirect URI to register, and its form.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_oauth::{Access, catalogue};
use mailgrant_vault::{EventKind, Provider, ProviderId, VaultError};

use super::credentials::{self, CredentialFacts};
use super::form::{self, Typed};
use super::{find, new::taken, note};
use crate::app::Site;
use crate::fields::Filled;
use crate::layout::{Layout, page, page_with_status};
use crate::moment::Moment;
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::summary::State as Shown;
use crate::visit::{Sent, SignedIn};

#[derive(Template)]
#[template(path = "provider.html")]
struct ProviderPage {
    layout: Layout,
    id: i64,
    version: i64,
    paused: bool,
    state: Shown,
    trouble: Option<(String, Moment)>,
    credentials: Vec<CredentialFacts>,
    /// The provider's words where it refuses the first credential while the second serves.
    refused: Option<(String, Moment)>,
    kind: &'static str,
    kind_label: &'static str,
    application: bool,
    form: Filled,
    redirect_uri: String,
}

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    let stored = Typed::of(&provider);
    let filled = Filled::new(form::sections(&stored, Some(&provider)));
    Ok(page(&view(&site, &visitor, &provider, filled)))
}

/// The form was sent.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    let typed = form::read(&sent, Some(&provider));
    let shown = form::sections(&typed, Some(&provider));
    let draft = match typed.check(Some(&provider)) {
        Ok(draft) => draft,
        Err(errors) => {
            let page = view(
                &site,
                &visitor,
                &provider,
                Filled::with_errors(shown, errors),
            );
            return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let version = sent.text("version").parse().unwrap_or_default();
    let changed = site
        .vault
        .change_provider(ProviderId(id), version, &draft, site.clock.now())
        .await;
    match changed {
        Ok(provider) => {
            note(
                &site,
                EventKind::ProviderChanged,
                &visitor.name,
                &provider,
                "changed",
            )
            .await?;
            let path = format!("/providers/{id}");
            Ok(see_other_with(&site, &path, Notice::ProviderSaved))
        }
        Err(VaultError::Stale { .. }) => {
            let told = "Somebody else changed this provider while you were looking at it. Nothing of yours was saved yet: look through your values below and save again, or load the page again to see the other change.";
            let page = view(
                &site,
                &visitor,
                &provider,
                Filled::with_problem(shown, told),
            );
            Ok(page_with_status(StatusCode::CONFLICT, &page))
        }
        Err(VaultError::NameTaken { .. }) => {
            let filled = Filled::with_errors(shown, taken());
            let page = view(&site, &visitor, &provider, filled);
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(error.into()),
    }
}

fn view(site: &Site, visitor: &SignedIn, provider: &Provider, form: Filled) -> ProviderPage {
    let now = site.clock.now();
    let refused = site.keeper.refused_credential(provider);
    ProviderPage {
        layout: Layout::signed_in(provider.name.as_str(), visitor).section("providers"),
        id: provider.id.0,
        version: provider.version,
        paused: provider.paused,
        state: super::state(provider),
        trouble: provider
            .trouble
            .as_ref()
            .map(|trouble| (trouble.reason.clone(), Moment::new(trouble.since, now))),
        credentials: credentials::of(provider, refused.is_some(), now),
        refused: refused.map(|refused| (refused.said.to_string(), Moment::new(refused.since, now))),
        kind: provider.profile.kind.word(),
        kind_label: catalogue::row(provider.profile.kind).label,
        application: provider.profile.access == Access::Application,
        form,
        redirect_uri: site.redirect_uri.to_string(),
    }
}

impl ProviderPage {
    /// Whether the first credential has a certificate that can be shown.
    fn has_certificate(&self) -> bool {
        let first = self.credentials.first();
        first.is_some_and(|first| first.sha256.is_some())
    }
}
