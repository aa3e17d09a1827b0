//! Inviting a mailbox's owner to authorise an account without being an administrator here.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::SignedDuration;
use mailgrant_vault::Account;
use secrecy::ExposeSecret as _;

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::moment::Moment;
use crate::notice::{Notice, see_other_with};
use crate::pages::authorization::trouble;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// How many days a link may serve, and what it serves unless another choice is made.
const DAYS: [i64; 4] = [1, 3, 7, 30];
const USUAL_DAYS: i64 = 7;

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage {
    layout: Layout,
    id: i64,
    name: String,
    address: String,
    signs_in: String,
    days: Vec<Days>,
    /// The new link, shown this once, and until when it serves.
    link: Option<(String, Moment)>,
    /// Those that serve: by whom, since when, until when.
    open: Vec<(String, Moment, Moment)>,
}

/// A choice.
struct Days {
    count: i64,
    chosen: bool,
}

/// Says what an invitation is and which ones are out.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    shown(&site, &account, &visitor, None).await
}

/// Makes a link and shows it, once: only its hash is kept.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let asked = sent.text("days").parse().unwrap_or(USUAL_DAYS);
    let days = if DAYS.contains(&asked) {
        asked
    } else {
        USUAL_DAYS
    };
    let life = SignedDuration::from_hours(24 * days);
    match site.keeper.invite(account.id, &visitor.name, life).await {
        Ok((invitation, secret)) => {
            let link = format!("{}invitation/{}", site.public_url, secret.expose_secret());
            let until = Moment::new(invitation.expires_at, site.clock.now());
            shown(&site, &account, &visitor, Some((link, until))).await
        }
        Err(error) => Ok(trouble::show(&visitor.visit, &error, Some(account.id))),
    }
}

/// Ends all links that are out.
pub(crate) async fn withdraw(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    site.keeper
        .withdraw_invitations(&account, &visitor.name)
        .await?;
    let path = format!("/accounts/{id}/invite");
    Ok(see_other_with(&site, &path, Notice::Withdrawn))
}

async fn shown(
    site: &Site,
    account: &Account,
    visitor: &SignedIn,
    link: Option<(String, Moment)>,
) -> Result<Response, Problem> {
    let now = site.clock.now();
    let open = site.vault.invitations(account.id, now).await?;
    let title = format!("Invite somebody to authorise {}", account.draft.name);
    Ok(page(&InvitePage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        id: account.id.0,
        name: account.draft.name.clone(),
        address: account.draft.address.clone(),
        signs_in: account.expected_sign_in().to_owned(),
        days: DAYS
            .map(|count| Days {
                count,
                chosen: count == USUAL_DAYS,
            })
            .into(),
        link,
        open: open
            .into_iter()
            .map(|invitation| {
                (
                    invitation.invited_by,
                    Moment::new(invitation.created_at, now),
                    Moment::new(invitation.expires_at, now),
                )
            })
            .collect(),
    }))
}
