//! A message of Mailgrant's own, handed to an account's sink to see it arrive. It is in no ledger.

use std::sync::Arc;

use jiff::fmt::rfc2822::DateTimePrinter;
use mailgrant_vault::Account;

use crate::FetchError;
use crate::lease::Lease;
use crate::routing::Routing;
use crate::shared::Shared;
use crate::sink::{SinkDown, Staging, Verdict};

/// How long another process may hold the mailbox.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Hands it over, and says in the sink's words what came of it.
pub(crate) async fn hand_over(
    shared: &Arc<Shared>,
    account: &Account,
) -> Result<String, FetchError> {
    let lease = Lease::take(&shared.settings.spool, account.id, PATIENCE).await?;
    let folder = account.draft.folders.to_string();
    let routing = Routing::open(shared, account, &folder, &Arc::new(lease)).await?;
    let sink = routing.own();
    // Makes what is missing; nothing of the ledger's is asked for or swept away.
    sink.recover(Vec::new(), None).await?;
    let key = sink.key(&format!("a{}-test-{}", account.id.0, shared.random.token()));
    let mut staging = Staging::new(0, key.clone(), sink.staging_path(&key));
    let failed = |why: String| SinkDown {
        sink: sink.name(),
        why,
    };
    let written = staging.write(&message(shared, account, &key)).await;
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

/// Marked as sent by a machine (RFC 3834), so that no robot answers it.
fn message(shared: &Shared, account: &Account, key: &str) -> Vec<u8> {
    let (name, address) = (&account.draft.name, &account.draft.address);
    let date = DateTimePrinter::new().timestamp_to_string(&shared.now());
    let date = date.unwrap_or_default();
    format!(
        "From: Mailgrant <{address}>\r\n\
         To: <{address}>\r\n\
         Subject: Test message of Mailgrant\r\n\
         Date: {date}\r\n\
         Message-ID: <{key}@mailgrant.invalid>\r\n\
         Auto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         This message comes from Mailgrant, not from the mailbox. Where you read it, the mail of\r\n\
         the account {name} will arrive.\r\n"
    )
    .into_bytes()
}
