//! The redirect URI: any path and query, compared exactly.

use std::fmt;

use url::Url;

use crate::transport::is_safe_transport;

/// The parameters that an authorization response brings (RFC 6749, section 4.1.2; RFC 9207).
const ANSWER_PARAMETERS: [&str; 6] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
];

/// A redirect URI as registered with the provider, character for character (RFC 9700, section
/// 4.1.3). Any path and query is allowed, so that one that was registered for another application
/// (`https://desk.example.com/index.pl?Action=AdminMailAccount`) can go on being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads one. It is `https`, or `http` on a loopback host; without fragment, user name or
    /// password, and its query has none of the parameters that the answer brings
    /// (`code`, `state`, `iss`, `error`…). Path and query are written as browsers send them, so
    /// that an answer can be recognised.
    pub fn parse(text: &str) -> Result<Self, String> {
        let problem = |why: &str| Err(format!("`{text}` cannot be a redirect URI: {why}"));
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return problem("it has a space or a character that a URI cannot have");
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return problem(&error.to_string()),
        };
        if !is_safe_transport(&url) {
            return problem("it must begin with https://, or with http://localhost");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return problem("it must not have a user name or password");
        }
        if text.contains('#') {
            return problem("it must not have a fragment (`#…`)");
        }
        let own = Self(text.to_owned());
        if own.path() != url.path() || own.query() != url.query() {
            let sent = &url[url::Position::BeforePath..];
            return problem(&format!("a browser would send its path as `{sent}`"));
        }
        if let Some((name, _)) = url
            .query_pairs()
            .find(|(name, _)| ANSWER_PARAMETERS.contains(&name.as_ref()))
        {
            return problem(&format!("`{name}` in its query is what the answer brings"));
        }
        Ok(own)
    }

    /// The URI exactly as it was entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request for `path` with the raw `query` is the answer to this redirect URI: the
    /// same path, and a query that begins with this one's own parameters, unchanged and in order.
    pub fn matches(&self, path: &str, query: &str) -> bool {
        let own = self.query().unwrap_or_default();
        let rest = query.strip_prefix(own);
        path == self.path()
            && rest.is_some_and(|rest| own.is_empty() || rest.is_empty() || rest.starts_with('&'))
    }

    /// The path alone, for routing.
    pub fn path(&self) -> &str {
        let path = self.after_host().split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    fn query(&self) -> Option<&str> {
        self.after_host().split_once('?').map(|(_, query)| query)
    }

    fn after_host(&self) -> &str {
        let after_scheme = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let host = after_scheme.find(['/', '?']).unwrap_or(after_scheme.len());
        &after_scheme[host..]
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DESK: &str = "https://desk.example.com/erizone/index.pl?Action=AdminMailAccount";

    #[test]
    fn the_redirect_uri_of_another_application_can_be_used() {
        let uri = RedirectUri::parse(DESK).unwrap();
        assert_eq!(uri.as_str(), DESK);
        assert_eq!(uri.path(), "/erizone/index.pl");
        assert!(uri.matches(
            "/erizone/index.pl",
            "Action=AdminMailAccount&code=a&state=b"
        ));
        assert!(uri.matches("/erizone/index.pl", "Action=AdminMailAccount"));
        for (path, query) in [
            ("/erizone/index.pl", "Action=AdminMailAccounts&code=a"),
            ("/erizone/index.pl", "Action=Admin&code=a"),
            ("/erizone/index.pl", "code=a&Action=AdminMailAccount"),
            ("/erizone/index.pl", ""),
            ("/erizone/Index.pl", "Action=AdminMailAccount&code=a"),
            ("/erizone/index.pl/", "Action=AdminMailAccount&code=a"),
        ] {
            assert!(!uri.matches(path, query), "{path}?{query}");
        }
    }

    #[test]
    fn a_redirect_uri_without_path_or_query_takes_any_answer_to_the_root() {
        let uri = RedirectUri::parse("http://localhost:8080").unwrap();
        assert_eq!(uri.path(), "/");
        assert!(uri.matches("/", "code=a"));
        assert!(uri.matches("/", ""));
        assert!(!uri.matches("/callback", "code=a"));
    }

    #[test]
    fn what_cannot_be_a_redirect_uri_is_refused_with_the_reason() {
        for (text, why) in [
            ("http://desk.example.com/", "https://"),
            ("ftp://desk.example.com/", "https://"),
            ("javascript:alert(1)", "https://"),
            ("https://user:pw@desk.example.com/", "user name"),
            ("https://desk.example.com/#", "fragment"),
            ("https://desk.example.com/#top", "fragment"),
            ("https://desk.example.com/?code=1", "`code`"),
            ("https://desk.example.com/?a=1&st%61te=2", "`state`"),
            ("https://desk.example.com/a b", "space"),
            (" https://desk.example.com/", "space"),
            ("https://desk.example.com/\u{fc}", "character"),
            ("https://desk.example.com/a/../b", "send its path as `/b`"),
            ("https:\\\\desk.example.com\\a", "send its path as"),
            ("https:/desk.example.com/a", "send its path as"),
            ("/callback", "relative URL"),
            ("https://", "empty host"),
        ] {
            let said = RedirectUri::parse(text).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for text in [
            "http://127.0.0.1:1/cb",
            "http://[::1]/cb",
            "http://localhost/cb",
        ] {
            RedirectUri::parse(text).unwrap();
        }
        for text in [
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
        ] {
            RedirectUri::parse(text).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_kept_exactly_and_recognises_its_answer(text in "https://[a-z]{1,8}(:[1-9][0-9]{1,3})?[/?&=.%a-zA-Z0-9~-]{0,40}") {
            if let Ok(uri) = RedirectUri::parse(&text) {
                prop_assert_eq!(uri.as_str(), &text);
                let query = uri.query().unwrap_or_default().to_owned();
                prop_assert!(uri.matches(uri.path(), &query));
                let answer = format!("{query}&code=1");
                prop_assert!(uri.matches(uri.path(), &answer));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC*") {
            let _ = RedirectUri::parse(&text);
        }
    }
}
