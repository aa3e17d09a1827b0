//! The access token, and what it says.

use mailgrant_base::Diagnose as _;
use mailgrant_keeper::AccessToken;
use mailgrant_mail::Protocol;
use mailgrant_oauth::{Access, Resource, TokenClaims, introspect, resolve};
use mailgrant_vault::{Account, Provider};

use super::{Walk, passed};
use crate::rules::{self, Evidence, day};
use crate::{Outcome, Step};

const CLAIMS: &str = "What the access token says";

impl<T: FnMut(&Step) + Send> Walk<'_, T> {
    pub(super) async fn token(
        &mut self,
        account: &Account,
        provider: &Provider,
        has_grant: bool,
        evidence: &mut Evidence,
    ) -> Option<AccessToken> {
        const TITLE: &str = "Access token";
        if !has_grant {
            self.skip("token", TITLE, "There is no grant to get one with.");
            return None;
        }
        let doctor = self.doctor;
        let work = async {
            let token = doctor.keeper.access_token(account.id, Resource::Mail).await;
            let token = token.map_err(|error| error.diagnosis())?;
            let left = token.expires_at.duration_since(doctor.clock.now());
            let minutes = left.as_mins();
            Ok((passed(format!("Valid for {minutes} minutes.")), token))
        };
        let token = self.step("token", TITLE, work).await?;
        evidence.claims = TokenClaims::peek(&token.token);
        if let Some(claims) = &evidence.claims {
            let found = match rules::of_claims(evidence, protocol_of(evidence)) {
                Some(notice) => Err(notice),
                None => Ok(rules::claims_in_words(claims)),
            };
            self.note("claims", CLAIMS, found);
        } else {
            self.introspect(provider, &token).await;
        }
        Some(token)
    }

    /// Nothing stands in the token; the provider may say what it is good for.
    async fn introspect(&mut self, provider: &Provider, token: &AccessToken) {
        let doctor = self.doctor;
        let end = day(token.expires_at);
        let work = async {
            let profile = &provider.profile;
            let endpoints = resolve(&doctor.http, profile).await;
            let said = match &endpoints {
                Ok(endpoints) => introspect(&doctor.http, profile, endpoints, &token.token).await,
                Err(_) => Ok(None),
            };
            // Not every client may ask; the mail server's answer counts.
            let outcome = match said {
                Ok(Some(said)) => match rules::of_introspection(&said) {
                    Ok(found) => passed(found),
                    Err(notice) => Outcome::Noticed(notice),
                },
                Ok(None) => passed(format!(
                    "It is opaque, and the provider has no place to ask about it; it ends on {end}."
                )),
                Err(refusal) => Outcome::Skipped {
                    why: format!("The provider does not tell: {refusal}."),
                },
            };
            Ok((outcome, ()))
        };
        self.step("introspection", CLAIMS, work).await;
    }
}

/// The protocol that the token is judged by before a login: IMAP, unless an application was given
/// another alone.
fn protocol_of(evidence: &Evidence) -> Protocol {
    let Some(claims) = &evidence.claims else {
        return Protocol::Imap;
    };
    let mut all = Protocol::ALL.into_iter();
    let given = all.find(|protocol| rules::has_role(claims, *protocol));
    given
        .filter(|_| evidence.access == Access::Application)
        .unwrap_or(Protocol::Imap)
}
