//! To the mailbox: server, mechanisms, folder, connections.

use mailgrant_base::{Diagnose as _, Diagnosis, Fault};
use mailgrant_keeper::AccessToken;
use mailgrant_mail::sasl::Mechanism;
use mailgrant_mail::{
    ImapSession, MailError, MailServer, Offers, Protocol, Session, inspect, try_login,
};
use mailgrant_oauth::catalogue::protocols_allowed;
use mailgrant_oauth::{Access, TokenClaims};
use mailgrant_vault::{Account, AfterDelivery, Grant, Provider};

use super::names::{IMAP_FOLDER, Names};
use super::{Walk, listed, passed};
use crate::rules::{self, Evidence};
use crate::{Doctor, Outcome, Step};

/// One protocol of one account, with all that was found before.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) account: &'a Account,
    pub(super) provider: &'a Provider,
    pub(super) grant: Option<&'a Grant>,
    pub(super) token: Option<&'a AccessToken>,
    pub(super) evidence: &'a Evidence,
    pub(super) protocol: Protocol,
}

impl Way<'_> {
    /// Why this protocol is not looked at.
    fn is_left(&self) -> Option<String> {
        let label = self.protocol.label();
        let kind = self.provider.profile.kind;
        if self.protocol == Protocol::Imap {
            return None;
        }
        let is_allowed = match (self.provider.profile.access, &self.evidence.claims) {
            (Access::Application, Some(claims)) if knows_roles(claims) => {
                rules::has_role(claims, self.protocol)
            }
            _ => self.grant.is_none_or(|grant| {
                protocols_allowed(kind, &grant.scopes).contains(&self.protocol)
            }),
        };
        if !is_allowed {
            return Some(format!("The grant has no scope for {label}."));
        }
        let server = self.account.server(self.protocol, kind);
        server
            .is_none()
            .then(|| format!("No {label} server is known of this account."))
    }
}

/// Whether the token is of a kind that names what an application may do.
fn knows_roles(claims: &TokenClaims) -> bool {
    !claims.roles.is_empty() || claims.identity_type.as_deref() == Some("app")
}

impl<T: FnMut(&Step) + Send> Walk<'_, T> {
    pub(super) async fn mailbox(&mut self, way: Way<'_>) {
        let names = Names::of(way.protocol);
        let label = way.protocol.label();
        let kind = way.provider.profile.kind;
        if let Some(why) = way.is_left() {
            self.skip(names.name, format!("{label} server"), why);
            return;
        }
        let Some(server) = way.account.server(way.protocol, kind) else {
            return;
        };
        let Some(offers) = self.server(&server, names, way.protocol).await else {
            self.skip(
                names.xoauth2,
                format!("{label} login"),
                "The server cannot be used.",
            );
            return;
        };
        let Some(token) = way.token else {
            let why = "There is no access token to log in with.";
            self.skip(names.xoauth2, format!("{label} login"), why);
            return;
        };
        let session = self.logins(way, &server, &offers, token).await;
        if let Some(session) = session {
            match session {
                Session::Imap(session) => self.folder(way.account, session).await,
                other => other.end().await,
            }
            let own = self.accounts_on(way.account).await;
            let found = rules::connections_in_words(kind, way.protocol, own);
            self.note(names.connections, format!("{label} connections"), Ok(found));
        } else if way.protocol == Protocol::Imap {
            self.skip(IMAP_FOLDER, "Folder", "There is no login to open it with.");
        }
    }

    /// What the server offers, if all is well up to there.
    async fn server(
        &mut self,
        server: &MailServer,
        names: Names,
        protocol: Protocol,
    ) -> Option<Offers> {
        let doctor = self.doctor;
        let seen = inspect(protocol, server, &doctor.trust, doctor.limits.mail()).await;
        let whose = format!("{} server", protocol.label());
        if !self.tell_server(names, server, &whose, &seen) {
            return None;
        }
        let offered = seen.offers?;
        let title = format!("What the {whose} offers");
        let usable = |offers: &Offers| {
            let mut known = Mechanism::BY_PREFERENCE.iter();
            known.any(|mechanism| offers.takes(*mechanism))
        };
        self.tell_timed(names.capabilities, title, &offered, |offers| {
            let mechanisms = listed(&offers.mechanisms);
            if usable(offers) {
                return passed(format!("Logins by {mechanisms}."));
            }
            let missing = MailError::Missing {
                server: server.to_string(),
                missing: "XOAUTH2 or OAUTHBEARER".to_owned(),
            };
            Outcome::Failed(missing.diagnosis())
        });
        offered.result.ok().filter(usable)
    }

    /// Tries each mechanism by itself. The session of the one that Mailgrant uses.
    async fn logins(
        &mut self,
        way: Way<'_>,
        server: &MailServer,
        offers: &Offers,
        token: &AccessToken,
    ) -> Option<Session> {
        let names = Names::of(way.protocol);
        let mut used: Option<Option<Session>> = None;
        for mechanism in Mechanism::BY_PREFERENCE {
            let title = format!("{} login by {}", way.protocol.label(), mechanism.name());
            let name = names.login(mechanism);
            if !offers.takes(mechanism) {
                self.skip(name, title, "The server does not offer it.");
                continue;
            }
            // Only what Mailgrant uses can fail; another mechanism is told beside it.
            let beside = matches!(used, Some(Some(_)));
            let work = log_in(self.doctor, way, server, mechanism, token);
            let work = async {
                match work.await {
                    Err(diagnosis) if beside => Ok((Outcome::Noticed(diagnosis), None)),
                    other => other,
                }
            };
            let session = self.step(name, title, Box::pin(work)).await.flatten();
            match session {
                session if used.is_none() => used = Some(session),
                Some(session) => session.end().await,
                None => {}
            }
        }
        used.flatten()
    }

    /// Opens the account's folder, and looks for the one that mail is moved to.
    async fn folder(&mut self, account: &Account, mut session: ImapSession) {
        let work = async {
            let found = open_folders(account, &mut session).await;
            session.logout().await;
            match found {
                Ok(found) => Ok((passed(format!("{found}.")), ())),
                Err(error) => Err(error.diagnosis()),
            }
        };
        self.step(IMAP_FOLDER, "Folder", work).await;
    }

    /// How many accounts there are with this mailbox.
    async fn accounts_on(&self, account: &Account) -> usize {
        let accounts = self.doctor.vault.accounts().await.unwrap_or_default();
        let same = |other: &&Account| {
            other
                .draft
                .address
                .eq_ignore_ascii_case(&account.draft.address)
                && other.draft.imap.host == account.draft.imap.host
        };
        accounts.iter().filter(same).count().max(1)
    }
}

