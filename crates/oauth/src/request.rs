//! A form on its way to a provider, with whichever client credential it takes.

use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::client_authentication::{Proof, Proving, refused_credential};
use crate::http_client::Answer;
use crate::words::Secrets;
use crate::{Endpoints, HttpClient, Profile, Refusal, Scope};

/// The parameters of a request, without the client's.
#[derive(Default)]
pub(crate) struct Request<'a> {
    form: String,
    secrets: Secrets<'a>,
}

/// An answer, and what must not be shown of it.
pub(crate) struct Answered<'a> {
    pub(crate) answer: Answer,
    pub(crate) secrets: Secrets<'a>,
}

impl<'a> Request<'a> {
    /// A request of the token endpoint.
    pub(crate) fn of_grant(grant_type: &str) -> Self {
        let mut request = Self::default();
        request.add("grant_type", grant_type);
        request
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let form = std::mem::take(&mut self.form);
        self.form = form_urlencoded::Serializer::for_suffix(form, 0)
            .append_pair(name, value)
            .finish();
    }

    pub(crate) fn add_secret(&mut self, name: &str, value: &'a SecretString) {
        self.add(name, value.expose_secret());
        self.secrets.add(value);
    }

    pub(crate) fn add_scopes(&mut self, scopes: &[Scope]) {
        if !scopes.is_empty() {
            self.add("scope", &Scope::join(scopes));
        }
    }

    /// Sends it with the profile's credential as the client's. Where the provider refuses that one,
    /// and there is a second, the second follows at once; which one served is remembered.
    pub(crate) async fn send(
        self,
        http: &HttpClient,
        profile: &Profile,
        endpoints: &Endpoints,
        url: &Url,
    ) -> Result<Answered<'a>, Refusal> {
        let proving = Proving::Client;
        self.send_as(&proving, http, profile, endpoints, url).await
    }

    /// The same, with the credential in another part.
    pub(crate) async fn send_as(
        self,
        proving: &Proving<'_>,
        http: &HttpClient,
        profile: &Profile,
        endpoints: &Endpoints,
        url: &Url,
    ) -> Result<Answered<'a>, Refusal> {
        let now = http.now();
        let mut first_refused = None;
        let mut last = None;
        for credential in http.roll_overs().order(profile, now) {
            let is_first = std::ptr::eq(credential, &raw const profile.credential);
            let proof = proving.prove(http, profile, credential, &endpoints.token);
            let sent = match proof.await {
                Ok(proof) => self.send_with(http, url, &proof).await,
                Err(refusal) => Err(refusal),
            };
            let said = match &sent {
                Ok(answered) => refused_credential(&answered.answer, &answered.secrets),
                Err(Refusal::Profile(said)) => Some(said.clone()),
                Err(_) => None,
            };
            match said {
                Some(said) if is_first => first_refused = Some((said, sent)),
                Some(_) => last = Some(sent),
                None => {
                    let taken = matches!(&sent, Ok(Answered { answer, .. }) if !answer.status.is_server_error());
                    match first_refused {
                        _ if !taken => {}
                        _ if is_first => http.roll_overs().forget(profile),
                        Some((said, _)) => http.roll_overs().second_serves(profile, said, now),
                        None => {}
                    }
                    return sent;
                }
            }
        }
        // None is taken. The first is the one that ought to be, so its refusal is told.
        http.roll_overs().forget(profile);
        let told = first_refused.map(|(_, sent)| sent).or(last);
        told.unwrap_or_else(|| Err(Refusal::Garbled("no credential was tried".to_owned())))
    }

    async fn send_with(
        &self,
        http: &HttpClient,
        url: &Url,
        proof: &Proof,
    ) -> Result<Answered<'a>, Refusal> {
        let mut form = Zeroizing::new(self.form.clone());
        for (name, value) in &proof.parameters {
            let so_far = std::mem::take(&mut *form);
            *form = form_urlencoded::Serializer::for_suffix(so_far, 0)
                .append_pair(name, value.expose_secret())
                .finish();
        }
        let form = SecretString::from(form.as_str());
        let answer = http.post(url, &form, proof.header.as_ref()).await?;
        Ok(Answered {
            answer,
            secrets: proof.hide_in(self.secrets.clone()),
        })
    }
}
