//! A grant as one secret text, for the time until an unexpected identity is confirmed.

use mailgrant_oauth::{Resource, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::column::{micros, time};
use crate::{NewGrant, VaultError};

#[derive(Serialize, Deserialize)]
struct Held {
    refresh_token: Option<String>,
    scopes: Vec<Scope>,
    subject: Option<String>,
    signed_in: Option<String>,
    access_token: String,
    resource: Resource,
    expires_at: i64,
}

impl NewGrant {
    pub(crate) fn to_secret(&self) -> Result<SecretString, VaultError> {
        let exposed = |secret: &SecretString| secret.expose_secret().to_owned();
        let held = Held {
            refresh_token: self.refresh_token.as_ref().map(exposed),
            scopes: self.scopes.clone(),
            subject: self.subject.clone(),
            signed_in: self.signed_in.clone(),
            access_token: exposed(&self.access_token),
            resource: self.resource,
            expires_at: micros(self.expires_at),
        };
        // The error is not passed on: it might quote.
        serde_json::to_string(&held)
            .map(SecretString::from)
            .map_err(|_| VaultError::Unexpected("a grant cannot be written".to_owned()))
    }

    pub(crate) fn from_secret(secret: &SecretString) -> Result<Self, VaultError> {
        let held: Held = serde_json::from_str(secret.expose_secret())
            .map_err(|_| VaultError::Unexpected("a held grant cannot be read".to_owned()))?;
        Ok(Self {
            refresh_token: held.refresh_token.map(SecretString::from),
            scopes: held.scopes,
            subject: held.subject,
            signed_in: held.signed_in,
            access_token: held.access_token.into(),
            resource: held.resource,
            expires_at: time(held.expires_at)?,
        })
    }
}
