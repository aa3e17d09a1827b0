//! Cookies, read and written.

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use url::Url;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// An administrator's session.
    Session,
    /// A secret that stays with the browser: authorizations and forms without a session are bound
    /// to it.
    Browser,
    /// What the next page says on top.
    Notice,
}

impl Cookie {
    /// Its name. `__Host-` (RFC 6265bis, section 4.1.3.2) keeps a neighbouring host from setting
    /// it, and is only possible over https.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-mailgrant",
            (Self::Session, false) => "mailgrant",
            (Self::Browser, true) => "__Host-mailgrant-browser",
            (Self::Browser, false) => "mailgrant-browser",
            (Self::Notice, true) => "__Host-mailgrant-notice",
            (Self::Notice, false) => "mailgrant-notice",
        }
    }
}

/// The cookies of one site: `Secure` where it is reached over https.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jar {
    secure: bool,
}

impl Jar {
    pub(crate) fn of(public_url: &Url) -> Self {
        Self {
            secure: public_url.scheme() == "https",
        }
    }

    /// The value of a cookie, if the browser sent it.
    pub(crate) fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
        let name = cookie.name(self.secure);
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(found, value)| *found == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// A `Set-Cookie` for a value of URL-safe characters; without a `lifetime` it goes when the
    /// browser is closed.
    pub(crate) fn set(
        self,
        cookie: Cookie,
        value: &str,
        lifetime: Option<Duration>,
    ) -> Option<HeaderValue> {
        let name = cookie.name(self.secure);
        let secure = if self.secure { "; Secure" } else { "" };
        let lifetime = lifetime.map_or_else(String::new, |lifetime| {
            format!("; Max-Age={}", lifetime.as_secs())
        });
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lifetime}");
        HeaderValue::from_str(&cookie).ok()
    }

    /// A `Set-Cookie` that drops a cookie.
    pub(crate) fn drop(self, cookie: Cookie) -> Option<HeaderValue> {
        self.set(cookie, "", Some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(url: &str) -> Jar {
        Jar::of(&Url::parse(url).unwrap())
    }

    #[test]
    fn over_https_a_cookie_is_secure_and_bound_to_the_host() {
        let set = jar("https://mail.example").set(Cookie::Session, "abc", None);
        assert_eq!(
            set.unwrap(),
            "__Host-mailgrant=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn over_http_the_name_has_no_prefix_that_browsers_would_refuse() {
        let set = jar("http://127.0.0.1:8080").drop(Cookie::Session).unwrap();
        assert_eq!(set, "mailgrant=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        let sent = HeaderValue::from_static("x=1; mailgrant-browser=b; mailgrant=s; y=2");
        headers.insert(COOKIE, sent);
        let jar = jar("http://127.0.0.1:8080");
        assert_eq!(jar.read(&headers, Cookie::Session), Some("s"));
        assert_eq!(jar.read(&headers, Cookie::Browser), Some("b"));
        assert_eq!(jar.read(&headers, Cookie::Notice), None);
    }
}
