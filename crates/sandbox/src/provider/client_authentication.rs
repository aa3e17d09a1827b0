//! Which client is asking (RFC 6749, section 2.3).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, header};

use super::options::{Client, ProviderOptions};
use super::parameters::Parameters;
use super::refusal::Refusal;

/// The client that asks, by `client_secret_basic`, `client_secret_post` or, if it is public, by its
/// name alone.
pub(super) fn authenticate<'a>(
    headers: &HeaderMap,
    parameters: &Parameters,
    options: &'a ProviderOptions,
) -> Result<&'a Client, Refusal> {
    let (id, secret) = match headers.get(header::AUTHORIZATION) {
        Some(_) if parameters.get("client_secret").is_some() => {
            return Err(Refusal::invalid_request(
                "the client authenticates itself in two ways at once",
            ));
        }
        Some(value) => {
            let (id, secret) =
                value.to_str().ok().and_then(basic).ok_or_else(|| {
                    Refusal::invalid_client("the Authorization header is not Basic")
                })?;
            if parameters.get("client_id").is_some_and(|other| other != id) {
                return Err(Refusal::invalid_request(
                    "`client_id` is not the client of the Authorization header",
                ));
            }
            (id, Some(secret))
        }
        None => (
            parameters.require("client_id")?.to_owned(),
            parameters.get("client_secret").map(str::to_owned),
        ),
    };
    let client = options
        .client(&id)
        .ok_or_else(|| Refusal::invalid_client(format!("no client `{id}` is registered")))?;
    if client.secret == secret {
        Ok(client)
    } else {
        Err(Refusal::invalid_client(format!(
            "the secret of client `{id}` is wrong"
        )))
    }
}

/// User name and password of HTTP Basic, which OAuth wraps once more as in a form.
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // `&` and `=` would be taken for a form's own; encoded by a proper client they never appear.
    let protected = text.replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(protected.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_unwrapped_twice() {
        let header = |plain: &str| format!("Basic {}", BASE64_STANDARD.encode(plain));
        let read = |plain: &str| basic(&header(plain));
        assert_eq!(read("desk:s3cret"), Some(("desk".into(), "s3cret".into())));
        assert_eq!(
            read("my+desk:a%3Ab%2B%C3%BC"),
            Some(("my desk".into(), "a:b+ü".into()))
        );
        assert_eq!(read("desk:a=b&c"), Some(("desk".into(), "a=b&c".into())));
        assert_eq!(read("desk:"), Some(("desk".into(), String::new())));
        assert_eq!(read("desk"), None);
        assert_eq!(basic("Bearer abc"), None);
        assert_eq!(basic("Basic !!"), None);
    }
}
