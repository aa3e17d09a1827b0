//! One login by SASL, the same in every protocol: which mechanism, what to send, what to answer.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Challenge, Mechanism, in_base64};
use crate::MailServer;

/// Who logs in, and how.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) token: SecretString,
    /// The one mechanism to be tried; `None`: the best that the server offers.
    pub(crate) mechanism: Option<Mechanism>,
}

impl Credentials {
    pub(crate) fn new(user: &str, token: &SecretString) -> Self {
        Self {
            user: user.to_owned(),
            token: token.clone(),
            mechanism: None,
        }
    }

    /// The mechanism to log in with; `Err` names what the server would have to offer.
    pub(crate) fn choose(
        &self,
        offered: impl Fn(Mechanism) -> bool,
    ) -> Result<Mechanism, &'static str> {
        match self.mechanism {
            Some(mechanism) if offered(mechanism) => Ok(mechanism),
            Some(Mechanism::OAuthBearer) => Err("the login mechanism OAUTHBEARER"),
            Some(Mechanism::XOAuth2) => Err("the login mechanism XOAUTH2"),
            None => Mechanism::BY_PREFERENCE
                .into_iter()
                .find(|mechanism| offered(*mechanism))
                .ok_or("a login with access tokens (AUTH=XOAUTH2 or AUTH=OAUTHBEARER)"),
        }
    }
}

/// A login that is under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    mechanism: Mechanism,
    /// The initial response in base64, until it has gone out.
    initial: Option<SecretString>,
    challenge: Option<Challenge>,
}

impl Exchange {
    pub(crate) fn new(
        mechanism: Mechanism,
        server: &MailServer,
        credentials: &Credentials,
    ) -> Self {
        let Credentials { user, token, .. } = credentials;
        let response = mechanism.initial_response(user, token, &server.host, server.port);
        Self {
            mechanism,
            initial: Some(in_base64(&response)),
            challenge: None,
        }
    }

    pub(crate) fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response, for the line that names the mechanism. Not called where it is to wait
    /// until the server asks for it.
    pub(crate) fn initial(&mut self) -> Option<SecretString> {
        self.initial.take()
    }

    /// The same where it has at most so many bytes.
    pub(crate) fn initial_within(&mut self, most: usize) -> Option<SecretString> {
        let response = self.initial.as_ref()?;
        (response.expose_secret().len() <= most)
            .then(|| self.initial.take())
            .flatten()
    }

    /// What to answer where the server asks for more: the initial response, or what makes it go on
    /// from its error challenge to its final word. `None`: it asks again and again.
    pub(crate) fn answer(&mut self, asked: &[u8]) -> Option<SecretString> {
        if let Some(response) = self.initial.take() {
            return Some(response);
        }
        if self.challenge.is_some() {
            return None;
        }
        self.challenge = Some(Challenge::decode(asked).unwrap_or(Challenge {
            status: "unreadable".to_owned(),
            scope: None,
            openid_configuration: None,
        }));
        Some(SecretString::from(self.mechanism.answer_to_error()))
    }

    /// The error challenge, where one came.
    pub(crate) fn into_challenge(self) -> Option<Challenge> {
        self.challenge
    }
}
