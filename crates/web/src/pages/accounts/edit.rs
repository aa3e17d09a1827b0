//! Changing an account.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_vault::{Account, AccountForm, EventKind, Provider, VaultError};

use super::new::AccountFormPage;
use super::{find, form, note};
use crate::app::Site;
use crate::fields::Filled;
use crate::layout::{Layout, page, page_with_status};
use crate::notice::{Notice, see_other_with};
use crate::pages::providers::new::taken;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let providers = site.vault.providers().await?;
    let stored = AccountForm::of(&account, name_of(&providers, &account));
    let filled = Filled::new(form::sections(&stored, &providers));
    Ok(page(&view(&visitor, &account, filled)))
}

/// The form was sent.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let providers = site.vault.providers().await?;
    let typed = AccountForm {
        sinks: account.draft.sinks.clone(),
        ..form::read(&sent)
    };
    let shown = form::sections(&typed, &providers);
    let draft = match typed.check(&providers) {
        Ok(draft) => draft,
        Err(errors) => {
            let page = view(&visitor, &account, Filled::with_errors(shown, errors));
            return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let version = sent.text("version").parse().unwrap_or_default();
    let changed = site
        .vault
        .change_account(account.id, version, &draft, site.clock.now())
        .await;
    match changed {
        Ok(account) => {
            note(
                &site,
                EventKind::AccountChanged,
                &visitor.name,
                &account,
                "changed",
            )
            .await?;
            let path = format!("/accounts/{id}");
            Ok(see_other_with(&site, &path, Notice::AccountSaved))
        }
        Err(VaultError::Stale { .. }) => {
            let told = "Somebody else changed this account while you were looking at it. Nothing of yours was saved yet: look through your values below and save again, or load the page again to see the other change.";
            let page = view(&visitor, &account, Filled::with_problem(shown, told));
            Ok(page_with_status(StatusCode::CONFLICT, &page))
        }
        Err(VaultError::NameTaken { .. }) => {
            let page = view(&visitor, &account, Filled::with_errors(shown, taken()));
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(error.into()),
    }
}

fn name_of<'a>(providers: &'a [Provider], account: &Account) -> &'a str {
    providers
        .iter()
        .find(|provider| provider.id == account.draft.provider)
        .map_or("", |provider| &provider.name)
}

fn view(visitor: &SignedIn, account: &Account, form: Filled) -> AccountFormPage {
    let title = format!("Change {}", account.draft.name);
    AccountFormPage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        form,
        action: format!("/accounts/{}/edit", account.id.0),
        version: account.version,
        back: format!("/accounts/{}", account.id.0),
    }
}
