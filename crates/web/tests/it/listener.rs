//! The crate's own listener, and a person who walks the whole way through it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_sandbox::Browser;
use mailgrant_web::{Bound, Listen, ServeError, TlsFiles};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::world::{ADDRESS, CLIENT_SECRET, NAME, OWNER_PASSWORD, PASSWORD, Plan, World};

async fn bind(tls: Option<TlsFiles>) -> Result<(Bound, SocketAddr), ServeError> {
    let address = "127.0.0.1:0".parse().unwrap();
    let bound = Listen { address, tls }.bind().await?;
    let address = bound.listener.local_addr().unwrap();
    Ok((bound, address))
}

/// A world that is reached under this origin.
async fn at(origin: &str) -> World {
    World::planned(Plan {
        public_url: origin.to_owned(),
        redirect_uri: format!("{origin}/oauth/callback"),
    })
    .await
}

#[tokio::test]
async fn a_person_walks_the_whole_way_in_one_browser() {
    let (bound, address) = bind(None).await.unwrap();
    let origin = format!("http://{address}");
    let world = at(&origin).await;
    let stopping = CancellationToken::new();
    let serving = mailgrant_web::serve(bound, world.router.clone(), stopping.clone());
    let serving = tokio::spawn(serving);

    let mut browser = Browser::default();
    let page = browser.open(&origin).await.unwrap();
    assert_eq!(page.url.path(), "/sign-in");
    let typed = [("name", NAME), ("password", PASSWORD)];
    let page = browser.press(&page, "sign-in", &typed).await.unwrap();
    assert!(page.body.contains("Begin here"), "{}", page.body);

    let form = browser.open(&format!("{origin}/providers/new")).await;
    let issuer = world.provider.issuer();
    let typed = [
        ("name", "sandbox"),
        ("kind", "oidc"),
        ("client_id", "mailgrant"),
        ("client_secret", CLIENT_SECRET),
        ("issuer", &issuer),
    ];
    let page = browser.press(&form.unwrap(), "save", &typed).await.unwrap();
    let page = browser.press(&page, "test", &[]).await.unwrap();
    assert!(page.body.contains("All is well."), "{}", page.body);

    let form = browser.open(&format!("{origin}/accounts/new")).await;
    let maildir = world.folder.path().join("desk").display().to_string();
    let port = world.mail.tls_address().port().to_string();
    let typed = [
        ("address", ADDRESS),
        ("provider", "sandbox"),
        ("imap_host", "127.0.0.1"),
        ("imap_port", &port),
        ("sink", "maildir"),
        ("maildir", &maildir),
    ];
    let page = browser.press(&form.unwrap(), "save", &typed).await.unwrap();
    let page = browser.press(&page, "authorize", &[]).await.unwrap();
    let page = browser.open(page.leads_to.unwrap().as_str()).await.unwrap();
    let typed = [("address", ADDRESS), ("password", OWNER_PASSWORD)];
    let page = browser.press(&page, "sign-in", &typed).await.unwrap();
    let page = browser.press(&page, "allow", &[]).await.unwrap();
    let page = browser.open(page.leads_to.unwrap().as_str()).await.unwrap();
    assert!(
        page.body.contains("The account is authorised."),
        "{}",
        page.body
    );
    let page = browser.press(&page, "test", &[]).await.unwrap();
    assert!(page.body.contains("All is well."), "{}", page.body);

    stopping.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_request_in_hand_is_answered_after_the_server_was_told_to_stop() {
    let (bound, address) = bind(None).await.unwrap();
    let world = World::new().await;
    let stopping = CancellationToken::new();
    let serving = mailgrant_web::serve(bound, world.router.clone(), stopping.clone());
    let serving = tokio::spawn(serving);

    let mut socket = BufReader::new(TcpStream::connect(address).await.unwrap());
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    socket.read_line(&mut line).await.unwrap();
    assert!(line.contains("100 Continue"), "{line}");
    stopping.cancel();
    // The listener is closed at once; the request still has its time.
    for _ in 0..1000 {
        if TcpStream::connect(address).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    socket.write_all(b"name=x").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("403 Forbidden"), "{answer}");
    serving.await.unwrap();
}

/// A certificate for `localhost` and its key, as files.
fn certificate(folder: &tempfile::TempDir) -> (TlsFiles, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("certificate.pem"),
        key: folder.path().join("key.pem"),
    };
    let pem = made.cert.pem();
    write(&files.certificate, &pem);
    write(&files.key, &made.signing_key.serialize_pem());
    (files, pem)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests read and write their own files"
)]
fn write(path: &PathBuf, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn with_a_certificate_the_pages_are_served_over_tls_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (files, pem) = certificate(&folder);
    let (bound, address) = bind(Some(files)).await.unwrap();
    let world = World::new().await;
    let stopping = CancellationToken::new();
    tokio::spawn(mailgrant_web::serve(
        bound,
        world.router.clone(),
        stopping.clone(),
    ));

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut socket = TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await
        .unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    stopping.cancel();
}

#[tokio::test]
async fn what_cannot_be_listened_with_is_named_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let (good, _) = certificate(&folder);
    let other = tempfile::tempdir().unwrap();
    let (foreign, _) = certificate(&other);
    let garbage = folder.path().join("garbage.pem");
    write(&garbage, "this is no certificate");
    let missing = folder.path().join("missing.pem");
    for (certificate, key, named) in [
        (&missing, &good.key, "missing.pem"),
        (&good.certificate, &missing, "missing.pem"),
        (&garbage, &good.key, "garbage.pem"),
        (&good.certificate, &garbage, "garbage.pem"),
        (&good.certificate, &foreign.key, "key.pem"),
    ] {
        let files = TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        };
        let diagnosis = bind(Some(files)).await.unwrap_err().diagnosis();
        assert_eq!(diagnosis.fault, Fault::Operator);
        let told = format!("{diagnosis} {:?}", diagnosis.said);
        assert!(told.contains(named), "{named} in {told}");
    }
    let (_bound, taken) = bind(None).await.unwrap();
    let twice = Listen {
        address: taken,
        tls: None,
    };
    let diagnosis = twice.bind().await.unwrap_err().diagnosis();
    assert_eq!(diagnosis.fault, Fault::Operator);
    assert!(diagnosis.what.contains(&taken.to_string()), "{diagnosis}");
}
