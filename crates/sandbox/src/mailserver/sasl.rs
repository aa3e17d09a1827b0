//! The server's side of XOAUTH2 (Google's and Microsoft's protocol pages) and OAUTHBEARER
//! (RFC 7628).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// A mechanism that carries an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    XOAuth2,
    OAuthBearer,
}

/// What a client says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    /// The mailbox that is asked for; `None`: the token's own.
    pub(super) mailbox: Option<String>,
    pub(super) token: String,
}

impl Mechanism {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "XOAUTH2" => Some(Self::XOAuth2),
            "OAUTHBEARER" => Some(Self::OAuthBearer),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }

    /// Reads the client's response, which comes in base64.
    pub(super) fn credentials(self, response: &str) -> Option<Credentials> {
        let response = String::from_utf8(BASE64_STANDARD.decode(response).ok()?).ok()?;
        let response = response.strip_suffix("\x01\x01")?;
        match self {
            Self::XOAuth2 => {
                let (user, auth) = response.split_once('\x01')?;
                Some(Credentials {
                    mailbox: Some(user.strip_prefix("user=")?.to_owned()),
                    token: bearer(auth)?,
                })
            }
            Self::OAuthBearer => {
                let mut parts = response.split('\x01');
                let identity = authorization_identity(parts.next()?)?;
                let auth = parts.find(|part| part.starts_with("auth="))?;
                Some(Credentials {
                    mailbox: Some(identity).filter(|identity| !identity.is_empty()),
                    token: bearer(auth)?,
                })
            }
        }
    }

    /// The error challenge, in base64.
    pub(super) fn challenge(self) -> String {
        let status = match self {
            Self::XOAuth2 => "401",
            Self::OAuthBearer => "invalid_token",
        };
        BASE64_STANDARD.encode(format!(
            r#"{{"status":"{status}","schemes":"bearer","scope":"mail"}}"#
        ))
    }

    /// What a client has to answer to the error challenge before it hears `NO`.
    pub(super) fn dismissal(self) -> &'static str {
        match self {
            Self::XOAuth2 => "",
            Self::OAuthBearer => "AQ==",
        }
    }

    /// A client's response for the transcript: the token shortened.
    pub(super) fn shortened(self, response: &str) -> String {
        match self.credentials(response) {
            Some(Credentials { mailbox, token }) => {
                let shown: String = token.chars().take(4).collect();
                let mailbox = mailbox.as_deref().unwrap_or("(the token's)");
                format!("<user={mailbox} auth=Bearer {shown}…>")
            }
            None => "<not understood>".to_owned(),
        }
    }
}

fn bearer(auth: &str) -> Option<String> {
    let value = auth.strip_prefix("auth=")?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

/// The identity in a GS2 header without channel binding (RFC 5801, section 4), such as
/// `n,a=ann@example.org,`; empty where none is named.
fn authorization_identity(header: &str) -> Option<String> {
    let rest = header.strip_prefix("n,").or(header.strip_prefix("y,"))?;
    let identity = rest.strip_suffix(',')?;
    let name = match identity {
        "" => "",
        _ => identity.strip_prefix("a=")?,
    };
    Some(name.replace("=2C", ",").replace("=3D", "="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_mechanisms_name_mailbox_and_token() {
        let xoauth2 = BASE64_STANDARD.encode("user=ann@example.org\x01auth=Bearer secret\x01\x01");
        let bearer = BASE64_STANDARD
            .encode("n,a=ann=2Cx@example.org,\x01host=h\x01port=143\x01auth=Bearer secret\x01\x01");
        let of = |mailbox: &str| {
            Some(Credentials {
                mailbox: Some(mailbox.to_owned()),
                token: "secret".to_owned(),
            })
        };
        assert_eq!(
            Mechanism::XOAuth2.credentials(&xoauth2),
            of("ann@example.org")
        );
        assert_eq!(
            Mechanism::OAuthBearer.credentials(&bearer),
            of("ann,x@example.org")
        );
        assert_eq!(Mechanism::XOAuth2.credentials(&bearer), None);
        assert_eq!(Mechanism::OAuthBearer.credentials(&xoauth2), None);
    }

    #[test]
    fn the_transcript_never_shows_a_token() {
        let response = BASE64_STANDARD.encode("user=a@b\x01auth=Bearer abcdefghij\x01\x01");
        let shown = Mechanism::XOAuth2.shortened(&response);
        assert_eq!(shown, "<user=a@b auth=Bearer abcd…>");
        assert!(!Mechanism::XOAuth2.shortened("abcdefghij").contains("efg"));
    }
}
