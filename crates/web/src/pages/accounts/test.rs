//! Testing an account: the whole way, without fetching anything, and then with a message of
//! Mailgrant's own.

use axum::extract::State;
use axum::response::Response;
use mailgrant_fetch::TestTo;
use mailgrant_vault::{AccountDraft, OWN_SINK};

use super::find;
use crate::app::Site;
use crate::fields::Field;
use crate::layout::{Layout, page};
use crate::pages::steps::{Steps, Then};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// Runs the test and shows what it found.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let (to, hand_over) = (sent.text("to"), sent.ticked("send"));
    let sink = TestTo::read(Some(&to));
    let check = match &sink {
        to if hand_over => site.fetcher.hand_over_test(account.id, to).await,
        TestTo::Named(name) => site.fetcher.check_sink(account.id, name).await,
        TestTo::Rules | TestTo::Own => site.fetcher.check(account.id).await,
    };
    let (name, back) = (&account.draft.name, format!("/accounts/{id}"));
    let (title, back) = match sink {
        TestTo::Named(sink) if account.draft.sinks.get(&sink).is_some() => {
            let title = format!("Test of the sink {sink} of {name}");
            (title, format!("{back}/sinks/{sink}"))
        }
        _ => (format!("Test of {name}"), back),
    };
    let can_send = account.draft.sink.is_some() && !hand_over;
    Ok(page(&Steps {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        found: check.steps,
        then: can_send.then(|| Then {
            label: "Send a test message",
            choice: where_to(&account.draft, &to),
        }),
        to,
        again: format!("/accounts/{id}/test"),
        back,
    }))
}

/// Where a test message can go, if there is a choice and none was made.
fn where_to(draft: &AccountDraft, chosen: &str) -> Option<Field> {
    if !chosen.is_empty() || (draft.rules.is_empty() && draft.sinks.is_empty()) {
        return None;
    }
    let own = draft.sink.as_ref().map(ToString::to_string);
    let rules = (
        String::new(),
        "Where the account’s rules have it go".to_owned(),
    );
    let own = own.map(|own| (OWN_SINK.to_owned(), format!("The account’s own: {own}")));
    let named = draft.sinks.iter();
    let named = named.map(|(name, sink)| (name.to_owned(), format!("{name}: {sink}")));
    let choices = [rules].into_iter().chain(own).chain(named);
    Some(Field::choice("to", "Where it goes", "", choices))
}
