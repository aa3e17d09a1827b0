//! Microsoft Graph: `/v1.0/users/{address}/mailFolders…`.

use std::collections::BTreeSet;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE as BASE64;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::fault::ApiFault;
use super::super::handle::Shared;
use super::super::store::{FlagChange, Folder, StoredMessage};
use super::{Asked, No, PAGE, bytes, document};

const NO_ITEM: No = No(
    StatusCode::NOT_FOUND,
    "ErrorItemNotFound",
    "The specified object was not found in the store.",
);
const NO_REQUEST: No = No(
    StatusCode::BAD_REQUEST,
    "BadRequest",
    "Resource not found for the segment.",
);
const FORGOTTEN: No = No(
    StatusCode::GONE,
    "syncStateNotFound",
    "The sync state generation is not found.",
);
const SEEN: &str = "\\Seen";

/// The answer to a request of somebody whose token is good.
pub(super) fn answer(server: &Shared, user: &str, asked: &Asked) -> Result<Response, No> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let ["v1.0", "users", mailbox, "mailFolders", rest @ ..] = path.as_slice() else {
        return Err(NO_REQUEST);
    };
    let shared = server.options.shared.iter().any(|(shared, colleague)| {
        shared.eq_ignore_ascii_case(mailbox) && colleague.eq_ignore_ascii_case(user)
    });
    if !mailbox.eq_ignore_ascii_case(user) && !shared {
        let why = "Access is denied. Check credentials and try again.";
        return Err(No(StatusCode::FORBIDDEN, "ErrorAccessDenied", why));
    }
    let whose = Whose {
        server,
        mailbox,
        asked,
    };
    match (&asked.method, rest) {
        (&Method::GET, []) => Ok(whose.folders("")),
        (&Method::GET, [folder]) => whose.folder(folder),
        (&Method::GET, [folder, "childFolders"]) => {
            Ok(whose.folders(&format!("{}/", name_of(folder))))
        }
        (&Method::GET, [folder, "messages"]) => whose.messages(folder),
        (&Method::GET, [folder, "messages", "delta"]) => whose.delta(folder),
        (&Method::GET, [folder, "messages", id, "$value"]) => whose.value(folder, id),
        (&Method::PATCH, [folder, "messages", id]) => whose.change(folder, id),
        (&Method::POST, [folder, "messages", id, "move"]) => whose.move_to(folder, id),
        _ => Err(NO_REQUEST),
    }
}

/// A request about a mailbox.
struct Whose<'a> {
    server: &'a Shared,
    mailbox: &'a str,
    asked: &'a Asked,
}

