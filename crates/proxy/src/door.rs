//! Who is let in: an app password, the account that it opens, a token, and a login with it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_base::{Clock, Diagnose, Protocol};
use mailgrant_keeper::Keeper;
use mailgrant_mail::{Limits, MailError, MailServer, Trust, Upstream, UpstreamOpened};
use mailgrant_oauth::Resource;
use mailgrant_vault::{Account, AppPassword, Vault};
use tracing::debug;
use url::Url;

use crate::dialogue::Login;
use crate::extensions::Extensions;
use crate::guessing::{Answer, Guessing};
use crate::places::{Places, Seat};
use crate::{Refusal, RefusalKind};

/// The place where it is decided who is let in.
pub(crate) struct Door {
    pub(crate) vault: Vault,
    pub(crate) keeper: Keeper,
    pub(crate) trust: Trust,
    pub(crate) limits: Limits,
    pub(crate) public_url: Url,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) guessing: Guessing,
    pub(crate) places: Arc<Places>,
    pub(crate) extensions: Extensions,
}

/// Somebody who has been let in.
pub(crate) struct Admitted {
    pub(crate) upstream: Upstream,
    /// The account's name.
    pub(crate) account: String,
    /// What the app password is for, in somebody's words.
    pub(crate) label: String,
    pub(crate) seat: Seat,
}

/// Somebody who has not been let in.
pub(crate) struct Rejected {
    pub(crate) refusal: Refusal,
    /// The account's name, where the password was right.
    pub(crate) account: Option<String>,
}

impl From<Refusal> for Rejected {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            account: None,
        }
    }
}

impl Door {
    /// Lets somebody in who has an app password for this protocol and this address, and logs in to
    /// the account's server.
    pub(crate) async fn open(
        &self,
        protocol: Protocol,
        from: IpAddr,
        login: &Login,
    ) -> Result<Admitted, Rejected> {
        let (account, password) = self.recognise(from, login).await?;
        let now = self.clock.now();
        let rejected = |refusal| Rejected {
            refusal,
            account: Some(account.draft.name.clone()),
        };
        if !password.draft.protocols.contains(&protocol) {
            let words = format!("This app password is not for {}", protocol.label());
            return Err(rejected(Refusal::new(RefusalKind::NotAllowed, words)));
        }
        if !password.draft.allows(from) {
            let words = format!("This app password may not be used from {from}");
            return Err(rejected(Refusal::new(RefusalKind::NotAllowed, words)));
        }
        let place = from.to_string();
        let noted = self
            .vault
            .note_app_password_used(&password, protocol, &place, now);
        if let Err(failure) = noted.await {
            // Whoever is let in is not to suffer from it.
            failure.diagnosis().log(&account.draft.name);
        }
        let (upstream, seat) = self.connect(protocol, &account).await.map_err(rejected)?;
        Ok(Admitted {
            upstream,
            account: account.draft.name,
            label: password.draft.label,
            seat,
        })
    }

    /// Whose app password this is. What is right never waits; what is wrong is answered the later
    /// the more of it there was.
    async fn recognise(
        &self,
        from: IpAddr,
        login: &Login,
    ) -> Result<(Account, AppPassword), Refusal> {
        let found = self.vault.recognise(&login.user, &login.password).await;
        let found = found.map_err(|error| Refusal::of_store(&error))?;
        if let Some(found) = found {
            return Ok(found);
        }
        match self.guessing.wrong(from, &login.user, self.clock.now()) {
            Answer::After(wait, _held) => {
                tokio::time::sleep(duration(wait)).await;
                Err(Refusal::wrong())
            }
            Answer::AtOnce => Err(Refusal::guessing()),
        }
    }

    async fn connect(
        &self,
        protocol: Protocol,
        account: &Account,
    ) -> Result<(Upstream, Seat), Refusal> {
        let name = &account.draft.name;
        if account.paused {
            let words = format!("{name} is paused in Mailgrant: {}", self.page(account));
            return Err(Refusal::new(RefusalKind::Person, words));
        }
        let seat = self.places.sit(account.id).ok_or_else(|| {
            let words = format!("{name} has too many connections at once");
            Refusal::new(RefusalKind::Full, words)
        })?;
        let server = self.server(protocol, account).await?;
        let upstream = self.log_in(protocol, account, &server).await?;
        if let UpstreamOpened::Smtp(offers) = &upstream.opened {
            self.extensions.learn(&server, offers);
        }
        Ok((upstream, seat))
    }

    async fn server(&self, protocol: Protocol, account: &Account) -> Result<MailServer, Refusal> {
        let provider = self.vault.provider(account.draft.provider).await;
        let provider = provider.map_err(|error| Refusal::of_store(&error))?;
        let server = provider.and_then(|provider| account.server(protocol, provider.profile.kind));
        server.ok_or_else(|| {
            let (protocol, page) = (protocol.label(), self.page(account));
            let words = format!(
                "Mailgrant knows no {protocol} server of {}: {page}",
                account.draft.name
            );
            Refusal::new(RefusalKind::Person, words)
        })
    }

    /// Logs in. A server that refuses a token gets one fresh one.
    async fn log_in(
        &self,
        protocol: Protocol,
        account: &Account,
        server: &MailServer,
    ) -> Result<Upstream, Refusal> {
        let page = self.page(account);
        let refusal = |error: &dyn Diagnose| {
            let diagnosis = error.diagnosis();
            diagnosis.log(&account.draft.name);
            Refusal::of(&diagnosis, &page)
        };
        let user = account.user(protocol);
        let open = async |token| {
            Upstream::open(protocol, server, &self.trust, self.limits, user, token).await
        };
        let token = self.keeper.access_token(account.id, Resource::Mail).await;
        let token = token.map_err(|error| refusal(&error))?;
        match open(&token.token).await {
            Err(refused @ MailError::LoginRefused { .. }) => {
                let another = self
                    .keeper
                    .another_token(account.id, Resource::Mail, &token);
                let another = another.await.map_err(|error| refusal(&error))?;
                let token = another.ok_or_else(|| refusal(&refused))?;
                debug!(account = account.draft.name, %refused, "a refused token was renewed");
                open(&token.token).await.map_err(|error| refusal(&error))
            }
            opened => opened.map_err(|error| refusal(&error)),
        }
    }

    /// Where it is told what is wrong with an account, and what to do.
    fn page(&self, account: &Account) -> Url {
        let mut page = self.public_url.clone();
        page.set_path(&format!("accounts/{}", account.id.0));
        page
    }
}

/// Negative ones are none.
fn duration(wait: SignedDuration) -> Duration {
    wait.try_into().unwrap_or_default()
}
