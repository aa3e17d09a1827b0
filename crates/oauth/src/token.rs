//! The token endpoint: codes and refresh tokens become access tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};

use crate::answer::{error_code, read_fields, read_tokens};
use crate::http_client::Answer;
use crate::words::Secrets;
use crate::{
    ClientCredential, Endpoints, HttpClient, Profile, RedirectUri, Refusal, Resource, Scope,
    SecretMethod, catalogue, redeemed_scopes,
};

/// A successful answer of the token endpoint (RFC 6749, section 5.1).
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token; its type is `Bearer`.
    pub access_token: SecretString,
    /// How long the access token lives; `None` where the provider does not say.
    pub expires_in: Option<Duration>,
    /// A new refresh token; `None` means that the old one stays (it is never wiped).
    pub refresh_token: Option<SecretString>,
    /// The scopes that were granted; `None` means those that were asked for.
    pub scopes: Option<Vec<Scope>>,
    /// Who signed in, signed by the provider.
    pub id_token: Option<SecretString>,
}

impl Tokens {
    /// Reads an answer of the token endpoint: its status and its body, JSON in whatever media type.
    pub fn read(status: StatusCode, body: &[u8]) -> Result<Self, Refusal> {
        let answer = Answer {
            status,
            media_type: None,
            retry_after: None,
            body: body.to_vec(),
        };
        read_tokens(&answer, &Secrets::default())
    }
}

/// Redeems an authorization code, once; never repeated, for a code serves one time.
pub async fn redeem_code(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    redirect_uri: &RedirectUri,
    code: &SecretString,
    verifier: &SecretString,
) -> Result<Tokens, Refusal> {
    let mut request = Request::new(profile);
    request.add("grant_type", "authorization_code");
    request.add_secret("code", code);
    request.add("redirect_uri", redirect_uri.as_str());
    request.add_secret("code_verifier", verifier);
    if catalogue::row(profile.kind).token_scopes {
        request.add_scopes(&redeemed_scopes(profile, endpoints));
    }
    let answer = request.send(http, &endpoints.token).await?;
    read_tokens(&answer, &request.secrets)
}

/// Fetches a new access token with a refresh token (RFC 6749, section 6) for exactly `scopes`.
/// Where the catalogue says so the scopes go with the request, reduced to those of the mail servers;
/// elsewhere the token is for what was granted.
pub async fn refresh(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    refresh_token: &SecretString,
    scopes: &[Scope],
) -> Result<Tokens, Refusal> {
    let row = catalogue::row(profile.kind);
    let mut request = Request::new(profile);
    request.add("grant_type", "refresh_token");
    request.add_secret("refresh_token", refresh_token);
    if row.token_scopes {
        request.add_scopes(&row.scope_rules.of_one_resource(Resource::Mail, scopes));
    }
    let answer = request.send(http, &endpoints.token).await?;
    read_tokens(&answer, &request.secrets)
}

/// Ends a grant at the provider (RFC 7009). `Ok(false)` where the provider has no such endpoint.
pub async fn revoke(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    refresh_token: &SecretString,
) -> Result<bool, Refusal> {
    let Some(url) = &endpoints.revocation else {
        return Ok(false);
    };
    let mut request = Request::new(profile);
    request.add_secret("token", refresh_token);
    request.add("token_type_hint", "refresh_token");
    let answer = request.send(http, url).await?;
    // RFC 7009, section 2.2: the body of a success means nothing, and is often empty.
    if answer.status.is_success() {
        return Ok(true);
    }
    match error_code(&answer).as_deref() {
        // It ended before; the first is Google's word for it.
        Some("invalid_token" | "invalid_grant") => Ok(true),
        _ => read_fields(&answer, &request.secrets).map(|_| true),
    }
}

/// A form on its way to the provider, with the client credential.
struct Request<'a> {
    form: String,
    authorization: Option<SecretString>,
    secrets: Secrets<'a>,
}

impl<'a> Request<'a> {
    fn new(profile: &'a Profile) -> Self {
        let mut request = Self {
            form: String::new(),
            authorization: None,
            secrets: Secrets::default(),
        };
        match &profile.credential {
            ClientCredential::None => request.add("client_id", &profile.client_id),
            ClientCredential::Secret { secret, method } => match method {
                SecretMethod::Post => {
                    request.add("client_id", &profile.client_id);
                    request.add_secret("client_secret", secret);
                }
                SecretMethod::Basic => {
                    request.secrets.add(secret);
                    let basic = basic(&profile.client_id, secret);
                    request.secrets.add_owned(basic.expose_secret().to_owned());
                    request.authorization = Some(format!("Basic {}", basic.expose_secret()).into());
                }
            },
        }
        request
    }

