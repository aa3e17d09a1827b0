//! `mailgrant message …`: where messages are, and what is done with those in quarantine.

use std::io::Read as _;
use std::path::Path;

use jiff::{Timestamp, tz::TimeZone};
use mailgrant_vault::{
    Account, AccountId, EventKind, Message, MessageCursor, MessageId, MessageSearch, MessageState,
};
use serde::Serialize;

use super::account::audit;
use super::{ACTOR, account_named};
use crate::args::{
    MessageDownload, MessageDrop, MessageListing, MessageRetry, MessageRoute, MessageVerb,
    OneMessage,
};
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// No more is read from standard input.
const LARGEST: u64 = 200 << 20;

/// The widest column of a listing, in characters.
const WIDEST: usize = 40;

/// Runs one of the message commands.
pub(super) async fn run(house: &House, verb: MessageVerb) -> Result<(), Failure> {
    match verb {
        MessageVerb::List(flags) => list(house, &flags).await,
        MessageVerb::Show(flags) => show(house, &flags).await,
        MessageVerb::Download(flags) => download(house, &flags).await,
        MessageVerb::Retry(MessageRetry {
            id: Some(id),
            account: _,
        }) => retry(house, id).await,
        MessageVerb::Retry(flags) => {
            let name = flags.account.unwrap_or_default();
            retry_all(house, &name).await
        }
        MessageVerb::Drop(flags) => throw_away(house, &flags).await,
        MessageVerb::Route(flags) => route(house, &flags).await,
    }
}

async fn route(house: &House, flags: &MessageRoute) -> Result<(), Failure> {
    let account = account_named(&house.vault, &flags.account).await?;
    let mut message = Vec::new();
    if flags.file == Path::new("-") {
        std::io::stdin()
            .take(LARGEST)
            .read_to_end(&mut message)
            .map_err(|error| {
                let what = format!("Standard input cannot be read: {error}.");
                Failure::operator(what, "Give the message's file instead.")
            })?;
    } else {
        message = mailgrant_base::files::read(&flags.file)?;
    }
    let now = house.clock.now();
    output::line(&mailgrant_fetch::explain_route(
        &account,
        &flags.folder,
        (&message, message.len() as u64),
        now,
    ))
}

/// A message in a listing.
#[derive(Serialize)]
struct MessageView<'a> {
    account_name: &'a str,
    #[serde(flatten)]
    message: &'a Message,
}

/// A page of a listing.
#[derive(Serialize)]
struct PageView<'a> {
    messages: Vec<MessageView<'a>>,
    /// What `--before` wants for the next page.
    next: Option<String>,
}

async fn list(house: &House, flags: &MessageListing) -> Result<(), Failure> {
    let account = match &flags.account {
        Some(name) => Some(account_named(&house.vault, name).await?.id),
        None => None,
    };
    let search = MessageSearch {
        account,
        text: flags.search.clone(),
        whereabouts: flags.state,
        since: flags.since,
        limit: flags.limit,
        before: flags.before,
    };
    let page = house.vault.find_messages(&search).await?;
    let accounts = house.vault.accounts().await?;
    let views: Vec<MessageView<'_>> = page
        .messages
        .iter()
        .map(|message| MessageView {
            account_name: name_of(&accounts, message.account),
            message,
        })
        .collect();
    if flags.json {
        return output::json(&PageView {
            messages: views,
            next: page.next.as_ref().map(MessageCursor::to_string),
        });
    }
    if views.is_empty() {
        return output::line("There is no such message.");
    }
    let rows: Vec<_> = views.iter().map(MessageView::row).collect();
    let heading = ["id", "seen", "account", "from", "subject", "state"];
    output::table(&heading, &rows)?;
    if let Some(next) = page.next {
        output::line(&format!("There are more: --before {next}"))?;
    }
    Ok(())
}

async fn show(house: &House, flags: &OneMessage) -> Result<(), Failure> {
    let message = message(house, flags.id).await?;
    let accounts = house.vault.accounts().await?;
    let view = MessageView {
        account_name: name_of(&accounts, message.account),
        message: &message,
    };
    if flags.json {
        return output::json(&view);
    }
    for (name, fact) in view.facts() {
        if let Some(fact) = fact {
            output::line(&format!("{:13}{fact}", format!("{name}:")))?;
        }
    }
    if message.cleared {
        output::line(
            "Sender, subject, Message-ID and answer were removed because of the message's age.",
        )?;
    }
    if message.state == MessageState::Quarantined {
        let id = message.id;
        output::line(&format!(
            "To have it tried again: mailgrant message retry {id}\n\
             To throw it away: mailgrant message drop {id} --yes"
        ))?;
    }
    Ok(())
}

