//! `mailgrant fetch ACCOUNT`: what is there now, once.

use std::time::Duration;

use super::account_named;
use crate::args::FetchFlags;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::progress::Progress;

/// How often it is looked how far the mail has come that was there before.
const LOOK: Duration = Duration::from_millis(500);

/// Fetches and says what came.
pub(crate) async fn fetch(house: &House, flags: &FetchFlags) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let name = &account.draft.name;
    if account.paused && !flags.paused {
        return Err(Failure::operator(
            format!("The account {name} is paused: its mail is not fetched."),
            format!(
                "Let it go on with `mailgrant account resume {name}`, or fetch this once all the same \
                 with --paused."
            ),
        ));
    }
    let mut progress = Progress::new();
    let fetching = house.fetcher.fetch_once(account.id);
    tokio::pin!(fetching);
    let fetched = loop {
        tokio::select! {
            fetched = &mut fetching => break fetched,
            () = tokio::time::sleep(LOOK), if progress.is_shown() => {}
        }
        progress.draw(&house.vault.backfills(account.id).await?);
    };
    drop(progress);
    let fetched = fetched?;
    if flags.json {
        return output::json(&fetched);
    }
    output::line(&format!(
        "{} delivered, {} to be tried again, {} in quarantine.",
        fetched.delivered, fetched.deferred, fetched.quarantined
    ))
}
