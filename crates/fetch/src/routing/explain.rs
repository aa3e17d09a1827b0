//! Where a message would go, in words: a test of an account's rules.

use jiff::Timestamp;
use mailgrant_vault::{Account, AccountDraft, Rule};

use super::places::Choice;
use super::traits::Beginning;

/// Says where this account would have a message of this folder go, and which rule decides. It begins
/// like this, and has so many bytes. How many messages its sender has sent within the hour is not
/// looked at.
pub fn explain_route(
    account: &Account,
    folder: &str,
    (beginning, size): (&[u8], u64),
    now: Timestamp,
) -> String {
    let draft = &account.draft;
    if draft.sink.is_none() {
        return "The account's mail goes nowhere: it only hands out tokens.".to_owned();
    }
    let largest = draft.guard.largest;
    if largest > 0 && size > largest {
        let most = largest >> 20;
        return format!("It is held: it has {size} bytes, and the account takes up to {most} MB.");
    }
    let beginning = Beginning::read(beginning, now);
    let decided = draft.rules.decide(&beginning.traits(folder, size));
    let is_delivered = decided.is_none_or(|(_, rule)| {
        let choice = Choice::of(&rule.action, draft.sink.as_ref());
        !matches!(choice, Choice::Dropped | Choice::Held)
    });
    if is_delivered && beginning.has_passed(&draft.address) {
        return format!("It is held: it has been through {} before.", draft.address);
    }
    if is_delivered && beginning.is_own_robot(&draft.address) {
        return "It is held: a machine sent it from the mailbox's own address.".to_owned();
    }
    decision(draft, decided)
}

/// Which rule decides, and where the message goes then.
pub(super) fn decision(draft: &AccountDraft, decided: Option<(usize, &Rule)>) -> String {
    let own = draft.sink.as_ref();
    let mail_goes = || own.map_or_else(|| "nowhere".to_owned(), ToString::to_string);
    let Some((place, rule)) = decided else {
        let goes = mail_goes();
        return format!("No rule fits; it goes where the account's mail goes: {goes}");
    };
    let goes = match Choice::of(&rule.action, own) {
        Choice::Dropped => "It is not delivered, and dealt with as if it were".to_owned(),
        Choice::Held => "It waits in quarantine until somebody decides".to_owned(),
        Choice::Own => format!("It goes where the account's mail goes: {}", mail_goes()),
        Choice::Named(name) => {
            let sink = draft.sinks.get(name);
            let sink = sink.map_or_else(|| "which is not there".to_owned(), ToString::to_string);
            format!("It goes to the sink {name}: {sink}")
        }
        Choice::Other(sink) => format!("It goes to: {sink}"),
    };
    format!("Rule {} decides: {rule}. {goes}", place + 1)
}
