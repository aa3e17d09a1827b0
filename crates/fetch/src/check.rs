//! A test of the whole way that fetches nothing.

use std::sync::Arc;

use mailgrant_base::{Diagnose as _, Diagnosis};
use mailgrant_doctor::open_folders;
use mailgrant_keeper::KeeperError;
use mailgrant_mail::{ListedFolder, MailError};
use mailgrant_vault::{Account, AccountId, AfterDelivery};

use crate::connect::{LoggedIn, Login};
use crate::lease::Lease;
use crate::routing::{self, Routing};
use crate::shared::Shared;
use crate::sink::Sink;
use crate::source::{ApiSource, Service, Source};
use crate::trial::{self, TestTo};
use crate::{FetchError, MailboxCheck};

/// How long another process may hold the mailbox before the sink is not tested.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Tests token, connection, login, folder and sink, each only if the one before worked.
pub(crate) async fn check(shared: &Arc<Shared>, id: AccountId) -> MailboxCheck {
    let mut steps = Steps(Vec::new());
    // The first step that fails is the last that is told.
    let _ = all_steps(shared, id, &mut steps).await;
    MailboxCheck { steps: steps.0 }
}

/// Tests one of an account's further sinks alone.
pub(crate) async fn check_sink(shared: &Arc<Shared>, id: AccountId, name: &str) -> MailboxCheck {
    let mut steps = Steps(Vec::new());
    let opened = async {
        let account = account(shared, id).await?;
        let lease = Lease::take(&shared.settings.spool, account.id, PATIENCE).await?;
        let (lease, folders) = (Arc::new(lease), account.draft.folders.to_string());
        routing::open_named(shared, &account, &folders, name, &lease).await
    };
    // The first step that fails is the last that is told.
    let _ = try_named(opened.await, &mut steps).await;
    MailboxCheck { steps: steps.0 }
}

async fn account(shared: &Shared, id: AccountId) -> Result<Account, FetchError> {
    let account = shared.vault.account(id).await?;
    Ok(account.ok_or_else(|| KeeperError::NoAccount(id.0.to_string()))?)
}

/// Hands a test message to a sink.
pub(crate) async fn hand_over_test(
    shared: &Arc<Shared>,
    id: AccountId,
    to: &TestTo,
) -> MailboxCheck {
    let handed_over = async {
        let account = account(shared, id).await?;
        trial::hand_over(shared, &account, to).await
    };
    let outcome = handed_over.await.map_err(|error| error.diagnosis());
    MailboxCheck {
        steps: vec![("test message".to_owned(), outcome)],
    }
}

struct Steps(Vec<(String, Result<String, Diagnosis>)>);

/// A step failed and has been written down.
struct Failed;

impl Steps {
    fn passed(&mut self, step: &str, words: impl Into<String>) {
        self.0.push((step.to_owned(), Ok(words.into())));
    }

    fn failed(&mut self, step: &str, error: &FetchError) -> Failed {
        self.0.push((step.to_owned(), Err(error.diagnosis())));
        Failed
    }
}

async fn all_steps(shared: &Arc<Shared>, id: AccountId, steps: &mut Steps) -> Result<(), Failed> {
    const TOKEN: &str = "access token";
    let account = match shared.vault.account(id).await {
        Ok(Some(account)) => account,
        Ok(None) => {
            let error = KeeperError::NoAccount(id.0.to_string());
            return Err(steps.failed(TOKEN, &error.into()));
        }
        Err(error) => return Err(steps.failed(TOKEN, &error.into())),
    };
    let resource = account.draft.source.resource();
    if let Err(error) = shared.keeper.access_token(id, resource).await {
        return Err(steps.failed(TOKEN, &error.into()));
    }
    steps.passed(TOKEN, "there is a valid access token");

    let LoggedIn {
        source,
        permit: _permit,
        ..
    } = log_in(shared, &account, steps).await?;
    match look(&account, source).await {
        Ok(words) => steps.passed("folder", words),
        Err(error) => return Err(steps.failed("folder", &error)),
    }
    try_sinks(shared, &account, steps).await
}

