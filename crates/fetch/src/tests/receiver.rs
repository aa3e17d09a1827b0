//! A web server that takes webhook requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::Listener;
use mailgrant_lab::Certificate;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
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
    origin: String,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, origin)
    }

    /// One that speaks HTTPS alone, as `localhost`.
    pub(super) async fn start_with_tls(certificate: &Certificate) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let chain = CertificateDer::from_pem_slice(certificate.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![chain.unwrap()], key.unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::serve(WithTls { listener, acceptor }, origin)
    }

    fn serve<L: Listener<Addr: std::fmt::Debug>>(listener: L, origin: String) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let app = Router::new()
            .route("/in", post(take))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { seen, origin }
    }

    pub(super) fn url(&self) -> Url {
        Url::parse(&format!("{}/in?token=hidden", self.origin)).unwrap()
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

/// Connections whose handshake has come to its end.
struct WithTls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for WithTls {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.listener.accept().await.unwrap();
            // Whoever does not trust the certificate goes away.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
