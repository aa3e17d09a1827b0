//! A web address that mail is handed to.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use tokio::net::TcpListener;

use super::mail_receiver::Inbox;
use super::victim::{Place, Victim};

/// Starts a server on any port.
pub(super) async fn start(inbox: Inbox, victim: Victim) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new()
        .route("/in", post(take))
        .with_state((inbox, victim));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn take(
    State((inbox, victim)): State<(Inbox, Victim)>,
    headers: HeaderMap,
    message: Body,
) -> Response {
    victim.reaches(Place::Offered);
    let Ok(message) = axum::body::to_bytes(message, usize::MAX).await else {
        return Response::new(Body::empty());
    };
    let id = headers.get("webhook-id").unwrap().to_str().unwrap();
    inbox.keep(Some(id.to_owned()), &message);
    victim.reaches(Place::Taken);
    // Its delay lets the answer go out.
    victim.reaches(Place::Answered);
    Response::new(Body::empty())
}
