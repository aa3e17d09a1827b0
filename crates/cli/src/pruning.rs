//! Clears what is personal in the history of old mail, once an hour.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Clock;
use mailgrant_vault::{Vault, VaultError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

const EVERY: Duration = Duration::from_hours(1);
/// So many at once: fetchers that want to write do not wait for long.
const AT_ONCE: u32 = 1000;

/// Clears what has been settled for longer than `keep`, until `stopping`.
pub(crate) async fn run(
    vault: Vault,
    clock: Arc<dyn Clock>,
    keep: SignedDuration,
    stopping: CancellationToken,
) {
    while !stopping.is_cancelled() {
        let older_than = clock.now().saturating_sub(keep).unwrap_or(Timestamp::MIN);
        match prune(&vault, older_than, &stopping).await {
            Ok(0) => {}
            Ok(messages) => debug!(messages, "cleared the history of old mail"),
            Err(failure) => error!(%failure, "the history of old mail could not be cleared"),
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = sleep(EVERY) => {}
        }
    }
}

async fn prune(
    vault: &Vault,
    older_than: Timestamp,
    stopping: &CancellationToken,
) -> Result<u64, VaultError> {
    let mut all = 0;
    while !stopping.is_cancelled() {
        let cleared = vault.prune_history(older_than, AT_ONCE).await?;
        all += cleared;
        if cleared < AT_ONCE.into() {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use mailgrant_base::{ManualClock, SystemRandom};
    use mailgrant_vault::{
        AccountForm, FirstSight, Floor, Key, Location, MessageHead, MessageSearch, Prepared,
        ProviderForm,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    #[tokio::test]
    async fn what_is_older_than_is_kept_is_cleared_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder).await;
        let clock = Arc::new(ManualClock::new(NOW));
        let keep = SignedDuration::from_hours(24 * 90);
        let day = |number: i64| NOW - SignedDuration::from_hours(24 * number);
        acknowledge(&vault, &[(1, day(91)), (2, day(89))]).await;

        let pruning = run(vault.clone(), clock, keep, CancellationToken::new());
        let cleared = async {
            loop {
                let left = with_subject(&vault).await;
                if left.len() < 2 {
                    return left;
                }
                tokio::task::yield_now().await;
            }
        };
        let left = tokio::select! {
            () = pruning => panic!("it goes on until it is stopped"),
            left = cleared => left,
        };
        assert_eq!(left, [2]);
    }

    #[tokio::test]
    async fn a_stop_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let stopping = CancellationToken::new();
        stopping.cancel();
        let clock = Arc::new(ManualClock::new(NOW));
        run(vault(&folder).await, clock, SignedDuration::ZERO, stopping).await;
    }

    async fn vault(folder: &tempfile::TempDir) -> Vault {
        let key = folder.path().join("key");
        Key::create(&key, &SystemRandom).unwrap();
        let location = Location::Sqlite(folder.path().join("mailgrant.db"));
        let key = Key::read(&key).unwrap();
        Vault::open(&location, key, Arc::new(SystemRandom))
            .await
            .unwrap()
    }

    /// Messages that were acknowledged at these times.
    async fn acknowledge(vault: &Vault, messages: &[(u32, Timestamp)]) {
        let provider = ProviderForm {
            name: "entra".to_owned(),
            kind: "microsoft".to_owned(),
            client_id: "desk".to_owned(),
            client_secret: "secret".to_owned(),
            tenant: "organizations".to_owned(),
            ..ProviderForm::default()
        };
        let draft = provider.check(None).unwrap();
        vault.add_provider(&draft, NOW).await.unwrap();
        let account = AccountForm {
            address: "desk@example.com".to_owned(),
            provider: "entra".to_owned(),
            ..AccountForm::default()
        };
        let draft = account.check(&vault.providers().await.unwrap()).unwrap();
        let account = vault.add_account(&draft, NOW).await.unwrap().id;
        let inbox = vault.open_folder(account, "INBOX", 1, FirstSight::EMPTY, NOW);
        let inbox = inbox.await.unwrap().id;
        for &(uid, at) in messages {
            let prepared = Prepared {
                uid,
                key: String::new(),
                digest: [0; 32],
                size: 1,
                head: MessageHead {
                    subject: Some("hello".to_owned()),
                    ..MessageHead::default()
                },
                seen_at: at,
                going_to: None,
                counted_at: None,
            };
            let delivery = mailgrant_vault::Delivery {
                uid,
                answer: String::new(),
            };
            let floor = Floor::New(uid + 1);
            vault
                .note_prepared(inbox, &[prepared], floor, at)
                .await
                .unwrap();
            vault.note_delivered(inbox, &[delivery], at).await.unwrap();
            vault.note_acknowledged(inbox, &[uid], at).await.unwrap();
        }
    }

    async fn with_subject(vault: &Vault) -> Vec<u32> {
        let search = MessageSearch {
            text: Some("hello".to_owned()),
            limit: 9,
            ..MessageSearch::default()
        };
        let page = vault.find_messages(&search).await.unwrap();
        page.messages.iter().map(|message| message.uid).collect()
    }
}
