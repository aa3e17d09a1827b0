//! Why an authorization failed.

use mailgrant_base::{Diagnose, Diagnosis, Fault};
use mailgrant_oauth::{CallbackError, Refusal};
use mailgrant_vault::VaultError;

/// An authorization that failed; whatever grant was there is untouched.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizationError {
    /// No such account, or it was removed meanwhile.
    #[error("the account does not exist any more")]
    NoAccount,
    /// The provider (profile) is paused.
    #[error("provider {0} is paused")]
    ProviderPaused(String),
    /// The profile says that nobody signs in.
    #[error("nobody signs in at provider {0}")]
    NobodySignsIn(String),
    /// The profile says that somebody signs in.
    #[error("somebody has to sign in at provider {0}")]
    SomebodySignsIn(String),
    /// The person said no on the other device.
    #[error("the permission was denied")]
    Declined,
    /// Nobody typed the code in time.
    #[error("nobody has typed the code in time")]
    CodeExpired,
    /// The link was used, is too old or was never given out.
    #[error("this link has been used or is too old")]
    DeadTicket,
    /// The invitation was used, withdrawn, is too old or was never given out.
    #[error("this invitation has been used, was withdrawn or is too old")]
    DeadInvitation,
    /// Somebody else signed in than was sent here, who cannot decide that they may.
    #[error("{signed_in} signed in, {expected} was expected")]
    NotTheInvited {
        /// Who was invited.
        expected: String,
        /// Who signed in.
        signed_in: String,
    },
    /// The provider was asked who signs in, and whoever did so kept it back.
    #[error("nobody is named, {expected} was expected")]
    NobodyNamed {
        /// Who was invited.
        expected: String,
    },
    /// State unknown, used, older than 10 minutes, or of another browser.
    #[error("this answer does not belong to an authorization that began in this browser")]
    UnknownState,
    /// The answer itself is wrong.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The provider said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The provider gave fewer scopes than are needed for mail.
    #[error("the provider did not grant {missing}")]
    ScopeMissing {
        /// What is missing.
        missing: String,
    },
    /// The provider gave no refresh token, and there is none from before.
    #[error("the provider gave no refresh token")]
    NoRefreshToken,
    /// The `id_token` cannot be believed.
    #[error("{0}")]
    Identity(String),
    /// The profile was changed while the browser was away.
    #[error("the provider profile was changed meanwhile")]
    ProfileChanged,
    /// The store failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl AuthorizationError {
    /// Where the way itself, and not the provider's answer, is at fault.
    fn about_the_way(&self) -> Option<Diagnosis> {
        Some(match self {
            Self::NobodySignsIn(provider) => Diagnosis::new(
                Fault::Operator,
                format!("At {provider} nobody signs in: Mailgrant has access in its own name."),
                "Press Connect on the account's page, or run `mailgrant account authorize` without \
                 further flags. If somebody is to sign in, change the access of the provider.",
            ),
            Self::SomebodySignsIn(provider) => Diagnosis::new(
                Fault::Operator,
                format!("At {provider} somebody has to sign in for each mailbox."),
                "Press Authorize. If Mailgrant is to have access in its own name, change the access \
                 of the provider.",
            ),
            Self::Declined => Diagnosis::new(
                Fault::Owner,
                "The permission was denied where the code was typed.",
                "Nothing was changed. Ask for a new code and agree to what is asked.",
            ),
            Self::CodeExpired => Diagnosis::new(
                Fault::Owner,
                "Nobody has typed the code before it ended.",
                "Nothing was changed. Ask for a new code.",
            ),
            Self::DeadTicket => Diagnosis::new(
                Fault::Owner,
                "This link has been used already, or is older than 10 minutes.",
                "Ask for a new one with `mailgrant account authorize`, or press Authorize in Mailgrant.",
            ),
            Self::DeadInvitation => Diagnosis::new(
                Fault::Owner,
                "This invitation has been used already, was withdrawn, or its time is over.",
                "Ask whoever sent it to you for a new one.",
            ),
            Self::NotTheInvited {
                expected,
                signed_in,
            } => Diagnosis::new(
                Fault::Owner,
                format!("{signed_in} signed in, but {expected} was expected."),
                format!(
                    "Nothing was changed. Sign out at the provider, begin again and sign in as \
                     {expected}; if that is not you, tell whoever sent you here."
                ),
            ),
            Self::NobodyNamed { expected } => Diagnosis::new(
                Fault::Owner,
                format!(
                    "The provider does not say who signed in, so nobody can tell whether it was \
                     {expected}."
                ),
                "Nothing was changed. Begin again, and allow all that the provider asks for: to see \
                 who you are (`openid`) is part of it.",
            ),
            _ => return None,
        })
    }
}

