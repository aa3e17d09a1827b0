//! `mailgrant account backfill ACCOUNT`: the mail that was there before.

use mailgrant_vault::EventKind;

use super::account::audit;
use super::account_named;
use crate::args::BackfillFlags;
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// Shows how far it has come, has it wait or go on.
pub(super) async fn backfill(house: &House, flags: &BackfillFlags) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.name).await?;
    let name = &account.draft.name;
    if flags.pause || flags.resume {
        house.vault.pause_fill(account.id, flags.pause).await?;
        let (kind, done, words) = if flags.pause {
            let words = "Earlier mail waits; new mail comes all the same.";
            (
                EventKind::BackfillPaused,
                "has its earlier mail wait",
                words,
            )
        } else {
            let words = "Earlier mail is fetched again.";
            (
                EventKind::BackfillResumed,
                "has its earlier mail fetched",
                words,
            )
        };
        audit(house, kind, &account, done).await?;
        return output::line(&format!("{name}: {words}"));
    }
    let folders = house.vault.backfills(account.id).await?;
    if flags.json {
        return output::json(&folders);
    }
    if folders.is_empty() {
        return output::line(&format!("{name}: no earlier mail is left to fetch."));
    }
    for folder in folders {
        output::line(&format!("{}: {}", folder.folder, folder.in_words()))?;
    }
    Ok(())
}
