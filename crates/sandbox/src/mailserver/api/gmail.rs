//! The Gmail API: `/gmail/v1/users/{address}…`. A folder is a label, and a message has one of those.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE as BASE64;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::fault::ApiFault;
use super::super::handle::Shared;
use super::super::store::{FlagChange, Mailbox, StoredMessage};
use super::{Asked, No, PAGE, bytes, document};

const NOT_FOUND: No = No(
    StatusCode::NOT_FOUND,
    "notFound",
    "Requested entity was not found.",
);
const NO_REQUEST: No = No(StatusCode::BAD_REQUEST, "badRequest", "Invalid request.");
const SEEN: &str = "\\Seen";
/// The folder that is shown as the label TRASH.
const BIN: &str = "Deleted Items";

/// The answer to a request of somebody whose token is good.
pub(super) fn answer(server: &Shared, user: &str, asked: &Asked) -> Result<Response, No> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let ["gmail", "v1", "users", mailbox, rest @ ..] = path.as_slice() else {
        return Err(NO_REQUEST);
    };
    if !mailbox.eq_ignore_ascii_case(user) {
        return Err(No(StatusCode::FORBIDDEN, "forbidden", "Delegation denied."));
    }
    let whose = Whose {
        server,
        mailbox,
        asked,
    };
    let value = match (&asked.method, rest) {
        (&Method::GET, ["profile"]) => whose.profile(),
        (&Method::GET, ["labels"]) => whose.labels(),
        (&Method::GET, ["labels", label]) => whose.label(label)?,
        (&Method::GET, ["messages"]) => whose.messages()?,
        (&Method::GET, ["history"]) => whose.history()?,
        (&Method::GET, ["messages", id]) => return whose.raw(id),
        (&Method::POST, ["messages", id, "modify"]) => whose.modify(id)?,
        (&Method::POST, ["messages", id, "trash"]) => whose.move_to(id, BIN)?,
        _ => return Err(NO_REQUEST),
    };
    Ok(document(StatusCode::OK, &value))
}

/// A request about a mailbox.
struct Whose<'a> {
    server: &'a Shared,
    mailbox: &'a str,
    asked: &'a Asked,
}

