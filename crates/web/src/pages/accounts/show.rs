//! An account's own page: grant, fetching, numbers, quarantine, events.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use mailgrant_base::Diagnosis;
use mailgrant_fetch::{Activity, Status};
use mailgrant_mail::Protocol;
use mailgrant_vault::{
    Account, AfterDelivery, Backfill, Canary, Grant, GrantState, Provider, Silence, Sink, Source,
    StartFrom,
};
use secrecy::{ExposeSecret, SecretString};

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::moment::Moment;
use crate::path::Path;
use crate::problem::Problem;
use crate::summary::{Facts, Summary};
use crate::visit::SignedIn;

/// How many messages in quarantine and events are shown.
const NEWEST: u32 = 50;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    layout: Layout,
    account: Summary,
    paused: bool,
    has_grant: bool,
    /// Nobody signs in: the application itself has access.
    alone: bool,
    signs_in: String,
    server: String,
    fetches: Option<Fetches>,
    grant: GrantFacts,
    fetching: Option<Fetching>,
    earlier: Earlier,
    quarantine: Vec<Refused>,
    events: Vec<Told>,
}

/// What is done with the mail, in words.
struct Fetches {
    folder: String,
    start: String,
    after: String,
    sink: String,
    silence: String,
    /// How often one is sent, and what became of the last one.
    canary: Option<(String, Option<(String, Moment)>)>,
    /// How many rules there are, in words.
    rules: String,
    /// Names and words of the further sinks.
    sinks: Vec<(String, String)>,
    /// What webhook requests are signed with.
    secret: Option<SecretString>,
}

impl Fetches {
    /// For this page alone.
    fn secret(&self) -> Option<&str> {
        self.secret.as_ref().map(ExposeSecret::expose_secret)
    }
}

/// The grant, in words.
struct GrantFacts {
    state: &'static str,
    reason: Option<String>,
    signed_in: Option<String>,
    authorized: Option<Moment>,
    renewed: Option<Moment>,
    scopes: Vec<String>,
    /// When the access token ends, or ended, and which of the two.
    token: Option<(&'static str, Moment)>,
    failure: Option<(String, Option<Moment>)>,
}

/// The fetcher's worker, in words.
struct Fetching {
    since: Moment,
    completed: Option<Moment>,
    retry: Option<Moment>,
    trouble: Option<Diagnosis>,
}

/// The mail that was there before.
struct Earlier {
    /// Folders in which some is left.
    folders: Vec<Backfill>,
    /// An administrator has it wait.
    waits: bool,
}

/// A message in quarantine.
struct Refused {
    id: mailgrant_vault::MessageId,
    folder: String,
    uid: u32,
    reason: String,
    since: Moment,
}

/// An event.
struct Told {
    at: Moment,
    text: String,
}

impl AccountPage {
    /// Whether the mailbox belongs to several: somebody else than its address signs in.
    fn is_shared(&self) -> bool {
        self.signs_in != self.account.address
    }

    /// Whether who signed in and who was expected are two names.
    fn has_two_names(&self) -> bool {
        let signed_in = self.grant.signed_in.as_deref();
        signed_in.is_some_and(|who| !who.eq_ignore_ascii_case(&self.signs_in))
    }
}

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let now = site.clock.now();
    let account = find(&site, id).await?;
    let provider = site.vault.provider(account.draft.provider).await?;
    let grant = site.vault.grant(account.id).await?;
    let token = site
        .vault
        .access_token(account.id, account.draft.source.resource())
        .await?;
    let status = site.fetcher.status().borrow().get(&account.id).cloned();
    let alarms = site.vault.alarms().await?;
    let facts = Facts {
        account: &account,
        provider: provider.as_ref(),
        grant: grant.as_ref(),
        counts: site.vault.counts(account.id).await?,
        status: status.as_ref(),
        alarms: &alarms,
    };
    let quarantine = site.vault.quarantine(account.id, NEWEST).await?;
    let events = site.vault.events(Some(account.id), NEWEST).await?;
    let title = account.draft.name.as_str();
    Ok(page(&AccountPage {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        account: Summary::of(facts, now),
        paused: account.paused,
        has_grant: grant
            .as_ref()
            .is_some_and(|grant| grant.state == GrantState::Active),
        alone: facts.has_access_alone(),
        signs_in: account.expected_sign_in().to_owned(),
        server: server(&account, provider.as_ref()),
        fetches: fetches(&site, &account).await?,
        grant: grant_facts(grant.as_ref(), token.map(|token| token.expires_at), now),
        fetching: status
            .as_ref()
            .map(|status| fetching(status, facts.trouble().cloned(), now)),
        earlier: Earlier {
            folders: site.vault.backfills(account.id).await?,
            waits: account.fill_paused,
        },
        quarantine: quarantine
            .into_iter()
            .map(|message| Refused {
                id: message.id,
                folder: message.folder,
                uid: message.uid,
                reason: message.reason,
                since: Moment::new(message.since, now),
            })
            .collect(),
        events: events
            .into_iter()
            .map(|event| Told {
                at: Moment::new(event.at, now),
                text: event.text,
            })
            .collect(),
    }))
}

