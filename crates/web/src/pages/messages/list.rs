//! The messages, newest first, and a search among them.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use mailgrant_vault::{
    Account, AccountId, Message, MessageCursor, MessageId, MessageSearch, Whereabouts,
};
use url::form_urlencoded;

use crate::app::Site;
use crate::fields::Field;
use crate::layout::{Layout, page};
use crate::moment::Moment;
use crate::problem::Problem;
use crate::summary::State as Shown;
use crate::visit::{Sent, SignedIn};

/// How many messages are on one page.
const ON_A_PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "messages.html")]
struct Messages {
    layout: Layout,
    fields: Vec<Field>,
    rows: Vec<Row>,
    /// Something is looked for: else all messages are shown.
    searching: bool,
    /// The address of the next page.
    more: Option<String>,
}

struct Row {
    id: MessageId,
    seen: Moment,
    account: String,
    sender: String,
    subject: String,
    state: Shown,
}

/// What the address asks for. Its words are not `state` and the like: those belong to the answers of
/// identity providers, which may come to any address of ours.
struct Asked {
    text: String,
    account: String,
    whereabouts: String,
    before: String,
}

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let asked = Asked::read(&query.unwrap_or_default());
    let found = site.vault.find_messages(&asked.search()).await?;
    let accounts = site.vault.accounts().await?;
    let now = site.clock.now();
    Ok(page(&Messages {
        layout: Layout::signed_in("Messages", &visitor).section("messages"),
        fields: asked.fields(&accounts),
        rows: found
            .messages
            .iter()
            .map(|message| Row::of(message, &accounts, now))
            .collect(),
        searching: asked.searches(),
        more: found.next.map(|next| asked.followed_by(next)),
    }))
}

impl Asked {
    fn read(query: &str) -> Self {
        let sent = Sent::parse(query.as_bytes());
        Self {
            text: sent.text("text"),
            account: sent.text("account"),
            whereabouts: sent.text("where"),
            before: sent.text("before"),
        }
    }

    /// What cannot be read is not asked for.
    fn search(&self) -> MessageSearch {
        MessageSearch {
            account: self.account.parse().ok().map(AccountId),
            text: Some(self.text.clone()),
            whereabouts: Whereabouts::of_word(&self.whereabouts),
            since: None,
            limit: ON_A_PAGE,
            before: self.before.parse().ok(),
        }
    }

    fn searches(&self) -> bool {
        let asked = [&self.text, &self.account, &self.whereabouts, &self.before];
        asked.iter().any(|word| !word.is_empty())
    }

    fn fields(&self, accounts: &[Account]) -> Vec<Field> {
        let all = || (String::new(), "All".to_owned());
        let names = accounts
            .iter()
            .map(|account| (account.id.0.to_string(), account.draft.name.clone()));
        let places = Whereabouts::ALL.map(|place| (place.word().to_owned(), label(place)));
        vec![
            Field::text("text", "Sender, subject or Message-ID", &self.text),
            Field::choice(
                "account",
                "Account",
                &self.account,
                std::iter::once(all()).chain(names),
            ),
            Field::choice(
                "where",
                "State",
                &self.whereabouts,
                std::iter::once(all()).chain(places),
            ),
        ]
    }

    /// The address of the same search's next page.
    fn followed_by(&self, next: MessageCursor) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("text", &self.text),
            ("account", &self.account),
            ("where", &self.whereabouts),
            ("before", &next.to_string()),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/messages?{}", query.finish())
    }
}

impl Row {
    fn of(message: &Message, accounts: &[Account], now: Timestamp) -> Self {
        let account = accounts
            .iter()
            .find(|account| account.id == message.account);
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        Self {
            id: message.id,
            seen: Moment::new(message.seen_at, now),
            account: account.map_or_else(String::new, |account| account.draft.name.clone()),
            sender: known(&message.head.sender),
            subject: super::title(message),
            state: super::state(message.state),
        }
    }
}

fn label(place: Whereabouts) -> String {
    match place {
        Whereabouts::Waiting => "Waiting",
        Whereabouts::Delivered => "Delivered",
        Whereabouts::Quarantined => "In quarantine",
        Whereabouts::Dropped => "Dropped",
    }
    .to_owned()
}
