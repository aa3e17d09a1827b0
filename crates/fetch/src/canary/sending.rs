//! Sending one: SMTP submission with the account's own grant.

use std::sync::Arc;

use mailgrant_base::Diagnose as _;
use mailgrant_mail::{Delivered, DeliverySession, Envelope, Protocol};
use mailgrant_oauth::catalogue;
use mailgrant_vault::{Account, VaultError};
use secrecy::SecretString;
use tracing::{debug, warn};

use super::letter::letter;
use crate::FetchError;
use crate::connect::Login;
use crate::shared::Shared;

/// Whether the account's grant and its settings let one be sent; if not, what is missing.
pub(crate) async fn may_send(
    shared: &Shared,
    account: &Account,
) -> Result<Result<(), FetchError>, VaultError> {
    let provider = shared.vault.provider(account.draft.provider).await?;
    let Some(provider) = provider else {
        return Ok(Ok(()));
    };
    let name = || account.draft.name.clone();
    let kind = provider.profile.kind;
    if account.server(Protocol::Smtp, kind).is_none() {
        return Ok(Err(FetchError::NoServer {
            account: name(),
            protocol: Protocol::Smtp,
        }));
    }
    if !crate::connect::may_speak(shared, account, Protocol::Smtp).await? {
        return Ok(Err(FetchError::NoScope {
            account: name(),
            protocol: Protocol::Smtp,
            word: catalogue::row(kind).scopes_of_word("smtp").map(|_| "smtp"),
        }));
    }
    Ok(Ok(()))
}

/// Sends one; that it could not be sent is noted with it.
pub(crate) async fn send(shared: &Arc<Shared>, account: &Account) -> Result<(), VaultError> {
    let secret = SecretString::from(shared.random.token());
    // It may arrive before the server has said that it took it.
    let id = shared
        .vault
        .send_canary(account.id, &secret, shared.now())
        .await?;
    let name = &account.draft.name;
    match deliver(shared, account, &secret).await {
        Ok(said) => debug!(account = name, said, "a canary is on its way"),
        Err(failure) => {
            let diagnosis = failure.diagnosis();
            warn!(account = name, "a canary could not be sent: {diagnosis}");
            let mut words = format!("{} {}", diagnosis.what, diagnosis.next);
            if let Some(said) = &diagnosis.said {
                words = format!("{words} ({said})");
            }
            shared.vault.canary_failed(id, &words).await?;
        }
    }
    Ok(())
}

async fn deliver(
    shared: &Arc<Shared>,
    account: &Account,
    secret: &SecretString,
) -> Result<String, FetchError> {
    let address = account.draft.address.as_str();
    let refused = |why: String| FetchError::NotSubmitted {
        account: account.draft.name.clone(),
        why,
    };
    let envelope = Envelope::new(address, [address]).map_err(|error| refused(error.to_string()))?;
    let message = letter(account, secret, &shared.random.token(), shared.now());
    let (session, _permit) = Login::new(shared).open_smtp(account).await?;
    let mut session = DeliverySession::submission(session, shared.settings.limits);
    let size = message.len() as u64;
    let delivered = session.deliver(&envelope, message.as_bytes(), size).await?;
    session.quit().await;
    match delivered.into_iter().next() {
        Some(Delivered::Taken(said)) => Ok(said),
        Some(Delivered::Later(said) | Delivered::Never(said)) => Err(refused(said)),
        None => Err(refused("it says nothing of the message".to_owned())),
    }
}
