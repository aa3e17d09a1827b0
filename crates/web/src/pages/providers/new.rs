//! A new provider.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_vault::{EventKind, FieldError, FormErrors, VaultError};

use super::form::{self, Typed};
use crate::app::Site;
use crate::fields::Filled;
use crate::layout::{Layout, page, page_with_status};
use crate::notice::{Notice, see_other_with};
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

#[derive(Template)]
#[template(path = "provider_new.html")]
struct NewProvider {
    layout: Layout,
    form: Filled,
    redirect_uri: String,
}

/// The page.
pub(crate) async fn show(State(site): State<Site>, visitor: SignedIn) -> Response {
    let mut empty = Typed::default();
    "microsoft".clone_into(&mut empty.form.kind);
    let filled = Filled::new(form::sections(&empty, None));
    page(&view(&site, &visitor, filled))
}

/// The form was sent.
pub(crate) async fn submit(
    State(site): State<Site>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let typed = form::read(&sent, None);
    let again = |errors| {
        let filled = Filled::with_errors(form::sections(&typed, None), errors);
        let page = view(&site, &visitor, filled);
        Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page))
    };
    let draft = match typed.check(None) {
        Ok(draft) => draft,
        Err(errors) => return again(errors),
    };
    let provider = match site.vault.add_provider(&draft, site.clock.now()).await {
        Ok(provider) => provider,
        Err(VaultError::NameTaken { .. }) => return again(taken()),
        Err(error) => return Err(error.into()),
    };
    super::note(
        &site,
        EventKind::ProviderAdded,
        &visitor.name,
        &provider,
        "added",
    )
    .await?;
    let path = format!("/providers/{}", provider.id.0);
    Ok(see_other_with(&site, &path, Notice::ProviderAdded))
}

fn view(site: &Site, visitor: &SignedIn, form: Filled) -> NewProvider {
    NewProvider {
        layout: Layout::signed_in("Add a provider", visitor).section("providers"),
        form,
        redirect_uri: site.redirect_uri.to_string(),
    }
}

/// A name that is taken, told at its field.
pub(crate) fn taken() -> FormErrors {
    FormErrors(vec![FieldError {
        field: "name",
        problem: "is taken; choose another one".to_owned(),
    }])
}
