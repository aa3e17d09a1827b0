//! An account's further sinks: adding one, changing one, removing one.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_vault::{Account, AccountForm, EventKind, FieldError, FormErrors, Sink, VaultError};
use secrecy::{ExposeSecret as _, SecretString};

use super::{find, form, note};
use crate::app::Site;
use crate::fields::{Field, Filled, Section};
use crate::layout::{Layout, page, page_with_status};
use crate::notice::{Notice, see_other_with};
use crate::pages::confirm::Confirm;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

#[derive(Template)]
#[template(path = "sink.html")]
struct SinkPage {
    layout: Layout,
    form: Filled,
    account: i64,
    version: i64,
    /// None while it is new.
    stored: Option<Stored>,
}

/// What there is of a stored sink besides its form.
struct Stored {
    name: String,
    /// Which rules choose it, in words.
    rules: String,
    /// What webhook requests are signed with.
    secret: Option<SecretString>,
}

impl Stored {
    async fn of(site: &Site, account: &Account, name: &str, sink: &Sink) -> Result<Self, Problem> {
        let secret = match sink {
            Sink::Webhook(_) => {
                let vault = &site.vault;
                Some(vault.webhook_secret(account.id, Some(name)).await?)
            }
            _ => None,
        };
        let rules = account.draft.rules_that_choose(name);
        let rules: Vec<String> = rules.iter().map(usize::to_string).collect();
        Ok(Self {
            name: name.to_owned(),
            rules: match rules.as_slice() {
                [] => format!("No rule chooses it yet. To have one do so: sink {name} …"),
                [one] => format!("Rule {one} chooses it."),
                all => format!("Rules {} choose it.", all.join(", ")),
            },
            secret,
        })
    }

    /// For this page alone.
    fn secret(&self) -> Option<&str> {
        self.secret.as_ref().map(SecretString::expose_secret)
    }
}

/// The form of a new one.
pub(crate) async fn begin(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let empty = AccountForm {
        sink: "maildir".to_owned(),
        ..AccountForm::default()
    };
    let filled = Filled::new(sections(&empty, true));
    Ok(page(&view(&visitor, &account, filled, None)))
}

/// The form of a new one was sent.
pub(crate) async fn add(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let typed = form::read(&sent);
    let checked = typed.check_sink(&account.draft);
    let checked = checked.and_then(|(name, sink)| match account.draft.sinks.get(&name) {
        Some(_) => Err(taken()),
        None => Ok((name, sink)),
    });
    store(&site, &visitor, (account, None), &sent, checked).await
}

/// The form of one that is there.
pub(crate) async fn show(
    State(site): State<Site>,
    Path((id, name)): Path<(i64, String)>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let sink = named(&account, &name)?;
    let stored = Stored::of(&site, &account, &name, sink).await?;
    let filled = Filled::new(sections(&AccountForm::of_sink(&name, sink), false));
    Ok(page(&view(&visitor, &account, filled, Some(stored))))
}

/// The form of one that is there was sent.
pub(crate) async fn change(
    State(site): State<Site>,
    Path((id, name)): Path<(i64, String)>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let sink = named(&account, &name)?;
    let stored = Stored::of(&site, &account, &name, sink).await?;
    let typed = AccountForm {
        name,
        ..form::read(&sent)
    };
    let checked = typed.check_sink(&account.draft);
    store(&site, &visitor, (account, Some(stored)), &sent, checked).await
}

async fn store(
    site: &Site,
    visitor: &SignedIn,
    (account, stored): (Account, Option<Stored>),
    sent: &Sent,
    checked: Result<(String, Sink), FormErrors>,
) -> Result<Response, Problem> {
    let shown = sections(&form::read(sent), stored.is_none());
    let (name, sink) = match checked {
        Ok(checked) => checked,
        Err(errors) => {
            let filled = Filled::with_errors(shown, errors);
            let page = view(visitor, &account, filled, stored);
            return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    // As it was when the form was shown.
    let seen = Account {
        version: sent.text("version").parse().unwrap_or_default(),
        ..account.clone()
    };
    let (notice, did) = match &stored {
        None => (Notice::SinkAdded, format!("added the sink {name} to")),
        Some(_) => (Notice::SinkSaved, format!("changed the sink {name} of")),
    };
    match site
        .vault
        .put_sink(&seen, &name, sink, site.clock.now())
        .await
    {
        Ok(account) => {
            let kind = EventKind::AccountChanged;
            note(site, kind, &visitor.name, &account, &did).await?;
            let path = format!("/accounts/{}/sinks/{name}", account.id.0);
            Ok(see_other_with(site, &path, notice))
        }
        Err(VaultError::Stale { .. }) => {
            let told = "Somebody else changed this account while you were looking at it. Nothing of yours was saved yet: look through your values below and save again.";
            let page = view(visitor, &account, Filled::with_problem(shown, told), stored);
            Ok(page_with_status(StatusCode::CONFLICT, &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks before one is removed.
pub(crate) async fn ask_removal(
    State(site): State<Site>,
    Path((id, name)): Path<(i64, String)>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    named(&account, &name)?;
    let rules = account.draft.rules_that_choose(&name);
    if !rules.is_empty() {
        return Err(VaultError::SinkChosen { name, rules }.into());
    }
    let title = format!("Remove the sink {name} of {}?", account.draft.name);
    Ok(page(&Confirm {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        consequences: vec![
            "What was delivered there stays there.".to_owned(),
            "If it is a webhook, its signing secret is forgotten.".to_owned(),
        ],
        action: format!("/accounts/{id}/sinks/{name}/remove"),
        button: "Remove sink",
        back: format!("/accounts/{id}/sinks/{name}"),
    }))
}

/// Removes one.
pub(crate) async fn remove(
    State(site): State<Site>,
    Path((id, name)): Path<(i64, String)>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    named(&account, &name)?;
    let now = site.clock.now();
    let account = site.vault.remove_sink(&account, &name, now).await?;
    let did = format!("removed the sink {name} of");
    note(
        &site,
        EventKind::AccountChanged,
        &visitor.name,
        &account,
        &did,
    )
    .await?;
    let path = format!("/accounts/{id}");
    Ok(see_other_with(&site, &path, Notice::SinkRemoved))
}

fn named<'a>(account: &'a Account, name: &str) -> Result<&'a Sink, Problem> {
    let sink = account.draft.sinks.get(name);
    sink.ok_or_else(|| Problem::gone("sink"))
}

fn sections(form: &AccountForm, is_new: bool) -> Vec<Section> {
    let kinds = form::kinds();
    let kind = Field::choice("sink", "Where its mail goes", &form.sink, kinds);
    let fields = if is_new {
        let name = Field::text("name", "Name", &form.name)
            .hint("A short name by which rules choose it, for example billing.")
            .required();
        vec![name, kind]
    } else {
        vec![kind]
    };
    let mut all = vec![Section::new("", fields)];
    all.extend(form::of_sink(form));
    all
}

fn view(visitor: &SignedIn, account: &Account, form: Filled, stored: Option<Stored>) -> SinkPage {
    let title = match &stored {
        None => format!("Add a sink to {}", account.draft.name),
        Some(stored) => format!("Sink {} of {}", stored.name, account.draft.name),
    };
    SinkPage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        form,
        account: account.id.0,
        version: account.version,
        stored,
    }
}

fn taken() -> FormErrors {
    FormErrors(vec![FieldError {
        field: "name",
        problem: "is taken by another sink of this account".to_owned(),
    }])
}
