//! The places that an account's messages may go to, and which of them each rule chooses.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_vault::{Account, AccountDraft, Action, CommandSink, MaildirSink, Sink as Settings};

use super::aside::Aside;
use crate::FetchError;
use crate::lease::Lease;
use crate::shared::Shared;
use crate::sink::{self, Sink, SinkDown};

/// The account's own sink.
pub(super) const OWN: usize = 0;
/// Where dropped messages go.
pub(super) const DROPPED: usize = 1;
/// Where held messages go.
pub(super) const HELD: usize = 2;

/// A place that messages may go to.
pub(crate) struct Place {
    /// What it is called where messages go to several.
    pub(crate) label: String,
    /// What was entered; none for the two that deliver nothing.
    pub(crate) settings: Option<Settings>,
    pub(crate) sink: Arc<dyn Sink>,
}

/// The account's own sink, the two that deliver nothing, then those of the rules, each once.
pub(super) struct Places {
    pub(super) all: Vec<Place>,
    /// The place of each rule.
    pub(super) of_rule: Vec<usize>,
}

/// What a rule chooses.
pub(super) enum Choice<'a> {
    Own,
    Dropped,
    Held,
    /// One of the account's further sinks.
    Named(&'a str),
    /// A sink of the rule's own.
    Other(Settings),
}

impl<'a> Choice<'a> {
    pub(super) fn of(action: &'a Action, own: Option<&Settings>) -> Self {
        match action {
            Action::Deliver => Self::Own,
            Action::Drop => Self::Dropped,
            Action::Hold => Self::Held,
            Action::Sink(name) => Self::Named(name),
            Action::Maildir(path) => {
                Self::Other(Settings::Maildir(MaildirSink { path: path.clone() }))
            }
            Action::Command(argv) => Self::Other(like_command(own, argv)),
            Action::Recipients(recipients) => own.map_or(Self::Own, |own| {
                Self::Other(for_recipients(own, recipients))
            }),
        }
    }
}

impl Places {
    pub(super) async fn open(
        shared: &Arc<Shared>,
        account: &Account,
        folder: &str,
        lease: &Arc<Lease>,
    ) -> Result<Self, FetchError> {
        let draft = &account.draft;
        let own = draft.sink.as_ref().ok_or_else(|| FetchError::NoSink {
            account: draft.name.clone(),
        })?;
        let own_sink = sink::open(shared, account, folder, (None, own), lease).await?;
        let aside = |aside| Place {
            label: String::new(),
            settings: None,
            sink: Arc::new(aside),
        };
        let mut places = Self {
            all: vec![
                Place {
                    label: "the account's own sink".to_owned(),
                    settings: Some(own.clone()),
                    sink: own_sink,
                },
                aside(Aside::dropped(shared, account.id, lease)),
                aside(Aside::held(shared, account.id, lease)),
            ],
            of_rule: Vec::new(),
        };
        for rule in draft.rules.iter() {
            let place = match Choice::of(&rule.action, Some(own)) {
                Choice::Own => OWN,
                Choice::Dropped => DROPPED,
                Choice::Held => HELD,
                Choice::Named(name) => {
                    let label = label_of(name);
                    let there = places.all.iter().position(|place| place.label == label);
                    match there {
                        Some(place) => place,
                        None => places.add(open_named(shared, account, folder, name, lease).await?),
                    }
                }
                Choice::Other(settings) => {
                    let sink =
                        sink::open(shared, account, folder, (None, &settings), lease).await?;
                    places.add(Place {
                        label: sink.name(),
                        settings: Some(settings),
                        sink,
                    })
                }
            };
            places.of_rule.push(place);
        }
        Ok(places)
    }

    fn add(&mut self, place: Place) -> usize {
        self.all.push(place);
        self.all.len() - 1
    }
}

/// Opens one of an account's further sinks.
pub(crate) async fn open_named(
    shared: &Arc<Shared>,
    account: &Account,
    folder: &str,
    name: &str,
    lease: &Arc<Lease>,
) -> Result<Place, FetchError> {
    let settings = account.draft.sinks.get(name).ok_or_else(|| SinkDown {
        sink: label_of(name),
        why: not_there(&account.draft),
    })?;
    let sink = sink::open(shared, account, folder, (Some(name), settings), lease).await?;
    Ok(Place {
        label: label_of(name),
        settings: Some(settings.clone()),
        sink,
    })
}

fn label_of(name: &str) -> String {
    format!("the sink {name}")
}

fn not_there(draft: &AccountDraft) -> String {
    let name = &draft.name;
    if draft.sinks.is_empty() {
        format!("the account {name} has no further sink")
    } else {
        let names = draft.sinks.names();
        format!("the account {name} has no such sink; it has {names}")
    }
}

/// Another program, with the limits of the account's own where that is one.
fn like_command(own: Option<&Settings>, argv: &[String]) -> Settings {
    let argv = argv.to_vec();
    Settings::Command(match own {
        Some(Settings::Command(own)) => CommandSink {
            argv,
            ..own.clone()
        },
        _ => CommandSink {
            argv,
            time_limit: Duration::from_mins(1),
            at_once: 1,
        },
    })
}

/// The account's own server with other recipients. The form lets such a rule in for these alone.
fn for_recipients(own: &Settings, recipients: &[String]) -> Settings {
    let mut other = own.clone();
    if let Settings::Lmtp(relay) | Settings::Smtp(relay) = &mut other {
        relay.recipients = recipients.to_vec();
    }
    other
}
