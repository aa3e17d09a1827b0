//! A message of Mailgrant's own, handed to one of an account's sinks to see it arrive. It is in no ledger.

use std::sync::Arc;

use mailgrant_vault::{Account, OWN_SINK};

use crate::FetchError;
use crate::lease::Lease;
use crate::letter::Letter;
use crate::routing::{self, Routing};
use crate::shared::Shared;
use crate::sink::{Sink, SinkDown, Staging, Verdict};

/// How long another process may hold the mailbox.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Which of an account's sinks is handed a test message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestTo {
    /// The one that the account's rules choose for it.
    Rules,
    /// The account's own.
    Own,
    /// The further one of this name.
    Named(String),
}

impl TestTo {
    /// What a word stands for: `own`, a further sink's name, or nothing.
    pub fn read(word: Option<&str>) -> Self {
        match word {
            None | Some("") => Self::Rules,
            Some(OWN_SINK) => Self::Own,
            Some(name) => Self::Named(name.to_owned()),
        }
    }
}

/// Hands it over, and says which sink that was and, in its words, what came of it.
pub(crate) async fn hand_over(
    shared: &Arc<Shared>,
    account: &Account,
    to: &TestTo,
) -> Result<String, FetchError> {
    let lease = Lease::take(&shared.settings.spool, account.id, PATIENCE).await?;
    let (lease, folder) = (Arc::new(lease), a_folder(account));
    let id = format!("a{}-test-{}", account.id.0, shared.random.token());
    let message = message(shared, account, &id);
    if let TestTo::Named(name) = to {
        let place = routing::open_named(shared, account, &folder, name, &lease).await?;
        let said = give(&*place.sink, &id, &message).await?;
        return Ok(format!("{}: {said}", place.label));
    }
    let routing = Routing::open(shared, account, &folder, &lease).await?;
    if *to == TestTo::Own || account.draft.rules.is_empty() {
        return give(&**routing.own(), &id, &message).await;
    }
    let (place, decision) = routing.by_rules(&message, message.len() as u64, shared.now());
    if routing.is_aside(place) {
        return Ok(format!("{decision}. Nothing was handed over."));
    }
    let said = give(&**routing.sink(place), &id, &message).await?;
    Ok(format!("{decision}. {said}"))
}

/// One that the account fetches.
fn a_folder(account: &Account) -> String {
    let folders = &account.draft.folders;
    if folders.contains("INBOX") {
        "INBOX".to_owned()
    } else {
        folders.to_string()
    }
}

async fn give(sink: &dyn Sink, id: &str, message: &[u8]) -> Result<String, FetchError> {
    // Makes what is missing; nothing of the ledger's is asked for or swept away.
    sink.recover(Vec::new(), None).await?;
    let key = sink.key(id);
    let mut staging = Staging::new(0, key.clone(), sink.staging_path(&key));
    let failed = |why: String| SinkDown {
        sink: sink.name(),
        why,
    };
    let written = staging.write(message).await;
    written.map_err(|error| failed(error.to_string()))?;
    let staged = staging.finish().await;
    let staged = staged.map_err(|error| failed(error.to_string()))?;
    let sealed = sink.seal(vec![staged]).await?;
    match sink.commit(sealed).await?.pop() {
        Some(Verdict::Taken(answer)) => Ok(format!("{} took it: {answer}", sink.name())),
        Some(Verdict::Later { why, .. } | Verdict::Never(why)) => Err(failed(why).into()),
        None => Err(failed("it says nothing of the message".to_owned()).into()),
    }
}

fn message(shared: &Shared, account: &Account, id: &str) -> Vec<u8> {
    let text = format!(
        "This message comes from Mailgrant, not from the mailbox. Where you read it, the mail of\r\n\
         the account {} will arrive.\r\n",
        account.draft.name
    );
    let letter = Letter {
        name: "Mailgrant ",
        address: &account.draft.address,
        subject: "Test message of Mailgrant",
        id,
        line: "",
        text: &text,
    };
    letter.written(shared.now()).into_bytes()
}
