//! Signing in with a code that somebody types on any device (RFC 8628).

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use mailgrant_keeper::DeviceOffer;
use mailgrant_vault::{Account, AuthorizationId, AuthorizationOutcome};

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page, see_other};
use crate::moment::Moment;
use crate::notice::{Notice, see_other_with};
use crate::pages::authorization::trouble;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// The codes that are out: they belong to this process, as the waiting for them does.
#[derive(Clone, Default)]
pub(crate) struct Offers(Arc<Mutex<Vec<DeviceOffer>>>);

/// More codes are not out at once; beyond it the oldest page loses its code.
const MOST: usize = 64;

impl Offers {
    fn add(&self, offer: DeviceOffer, now: Timestamp) {
        let mut offers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        offers.retain(|offer| offer.expires_at > now);
        if offers.len() >= MOST {
            offers.remove(0);
        }
        offers.push(offer);
    }

    fn find(&self, id: AuthorizationId) -> Option<DeviceOffer> {
        let offers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        offers.iter().find(|offer| offer.id == id).cloned()
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    layout: Layout,
    id: i64,
    name: String,
    signs_in: String,
    stage: Stage,
}

/// How far it is.
enum Stage {
    /// Nothing was asked for yet.
    Before,
    /// The code is out.
    Waiting {
        code: String,
        /// Where it is typed, and the same with the code in it.
        at: String,
        complete: Option<String>,
        until: Moment,
    },
    /// It came to nothing.
    Failed(String),
}

/// What it is, and the button.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    Ok(page(&view(&visitor, &account, Stage::Before)))
}

/// Asks the provider for a code.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    match site.keeper.begin_device(account.id).await {
        Ok(offer) => {
            let path = format!("/accounts/{id}/device/{}", offer.id.0);
            site.offers.add(offer, site.clock.now());
            Ok(see_other(&path))
        }
        Err(error) => Ok(trouble::show(&visitor.visit, &error, Some(account.id))),
    }
}

/// The code, until it was typed; the page asks again by itself.
pub(crate) async fn wait(
    State(site): State<Site>,
    Path((id, authorization)): Path<(i64, i64)>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let authorization = AuthorizationId(authorization);
    let found = site.vault.authorization(authorization).await?;
    let found = found.filter(|found| found.account == account.id);
    let outcome = found.map(|found| found.outcome);
    let stage = match (outcome, site.offers.find(authorization)) {
        (Some(Some(AuthorizationOutcome::Granted(_))), _) => {
            let path = format!("/accounts/{id}");
            return Ok(see_other_with(&site, &path, Notice::Authorized));
        }
        (Some(Some(AuthorizationOutcome::Failed(why))), _) => Stage::Failed(why),
        (
            Some(Some(AuthorizationOutcome::OtherIdentity {
                expected,
                signed_in,
            })),
            _,
        ) => Stage::Failed(format!(
            "{signed_in} signed in, but {expected} was expected. Nothing was stored."
        )),
        (Some(None), Some(offer)) => Stage::Waiting {
            code: offer.user_code,
            at: offer.verification_uri.to_string(),
            complete: offer
                .verification_uri_complete
                .map(|complete| complete.to_string()),
            until: Moment::new(offer.expires_at, site.clock.now()),
        },
        (Some(None), None) => Stage::Failed(
            "This code leads nowhere any more: Mailgrant was started anew since it was asked for, or it has run out. Ask for another one."
                .to_owned(),
        ),
        (None, _) => return Err(Problem::gone("code")),
    };
    Ok(page(&view(&visitor, &account, stage)))
}

fn view(visitor: &SignedIn, account: &Account, stage: Stage) -> DevicePage {
    let title = format!("Sign in to {} with a code", account.draft.name);
    DevicePage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        id: account.id.0,
        name: account.draft.name.clone(),
        signs_in: account.expected_sign_in().to_owned(),
        stage,
    }
}

impl DevicePage {
    fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting { .. })
    }
}
