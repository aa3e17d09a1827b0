//! On this machine: the provider answers a loopback address that this command listens on
//! (RFC 8252, section 7.3).

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Html;
use axum::routing::get;
use mailgrant_base::{Diagnose as _, Diagnosis, Fault, Tasks};
use mailgrant_oauth::{ProviderKind, RedirectUri, catalogue};
use mailgrant_vault::Account;
use mailgrant_web::{Listen, serve};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;

use super::answer;
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// How long the person may take; an authorization dies then.
const PATIENCE: Duration = Duration::from_mins(10);

/// What the browser shows in the end. It says nothing about the outcome: that is told where the
/// person began.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"color-scheme\" content=\"light dark\"><title>Back to the command line</title>\
    <body style=\"font-family:system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem\">\
    <h1>Back to the command line</h1><p>The command line says whether it worked. You can close \
    this page.</p></body></html>";

/// Listens, prints the provider's address, and waits for the answer.
pub(super) async fn authorize(
    house: &House,
    account: &Account,
    kind: ProviderKind,
) -> Result<(), Failure> {
    let listen = Listen {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls: None,
    };
    let bound = listen.bind().await?;
    let port = bound
        .listener
        .local_addr()
        .map_err(|error| no_port(&error))?
        .port();
    let host = catalogue::row(kind).loopback_host;
    let redirect_uri = RedirectUri::parse(&format!("http://{host}:{port}/"))
        .map_err(|why| Failure::operator(format!("{why}."), "Please report this."))?;
    let browser = SecretString::from(house.random.token());
    let departure = house
        .keeper
        .begin_at(account.id, &browser, &redirect_uri)
        .await
        .map_err(|error| Failure::of(error.diagnosis()))?;
    output::line(&format!(
        "Open this address in a browser on this machine, within 10 minutes, and sign in as {}:\n\n  \
         {}\n",
        account.expected_sign_in(),
        departure.url
    ))?;
    let (sender, mut answers) = mpsc::channel(1);
    let state = SecretString::from(state_in(departure.url.query()).unwrap_or_default());
    let tasks = Tasks::new();
    tasks.spawn(
        "answer",
        serve(bound, router(sender, state), tasks.stopping()),
    );
    let query = tokio::select! {
        query = answers.recv() => query,
        () = tokio::time::sleep(PATIENCE) => None,
        _ = tokio::signal::ctrl_c() => None,
    };
    // The browser has its page before the command ends.
    tasks.stop(Duration::from_secs(2)).await;
    match query {
        Some(query) => answer::finish(house, &query, &browser).await,
        None => Err(answer::nobody_yet(account)),
    }
}

/// One page. Only the answer to this very question ends the wait: browsers ask for icons, and
/// whoever else is on this machine can ask for anything.
fn router(answers: mpsc::Sender<String>, state: SecretString) -> Router {
    let take = |State((answers, state)): State<(mpsc::Sender<String>, SecretString)>,
                RawQuery(query): RawQuery| async move {
        let answer = query.filter(|query| is_answer(query, &state));
        if let Some(query) = answer {
            let _ = answers.try_send(query);
        }
        ([("referrer-policy", "no-referrer")], Html(PAGE))
    };
    Router::new()
        .route("/", get(take))
        .with_state((answers, state))
}

/// Whether a query has the `state` that the browser left with.
fn is_answer(query: &str, state: &SecretString) -> bool {
    state_in(Some(query)).is_some_and(|came| came == state.expose_secret())
}

fn state_in(query: Option<&str>) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query?.as_bytes());
    let (_, state) = pairs.find(|(name, _)| name == "state")?;
    Some(state.into_owned())
}

fn no_port(error: &std::io::Error) -> Failure {
    let next = "Look at what the operating system said; a free port on 127.0.0.1 is needed.";
    let what = "This command cannot listen for the provider's answer.";
    Failure::of(Diagnosis::new(Fault::Operator, what, next).said(error.to_string()))
}