/// How many folders are named.
const MOST_NAMED: usize = 5;

/// One login, twice where the first may have met a mailbox on the move: that says the same as one
/// without access.
async fn log_in(
    doctor: &Doctor,
    way: Way<'_>,
    server: &MailServer,
    mechanism: Mechanism,
    token: &AccessToken,
) -> Result<(Outcome, Option<Session>), Diagnosis> {
    let (protocol, user) = (way.protocol, way.account.user(way.protocol));
    let (trust, limits) = (&doctor.trust, doctor.limits.mail());
    let token = &token.token;
    let login = || {
        Box::pin(try_login(
            protocol, server, trust, limits, mechanism, user, token,
        ))
    };
    let first = login().await.result;
    let passing = matches!(first, Err(MailError::NotConnected { .. }));
    let result = if passing { login().await.result } else { first };
    match result {
        Ok(session) if passing => {
            let what = format!("{server} opened the mailbox of {user} only at the second try.");
            let next = "Nothing: Mailgrant tries again by itself. If it stays, the mailbox may be \
                        on the move.";
            let notice = Diagnosis::new(Fault::Server, what, next);
            Ok((Outcome::Noticed(notice), Some(session)))
        }
        Ok(session) => Ok((passed(format!("{server} lets {user} in.")), Some(session))),
        Err(error) => {
            let diagnosis = rules::refused(way.evidence, protocol, user, &error);
            if rules::is_only_an_end(&error) {
                return Ok((Outcome::Noticed(diagnosis), None));
            }
            Err(diagnosis)
        }
    }
}

/// Opens the folders, and looks for the one that delivered mail is moved to; what was found, in words.
pub async fn open_folders(
    account: &Account,
    session: &mut ImapSession,
) -> Result<String, MailError> {
    let all = session.folders().await?;
    let mut found = Vec::new();
    for name in account.draft.fetched_folders(&all) {
        let status = session.select(&name).await?;
        found.push(format!("{name} has {} messages", status.exists));
    }
    if let Some(wanted) = account.draft.folders.unmarked(&all).first() {
        return Err(MailError::Refused {
            server: account.draft.imap.to_string(),
            command: format!("to say which folder is {wanted}"),
            said: format!("it marks none as {wanted}; name the folder itself"),
        });
    }
    let words = match found.len() {
        0 => {
            let folders = &account.draft.folders;
            return Err(MailError::Refused {
                server: account.draft.imap.to_string(),
                command: format!("SELECT \"{folders}\""),
                said: format!("no folder is called {folders}"),
            });
        }
        1..=MOST_NAMED => found.join(", "),
        many => {
            let named = found[..MOST_NAMED].join(", ");
            format!("{named}, and {} more folders", many - MOST_NAMED)
        }
    };
    let AfterDelivery::Move { folder: target } = &account.draft.after else {
        return Ok(words);
    };
    if all.iter().any(|folder| folder.name == *target) {
        return Ok(format!("{words}; {target} is there for delivered mail"));
    }
    Err(MailError::Refused {
        server: account.draft.imap.to_string(),
        command: format!("MOVE to \"{target}\""),
        said: format!("there is no folder {target}"),
    })
}
