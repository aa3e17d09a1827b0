//! A browser or program that sends requests to the router, and looks at what every answer has.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt as _;
use url::Url;

use crate::{headers, html};

/// A browser: keeps cookies, knows the form secret of the last page that had one, follows nothing.
#[derive(Clone)]
pub(crate) struct Visitor {
    router: Router,
    origin: String,
    secure: bool,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) csrf: String,
    pub(crate) peer: SocketAddr,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Visitor {
    pub(crate) fn new(router: Router, public_url: &Url) -> Self {
        Self {
            router,
            origin: public_url.origin().ascii_serialization(),
            secure: public_url.scheme() == "https",
            cookies: BTreeMap::new(),
            csrf: String::new(),
            peer: SocketAddr::from(([192, 0, 2, 1], 40000)),
        }
    }

    pub(crate) fn hold_session(&mut self, token: &str) {
        let name = self.session_cookie();
        self.cookies.insert(name.to_owned(), token.to_owned());
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.get(self.session_cookie()).map(String::as_str)
    }

    /// From now on the browser asks another host, whose server passes its requests on.
    pub(crate) fn other_host(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    fn session_cookie(&self) -> &'static str {
        if self.secure {
            "__Host-mailgrant"
        } else {
            "mailgrant"
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    /// Sends a form as our own page would: with its secret, from here.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post_bare(path, &all, &[("sec-fetch-site", "same-origin")])
            .await
    }

    /// Sends exactly these fields, with exactly these headers.
    pub(crate) async fn post_bare(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let mut all = vec![(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, Body::from(body.finish()))
            .await
    }

    /// Opens a page that is to be there, whatever it says.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let host = self.origin.split_once("://").unwrap().1;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, host)
            .extension(ConnectInfo(self.peer));
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter();
            let cookies: Vec<String> = cookies
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 * 1024 * 1024).await.unwrap();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        };
        headers::check(path, &answer);
        if answer.is_page() && method != "HEAD" {
            html::check(path, &answer.body);
        }
        self.remember(&answer);
        answer
    }

    fn remember(&mut self, answer: &Answer) {
        for cookie in answer.set_cookies() {
            let (pair, _) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(csrf) = html::hidden(&answer.body, "csrf") {
            self.csrf = csrf;
        }
    }

    /// The header by which a browser says where a form comes from, where it sends no
    /// `Sec-Fetch-Site`.
    pub(crate) fn origin(&self) -> (&'static str, &str) {
        (ORIGIN.as_str(), &self.origin)
    }
}

impl Answer {
    pub(crate) fn is_page(&self) -> bool {
        self.header(CONTENT_TYPE.as_str()).starts_with("text/html")
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Where it sends the browser.
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header(LOCATION.as_str())
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all(SET_COOKIE).iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }

    /// Fails unless the status and all of the words are there; gives the page back.
    pub(crate) fn says(&self, status: u16, words: &[&str]) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        for word in words {
            assert!(self.body.contains(word), "`{word}` is not in {}", self.body);
        }
        &self.body
    }
}
