//! The two SASL mechanisms that carry an access token.

mod challenge;
mod exchange;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

pub use challenge::Challenge;
pub(crate) use exchange::{Credentials, Exchange};

/// A mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// `OAUTHBEARER` (RFC 7628).
    OAuthBearer,
    /// `XOAUTH2` (Google's and Microsoft's protocol pages).
    XOAuth2,
}

impl Mechanism {
    /// Those a server may offer, the one to be taken first in front.
    ///
    /// XOAUTH2 leads: every provider that offers it documents it and every mail client uses it.
    /// OAUTHBEARER is taken where it is offered alone.
    pub const BY_PREFERENCE: [Self; 2] = [Self::XOAuth2, Self::OAuthBearer];

    /// The mechanism's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// The initial client response, not yet in base64.
    pub fn initial_response(
        self,
        user: &str,
        token: &SecretString,
        host: &str,
        port: u16,
    ) -> SecretString {
        let token = token.expose_secret();
        let text = match self {
            Self::OAuthBearer => {
                // A saslname (RFC 5801, section 4).
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
            }
            Self::XOAuth2 => format!("user={user}\x01auth=Bearer {token}\x01\x01"),
        };
        SecretString::from(text)
    }

    /// What an error challenge is answered with, in base64, so that the server goes on to its
    /// final word: nothing (XOAUTH2), or a single 0x01 (RFC 7628, section 3.2.3).
    pub fn answer_to_error(self) -> &'static str {
        match self {
            Self::OAuthBearer => "AQ==",
            Self::XOAuth2 => "",
        }
    }
}

/// A client response as it goes over the line.
pub(crate) fn in_base64(response: &SecretString) -> SecretString {
    SecretString::from(STANDARD.encode(response.expose_secret()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(mechanism: Mechanism, user: &str, token: &str, host: &str, port: u16) -> String {
        let token = SecretString::from(token);
        let response = mechanism.initial_response(user, &token, host, port);
        in_base64(&response).expose_secret().to_owned()
    }

    #[test]
    fn xoauth2_is_googles_documented_example() {
        let response = encoded(
            Mechanism::XOAuth2,
            "someuser@example.com",
            "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
            "ignored",
            1,
        );
        assert_eq!(
            response,
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNr\
             QmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
    }

    #[test]
    fn oauthbearer_is_the_example_of_rfc_7628() {
        let response = encoded(
            Mechanism::OAuthBearer,
            "user@example.com",
            "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
            "server.example.com",
            143,
        );
        assert_eq!(
            response,
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVh\
             cmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
        );
    }

    #[test]
    fn commas_and_equals_signs_in_a_user_are_escaped() {
        let token = SecretString::from("t");
        let response = Mechanism::OAuthBearer.initial_response("a,b=c", &token, "h", 1);
        assert!(response.expose_secret().starts_with("n,a=a=2Cb=3Dc,\x01"));
    }

    /// What a server that follows RFC 7628, section 3.1, reads: user, and pairs of key and value.
    fn read_oauthbearer(response: &str) -> Option<(String, Vec<(String, String)>)> {
        let (header, rest) = response.split_once('\x01')?;
        // gs2-header (RFC 5801, section 4): no channel binding, authzid, a comma behind each.
        let [flag, authzid, ""] = header.split(',').collect::<Vec<_>>()[..] else {
            return None;
        };
        let name = authzid.strip_prefix("a=").filter(|_| flag == "n")?;
        let mut user = String::new();
        let mut parts = name.split('=');
        user.push_str(parts.next()?);
        for part in parts {
            let (escape, behind) = part.split_at_checked(2)?;
            user.push(match escape {
                "2C" => ',',
                "3D" => '=',
                _ => return None,
            });
            user.push_str(behind);
        }
        let pairs = rest.strip_suffix("\x01\x01")?.split('\x01');
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        });
        Some((user, pairs.collect::<Option<_>>()?))
    }

    /// What a server reads of XOAUTH2: user and token.
    fn read_xoauth2(response: &str) -> Option<(String, String)> {
        let (user, token) = response
            .strip_prefix("user=")?
            .strip_suffix("\x01\x01")?
            .split_once("\x01auth=Bearer ")?;
        Some((user.to_owned(), token.to_owned()))
    }

    /// A user name may be anything but a control character; a token is what RFC 6750, section 2.1,
    /// lets it be.
    const USER: &str = "[^\\p{Cc}]{0,40}";
    const TOKEN: &str = "[A-Za-z0-9._~+/-]{1,80}={0,2}";

    proptest! {
        #[test]
        fn a_server_reads_from_oauthbearer_what_was_meant(
            user in prop_oneof![USER, "[,=23CD]{0,20}"], token in TOKEN, port: u16,
        ) {
            let secret = SecretString::from(token.clone());
            let response = Mechanism::OAuthBearer.initial_response(&user, &secret, "h.example", port);
            let pair = |key: &str, value: String| (key.to_owned(), value);
            prop_assert_eq!(
                read_oauthbearer(response.expose_secret()),
                Some((user, vec![
                    pair("host", "h.example".to_owned()),
                    pair("port", port.to_string()),
                    pair("auth", format!("Bearer {token}")),
                ]))
            );
        }

        #[test]
        fn a_server_reads_from_xoauth2_what_was_meant(user in USER, token in TOKEN) {
            let secret = SecretString::from(token.clone());
            let response = Mechanism::XOAuth2.initial_response(&user, &secret, "h", 1);
            prop_assert_eq!(read_xoauth2(response.expose_secret()), Some((user, token)));
        }

        #[test]
        fn base64_carries_a_response_in_one_line(user in USER, token in TOKEN) {
            let secret = SecretString::from(token);
            for mechanism in Mechanism::BY_PREFERENCE {
                let response = mechanism.initial_response(&user, &secret, "h", 1);
                let line = in_base64(&response);
                prop_assert!(line.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(
                    STANDARD.decode(line.expose_secret()).unwrap(),
                    response.expose_secret().as_bytes()
                );
            }
        }
    }

    #[test]
    fn an_answer_to_an_error_is_what_each_mechanism_wants() {
        assert_eq!(Mechanism::XOAuth2.answer_to_error(), "");
        let answer = Mechanism::OAuthBearer.answer_to_error();
        assert_eq!(STANDARD.decode(answer).unwrap(), b"\x01");
    }
}
