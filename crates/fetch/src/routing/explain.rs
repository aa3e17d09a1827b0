//! Where a message would go, in words: a test of an account's rules.

use jiff::Timestamp;
use mailgrant_vault::{Account, Action};

use super::traits::Beginning;

/// Says where this account would have a message of this folder go, and which rule decides. How many
/// messages its sender has sent within the hour is not looked at.
pub fn explain_route(account: &Account, folder: &str, message: &[u8], now: Timestamp) -> String {
    let draft = &account.draft;
    let (size, largest) = (message.len() as u64, draft.guard.largest);
    if largest > 0 && size > largest {
        let most = largest >> 20;
        return format!("It is held: it has {size} bytes, and the account takes up to {most} MB.");
    }
    let beginning = Beginning::read(message, now);
    let traits = beginning.traits(folder, size);
    let decided = draft.rules.decide(&traits);
    let rule = decided.map(|(place, rule)| format!("Rule {} decides: {rule}", place + 1));
    if let Some(rule) = &rule
        && decided.is_some_and(|(_, rule)| matches!(rule.action, Action::Drop | Action::Hold))
    {
        return rule.clone();
    }
    if beginning.has_passed(&draft.address) {
        return format!("It is held: it has been through {} before.", draft.address);
    }
    if beginning.is_own_robot(&draft.address) {
        return "It is held: a machine sent it from the mailbox's own address.".to_owned();
    }
    if let Some(rule) = rule {
        return rule;
    }
    match &draft.sink {
        Some(sink) => format!("No rule fits; it goes where the account's mail goes: {sink}"),
        None => "No rule fits, and the account's mail goes nowhere.".to_owned(),
    }
}
