//! A token and a login with it.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_keeper::AccessToken;
use mailgrant_mail::{IdleEvent, ImapSession, MailError, MailServer, Protocol, SmtpSession};
use mailgrant_oauth::catalogue::protocols_allowed;
use mailgrant_oauth::{Access, Resource, catalogue};
use mailgrant_vault::{Account, Source as Way, VaultError};
use url::Url;

use crate::connections::{Permit, Place, Turn, own_share};
use crate::shared::Shared;
use crate::source::{
    Api, ApiSource, Door, Gmail, Graph, ImapSource, Mailbox, PREFER, Pop3Source, Source,
};
use crate::{FetchError, FetchSettings};

/// Logs in to accounts' mailboxes.
pub(crate) struct Login {
    shared: Arc<Shared>,
}

/// A source, the token that it lives on, and the right to its connection: to be held as long as the
/// source is open.
pub(crate) struct LoggedIn {
    pub(crate) source: Source,
    pub(crate) token: AccessToken,
    pub(crate) permit: Permit,
}

/// An IMAP session and the right to its connection.
pub(crate) struct ImapConnection {
    session: ImapSession,
    permit: Permit,
}

impl ImapConnection {
    /// Listens until something happens, or until somebody waits for the connection
    /// ([`IdleEvent::Interrupted`]).
    pub(crate) async fn idle_unless_wanted(
        &mut self,
        at_most: Duration,
    ) -> Result<IdleEvent, MailError> {
        self.session.idle_or(at_most, self.permit.wanted()).await
    }

    /// Ends it politely.
    pub(crate) async fn logout(self) {
        self.session.logout().await;
    }
}

impl std::ops::Deref for ImapConnection {
    type Target = ImapSession;

    fn deref(&self) -> &ImapSession {
        &self.session
    }
}

impl std::ops::DerefMut for ImapConnection {
    fn deref_mut(&mut self) -> &mut ImapSession {
        &mut self.session
    }
}

/// Where an account's mail is, and how many connections Mailgrant may have there.
pub(crate) struct Berth {
    place: Place,
    most: u16,
}

/// Whether the account's grant opens this protocol, as far as its provider said protocol by protocol
/// what it granted; where it did not, its mail server does.
pub(crate) async fn may_speak(
    shared: &Shared,
    account: &Account,
    protocol: Protocol,
) -> Result<bool, VaultError> {
    let grant = shared.vault.grant(account.id).await?;
    let provider = shared.vault.provider(account.draft.provider).await?;
    let (Some(grant), Some(provider)) = (grant, provider) else {
        return Ok(true);
    };
    let profile = &provider.profile;
    let unsaid = profile.access == Access::Application
        || grant.scopes.is_empty()
        || grant
            .scopes
            .iter()
            .any(|scope| scope.as_str().ends_with("/.default"));
    Ok(unsaid || protocols_allowed(profile.kind, &grant.scopes).contains(&protocol))
}

