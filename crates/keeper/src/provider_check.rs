//! A test of a provider that touches no grant.

use mailgrant_base::{Diagnose as _, Diagnosis, Fault};
use mailgrant_oauth::{
    Access, Endpoints, Refusal, Resource, Scope, application_token, refresh, requested_scopes,
    resolve,
};
use mailgrant_vault::Provider;

use crate::Keeper;

/// What a test of a provider found out, step by step.
#[derive(Debug, Clone)]
pub struct ProviderCheck {
    /// Each step's name and what came of it.
    pub steps: Vec<(String, Result<String, Diagnosis>)>,
}

impl Keeper {
    /// Tests a provider without touching any grant: endpoints found, token endpoint answers, the
    /// client credential is not refused outright.
    pub async fn check_provider(&self, provider: &Provider) -> ProviderCheck {
        let mut steps = Vec::new();
        match resolve(&self.inner.http, &provider.profile).await {
            Err(refusal) => {
                steps.push(("Find the endpoints".to_owned(), Err(refusal.diagnosis())));
            }
            Ok(endpoints) => {
                steps.push(("Find the endpoints".to_owned(), Ok(found(&endpoints))));
                let scopes = Scope::join(&requested_scopes(&provider.profile, &endpoints));
                steps.push((
                    "Choose the scopes".to_owned(),
                    Ok(format!("Asks for {scopes}.")),
                ));
                let accepted = match self.check_client(provider, &endpoints).await {
                    // Whoever reads that all is well drops the second.
                    Ok(found) => match self.check_first(provider, &endpoints).await {
                        Some(refused) => Err(refused),
                        None => Ok(found),
                    },
                    refused => refused,
                };
                steps.push(("Present Mailgrant's registration".to_owned(), accepted));
            }
        }
        ProviderCheck { steps }
    }

    /// Presents the client credential at the token endpoint without touching any grant.
    pub async fn check_client(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
    ) -> Result<String, Diagnosis> {
        match provider.profile.access {
            Access::Application => self.ask_as_application(provider, endpoints).await,
            Access::Delegated => {
                let answer = self.ask_with_made_up_token(provider, endpoints).await;
                registration(provider, endpoints, answer)
            }
        }
    }

    /// Where there are two credentials: whether the provider refuses the first. The second then
    /// serves in its place, so that nothing else shows it.
    pub async fn check_first(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
    ) -> Option<Diagnosis> {
        let second = provider.profile.second_credential.as_ref()?;
        let mut alone = provider.clone();
        alone.profile.second_credential = None;
        let mut refused = self.check_client(&alone, endpoints).await.err()?;
        if refused.fault == Fault::Provider {
            return Some(refused);
        }
        refused.what = format!(
            "The first credential ({}) does not serve; the second ({}) does in its place. {}",
            alone.profile.credential.label(),
            second.label(),
            refused.what
        );
        refused.next = format!("Do not drop the second yet. {}", refused.next);
        Some(refused)
    }

    /// An access token in the application's own name: nothing is spent by that, and it is not kept.
    async fn ask_as_application(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
    ) -> Result<String, Diagnosis> {
        let (http, profile) = (&self.inner.http, &provider.profile);
        // At Google the token is for one mailbox: the address is made up, and its refusal as one
        // that does not exist shows that the key was accepted.
        let answer = application_token(http, profile, endpoints, "nobody@invalid", Resource::Mail);
        match answer.await {
            Ok(_) => Ok(format!(
                "{} gives access in Mailgrant's own name.",
                endpoints.token
            )),
            Err(Refusal::NeedsPerson(_)) => Ok(format!(
                "{} answers and does not refuse the client.",
                endpoints.token
            )),
            Err(refusal) => Err(refusal.diagnosis()),
        }
    }

    /// A renewal with a refresh token that nobody ever gave. A provider that refuses the token, and
    /// not the client, has accepted the client.
    async fn ask_with_made_up_token(
        &self,
        provider: &Provider,
        endpoints: &Endpoints,
    ) -> Result<(), Refusal> {
        let made_up = self.inner.random.token().into();
        let profile = &provider.profile;
        let scopes = requested_scopes(profile, endpoints);
        refresh(
            &self.inner.http,
            profile,
            endpoints,
            &made_up,
            Resource::Mail,
            &scopes,
        )
        .await
        .map(|_tokens| ())
    }
}

/// What the answer to the made-up token says about the client.
fn registration(
    provider: &Provider,
    endpoints: &Endpoints,
    answer: Result<(), Refusal>,
) -> Result<String, Diagnosis> {
    match answer {
        Err(Refusal::NeedsPerson(_)) => Ok(format!(
            "{} answers and does not refuse the client.",
            endpoints.token
        )),
        // Some take the made-up token for a badly formed one.
        Err(Refusal::Profile(said)) if said.error == "invalid_request" => Ok(format!(
            "{} answers and does not refuse the client.",
            endpoints.token
        )),
        Err(refusal) => Err(refusal.diagnosis()),
        Ok(()) => Err(Diagnosis::new(
            Fault::Provider,
            format!(
                "{} gave an access token for a refresh token that it has never seen.",
                provider.name
            ),
            "Check that its token endpoint is the right one; do not use it before you know.",
        )),
    }
}

fn found(endpoints: &Endpoints) -> String {
    let issuer = match &endpoints.issuer {
        Some(issuer) => format!("Issuer {issuer}. "),
        None => String::new(),
    };
    let sign_in = match &endpoints.authorization {
        Some(page) => format!("People sign in at {page}; tokens come from"),
        None => "Tokens come from".to_owned(),
    };
    format!("{issuer}{sign_in} {}.", endpoints.token)
}
