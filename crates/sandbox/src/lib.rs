//! A small identity provider and a small mail server, with faults on demand: for `mailgrant demo`
//! and for every test that needs a peer that misbehaves. It knows nothing of Mailgrant's own
//! crates, so that a mistake there cannot hide here.

mod browser;
mod mailserver;
mod provider;
mod samples;
mod tokens;

pub use browser::{Browser, Page};
pub use mailserver::{
    Accepts, ApiFault, Certificate, ImapFault, LineFault, MailServer, MailServerOptions,
    StoredMessage, UniqueIds,
};
pub use provider::{
    Client, Credential, IdentityProvider, Now, Persona, ProviderFault, ProviderOptions, PublicKeys,
    ServiceAccount, User, answer_device, sign_in, sign_in_and_deny, sign_in_withholding,
};
pub use samples::{Sample, samples};
pub use tokens::TokenBook;
