//! A web server that takes webhook requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use url::Url;

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }
}

/// What is answered next; 200 when nothing is left.
pub(super) type Answer = (StatusCode, HeaderMap, &'static str);

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    answers: VecDeque<Answer>,
}

/// The server.
pub(super) struct Receiver {
    seen: Arc<Mutex<Seen>>,
    address: std::net::SocketAddr,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/in", post(take))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { seen, address }
    }

    pub(super) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/in?token=hidden", self.address)).unwrap()
    }

    pub(super) fn answer_next(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| {
            let name = axum::http::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        let answer = (
            StatusCode::from_u16(status).unwrap(),
            headers.collect(),
            "the receiver's words",
        );
        self.seen.lock().unwrap().answers.push_back(answer);
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }
}

async fn take(State(seen): State<Arc<Mutex<Seen>>>, headers: HeaderMap, body: Bytes) -> Answer {
    let mut seen = seen.lock().unwrap();
    seen.requests.push(Request {
        headers,
        body: body.to_vec(),
    });
    let usual = || (StatusCode::OK, HeaderMap::new(), "ok");
    seen.answers.pop_front().unwrap_or_else(usual)
}