async fn log_in(
    shared: &Arc<Shared>,
    account: &Account,
    steps: &mut Steps,
) -> Result<LoggedIn, Failed> {
    let login = Login::new(shared);
    let connected = match login.place(account).await {
        Ok(server) => format!("{server} answers"),
        Err(error) => return Err(steps.failed("connection", &error)),
    };
    match login.open(account).await {
        Ok(opened) => {
            let source = &opened.source;
            steps.passed("connection", connected);
            let (user, mechanism) = (source.user(account), source.mechanism());
            let server = source.server(account);
            let words = format!("{server} accepted {user} by {mechanism}");
            steps.passed("login", words);
            Ok(opened)
        }
        Err(error @ FetchError::Mail(MailError::Connect { .. } | MailError::Tls { .. })) => {
            Err(steps.failed("connection", &error))
        }
        Err(error) => {
            steps.passed("connection", connected);
            Err(steps.failed("login", &error))
        }
    }
}

/// Opens the folders, and leaves everything as it was found.
async fn look(account: &Account, mut source: Source) -> Result<String, FetchError> {
    let found = match &mut source {
        Source::Imap(mailbox) => open_folders(account, mailbox.session()).await?,
        Source::Pop3(mailbox) => format!("INBOX has {} messages", mailbox.count().await?),
        Source::Graph(mailbox) => count_in(account, mailbox).await?,
        Source::Gmail(mailbox) => count_in(account, mailbox).await?,
    };
    source.close().await;
    Ok(found)
}

/// How many messages the folders have that are fetched.
async fn count_in<S: Service>(
    account: &Account,
    mailbox: &mut ApiSource<S>,
) -> Result<String, FetchError> {
    let draft = &account.draft;
    let all: Vec<ListedFolder> = mailbox
        .folders()
        .await?
        .into_iter()
        .map(Into::into)
        .collect();
    let names = draft.fetched_folders(&all);
    if names.is_empty() {
        return Err(FetchError::NoFolder {
            account: draft.name.clone(),
            folders: draft.folders.to_string(),
        });
    }
    let mut found = Vec::new();
    for name in names {
        let count = mailbox.count(&name).await?;
        found.push(format!("{name} has {count} messages"));
    }
    if let AfterDelivery::Move { folder } = &draft.after {
        mailbox.has_folder(folder).await?;
        found.push(format!("{folder} is there for delivered mail"));
    }
    Ok(found.join(", "))
}

/// Tries the account's own sink, its further ones, and those of its rules.
async fn try_sinks(
    shared: &Arc<Shared>,
    account: &Account,
    steps: &mut Steps,
) -> Result<(), Failed> {
    if account.draft.sink.is_none() {
        steps.passed("sink", "none: this account only hands out tokens");
        return Ok(());
    }
    let (routing, lease, folder) = match open(shared, account).await {
        Ok(opened) => opened,
        Err(error) => return Err(steps.failed("sink", &error)),
    };
    for (number, place) in routing.delivering().enumerate() {
        let step = if number == 0 { "sink" } else { &place.label };
        try_one(&*place.sink, step, steps).await?;
    }
    for (name, settings) in account.draft.sinks.iter() {
        if routing.place_of(settings).is_none() {
            let opened = routing::open_named(shared, account, &folder, name, &lease).await;
            try_named(opened, steps).await?;
        }
    }
    Ok(())
}

async fn open(
    shared: &Arc<Shared>,
    account: &Account,
) -> Result<(Routing, Arc<Lease>, String), FetchError> {
    let lease = Lease::take(&shared.settings.spool, account.id, PATIENCE).await?;
    let (lease, folders) = (Arc::new(lease), account.draft.folders.to_string());
    let routing = Routing::open(shared, account, &folders, &lease).await?;
    Ok((routing, lease, folders))
}

async fn try_named(
    opened: Result<routing::Place, FetchError>,
    steps: &mut Steps,
) -> Result<(), Failed> {
    match opened {
        Ok(place) => try_one(&*place.sink, &place.label, steps).await,
        Err(error) => Err(steps.failed("sink", &error)),
    }
}

async fn try_one(sink: &dyn Sink, step: &str, steps: &mut Steps) -> Result<(), Failed> {
    match sink.check().await {
        Ok(words) => steps.passed(step, words),
        Err(down) => return Err(steps.failed(step, &down.into())),
    }
    Ok(())
}