impl Diagnose for AuthorizationError {
    fn diagnosis(&self) -> Diagnosis {
        if let Some(diagnosis) = self.about_the_way() {
            return diagnosis;
        }
        match self {
            Self::NoAccount => Diagnosis::new(
                Fault::Operator,
                "The account was removed before the sign-in was finished.",
                "Nothing was stored. Add the account again if it is still wanted.",
            ),
            Self::ProviderPaused(provider) => Diagnosis::new(
                Fault::Operator,
                format!("The provider {provider} is paused, so nobody can be sent to it."),
                "Resume the provider in Mailgrant, then press Authorize again.",
            ),
            Self::UnknownState => Diagnosis::new(
                Fault::Owner,
                "This answer does not belong to an authorization that began in this browser in the \
                 last 10 minutes, or it was used already.",
                "Nothing was changed. Press Authorize again and finish in the same browser.",
            ),
            Self::Callback(answer) => not_an_answer(answer),
            Self::Refused(refusal) => refused(refusal),
            Self::ScopeMissing { missing } => Diagnosis::new(
                Fault::Owner,
                format!("The provider did not give the permission `{missing}`, which is needed for mail."),
                "Nothing was changed. Press Authorize again and leave all boxes ticked; if it still \
                 fails, allow the permission in the registration at the provider.",
            ),
            Self::NoRefreshToken => Diagnosis::new(
                Fault::Operator,
                "The provider gave no refresh token, so the permission would end within the hour.",
                "Nothing was changed. Allow offline access (`offline_access`) in the registration at \
                 the provider, then press Authorize again.",
            ),
            Self::Identity(why) => Diagnosis::new(
                Fault::Provider,
                "Who signed in could not be verified.",
                "Nothing was changed. Press Authorize again; if it still fails, check the issuer and \
                 the clock of this machine.",
            )
            .said(why),
            Self::ProfileChanged => Diagnosis::new(
                Fault::Operator,
                "The provider's settings were changed while somebody was signing in.",
                "Nothing was stored. Press Authorize again.",
            ),
            Self::Vault(failure) => failure.diagnosis(),
            other => Diagnosis::new(
                Fault::Bug,
                format!("The sign-in failed: {other}."),
                "Nothing was changed. Please report this.",
            ),
        }
    }
}

fn not_an_answer(answer: &CallbackError) -> Diagnosis {
    let diagnosis = match answer {
        CallbackError::WrongIssuer { .. } | CallbackError::MissingIssuer => Diagnosis::new(
            Fault::Operator,
            "The answer does not come from the identity provider that was asked.",
            "Nothing was changed. Check the issuer in the provider's page; if it is right, somebody \
             may be mixing up providers on purpose.",
        ),
        _ => Diagnosis::new(
            Fault::Provider,
            "The identity provider's answer is not a proper one.",
            "Nothing was changed. Press Authorize again.",
        ),
    };
    diagnosis.said(answer.to_string())
}

fn refused(refusal: &Refusal) -> Diagnosis {
    let mut diagnosis = refusal.diagnosis();
    // Renewals are tried again by themselves; a person's sign-in is not.
    if diagnosis.fault.passes_by_itself() {
        "Nothing was changed. Press Authorize again in a while; if it stays, check the network \
         between this machine and the provider."
            .clone_into(&mut diagnosis.next);
    }
    diagnosis
}

#[cfg(test)]
mod tests {
    use mailgrant_oauth::Callback;

    use super::*;

    #[test]
    fn whoever_declines_reads_what_the_catalogue_knows_of_it() {
        let diagnosis = |words: &str| {
            let query = format!("state=s&error=access_denied&error_description={words}");
            let refusal = Callback::parse(&query).unwrap().answer.unwrap_err();
            AuthorizationError::from(refusal).diagnosis()
        };
        let declined = diagnosis("");
        assert_eq!(declined.fault, Fault::Owner);
        assert!(declined.what.contains("declined"), "{declined:?}");
        let restricted = diagnosis("Account+restricted");
        assert_eq!(restricted.fault, Fault::Tenant);
        assert!(restricted.place.is_some());
    }
}
