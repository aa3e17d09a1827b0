//! A new account.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_vault::{AccountForm, EventKind, Provider, VaultError};

use super::form;
use crate::app::Site;
use crate::fields::Filled;
use crate::layout::{Layout, page, page_with_status, see_other};
use crate::notice::{Notice, see_other_with};
use crate::pages::providers::new::taken;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

#[derive(Template)]
#[template(path = "account_form.html")]
pub(super) struct AccountFormPage {
    pub(super) layout: Layout,
    pub(super) form: Filled,
    pub(super) action: String,
    pub(super) version: i64,
    pub(super) back: String,
}

/// The page.
pub(crate) async fn show(State(site): State<Site>, visitor: SignedIn) -> Result<Response, Problem> {
    let providers = site.vault.providers().await?;
    let Some(first) = providers.first() else {
        return Ok(see_other("/providers/new"));
    };
    let empty = AccountForm {
        provider: first.name.clone(),
        sink: "maildir".to_owned(),
        ..AccountForm::default()
    };
    Ok(page(&view(
        &visitor,
        Filled::new(form::sections(&empty, &providers)),
    )))
}

/// The form was sent.
pub(crate) async fn submit(
    State(site): State<Site>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let typed = form::read(&sent);
    let providers: Vec<Provider> = site.vault.providers().await?;
    let again = |errors| {
        let filled = Filled::with_errors(form::sections(&typed, &providers), errors);
        let page = view(&visitor, filled);
        Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page))
    };
    let draft = match typed.check(&providers) {
        Ok(draft) => draft,
        Err(errors) => return again(errors),
    };
    let account = match site.vault.add_account(&draft, site.clock.now()).await {
        Ok(account) => account,
        Err(VaultError::NameTaken { .. }) => return again(taken()),
        Err(error) => return Err(error.into()),
    };
    super::note(
        &site,
        EventKind::AccountAdded,
        &visitor.name,
        &account,
        "added",
    )
    .await?;
    let path = format!("/accounts/{}", account.id.0);
    Ok(see_other_with(&site, &path, Notice::AccountAdded))
}

fn view(visitor: &SignedIn, form: Filled) -> AccountFormPage {
    AccountFormPage {
        layout: Layout::signed_in("Add an account", visitor).section("overview"),
        form,
        action: "/accounts/new".to_owned(),
        version: 0,
        back: "/".to_owned(),
    }
}