async fn download(house: &House, flags: &MessageDownload) -> Result<(), Failure> {
    let message = message(house, flags.id).await?;
    let Some(mut original) = house.fetcher.original(&message).await? else {
        return Err(Failure::operator(
            format!("Message {} is not in its mailbox any more.", flags.id),
            "Ask the application for it, if it was delivered.",
        ));
    };
    let Some(path) = &flags.output else {
        return output::copy(&mut original);
    };
    let mut bytes = Vec::new();
    let read = original.read_to_end(&mut bytes);
    read.map_err(|error| {
        let what = format!("The message cannot be read: {error}.");
        Failure::operator(what, "Try it again.")
    })?;
    mailgrant_base::files::create_private(path, &bytes)?;
    output::line(&format!(
        "Wrote {} bytes to {}.",
        bytes.len(),
        path.display()
    ))
}

async fn retry(house: &House, id: MessageId) -> Result<(), Failure> {
    let now = house.clock.now();
    // An id of no message is told as such.
    message(house, id).await?;
    house.vault.retry_message(id, ACTOR, now).await?;
    output::line(&format!("Message {id} will be tried again."))
}

async fn retry_all(house: &House, name: &str) -> Result<(), Failure> {
    let account = account_named(&house.vault, name).await?;
    let now = house.clock.now();
    let count = house.vault.retry_quarantine(account.id, now).await?;
    if count > 0 {
        let done = "lets its quarantine be tried again";
        audit(house, EventKind::QuarantineRetried, &account, done).await?;
    }
    output::line(&format!(
        "{count} message(s) of {name} will be tried again."
    ))
}

async fn throw_away(house: &House, flags: &MessageDrop) -> Result<(), Failure> {
    let id = flags.id;
    let message = message(house, id).await?;
    if !flags.yes && message.state == MessageState::Quarantined {
        let (subject, sender) = (
            known(message.head.subject.as_deref()),
            known(message.head.sender.as_deref()),
        );
        return Err(Failure::operator(
            format!("Nothing is dropped yet: message {id} from {sender}, subject {subject}."),
            format!(
                "It will not be delivered any more, and stays as it is at the source. If that is \
                 meant: mailgrant message drop {id} --yes"
            ),
        ));
    }
    let now = house.clock.now();
    house.vault.drop_message(id, ACTOR, now).await?;
    output::line(&format!("Dropped message {id}."))
}

async fn message(house: &House, id: MessageId) -> Result<Message, Failure> {
    house.vault.message(id).await?.ok_or_else(|| {
        Failure::operator(
            format!("There is no message {id}."),
            "`mailgrant message list` shows the messages.",
        )
    })
}

impl MessageView<'_> {
    fn row(&self) -> Vec<String> {
        let message = self.message;
        vec![
            message.id.to_string(),
            moment(message.seen_at),
            self.account_name.to_owned(),
            short(known(message.head.sender.as_deref())),
            short(known(message.head.subject.as_deref())),
            message.state.in_words().to_owned(),
        ]
    }

    /// What is known of it, with its way in the order of time.
    fn facts(&self) -> [(&'static str, Option<String>); 15] {
        let message = self.message;
        let head = message.head.clone();
        let state = message.state;
        let stays = matches!(state, MessageState::Quarantined | MessageState::Dropped);
        let since = stays.then(|| format!(" since {}", moment(message.since)));
        let tried = (message.attempts > 0).then(|| format!("{} time(s) in vain", message.attempts));
        [
            ("Message", Some(message.id.to_string())),
            ("Account", Some(self.account_name.to_owned())),
            (
                "Folder",
                Some(format!("{}, UID {}", message.folder, message.uid)),
            ),
            ("From", head.sender),
            ("Subject", head.subject),
            ("Message-ID", head.message_id),
            ("Size", message.size.map(|size| format!("{size} bytes"))),
            (
                "State",
                Some(format!("{}{}", state.in_words(), since.unwrap_or_default())),
            ),
            ("Seen", Some(moment(message.seen_at))),
            ("Fetched", message.fetched_at.map(moment)),
            ("Delivered", message.delivered_at.map(moment)),
            ("Settled", message.acknowledged_at.map(moment)),
            ("Tried", tried),
            ("Next try", message.retry_at.map(moment)),
            (
                "Answer",
                message.answer.clone().filter(|text| !text.is_empty()),
            ),
        ]
    }
}

fn name_of(accounts: &[Account], id: AccountId) -> &str {
    let account = accounts.iter().find(|account| account.id == id);
    account.map_or("?", |account| account.draft.name.as_str())
}

fn known(text: Option<&str>) -> &str {
    text.unwrap_or("(unknown)")
}

/// So that a line of the listing is not much longer than a terminal is wide.
fn short(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// To the second, in UTC.
fn moment(at: Timestamp) -> String {
    let at = at.to_zoned_datetime(TimeZone::UTC);
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_subject_is_cut_between_characters() {
        assert_eq!(short("short"), "short");
        assert_eq!(short(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(short(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
    }
}
