//! The listener: stop, restart, drop, limits, and what the log shows.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{http, refresh, tokens};
use super::*;

async fn connect(provider: &IdentityProvider) -> std::io::Result<TcpStream> {
    TcpStream::connect(provider.server.address()).await
}

#[tokio::test]
async fn only_loopback_is_served() {
    let mut options = options();
    options.listen = "0.0.0.0:0".parse().unwrap();
    let error = IdentityProvider::start(options, TokenBook::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn stopped_it_refuses_and_restarted_it_knows_its_grants() {
    let (provider, _) = start(options()).await;
    let token = provider.grant("desk", USER, "imap");
    let mut open = connect(&provider).await.unwrap();
    provider.stop().await.unwrap();
    provider.stop().await.unwrap();
    assert_eq!(open.read(&mut [0; 1]).await.unwrap_or(0), 0);
    let error = connect(&provider).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    let issuer = provider.issuer();
    provider.restart().await.unwrap();
    provider.restart().await.unwrap();
    assert_eq!(provider.issuer(), issuer);
    assert_eq!(refresh(&provider, &token).await.0, 200);
}

#[tokio::test]
async fn dropped_it_is_gone() {
    let (provider, _) = start(options()).await;
    let address = provider.server.address();
    let mut open = connect(&provider).await.unwrap();
    drop(provider);
    assert_eq!(open.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn nonsense_is_refused_and_does_no_harm() {
    let (provider, _) = start(options()).await;
    for request in [
        "\0\0\0\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\nx",
        "GET /authorize?client_id=%FF%00%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\
         Content-Type: application/json\r\nConnection: close\r\n\r\n{}",
        "POST /revoke HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
         Authorization: Basic \u{fc}\r\n\r\n&",
    ] {
        let mut stream = connect(&provider).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 4"), "{request:?}: {answer}");
    }
    let long = "x".repeat(20_000);
    let url = format!("{}/authorize?client_id={long}", provider.issuer());
    assert_eq!(http().get(url).send().await.unwrap().status(), 400);
    tokens(&provider).await;
}

#[tokio::test]
async fn the_log_tells_the_story_without_the_secrets() {
    let (provider, _) = start(options()).await;
    let tokens = tokens(&provider).await;
    let token = super::client::text(&tokens, "refresh_token");
    refresh(&provider, token).await;
    let lines = provider.requests();
    let begins: Vec<_> = lines
        .iter()
        .map(|line| line.split(" -> ").next().unwrap())
        .collect();
    assert_eq!(
        begins,
        [
            "GET /authorize",
            "POST /sign-in",
            "POST /consent",
            "POST /token",
            "POST /token"
        ]
    );
    let story = lines.join("\n");
    assert!(story.contains("-> tokens grant_type=refresh_token refresh_token=rt_"));
    for secret in [token, PASSWORD, "s3cret", super::client::VERIFIER] {
        assert!(!story.contains(secret), "{story}");
    }
    let debug = format!("{provider:?} {:?}", provider.context.options);
    for secret in [PASSWORD, "s3cret"] {
        assert!(!debug.contains(secret), "{debug}");
    }
}
