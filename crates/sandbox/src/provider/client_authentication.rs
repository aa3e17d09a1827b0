//! Which client is asking (RFC 6749, section 2.3; RFC 7523, section 2.2).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, header};
use jsonwebtoken::Algorithm;

use super::assertion::{Assertion, Defect};
use super::context::Context;
use super::parameters::Parameters;
use super::persona::Persona;
use super::refusal::Refusal;
use super::registration::{Client, Credential, PublicKeys};

/// The only type of client assertion (RFC 7523, section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long a client's assertion about itself may live, in seconds.
const LONGEST: i64 = 3600;

/// The client that asks: by `client_secret_basic`, `client_secret_post`, `private_key_jwt`, by
/// somebody else's assertion or, if it is public, by its name alone.
pub(super) fn authenticate<'a>(
    headers: &HeaderMap,
    parameters: &Parameters,
    context: &'a Context,
) -> Result<&'a Client, Refusal> {
    let basic = headers.get(header::AUTHORIZATION);
    let posted = parameters.get("client_secret");
    let assertion = parameters.get("client_assertion");
    let ways = usize::from(basic.is_some()) + usize::from(posted.is_some() || assertion.is_some());
    if ways > 1 || (posted.is_some() && assertion.is_some()) {
        return Err(Refusal::invalid_request(
            "the client authenticates itself in two ways at once",
        ));
    }
    if let Some(assertion) = assertion {
        return by_assertion(assertion, parameters, context);
    }
    let (id, secret) = match basic {
        Some(value) => {
            let (id, secret) =
                value.to_str().ok().and_then(read_basic).ok_or_else(|| {
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
            posted.map(str::to_owned),
        ),
    };
    let client = registered(&id, context)?;
    client.check_secret(secret.as_deref())?;
    Ok(client)
}

fn registered<'a>(id: &str, context: &'a Context) -> Result<&'a Client, Refusal> {
    context.options.client(id).ok_or_else(|| {
        Refusal::invalid_client(format!("no client `{id}` is registered")).entra(700_016)
    })
}

impl Client {
    fn check_secret(&self, given: Option<&str>) -> Result<(), Refusal> {
        let id = &self.id;
        let Some(given) = given else {
            return if self.is_public() {
                Ok(())
            } else {
                let complaint = format!("client `{id}` has not proved who it is");
                Err(Refusal::invalid_client(complaint).entra(7_000_218))
            };
        };
        if self.is_public() {
            let complaint = format!("client `{id}` is public and has sent a secret");
            return Err(Refusal::invalid_client(complaint).entra(700_025));
        }
        if self.secret.as_deref() == Some(given) {
            return Ok(());
        }
        for credential in &self.credentials {
            match credential {
                Credential::Secret(secret) if secret == given => return Ok(()),
                Credential::ExpiredSecret {
                    secret,
                    description,
                } if secret == given => {
                    return Err(Refusal::invalid_client(description).entra(7_000_222));
                }
                _ => {}
            }
        }
        Err(
            Refusal::invalid_client(format!("the secret of client `{id}` is wrong"))
                .entra(7_000_215),
        )
    }
}

/// `private_key_jwt` (OpenID Connect Core, section 9), where the client vouches for itself, or the
/// assertion of somebody whom its registration trusts.
fn by_assertion<'a>(
    text: &str,
    parameters: &Parameters,
    context: &'a Context,
) -> Result<&'a Client, Refusal> {
    if parameters.get("client_assertion_type") != Some(JWT_BEARER) {
        return Err(Refusal::invalid_request(format!(
            "`client_assertion_type` is not `{JWT_BEARER}`"
        )));
    }
    let assertion = Assertion::read(text).map_err(refuse)?;
    let id = parameters.get("client_id").unwrap_or(&assertion.claims.sub);
    let client = registered(id, context)?;
    if assertion.claims.iss == client.id && assertion.claims.sub == client.id {
        by_own_key(&assertion, client, context).map_err(refuse)?;
    } else {
        by_federation(&assertion, client, context)?;
    }
    Ok(client)
}

