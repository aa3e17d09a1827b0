//! `mailgrant fetch ACCOUNT`: what is there now, once.

use super::account_named;
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// Fetches and says what came.
pub(crate) async fn fetch(house: &House, name: &str) -> Result<(), Failure> {
    let account = account_named(&house.vault, name).await?;
    let fetched = house.fetcher.fetch_once(account.id).await?;
    output::line(&format!(
        "{} delivered, {} to be tried again, {} in quarantine.",
        fetched.delivered, fetched.deferred, fetched.quarantined
    ))
}
