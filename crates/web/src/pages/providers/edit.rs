//! A provider's own page: its state, the redirect URI to register, and its form.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_oauth::ClientCredential;
use mailgrant_vault::{EventKind, Provider, ProviderForm, ProviderId, VaultError};

use super::{find, form, new::taken, note};
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
    let filled = Filled::new(sections(&ProviderForm::of(&provider), &provider));
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
    let typed = form::read(&sent, ProviderForm::of(&provider));
    let shown = sections(&typed, &provider);
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

fn sections(form: &ProviderForm, provider: &Provider) -> Vec<crate::fields::Section> {
    let stored = match &provider.profile.credential {
        ClientCredential::None => None,
        ClientCredential::Secret { .. } => Some("secret"),
        other => Some(other.label()),
    };
    form::sections(form, stored)
}

fn view(site: &Site, visitor: &SignedIn, provider: &Provider, form: Filled) -> ProviderPage {
    let now = site.clock.now();
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
        form,
        redirect_uri: site.redirect_uri.to_string(),
    }
}