/// Where the mail is read, and how.
fn server(account: &Account, provider: Option<&Provider>) -> String {
    let protocol = match account.draft.source {
        Source::Imap => Protocol::Imap,
        Source::Pop3 => Protocol::Pop3,
        Source::Graph => return api(account, provider, "Microsoft Graph"),
        Source::Gmail => return api(account, provider, "Gmail API"),
    };
    let known = provider.and_then(|provider| account.server(protocol, provider.profile.kind));
    let place = known.map_or_else(|| "not known".to_owned(), |server| server.to_string());
    match protocol {
        Protocol::Imap => place,
        _ => format!("{place} ({})", protocol.label()),
    }
}

/// Where an API is, and which it is.
fn api(account: &Account, provider: Option<&Provider>, name: &str) -> String {
    let known = provider.and_then(|provider| account.api(provider.profile.kind));
    let place = known.map_or_else(|| "not known".to_owned(), |known| known.to_string());
    format!("{place} ({name})")
}

async fn fetches(site: &Site, account: &Account) -> Result<Option<Fetches>, Problem> {
    let draft = &account.draft;
    let Some(sink) = &draft.sink else {
        return Ok(None);
    };
    let secret = match sink {
        Sink::Webhook(_) => Some(site.vault.webhook_secret(account.id, None).await?),
        _ => None,
    };
    let canary = match draft.watch.canary {
        Some(hours) => {
            let newest = site.vault.canaries(account.id, 1).await?;
            let now = site.clock.now();
            let told = |newest: &Canary| (newest.in_words(), Moment::new(newest.sent_at, now));
            let every = match hours {
                1 => "Every hour".to_owned(),
                hours => format!("Every {hours} hours"),
            };
            Some((every, newest.first().map(told)))
        }
        None => None,
    };
    Ok(Some(Fetches {
        folder: draft.folders.to_string(),
        start: match draft.start {
            StartFrom::Everything => "All mail, then new mail".to_owned(),
            StartFrom::Unseen => "Unread mail, then new mail".to_owned(),
            StartFrom::Since(day) => format!("Mail since {day}, then new mail"),
            StartFrom::OnlyNew => "Only new mail".to_owned(),
        },
        after: match &draft.after {
            AfterDelivery::Keep => "Left as it is".to_owned(),
            AfterDelivery::MarkSeen => "Marked as seen".to_owned(),
            AfterDelivery::Move { folder } => format!("Moved to {folder}"),
            AfterDelivery::Delete => "Deleted".to_owned(),
            AfterDelivery::DeleteAfter { days } => format!("Deleted after {days} days"),
        },
        sink: sink.to_string(),
        silence: match draft.watch.silence {
            Silence::Learnt => "Told when mail is missing by the mailbox’s own habit".to_owned(),
            Silence::After(1) => "Told after an hour without mail".to_owned(),
            Silence::After(hours) => format!("Told after {hours} hours without mail"),
            Silence::Off => "Not told".to_owned(),
        },
        canary,
        rules: match draft.rules.iter().count() {
            0 => "None: all mail goes there".to_owned(),
            1 => "1 rule".to_owned(),
            count => format!("{count} rules"),
        },
        sinks: draft
            .sinks
            .iter()
            .map(|(name, sink)| (name.to_owned(), sink.to_string()))
            .collect(),
        secret,
    }))
}

fn grant_facts(grant: Option<&Grant>, token_ends: Option<Timestamp>, now: Timestamp) -> GrantFacts {
    let moment = |at: Option<Timestamp>| at.map(|at| Moment::new(at, now));
    GrantFacts {
        state: match grant.map(|grant| grant.state) {
            None | Some(GrantState::Pending) => "Not authorised yet",
            Some(GrantState::Active) => "Active",
            Some(GrantState::NeedsAuthorization) => "Ended: must be authorised again",
            Some(GrantState::Revoked) => "Revoked here",
        },
        reason: grant.and_then(|grant| grant.reason.clone()),
        signed_in: grant.and_then(|grant| grant.signed_in.clone()),
        authorized: moment(grant.and_then(|grant| grant.authorized_at)),
        renewed: moment(grant.and_then(|grant| grant.renewed_at)),
        scopes: grant
            .iter()
            .flat_map(|grant| &grant.scopes)
            .map(ToString::to_string)
            .collect(),
        token: token_ends.map(|at| {
            let label = if at > now {
                "Token ends"
            } else {
                "Token ended"
            };
            (label, Moment::new(at, now))
        }),
        failure: grant.and_then(|grant| {
            let failure = grant.last_failure.clone()?;
            (grant.failures > 0).then(|| (failure, moment(grant.retry_at)))
        }),
    }
}

fn fetching(status: &Status, trouble: Option<Diagnosis>, now: Timestamp) -> Fetching {
    Fetching {
        since: Moment::new(status.since, now),
        completed: status.last_completed.map(|at| Moment::new(at, now)),
        retry: match status.activity {
            Activity::Retrying(at) => Some(Moment::new(at, now)),
            _ => None,
        },
        trouble,
    }
}
