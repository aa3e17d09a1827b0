//! `mailgrant account backfill ACCOUNT`: the mail that was there before.

use std::time::Duration;

use mailgrant_vault::{Account, Backfill, EventKind};

use super::account::audit;
use super::account_named;
use crate::args::BackfillFlags;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::progress::Progress;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

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
    if flags.watch {
        return watch(house, &account, flags.json).await;
    }
    let folders = house.vault.backfills(account.id).await?;
    if flags.json {
        return output::json(&folders);
    }
    if folders.is_empty() {
        return output::line(&nothing_left(name));
    }
    for folder in folders {
        output::line(&line_of(&folder))?;
    }
    Ok(())
}

fn nothing_left(name: &str) -> String {
    format!("{name}: no earlier mail is left to fetch.")
}

fn line_of(folder: &Backfill) -> String {
    format!("{}: {}", folder.folder, folder.in_words())
}

/// Shows how it goes on, until nothing is left or it waits.
async fn watch(house: &House, account: &Account, json: bool) -> Result<(), Failure> {
    let name = &account.draft.name;
    let mut progress = Progress::new();
    let mut told = Vec::new();
    loop {
        let folders = house.vault.backfills(account.id).await?;
        let is_over = folders.iter().all(|folder| folder.paused);
        let changed = folders != told;
        if json {
            if changed || is_over {
                output::json_line(&folders)?;
            }
        } else if progress.is_shown() && !is_over {
            progress.draw(&folders);
        } else if changed {
            progress.clear();
            for folder in &folders {
                output::line(&line_of(folder))?;
            }
        }
        if is_over && !json && folders.is_empty() {
            progress.clear();
            return output::line(&nothing_left(name));
        }
        if is_over {
            return Ok(());
        }
        told = folders;
        tokio::time::sleep(LOOK).await;
    }
}