impl Login {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
        }
    }

    /// Connects and logs in, by the protocol that the account's mail is fetched with. A server that
    /// refuses a token gets one fresh one. Waits where the mailbox has all the connections that it may
    /// have, and where many log in at the same server.
    pub(crate) async fn open(&self, account: &Account) -> Result<LoggedIn, FetchError> {
        let berth = self.berth(account).await?;
        let resource = account.draft.source.resource();
        let attempt = |token| async move { self.attempt(account, &token).await };
        let (source, token, permit) = self.log_in(account, resource, &berth, attempt).await?;
        Ok(LoggedIn {
            source,
            token,
            permit,
        })
    }

    /// Logs in where a connection may be, with a token; a refused one is replaced once.
    async fn log_in<T, F>(
        &self,
        account: &Account,
        resource: Resource,
        berth: &Berth,
        attempt: impl Fn(AccessToken) -> F,
    ) -> Result<(T, AccessToken, Permit), FetchError>
    where
        F: Future<Output = Result<T, FetchError>>,
    {
        let permit = self.permit(berth).await?;
        let (mut token, _turn) = self.token_and_turn(account, resource, berth).await?;
        let opened = match attempt(token.clone()).await {
            Err(error) => {
                let another = self.another_token(account, resource, &token, error);
                let attempted = match another.await {
                    Ok(another) => {
                        token = another;
                        attempt(token.clone()).await
                    }
                    Err(error) => Err(error),
                };
                self.unless_too_many(berth, attempted)?
            }
            Ok(opened) => opened,
        };
        permit.worked();
        Ok((opened, token, permit))
    }

    /// The same over IMAP, however the account's own mail is fetched.
    pub(crate) async fn open_imap(&self, account: &Account) -> Result<ImapConnection, FetchError> {
        let berth = self.berth_for(account, Way::Imap).await?;
        let attempt = |token| async move { self.attempt_imap(account, &token).await };
        let logged_in = self.log_in(account, Resource::Mail, &berth, attempt);
        let (session, _, permit) = logged_in.await?;
        Ok(ImapConnection { session, permit })
    }

    /// Logs in for sending, with a token for the mail servers.
    pub(crate) async fn open_smtp(
        &self,
        account: &Account,
    ) -> Result<(SmtpSession, Permit), FetchError> {
        let provider = self.shared.vault.provider(account.draft.provider).await?;
        let kind = provider.map(|provider| provider.profile.kind);
        let server = kind.and_then(|kind| account.server(Protocol::Smtp, kind));
        let server = server.ok_or_else(|| FetchError::NoServer {
            account: account.draft.name.clone(),
            protocol: Protocol::Smtp,
        })?;
        let user = account.user(Protocol::Smtp).to_owned();
        let berth = Berth {
            place: Place {
                server: server.to_string(),
                user: user.clone(),
            },
            most: own_share(kind.and_then(|kind| catalogue::row(kind).connections.smtp)),
        };
        let FetchSettings { trust, limits, .. } = &self.shared.settings;
        let (server, user) = (&server, &user);
        let attempt = |token: AccessToken| async move {
            let opened = SmtpSession::open(server, trust, *limits, user, &token.token);
            opened.await.map_err(FetchError::from)
        };
        let logged_in = self.log_in(account, Resource::Mail, &berth, attempt);
        let (session, _, permit) = logged_in.await?;
        Ok((session, permit))
    }

    async fn berth(&self, account: &Account) -> Result<Berth, FetchError> {
        self.berth_for(account, account.draft.source).await
    }

    async fn berth_for(&self, account: &Account, way: Way) -> Result<Berth, FetchError> {
        let provider = self.shared.vault.provider(account.draft.provider).await?;
        let published = provider.map(|provider| catalogue::row(provider.profile.kind).connections);
        let published = published.unwrap_or_default();
        let user = |protocol| account.user(protocol).to_owned();
        let (server, user, limit) = match way {
            Way::Imap => (
                account.draft.imap.to_string(),
                user(Protocol::Imap),
                published.imap,
            ),
            Way::Pop3 => (
                self.pop3_server(account).await?.to_string(),
                user(Protocol::Pop3),
                published.pop3,
            ),
            Way::Graph | Way::Gmail => (
                self.place(account).await?,
                account.draft.address.clone(),
                published.api,
            ),
        };
        Ok(Berth {
            place: Place { server, user },
            most: own_share(limit),
        })
    }

    async fn permit(&self, berth: &Berth) -> Result<Permit, FetchError> {
        let connections = &self.shared.connections;
        connections.permit(&berth.place, berth.most).await
    }

    /// A token, and the turn to log in with it. Whoever cannot have a token waits for no turn.
    async fn token_and_turn(
        &self,
        account: &Account,
        resource: Resource,
        berth: &Berth,
    ) -> Result<(AccessToken, Turn), FetchError> {
        let mut token = self.token(account, resource).await?;
        let Shared {
            connections,
            random,
            ..
        } = &*self.shared;
        let turn = connections.turn(&berth.place.server, &**random).await;
        if turn.waited {
            token = self.token(account, resource).await?;
        }
        Ok((token, turn))
    }

    /// A server that says that there are too many connections is left alone for a while.
    fn unless_too_many<T>(
        &self,
        berth: &Berth,
        attempted: Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let error = match attempted {
            Err(FetchError::Mail(error)) => error,
            other => return other,
        };
        let Some(said) = error.too_many_connections() else {
            return Err(error.into());
        };
        let asked = match &error {
            MailError::Later { retry_after, .. } => *retry_after,
            _ => None,
        };
        let Shared {
            connections,
            random,
            ..
        } = &*self.shared;
        let wait = connections.refused(&berth.place, said, asked, &**random);
        let Place { server, user } = berth.place.clone();
        Err(FetchError::TooMany {
            user,
            server,
            said: said.to_owned(),
            wait,
        })
    }

    /// One connection more over IMAP, for an account that has one already: `None` where that would be
    /// the last that the mailbox may have, or where its server has lately refused one. Nobody waits for a
    /// permit, and who gets none makes do with the connection that there is. It is never worth a renewal:
    /// whatever it is refused for, the first one finds out.
    pub(crate) async fn open_another(
        &self,
        account: &Account,
    ) -> Result<Option<ImapConnection>, FetchError> {
        let berth = self.berth_for(account, Way::Imap).await?;
        let connections = &self.shared.connections;
        let Some(permit) = connections.another(&berth.place, berth.most) else {
            return Ok(None);
        };
        let (token, _turn) = self.token_and_turn(account, Resource::Mail, &berth).await?;
        let attempted = self.attempt_imap(account, &token).await;
        let session = self.unless_too_many(&berth, attempted)?;
        permit.worked();
        Ok(Some(ImapConnection { session, permit }))
    }

    async fn token(
        &self,
        account: &Account,
        resource: Resource,
    ) -> Result<AccessToken, FetchError> {
        let keeper = &self.shared.keeper;
        Ok(keeper.access_token(account.id, resource).await?)
    }

    /// In place of a token that the server refused; any other error stays.
    async fn another_token(
        &self,
        account: &Account,
        resource: Resource,
        token: &AccessToken,
        error: FetchError,
    ) -> Result<AccessToken, FetchError> {
        let FetchError::Mail(refused @ MailError::LoginRefused { .. }) = &error else {
            return Err(error);
        };
        let keeper = &self.shared.keeper;
        let another = keeper.another_token(account.id, resource, token).await?;
        if another.is_some() {
            tracing::debug!(account = account.draft.name, %refused, "a refused token was renewed");
        }
        another.ok_or(error)
    }

    /// Where the account's mail is read, for people.
    pub(crate) async fn place(&self, account: &Account) -> Result<String, FetchError> {
        Ok(match account.draft.source {
            Way::Imap => account.draft.imap.to_string(),
            Way::Pop3 => self.pop3_server(account).await?.to_string(),
            Way::Graph | Way::Gmail => {
                let base = self.api(account).await?;
                let port = base.port_or_known_default().unwrap_or(443);
                format!("{}:{port}", base.host_str().unwrap_or_default())
            }
        })
    }

    async fn pop3_server(&self, account: &Account) -> Result<MailServer, FetchError> {
        let protocol = Protocol::Pop3;
        let provider = self.shared.vault.provider(account.draft.provider).await?;
        let server = provider.and_then(|provider| account.server(protocol, provider.profile.kind));
        server.ok_or_else(|| FetchError::NoServer {
            account: account.draft.name.clone(),
            protocol,
        })
    }

    async fn api(&self, account: &Account) -> Result<Url, FetchError> {
        let provider = self.shared.vault.provider(account.draft.provider).await?;
        let base = provider.and_then(|provider| account.api(provider.profile.kind));
        base.ok_or_else(|| FetchError::NoApi {
            account: account.draft.name.clone(),
        })
    }

    /// The mailbox as an API has it; `prefer` goes with each request.
    async fn mailbox(
        &self,
        account: &Account,
        token: &AccessToken,
        prefer: Option<&'static str>,
    ) -> Result<Mailbox, FetchError> {
        let base = self.api(account).await?;
        let FetchSettings { trust, limits, .. } = &self.shared.settings;
        let apis = &self.shared.apis;
        Ok(Mailbox {
            api: Api::new(apis, trust, *limits, base, &token.token, prefer)?,
            vault: self.shared.vault.clone(),
            clock: Arc::clone(&self.shared.clock),
            account: account.id,
            address: account.draft.address.clone(),
        })
    }

    async fn attempt(&self, account: &Account, token: &AccessToken) -> Result<Source, FetchError> {
        let FetchSettings { trust, limits, .. } = &self.shared.settings;
        match account.draft.source {
            Way::Imap => {
                let door = Door {
                    server: account.draft.imap.clone(),
                    trust: trust.clone(),
                    limits: *limits,
                    user: account.imap_user().to_owned(),
                    token: token.token.clone(),
                };
                Ok(Source::Imap(Box::new(ImapSource::open(door).await?)))
            }
            Way::Pop3 => {
                let door = Door {
                    server: self.pop3_server(account).await?,
                    trust: trust.clone(),
                    limits: *limits,
                    user: account.user(Protocol::Pop3).to_owned(),
                    token: token.token.clone(),
                };
                let (vault, clock) = (self.shared.vault.clone(), Arc::clone(&self.shared.clock));
                let opened = Pop3Source::open(door, vault, clock, account.id);
                Ok(Source::Pop3(Box::new(opened.await?)))
            }
            Way::Graph => {
                let mailbox = self.mailbox(account, token, Some(PREFER)).await?;
                let opened = ApiSource::open(Graph(mailbox));
                Ok(Source::Graph(Box::new(opened.await?)))
            }
            Way::Gmail => {
                let mailbox = self.mailbox(account, token, None).await?;
                let opened = ApiSource::open(Gmail(mailbox));
                Ok(Source::Gmail(Box::new(opened.await?)))
            }
        }
    }

    async fn attempt_imap(
        &self,
        account: &Account,
        token: &AccessToken,
    ) -> Result<ImapSession, FetchError> {
        let FetchSettings { trust, limits, .. } = &self.shared.settings;
        let (server, user) = (&account.draft.imap, account.imap_user());
        let opened = ImapSession::open(server, trust, *limits, user, &token.token);
        Ok(opened.await?)
    }
}
