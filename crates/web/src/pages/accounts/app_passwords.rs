//! App passwords: what applications log in to the proxy with.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_base::Protocol;
use mailgrant_vault::{
    Account, AppPassword, AppPasswordForm, AppPasswordId, EventKind, FormErrors,
};
use secrecy::{ExposeSecret, SecretString};

use super::{find, note};
use crate::app::Site;
use crate::fields::{Field, Filled, Section};
use crate::layout::{Layout, page, page_with_status};
use crate::moment::Moment;
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

#[derive(Template)]
#[template(path = "app_passwords.html")]
struct AppPasswordsPage {
    layout: Layout,
    id: i64,
    name: String,
    address: String,
    /// The new one, shown this once.
    made: Option<SecretString>,
    all: Vec<Shown>,
    form: Filled,
}

/// One that is there.
struct Shown {
    id: i64,
    label: String,
    protocols: String,
    networks: String,
    made: Moment,
    by: String,
    /// When, and from where.
    used: Option<(Moment, String)>,
}

impl AppPasswordsPage {
    /// For this page alone.
    fn made(&self) -> Option<&str> {
        self.made.as_ref().map(ExposeSecret::expose_secret)
    }
}

/// Those that are there, and a form for another.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let form = Filled::new(sections(&AppPasswordForm::default()));
    Ok(page(&view(&site, &visitor, &account, None, form).await?))
}

/// Makes one and shows it, once: only its hash is kept.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let ticked = Protocol::ALL.map(Protocol::word).into_iter();
    let ticked: Vec<&str> = ticked.filter(|word| sent.ticked(word)).collect();
    let form = AppPasswordForm {
        label: sent.text("label"),
        protocols: ticked.join(","),
        networks: sent.text("networks"),
    };
    if ticked.is_empty() {
        let told = "Tick at least one protocol: nothing was made.";
        let form = Filled::with_problem(sections(&form), told);
        let view = view(&site, &visitor, &account, None, form).await?;
        return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &view));
    }
    let draft = match form.check() {
        Ok(draft) => draft,
        Err(errors) => {
            let form = wrong(&form, errors);
            let view = view(&site, &visitor, &account, None, form).await?;
            return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &view));
        }
    };
    let now = site.clock.now();
    let made = site
        .vault
        .add_app_password(account.id, &draft, &visitor.name, now);
    let (_, secret) = made.await?;
    let did = format!("made the app password \u{201c}{}\u{201d} for", draft.label);
    note(
        &site,
        EventKind::AppPasswordMade,
        &visitor.name,
        &account,
        &did,
    )
    .await?;
    let form = Filled::new(sections(&AppPasswordForm::default()));
    let view = view(&site, &visitor, &account, Some(secret), form).await?;
    Ok(page(&view))
}

/// Ends one; nothing is said of one that is gone already.
pub(crate) async fn revoke(
    State(site): State<Site>,
    Path((id, password)): Path<(i64, i64)>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let password = AppPasswordId(password);
    let all = site.vault.app_passwords(account.id).await?;
    let label = all.into_iter().find(|found| found.id == password);
    if site.vault.revoke_app_password(account.id, password).await? {
        let label = label.map(|found| found.draft.label).unwrap_or_default();
        let did = format!("revoked the app password \u{201c}{label}\u{201d} of");
        let kind = EventKind::AppPasswordRevoked;
        note(&site, kind, &visitor.name, &account, &did).await?;
    }
    let path = format!("/accounts/{id}/app-passwords");
    Ok(see_other_with(&site, &path, Notice::AppPasswordRevoked))
}

fn wrong(form: &AppPasswordForm, errors: FormErrors) -> Filled {
    Filled::with_errors(sections(form), errors)
}

fn sections(form: &AppPasswordForm) -> Vec<Section> {
    let has = |protocol: Protocol| {
        let mut words = form.protocols.split(',');
        form.protocols.is_empty() || words.any(|word| word == protocol.word())
    };
    vec![Section::new(
        "Make an app password",
        vec![
            Field::text("label", "What it is for", &form.label)
                .required()
                .hint("Such as: scanner on the second floor."),
            Field::tick("imap", "Reads mail by IMAP", has(Protocol::Imap)),
            Field::tick("pop3", "Reads mail by POP3", has(Protocol::Pop3)),
            Field::tick("smtp", "Sends mail by SMTP", has(Protocol::Smtp)),
            Field::text("networks", "Only from", &form.networks).hint(
                "Addresses or networks with commas between, such as 192.0.2.7, 192.0.2.0/24; empty \
                 for everywhere.",
            ),
        ],
    )]
}

async fn view(
    site: &Site,
    visitor: &SignedIn,
    account: &Account,
    made: Option<SecretString>,
    form: Filled,
) -> Result<AppPasswordsPage, Problem> {
    let now = site.clock.now();
    let all = site.vault.app_passwords(account.id).await?;
    let shown = |password: AppPassword| {
        let draft = password.draft;
        let protocols = draft.protocols.iter().map(|one| one.label());
        let networks: Vec<String> = draft.networks.iter().map(ToString::to_string).collect();
        Shown {
            id: password.id.0,
            label: draft.label,
            protocols: protocols.collect::<Vec<_>>().join(", "),
            networks: networks.join(", "),
            made: Moment::new(password.created_at, now),
            by: password.created_by,
            used: password
                .last_used
                .map(|last| (Moment::new(last.at, now), last.from)),
        }
    };
    let title = format!("App passwords of {}", account.draft.name);
    Ok(AppPasswordsPage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        id: account.id.0,
        name: account.draft.name.clone(),
        address: account.draft.address.clone(),
        made,
        all: all.into_iter().map(shown).collect(),
        form,
    })
}
