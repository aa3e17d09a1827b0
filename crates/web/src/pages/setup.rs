//! The first set-up: a one-time link sets the administrator's name and password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_vault::{EventKind, FieldError, FormErrors};
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;

use crate::app::Site;
use crate::fields::{Field, Filled, Section};
use crate::layout::{Layout, page, page_with_status};
use crate::notice::{Notice, see_other_with};
use crate::pages::sign_in::{begin_session, note};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, Visit};

/// Shorter passwords are refused (in characters).
const SHORTEST: usize = 12;

/// Longer ones are refused too: hashing them costs time.
const LONGEST: usize = 1024;

/// The longest name, in characters.
const LONGEST_NAME: usize = 64;

#[derive(Template)]
#[template(path = "setup.html")]
struct Setup {
    layout: Layout,
    form: Filled,
    action: String,
}

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let open = site
        .vault
        .setup_is_open(&secret.as_str().into(), site.clock.now())
        .await?;
    if !open {
        return Err(dead_link());
    }
    Ok(page(&Setup {
        layout: Layout::open("Welcome to Mailgrant", &visit),
        form: Filled::new(sections("")),
        action: path(&secret),
    }))
}

/// Name and password were sent.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
    sent: Sent,
) -> Result<Response, Problem> {
    let name = sent.text("name");
    if let Err(errors) = check(&name, sent.raw("password"), sent.raw("password-again")) {
        let page = Setup {
            layout: Layout::open("Welcome to Mailgrant", &visit),
            form: Filled::with_errors(sections(&name), errors),
            action: path(&secret),
        };
        return Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let secret = SecretString::from(secret);
    let password = sent.secret("password");
    let now = site.clock.now();
    let Some(who) = site
        .vault
        .set_up_administrator(&secret, &name, &password, now)
        .await?
    else {
        return Err(dead_link());
    };
    let text = format!("{} set the password by the one-time link.", who.name);
    note(&site, EventKind::AdministratorSet, &who.name, text).await?;
    begin_session(&site, &who, see_other_with(&site, "/", Notice::SetUp)).await
}

fn sections(name: &str) -> Vec<Section> {
    let name = Field::text("name", "Name", name)
        .hint("What you sign in with, for example your own name.")
        .complete("username")
        .required();
    let password = Field::password("password", "Password")
        .hint("At least 12 characters; a sentence is easy to remember.")
        .complete("new-password")
        .required();
    let again = Field::password("password-again", "The same password again")
        .complete("new-password")
        .required();
    vec![Section::new("", vec![name, password, again])]
}

fn check(name: &str, password: &str, again: &str) -> Result<(), FormErrors> {
    let mut errors = Vec::new();
    let mut wrong = |field, problem: &str| {
        errors.push(FieldError {
            field,
            problem: problem.to_owned(),
        });
    };
    if name.is_empty() {
        wrong("name", "is missing");
    } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        wrong(
            "name",
            "may have at most 64 characters, and no control characters",
        );
    }
    let length = password.chars().count();
    if length < SHORTEST {
        wrong("password", "needs at least 12 characters");
    } else if length > LONGEST {
        wrong("password", "may have at most 1024 characters");
    } else if !bool::from(password.as_bytes().ct_eq(again.as_bytes())) {
        wrong("password-again", "differs from the first");
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(FormErrors(errors))
    }
}

/// The secret is shown to whoever sent it, as a part of a path.
fn path(secret: &str) -> String {
    let secret: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    format!("/setup/{secret}")
}

fn dead_link() -> Problem {
    Problem::new(
        StatusCode::GONE,
        Diagnosis::new(
            Fault::Owner,
            "This link has been used or is too old.",
            "If a password is set, sign in. If not, start Mailgrant again: it prints a new link.",
        ),
    )
}
