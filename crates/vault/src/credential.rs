//! How client credentials stand in a provider's row: what is secret sealed, each kind in a column of
//! its own; the rest as JSON; the end of each as a plain time.

use std::path::PathBuf;

use jiff::Timestamp;
use mailgrant_oauth::{ClientCredential, ClientKey, SecretMethod};
use serde::{Deserialize, Serialize};

use crate::column::{from_json, json, micros, time_if};
use crate::seal::Place;
use crate::{Vault, VaultError};

/// Where one of a provider's two credentials has its sealed columns. A key has another place than a
/// secret, so that nobody who can write to the database makes Mailgrant send a key as a secret.
#[derive(Debug)]
pub(crate) struct Places {
    secret: Place,
    key: Place,
}

pub(crate) const FIRST: Places = Places {
    secret: Place {
        table: "providers",
        column: "client_secret",
    },
    key: Place {
        table: "providers",
        column: "client_key",
    },
};

pub(crate) const SECOND: Places = Places {
    secret: Place {
        table: "providers",
        column: "second_secret",
    },
    key: Place {
        table: "providers",
        column: "second_key",
    },
};

/// What is not secret about a credential.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    None,
    Secret {
        method: SecretMethod,
    },
    Key {
        certificates: Option<String>,
        key_id: Option<String>,
    },
    FederatedTokenFile {
        path: PathBuf,
    },
}

/// One credential's columns.
#[derive(Debug)]
pub(crate) struct CredentialFields {
    pub(crate) kind: String,
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) expires_at: Option<i64>,
}

impl Vault {
    pub(crate) fn credential_fields(
        &self,
        places: &Places,
        handle: &str,
        credential: &ClientCredential,
    ) -> Result<CredentialFields, VaultError> {
        let (mut secret, mut key) = (None, None);
        let kind = match credential {
            ClientCredential::None => Kind::None,
            ClientCredential::Secret {
                secret: value,
                method,
                ..
            } => {
                secret = Some(self.seal(places.secret, handle, value)?);
                Kind::Secret { method: *method }
            }
            ClientCredential::Key(value) => {
                key = Some(self.seal(places.key, handle, value.private_key())?);
                Kind::Key {
                    certificates: value.certificates_pem(),
                    key_id: value.key_id().map(str::to_owned),
                }
            }
            ClientCredential::FederatedTokenFile { path } => {
                Kind::FederatedTokenFile { path: path.clone() }
            }
        };
        Ok(CredentialFields {
            kind: json(&kind)?,
            secret,
            key,
            expires_at: credential.expires_at().map(micros),
        })
    }

    pub(crate) fn read_credential(
        &self,
        places: &Places,
        handle: &str,
        fields: CredentialFields,
    ) -> Result<ClientCredential, VaultError> {
        let damaged = |place: Place| VaultError::Damaged {
            table: place.table,
            column: place.column,
            row: handle.to_owned(),
        };
        let open = |place: Place, sealed: Option<Vec<u8>>| match sealed {
            Some(sealed) => self.unseal(place, handle, &sealed),
            None => Err(damaged(place)),
        };
        Ok(match from_json(&fields.kind)? {
            Kind::None => ClientCredential::None,
            Kind::Secret { method } => ClientCredential::Secret {
                secret: open(places.secret, fields.secret)?,
                method,
                expires_at: time_if(fields.expires_at)?,
            },
            Kind::Key {
                certificates,
                key_id,
            } => {
                let private_key = open(places.key, fields.key)?;
                ClientKey::of_parts(&private_key, certificates.as_deref(), key_id)
                    .map(ClientCredential::Key)
                    .map_err(|_| damaged(places.key))?
            }
            Kind::FederatedTokenFile { path } => ClientCredential::FederatedTokenFile { path },
        })
    }
}

/// One of a provider's credentials, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialExpiry {
    /// What ends, for people: `client secret`, `second certificate`.
    pub what: String,
    /// When.
    pub at: Timestamp,
}
