//! Where secrets may be sent.

use url::{Host, Url};

/// Whether what is sent there can be read by nobody on the way: `https`, or plain HTTP that does
/// not leave this machine.
pub fn is_safe_transport(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether a URL's host is this machine: `localhost`, `127.0.0.0/8` or `::1`. Names below
/// `localhost` are not taken for it: some resolvers ask others about them.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_safe_to_loopback_alone() {
        for (text, safe) in [
            ("https://example.com/", true),
            ("http://127.0.0.1:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://below.localhost/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("ftp://localhost/", false),
            ("data:text/plain,x", false),
        ] {
            assert_eq!(
                is_safe_transport(&Url::parse(text).unwrap()),
                safe,
                "{text}"
            );
        }
    }
}
