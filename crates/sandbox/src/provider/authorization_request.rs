//! The authorization request (RFC 6749, section 4.1.1), read and judged.

use super::options::ProviderOptions;
use super::parameters::Parameters;
use super::refusal::Refusal;
use super::scope::Scope;

/// A request that may be shown to a person.
#[derive(Debug, Clone, Default)]
pub(super) struct AuthorizationRequest {
    pub(super) client: String,
    pub(super) back: WayBack,
    pub(super) scope: Scope,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) login_hint: Option<String>,
    /// `access_type=offline`, which Google wants for a refresh token.
    pub(super) offline: bool,
    /// `prompt=consent`.
    pub(super) anew: bool,
    /// The device that asks (RFC 8628): the answer goes to it, and not back by redirect.
    pub(super) device: Option<String>,
}

/// Where the answer goes.
#[derive(Debug, Clone, Default)]
pub(super) struct WayBack {
    pub(super) redirect_uri: String,
    state: Option<String>,
}

/// A request that is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// Nobody can be trusted to get the answer, so the person reads it here (RFC 6749, section
    /// 4.1.2.1).
    Here(String),
    /// The client gets the answer.
    ThroughClient(WayBack, Refusal),
}

impl AuthorizationRequest {
    /// What a device asks for.
    pub(super) fn of_device(device: String, client: String, scope: Scope) -> Self {
        Self {
            client,
            scope,
            device: Some(device),
            ..Self::default()
        }
    }
    pub(super) fn read(
        parameters: &Parameters,
        options: &ProviderOptions,
    ) -> Result<Self, Refused> {
        let id = parameters.get("client_id").unwrap_or_default();
        let client = options
            .client(id)
            .ok_or_else(|| Refused::Here(format!("No client “{id}” is registered here.")))?;
        let redirect_uri = parameters.get("redirect_uri").unwrap_or_default();
        if !client.redirects_to(redirect_uri) {
            return Err(Refused::Here(format!(
                "The redirect URI “{redirect_uri}” is not registered for client “{id}”. \
                 It must be the same to the letter."
            )));
        }
        let back = WayBack {
            redirect_uri: redirect_uri.to_owned(),
            state: parameters.get("state").map(str::to_owned),
        };
        match Self::judge(parameters) {
            Ok((scope, challenge)) => Ok(Self {
                client: client.id.clone(),
                back,
                scope,
                challenge,
                nonce: parameters.get("nonce").map(str::to_owned),
                login_hint: parameters.get("login_hint").map(str::to_owned),
                offline: parameters.get("access_type") == Some("offline"),
                anew: parameters.get("prompt") == Some("consent"),
                device: None,
            }),
            Err(refusal) => Err(Refused::ThroughClient(back, refusal)),
        }
    }

    fn judge(parameters: &Parameters) -> Result<(Scope, String), Refusal> {
        if parameters.require("response_type")? != "code" {
            return Err(Refusal::new(
                "unsupported_response_type",
                "only the response type `code` is served",
            ));
        }
        if parameters
            .get("response_mode")
            .is_some_and(|mode| mode != "query")
        {
            return Err(Refusal::invalid_request(
                "only the response mode `query` is served",
            ));
        }
        if parameters.get("prompt") == Some("none") {
            return Err(Refusal::new("login_required", "nobody is signed in here"));
        }
        // Without a method it would be `plain` (RFC 7636, section 4.3).
        if parameters.get("code_challenge_method") != Some("S256") {
            return Err(Refusal::invalid_request(
                "PKCE with the method S256 is required",
            ));
        }
        let challenge = parameters.require("code_challenge")?;
        if !is_challenge(challenge) {
            return Err(Refusal::invalid_request(
                "`code_challenge` is not 43 characters of base64url",
            ));
        }
        let scope = Scope::parse(parameters.get("scope").unwrap_or_default());
        if scope.is_empty() {
            return Err(Refusal::new("invalid_scope", "no scope is asked for"));
        }
        Ok((scope, challenge.to_owned()))
    }
}

impl WayBack {
    /// The redirect URI with the answer appended to whatever query it has of its own.
    pub(super) fn with(&self, answer: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let uri = &self.redirect_uri;
        let joint = match uri.split_once('?') {
            None => "?",
            Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{joint}{}", query.finish())
    }
}

fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(redirect_uri: &str) -> String {
        let back = WayBack {
            redirect_uri: redirect_uri.into(),
            state: Some("a&b".into()),
        };
        back.with(&[("code", "c d")])
    }

    #[test]
    fn the_answer_joins_the_query_that_is_there() {
        assert_eq!(back("http://x/cb"), "http://x/cb?code=c+d&state=a%26b");
        assert_eq!(back("http://x/cb?"), "http://x/cb?code=c+d&state=a%26b");
        assert_eq!(
            back("https://desk/index.pl?Action=AdminMailAccount;Sub=1"),
            "https://desk/index.pl?Action=AdminMailAccount;Sub=1&code=c+d&state=a%26b"
        );
    }
}