fn by_own_key(assertion: &Assertion<'_>, client: &Client, context: &Context) -> Result<(), Defect> {
    let keys = client.credentials.iter().filter_map(|one| match one {
        Credential::Key(keys) => Some(keys),
        _ => None,
    });
    check_any_signature(assertion, keys)?;
    let now = context.options.now.seconds();
    assertion.check_claims(&context.audiences(), now, LONGEST)?;
    if assertion.claims.jti.is_empty() {
        return Err(Defect::Missing("jti"));
    }
    if context.is_first_use(&client.id, &assertion.claims.jti) {
        Ok(())
    } else {
        Err(Defect::Replayed)
    }
}

/// Whether one of the keys has signed it; where none has, the complaint of the key that came
/// nearest.
fn check_any_signature<'a>(
    assertion: &Assertion<'_>,
    keys: impl Iterator<Item = &'a PublicKeys>,
) -> Result<(), Defect> {
    let mut nearest = Defect::UnknownKey;
    for keys in keys {
        match assertion.check_signature(keys) {
            Ok(()) => return Ok(()),
            Err(Defect::UnknownKey) => {}
            Err(defect) => nearest = defect,
        }
    }
    Err(nearest)
}

fn by_federation(
    assertion: &Assertion<'_>,
    client: &Client,
    context: &Context,
) -> Result<(), Refusal> {
    let claims = &assertion.claims;
    let trusted = client.credentials.iter().find_map(|one| match one {
        Credential::Federated {
            issuer,
            subject,
            audience,
            keys,
        } if *issuer == claims.iss && *subject == claims.sub && claims.aud.contains(audience) => {
            Some((keys, audience))
        }
        _ => None,
    });
    let Some((keys, audience)) = trusted else {
        // Entra says `invalid_request` with 70021 here: seen in Azure/azure-workload-identity,
        // issue 616.
        let error = match context.options.persona {
            Persona::Microsoft => "invalid_request",
            _ => "invalid_client",
        };
        let complaint = format!(
            "client `{}` trusts no issuer `{}` with subject `{}`",
            client.id, claims.iss, claims.sub
        );
        return Err(Refusal::new(error, complaint).entra(70_021));
    };
    // Entra takes RS256 alone: workload-identity-federation-considerations.md in entra-docs.
    if context.options.persona == Persona::Microsoft && assertion.algorithm() != Algorithm::RS256 {
        return Err(refuse(Defect::Algorithm));
    }
    assertion.check_signature(keys).map_err(refuse)?;
    let now = context.options.now.seconds();
    // Tokens of workloads live as long as their issuer likes.
    assertion
        .check_claims(std::slice::from_ref(audience), now, i64::MAX)
        .map_err(refuse)
}

fn refuse(defect: Defect) -> Refusal {
    let number = match defect {
        Defect::Time | Defect::Audience => 50_013,
        Defect::Unreadable | Defect::Missing(_) => 50_027,
        _ => 700_027,
    };
    Refusal::invalid_client(defect.to_string()).entra(number)
}

/// User name and password of HTTP Basic, which OAuth wraps once more as in a form.
fn read_basic(value: &str) -> Option<(String, String)> {
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
        let read = |plain: &str| read_basic(&header(plain));
        assert_eq!(read("desk:s3cret"), Some(("desk".into(), "s3cret".into())));
        assert_eq!(
            read("my+desk:a%3Ab%2B%C3%BC"),
            Some(("my desk".into(), "a:b+ü".into()))
        );
        assert_eq!(read("desk:a=b&c"), Some(("desk".into(), "a=b&c".into())));
        assert_eq!(read("desk:"), Some(("desk".into(), String::new())));
        assert_eq!(read("desk"), None);
        assert_eq!(read_basic("Bearer abc"), None);
        assert_eq!(read_basic("Basic !!"), None);
    }
}