impl Whose<'_> {
    fn with<T>(&self, work: impl FnOnce(&mut Mailbox) -> T) -> T {
        self.server.store.mailbox(self.mailbox, work)
    }

    fn profile(&self) -> Value {
        let history = self.with(history_id);
        json!({ "emailAddress": self.mailbox, "historyId": history.to_string() })
    }

    fn labels(&self) -> Value {
        let own = self.with(|mailbox| mailbox.names().map(shown).collect::<Vec<_>>());
        let mut labels = vec![json!({ "id": "UNREAD", "name": "UNREAD", "type": "system" })];
        labels.extend(own);
        json!({ "labels": labels })
    }

    fn label(&self, id: &str) -> Result<Value, No> {
        let name = name_of(id);
        let count = self.with(|mailbox| Some(mailbox.folder(&name)?.messages().len()));
        let mut label = shown(&name);
        label["messagesTotal"] = count.ok_or(NOT_FOUND)?.into();
        Ok(label)
    }

    /// The newest first.
    fn messages(&self) -> Result<Value, No> {
        let labels: Vec<&str> = self.asked.parameters("labelIds").collect();
        let unread = labels.contains(&"UNREAD");
        let label = labels.iter().find(|label| **label != "UNREAD");
        let name = name_of(label.ok_or(NO_REQUEST)?);
        let after = match self.asked.parameter("q") {
            Some(query) => {
                let seconds = query
                    .strip_prefix("after:")
                    .and_then(|text| text.parse().ok());
                seconds.ok_or(NO_REQUEST)?
            }
            None => i64::MIN,
        };
        let found = self.with(|mailbox| {
            let messages = mailbox.folder(&name)?.messages().iter().rev();
            let wanted = messages.filter(|message| {
                !(unread && message.has_flag(SEEN)) && message.received.as_second() > after
            });
            Some(wanted.map(named).collect::<Vec<_>>())
        });
        Ok(self.page("messages", &found.ok_or(NOT_FOUND)?, json!({})))
    }

    fn history(&self) -> Result<Value, No> {
        if self.server.api_faults.strikes(&ApiFault::ForgottenPlace) {
            return Err(NOT_FOUND);
        }
        let since = self.asked.parameter("startHistoryId");
        let since: u64 = since.and_then(|id| id.parse().ok()).ok_or(NO_REQUEST)?;
        let name = name_of(self.asked.parameter("labelId").ok_or(NO_REQUEST)?);
        let (records, latest) = self.with(|mailbox| {
            let latest = history_id(mailbox);
            let folder = mailbox.folder(&name).ok_or(NOT_FOUND)?;
            if since < folder.known_since {
                return Err(NOT_FOUND);
            }
            let messages = folder.messages().iter();
            let mut changed: Vec<&StoredMessage> =
                messages.filter(|message| message.changed > since).collect();
            changed.sort_by_key(|message| message.changed);
            let records = changed.into_iter().map(|message| record(message, &name));
            Ok((records.collect::<Vec<_>>(), latest))
        })?;
        let about = json!({ "historyId": latest.to_string() });
        Ok(self.page("history", &records, about))
    }

    fn raw(&self, id: &str) -> Result<Response, No> {
        let (name, message) = self.find(id)?;
        // As Google writes it.
        let raw = BASE64.encode(&message.raw).replace('=', "\\u003d");
        let labels = Value::from(labels(&message, &name));
        let json = format!(
            "{{\n  \"id\": \"{id}\",\n  \"labelIds\": {labels},\n  \"snippet\": \"It is \
             \\\"raw\\\": here\",\n  \"raw\": \"{raw}\"\n}}\n"
        );
        Ok(bytes(self.server, &Bytes::from(json)))
    }

    fn modify(&self, id: &str) -> Result<Value, No> {
        let of = |key: &str| {
            let labels = self.asked.body[key].as_array().into_iter().flatten();
            labels.filter_map(Value::as_str).collect::<Vec<_>>()
        };
        let (added, removed) = (of("addLabelIds"), of("removeLabelIds"));
        if let Some(target) = added.first() {
            return self.move_to(id, &name_of(target));
        }
        let (name, message) = self.find(id)?;
        if removed == ["UNREAD"] {
            self.with(|mailbox| {
                let folder = mailbox.folder(&name)?;
                folder.change_flags(message.uid, FlagChange::Add, &[SEEN.to_owned()]);
                Some(())
            });
        }
        Ok(json!({ "id": id }))
    }

    fn move_to(&self, id: &str, target: &str) -> Result<Value, No> {
        let (name, message) = self.find(id)?;
        let uid = message.uid;
        let moved = StoredMessage {
            moved: true,
            ..message
        };
        self.with(|mailbox| {
            mailbox.folder(&name)?.expunge(|message| message.uid == uid);
            mailbox.folder_or_create(target).take_in(moved);
            Some(())
        });
        Ok(json!({ "id": id }))
    }

    /// A message, wherever it is, and the folder that it is in.
    fn find(&self, id: &str) -> Result<(String, StoredMessage), No> {
        self.with(|mailbox| {
            mailbox.folders().find_map(|(name, folder)| {
                let mut messages = folder.messages().iter();
                let found = messages.find(|message| id_of(message) == id)?;
                Some((name.to_owned(), found.clone()))
            })
        })
        .ok_or(NOT_FOUND)
    }

    /// A part of a listing, with a token for the next one.
    fn page(&self, key: &str, all: &[Value], mut about: Value) -> Value {
        let skip = self.asked.parameter("pageToken");
        let skip = skip.and_then(|skip| skip.parse().ok()).unwrap_or(0);
        let rest = all.get(skip..).unwrap_or_default();
        // An empty list is left out.
        if !rest.is_empty() {
            about[key] = rest[..rest.len().min(PAGE)].into();
        }
        if rest.len() > PAGE {
            about["nextPageToken"] = (skip + PAGE).to_string().into();
        }
        about
    }
}

/// The latest change of a whole mailbox.
fn history_id(mailbox: &mut Mailbox) -> u64 {
    let versions = mailbox.folders().map(|(_, folder)| folder.version());
    versions.max().unwrap_or_default()
}

/// How a message came under its label.
fn record(message: &StoredMessage, folder: &str) -> Value {
    let shown = json!({ "id": id_of(message), "labelIds": labels(message, folder) });
    let added = if message.moved {
        json!({ "labelsAdded": [{ "message": shown, "labelIds": [label_of(folder)] }] })
    } else {
        json!({ "messagesAdded": [{ "message": shown }] })
    };
    let mut record = added;
    record["id"] = message.changed.to_string().into();
    record
}

fn named(message: &StoredMessage) -> Value {
    json!({ "id": id_of(message), "threadId": id_of(message) })
}

fn id_of(message: &StoredMessage) -> String {
    format!("{:016x}", message.id)
}

fn labels(message: &StoredMessage, folder: &str) -> Vec<String> {
    let mut labels = vec![label_of(folder)];
    if !message.has_flag(SEEN) {
        labels.push("UNREAD".to_owned());
    }
    labels
}

fn shown(name: &str) -> Value {
    let id = label_of(name);
    let (name, kind) = match name {
        "INBOX" | BIN => (id.as_str(), "system"),
        name => (name, "user"),
    };
    json!({ "id": &id, "name": name, "type": kind })
}

fn label_of(name: &str) -> String {
    match name {
        "INBOX" => "INBOX".to_owned(),
        BIN => "TRASH".to_owned(),
        name => format!("Label_{}", BASE64.encode(name)),
    }
}

fn name_of(label: &str) -> String {
    if label == "TRASH" {
        return BIN.to_owned();
    }
    let name = label.strip_prefix("Label_");
    let name = name.and_then(|name| BASE64.decode(name).ok());
    let name = name.and_then(|name| String::from_utf8(name).ok());
    name.unwrap_or_else(|| label.to_owned())
}