    fn add(&mut self, name: &str, value: &str) {
        let form = std::mem::take(&mut self.form);
        self.form = form_urlencoded::Serializer::for_suffix(form, 0)
            .append_pair(name, value)
            .finish();
    }

    fn add_secret(&mut self, name: &str, value: &'a SecretString) {
        self.add(name, value.expose_secret());
        self.secrets.add(value);
    }

    fn add_scopes(&mut self, scopes: &[Scope]) {
        if !scopes.is_empty() {
            self.add("scope", &Scope::join(scopes));
        }
    }

    async fn send(&self, http: &HttpClient, url: &Url) -> Result<Answer, Refusal> {
        let form = SecretString::from(self.form.as_str());
        http.post(url, &form, self.authorization.as_ref()).await
    }
}

/// `client_secret_basic`: id and secret are form-encoded before they are joined, which is easily
/// forgotten (RFC 6749, section 2.3.1).
fn basic(client_id: &str, secret: &SecretString) -> SecretString {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
    BASE64_STANDARD.encode(pair).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderKind::{Google, Microsoft, Oidc};
    use crate::endpoints::tests::endpoints;
    use crate::requested_scopes;
    use crate::test_server::{Received, Reply, TestServer, http_client, profile};

    const TOKENS: &str = r#"{"access_token":"AT","token_type":"bearer","expires_in":3600}"#;

    fn secret(method: SecretMethod) -> ClientCredential {
        ClientCredential::Secret {
            secret: "s~cr+t/ %ü".into(),
            method,
        }
    }

    fn at(server: &TestServer) -> Endpoints {
        Endpoints {
            token: server.url("/token"),
            revocation: Some(server.url("/revoke")),
            ..endpoints("https://login.example.com")
        }
    }

    async fn refreshed(server: &TestServer, profile: &Profile) -> Result<Tokens, Refusal> {
        let scopes = requested_scopes(profile, &at(server));
        refresh(
            &http_client(),
            profile,
            &at(server),
            &"RT-9f8e7d".into(),
            &scopes,
        )
        .await
    }

    fn fields(request: &Received) -> Vec<(String, String)> {
        let mut form = request.form();
        form.sort();
        form
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[tokio::test]
    async fn a_code_is_redeemed_with_its_verifier_and_the_same_redirect_uri() {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS)]);
        let desk = "https://desk.example.com/index.pl?Action=AdminMailAccount";
        let redirect_uri = RedirectUri::parse(desk).unwrap();
        let mut google = profile(Google);
        google.credential = secret(SecretMethod::Post);
        let http = http_client();
        let (endpoints, code, verifier) = (at(&server), "C".into(), "V".into());
        let tokens = redeem_code(&http, &google, &endpoints, &redirect_uri, &code, &verifier).await;
        assert_eq!(tokens.unwrap().access_token.expose_secret(), "AT");
        let request = &server.requests()[0];
        assert_eq!(request.line, "POST /token HTTP/1.1");
        let agent = format!("user-agent: Mailgrant/{}", env!("CARGO_PKG_VERSION"));
        assert!(request.head.contains(&agent), "{}", request.head);
        assert!(!request.head.to_lowercase().contains("accept-encoding"));
        assert_eq!(
            fields(request),
            pairs(&[
                ("client_id", "client"),
                ("client_secret", "s~cr+t/ %ü"),
                ("code", "C"),
                ("code_verifier", "V"),
                ("grant_type", "authorization_code"),
                ("redirect_uri", desk),
            ])
        );
    }

    #[tokio::test]
    async fn what_was_consented_to_for_two_resources_is_redeemed_for_mail() {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS), Reply::json(TOKENS)]);
        let mut microsoft = profile(Microsoft);
        microsoft.scopes = Some(Scope::parse_list("graph imap").unwrap());
        let endpoints = at(&server);
        let requested = Scope::join(&requested_scopes(&microsoft, &endpoints));
        let mail = "https://outlook.office.com/IMAP.AccessAsUser.All";
        assert!(requested.starts_with(mail), "{requested}");
        assert!(requested.contains("https://graph.microsoft.com/Mail.ReadWrite"));
        let redirect_uri = RedirectUri::parse("https://desk.example.com/").unwrap();
        let (code, verifier) = ("C".into(), "V".into());
        redeem_code(
            &http_client(),
            &microsoft,
            &endpoints,
            &redirect_uri,
            &code,
            &verifier,
        )
        .await
        .unwrap();
        refreshed(&server, &microsoft).await.unwrap();
        for (request, scope) in server.requests().iter().zip([
            format!("{mail} offline_access openid profile email"),
            format!("{mail} offline_access"),
        ]) {
            assert!(fields(request).contains(&("scope".to_owned(), scope)));
        }
    }

    #[test]
    fn a_grant_can_be_kept_by_any_thread() {
        fn assert_send<T: Send>(_: &T) {}
        let (http, google, endpoints) = (http_client(), profile(Google), endpoints("x"));
        let token = SecretString::from("RT");
        assert_send(&refresh(&http, &google, &endpoints, &token, &[]));
        assert_send(&revoke(&http, &google, &endpoints, &token));
        assert_send(&crate::resolve(&http, &google));
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert_send(&crate::identity(
            &http, &google, &endpoints, &token, &token, now,
        ));
        let redirect_uri = RedirectUri::parse("http://localhost/").unwrap();
        assert_send(&redeem_code(
            &http,
            &google,
            &endpoints,
            &redirect_uri,
            &token,
            &token,
        ));
    }

    #[tokio::test]
    async fn basic_encodes_id_and_secret_before_it_joins_them() {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS)]);
        let mut oidc = profile(Oidc);
        oidc.client_id = "a:b".to_owned();
        oidc.credential = secret(SecretMethod::Basic);
        refreshed(&server, &oidc).await.unwrap();
        let request = &server.requests()[0];
        let encoded = BASE64_STANDARD.encode("a%3Ab:s%7Ecr%2Bt%2F+%25%C3%BC");
        assert!(
            request
                .head
                .contains(&format!("authorization: Basic {encoded}"))
        );
        assert_eq!(
            fields(request),
            pairs(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", "RT-9f8e7d")
            ])
        );
    }

    #[tokio::test]
    async fn a_refresh_names_the_scopes_of_one_resource_where_the_provider_needs_them() {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS), Reply::json(TOKENS)]);
        refreshed(&server, &profile(Microsoft)).await.unwrap();
        refreshed(&server, &profile(Google)).await.unwrap();
        let scope = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
        let requests = server.requests();
        assert!(fields(&requests[0]).contains(&("scope".to_owned(), scope.to_owned())));
        assert!(fields(&requests[1]).iter().all(|(name, _)| name != "scope"));
    }

    #[tokio::test]
    async fn a_server_that_fails_is_asked_again_later_and_only_then() {
        let server = TestServer::start().await;
        for reply in [
            Reply::status(429, "Retry-After: 30"),
            Reply::bytes("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"access_token\":\"A"),
            Reply::bytes(""),
            Reply::bytes("220 mail.example.com ESMTP\r\n"),
        ] {
            server.queue([reply.clone()]);
            let before = server.requests().len();
            let refusal = refreshed(&server, &profile(Google)).await.unwrap_err();
            assert!(
                matches!(refusal, Refusal::Later { .. }),
                "{reply:?}: {refusal:?}"
            );
            assert_eq!(server.requests().len(), before + 1, "{reply:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_hangs_or_never_ends_holds_nobody() {
        let server = TestServer::start().await;
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{";
        server.queue([Reply::hanging(half), Reply::endless()]);
        let google = profile(Google);
        let ask = async |http: HttpClient| {
            refresh(&http, &google, &at(&server), &"RT".into(), &[])
                .await
                .unwrap_err()
        };
        let hasty = HttpClient::new(Duration::from_millis(300)).unwrap();
        let refusal = ask(hasty).await;
        assert!(
            refusal.to_string().contains("no answer in time"),
            "{refusal}"
        );
        let refusal = ask(http_client()).await;
        assert!(
            refusal.to_string().contains("more than 1048576 bytes"),
            "{refusal}"
        );
    }

    #[tokio::test]
    async fn nobody_is_followed_and_nothing_is_unpacked() {
        let server = TestServer::start().await;
        let elsewhere = format!("Location: {}", server.url("/elsewhere"));
        server.queue([
            Reply::status(307, &elsewhere),
            Reply::with(200, "Content-Encoding: gzip", "\u{1f}"),
        ]);
        for _ in 0..2 {
            let refusal = refreshed(&server, &profile(Google)).await.unwrap_err();
            assert!(matches!(refusal, Refusal::Garbled(_)), "{refusal:?}");
        }
        assert!(
            server
                .requests()
                .iter()
                .all(|request| request.line.contains("/token"))
        );
    }

    #[tokio::test]
    async fn nobody_listening_is_nobodys_fault() {
        let server = TestServer::start().await;
        let endpoints = at(&server);
        drop(server);
        tokio::task::yield_now().await;
        let refusal = refresh(
            &http_client(),
            &profile(Google),
            &endpoints,
            &"RT".into(),
            &[],
        )
        .await;
        let Refusal::Later { why, .. } = refusal.unwrap_err() else {
            panic!()
        };
        assert!(
            why.contains("/token: no connection: Connection refused"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn a_secret_is_never_sent_over_plain_http() {
        let mut endpoints = endpoints("x");
        endpoints.token = Url::parse("http://login.example.com/token").unwrap();
        let refusal = refresh(
            &http_client(),
            &profile(Google),
            &endpoints,
            &"RT".into(),
            &[],
        )
        .await;
        assert!(
            refusal
                .unwrap_err()
                .to_string()
                .contains("loopback addresses only")
        );
    }

    #[tokio::test]
    async fn what_the_provider_echoes_is_redacted() {
        let server = TestServer::start().await;
        let mut oidc = profile(Oidc);
        oidc.credential = secret(SecretMethod::Basic);
        let basic = basic("client", &"s~cr+t/ %ü".into());
        let echo = format!(
            r#"{{"error":"invalid_grant","error_description":"RT-9f8e7d and RT-9f8e7d or s~cr+t/ %ü or s%7Ecr%2Bt%2F+%25%C3%BC or {}"}}"#,
            basic.expose_secret()
        );
        let odd = r#"{"error":"RT-9f8e7d","error_description":"x"}"#;
        server.queue([Reply::refusal(&echo), Reply::refusal(odd)]);
        let refusal = refreshed(&server, &oidc).await.unwrap_err();
        insta::assert_snapshot!(refusal, @"the identity provider asks for a person: invalid_grant: [redacted] and [redacted] or [redacted] or [redacted] or [redacted]");
        let refusal = refreshed(&server, &oidc).await.unwrap_err();
        assert!(!format!("{refusal:?}{refusal}").contains("9f8e7d"));
    }

    #[tokio::test]
    async fn tokens_cannot_be_seen() {
        let server = TestServer::start().await;
        let body = r#"{"access_token":"hide-a","refresh_token":"hide-r","id_token":"hide-i"}"#;
        server.queue([Reply::json(body)]);
        let mut google = profile(Google);
        google.credential = ClientCredential::Secret {
            secret: "hide-s".into(),
            method: SecretMethod::Post,
        };
        let tokens = refreshed(&server, &google).await.unwrap();
        let shown = format!("{tokens:?} {google:?} {:?}", http_client());
        assert!(!shown.contains("hide-"), "{shown}");
    }

    #[tokio::test]
    async fn a_grant_is_ended_where_the_provider_can() {
        let server = TestServer::start().await;
        let end = async |endpoints: &Endpoints| {
            revoke(&http_client(), &profile(Google), endpoints, &"RT".into()).await
        };
        server.queue([
            Reply::status(200, ""),
            Reply::refusal(r#"{"error":"invalid_token"}"#),
            Reply::status(503, "Retry-After: 1"),
            Reply::refusal(r#"{"error":"invalid_client"}"#),
        ]);
        assert!(end(&at(&server)).await.unwrap());
        assert!(end(&at(&server)).await.unwrap());
        assert!(matches!(
            end(&at(&server)).await,
            Err(Refusal::Later { .. })
        ));
        assert!(matches!(end(&at(&server)).await, Err(Refusal::Profile(_))));
        assert!(!end(&endpoints("x")).await.unwrap());
        assert_eq!(
            fields(&server.requests()[0]),
            pairs(&[
                ("client_id", "client"),
                ("token", "RT"),
                ("token_type_hint", "refresh_token")
            ])
        );
    }
}