impl Whose<'_> {
    /// The folders directly below a path, those too that are but a step on the way to others.
    fn folders(&self, below: &str) -> Response {
        let all = self.names();
        let here: BTreeSet<&str> = all
            .iter()
            .filter_map(|name| name.strip_prefix(below))
            .map(|rest| rest.split('/').next().unwrap_or(rest))
            .collect();
        let folders: Vec<Value> = here
            .into_iter()
            .map(|name| self.shown(&format!("{below}{name}"), name, &all))
            .collect();
        self.page(&folders)
    }

    fn names(&self) -> Vec<String> {
        let names = |mailbox: &mut super::super::store::Mailbox| {
            mailbox.folder_or_create("Deleted Items");
            mailbox.names().map(str::to_owned).collect()
        };
        self.server.store.mailbox(self.mailbox, names)
    }

    fn folder(&self, id: &str) -> Result<Response, No> {
        let (name, all) = (name_of(id), self.names());
        if !all.contains(&name) {
            return Err(NO_ITEM);
        }
        let last = name.rsplit('/').next().unwrap_or(&name);
        Ok(document(StatusCode::OK, &self.shown(&name, last, &all)))
    }

    fn shown(&self, name: &str, last: &str, all: &[String]) -> Value {
        let below = format!("{name}/");
        let children = all.iter().filter_map(|name| name.strip_prefix(&below));
        let children: BTreeSet<&str> = children.filter_map(|rest| rest.split('/').next()).collect();
        let count = self.with(name, |folder| folder.messages().len());
        json!({
            "id": id_of(name),
            // It is called so in its owner's language.
            "displayName": if name == "INBOX" { "Posteingang" } else { last },
            "childFolderCount": children.len(),
            "totalItemCount": count.unwrap_or_default(),
        })
    }

    /// The messages, or those of them that a filter wants.
    fn messages(&self, folder: &str) -> Result<Response, No> {
        let filter = self.asked.parameter("$filter").unwrap_or_default();
        let conditions: Vec<&str> = filter.split(" and ").filter(|it| !it.is_empty()).collect();
        let wanted = |message: &&StoredMessage| {
            conditions.iter().all(|condition| {
                if *condition == "isRead eq false" {
                    return !message.has_flag(SEEN);
                }
                let since = condition.strip_prefix("receivedDateTime ge ");
                let since = since.and_then(|since| since.parse::<Timestamp>().ok());
                since.is_some_and(|since| message.received >= since)
            })
        };
        let found = self.with(&name_of(folder), |folder| {
            let messages = folder.messages().iter().filter(wanted);
            messages
                .map(|message| self.item(folder, message))
                .collect::<Vec<_>>()
        });
        Ok(self.page(&found.ok_or(NO_ITEM)?))
    }

    /// One page of what has changed since a place, which is the folder's version at that time.
    fn delta(&self, folder: &str) -> Result<Response, No> {
        let place = self.asked.parameter("$deltatoken");
        let place = place.or_else(|| self.asked.parameter("$skiptoken"));
        if place.is_some() && self.server.api_faults.strikes(&ApiFault::ForgottenPlace) {
            return Err(FORGOTTEN);
        }
        let page = self.with(&name_of(folder), |folder| {
            let epoch = folder.uid_validity;
            let since = match place.map(|place| place.split_once('.')) {
                None => 0,
                Some(Some((of, version))) if of == epoch.to_string() => {
                    version.parse().map_err(|_| FORGOTTEN)?
                }
                Some(_) => return Err(FORGOTTEN),
            };
            let messages = folder.messages().iter();
            let mut changed: Vec<&StoredMessage> =
                messages.filter(|message| message.changed > since).collect();
            changed.sort_by_key(|message| message.changed);
            let rest = changed.split_off(changed.len().min(PAGE));
            let (key, word, version) = match (rest.is_empty(), changed.last()) {
                (false, Some(last)) => ("@odata.nextLink", "$skiptoken", last.changed),
                _ => ("@odata.deltaLink", "$deltatoken", folder.version()),
            };
            let items = changed.iter().map(|message| self.item(folder, message));
            let items: Vec<Value> = items.collect();
            let link = format!("{}?{word}={epoch}.{version}", self.address());
            Ok(json!({ "value": items, key: link }))
        });
        Ok(document(StatusCode::OK, &page.ok_or(NO_ITEM)??))
    }

    fn value(&self, folder: &str, id: &str) -> Result<Response, No> {
        let found = self.find(folder, id)?;
        Ok(bytes(self.server, &found.raw))
    }

    fn change(&self, folder: &str, id: &str) -> Result<Response, No> {
        let found = self.find(folder, id)?;
        let change = match self.asked.body["isRead"].as_bool() {
            Some(true) => FlagChange::Add,
            Some(false) => FlagChange::Remove,
            None => return Err(NO_REQUEST),
        };
        self.with(&name_of(folder), |folder| {
            folder.change_flags(found.uid, change, &[SEEN.to_owned()]);
        });
        Ok(document(StatusCode::OK, &json!({ "id": id })))
    }

    /// A message keeps its immutable id where it goes.
    fn move_to(&self, folder: &str, id: &str) -> Result<Response, No> {
        let found = self.find(folder, id)?;
        let target = self.asked.body["destinationId"].as_str();
        let target = target.map(name_of).ok_or(NO_REQUEST)?;
        if !self.names().contains(&target) {
            return Err(NO_ITEM);
        }
        let uid = found.uid;
        let found = StoredMessage {
            moved: true,
            ..found
        };
        self.with(&target, |target| target.take_in(found));
        self.with(&name_of(folder), |folder| {
            folder.expunge(|message| message.uid == uid);
        });
        Ok(document(StatusCode::CREATED, &json!({ "id": id })))
    }

    fn find(&self, folder: &str, id: &str) -> Result<StoredMessage, No> {
        let found = self.with(&name_of(folder), |folder| {
            let mut messages = folder.messages().iter();
            let found = messages.find(|message| self.id(folder, message) == id);
            found.cloned()
        });
        found.flatten().ok_or(NO_ITEM)
    }

    fn with<T>(&self, name: &str, work: impl FnOnce(&mut Folder) -> T) -> Option<T> {
        self.server.store.folder(self.mailbox, name, work)
    }

    fn item(&self, folder: &Folder, message: &StoredMessage) -> Value {
        json!({
            "id": self.id(folder, message),
            "receivedDateTime": message.received.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
    }

    /// Its immutable id, to whoever wants that; else one that is another in each folder.
    fn id(&self, folder: &Folder, message: &StoredMessage) -> String {
        let prefer = self.asked.headers.get_all("prefer").iter();
        let immutable = prefer
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains("IdType=\"ImmutableId\""));
        let of_folder = u64::from(folder.uid_validity) << 32 | u64::from(message.uid);
        if immutable {
            format!("AAkALgAA{}", BASE64.encode(message.id.to_be_bytes()))
        } else {
            format!("AAMkAGUA{}", BASE64.encode(of_folder.to_be_bytes()))
        }
    }

    /// A part of a listing, with a link to the next one.
    fn page(&self, all: &[Value]) -> Response {
        let skip = self.asked.parameter("$skip");
        let skip = skip.and_then(|skip| skip.parse().ok()).unwrap_or(0);
        let rest = all.get(skip..).unwrap_or_default();
        let mut page = json!({ "value": &rest[..rest.len().min(PAGE)] });
        if rest.len() > PAGE {
            let filter = self.asked.parameter("$filter").unwrap_or_default();
            let filter = filter.replace(' ', "%20");
            let next = skip + PAGE;
            let link = format!("{}?$filter={filter}&$skip={next}", self.address());
            page["@odata.nextLink"] = link.into();
        }
        document(StatusCode::OK, &page)
    }

    fn address(&self) -> String {
        if self.server.api_faults.strikes(&ApiFault::ForeignLink) {
            return "http://127.0.0.2:9/elsewhere".to_owned();
        }
        self.asked.address.clone()
    }
}

/// A folder's id, which says nothing to whoever reads it.
fn id_of(name: &str) -> String {
    format!("AQMk{}", BASE64.encode(name))
}

/// The name of the folder with this id, or with this name that all mailboxes know.
fn name_of(id: &str) -> String {
    match id {
        "inbox" => return "INBOX".to_owned(),
        "deleteditems" => return "Deleted Items".to_owned(),
        _ => {}
    }
    let name = id
        .strip_prefix("AQMk")
        .and_then(|id| BASE64.decode(id).ok());
    name.and_then(|name| String::from_utf8(name).ok())
        .unwrap_or_default()
}
