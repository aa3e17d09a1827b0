//! By a code that is typed on any device (RFC 8628).

use std::time::Duration;

use mailgrant_base::Diagnose as _;
use mailgrant_vault::Account;

use super::answer;
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// A little longer than the code: that it ended is told by whoever asks the provider.
const GRACE: Duration = Duration::from_mins(1);

/// Prints the code and where to type it, and waits.
pub(super) async fn authorize(house: &House, account: &Account) -> Result<(), Failure> {
    let offer = house.keeper.begin_device(account.id).await;
    let offer = offer.map_err(|error| Failure::of(error.diagnosis()))?;
    let whole = offer.verification_uri_complete.as_ref();
    let whole =
        whole.map(|url| format!("\nor open this address, which has the code in it:\n\n  {url}\n"));
    output::line(&format!(
        "Open this address on any device, sign in as {} and type the code {} there, before {:.0}:\n\n  \
         {}\n{}",
        account.expected_sign_in(),
        offer.user_code,
        offer.expires_at,
        offer.verification_uri,
        whole.unwrap_or_default()
    ))?;
    let life = offer.expires_at.duration_since(house.clock.now());
    let patience = Duration::try_from(life).unwrap_or_default() + GRACE;
    let told = tokio::select! {
        outcome = answer::outcome(house, offer.id) => outcome,
        () = tokio::time::sleep(patience) => Err(answer::nobody_yet(account)),
        _ = tokio::signal::ctrl_c() => Err(answer::nobody_yet(account)),
    };
    house.keeper.settled().await;
    told
}
