//! The mailbox's folders, by the names of the way to them: `Support/Done`.
//!
//! Microsoft Learn, "List mailFolders" and "List childFolders": each folder's children are asked for
//! by themselves.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::{MailError, Mailbox};
use crate::FetchError;

/// The inbox's name, whatever it is called in the mailbox owner's language.
pub(super) const INBOX: &str = "INBOX";
/// No mailbox has more; where one seems to, something goes in circles.
const MOST_FOLDERS: usize = 20_000;

/// Names and ids.
pub(super) struct Tree(BTreeMap<String, String>);

impl Tree {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn id(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Folder {
    id: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    child_folder_count: u64,
    #[serde(default)]
    total_item_count: u64,
    /// Tells a search folder, which has no messages of its own.
    #[serde(rename = "@odata.type", default)]
    kind: String,
}

const FIELDS: &str = "$select=id,displayName,childFolderCount,totalItemCount";

impl Mailbox {
    /// The inbox's id.
    pub(super) async fn inbox(&mut self) -> Result<String, MailError> {
        let mut url = self.at(&["mailFolders", "inbox"]);
        url.set_query(Some(FIELDS));
        match self.api.get::<Folder>(url).await? {
            Ok(folder) => Ok(folder.id),
            // No such person, or one without a mailbox.
            Err(refused) if refused.is_gone() => Err(self.no_mailbox(refused)),
            Err(refused) => Err(self.api.error("the inbox", refused)),
        }
    }

    /// How many messages a folder has.
    pub(super) async fn count(&mut self, id: &str) -> Result<u64, FetchError> {
        let mut url = self.at(&["mailFolders", id]);
        url.set_query(Some(FIELDS));
        match self.api.get::<Folder>(url).await? {
            Ok(folder) => Ok(folder.total_item_count),
            Err(refused) => Err(self.api.error("a folder", refused).into()),
        }
    }

    /// All folders. Where two have one name, the first is taken.
    pub(super) async fn tree(&mut self, inbox: &str) -> Result<Tree, FetchError> {
        let mut tree = BTreeMap::from([(INBOX.to_owned(), inbox.to_owned())]);
        let mut left = VecDeque::from([(None::<String>, String::new())]);
        while let Some((parent, path)) = left.pop_front() {
            let mut url = match &parent {
                Some(id) => self.at(&["mailFolders", id, "childFolders"]),
                None => self.at(&["mailFolders"]),
            };
            url.set_query(Some(&format!("{FIELDS}&$top=200")));
            for folder in self.listed::<Folder>("the folders", url).await? {
                if folder.kind.ends_with("mailSearchFolder") {
                    continue;
                }
                let name = if folder.id == inbox {
                    INBOX.to_owned()
                } else {
                    format!("{path}{}", folder.display_name)
                };
                if folder.child_folder_count > 0 {
                    left.push_back((Some(folder.id.clone()), format!("{name}/")));
                }
                tree.entry(name).or_insert(folder.id);
                if tree.len() + left.len() > MOST_FOLDERS {
                    return Err(self.api.broke_protocol("its folders have no end").into());
                }
            }
        }
        Ok(Tree(tree))
    }
}
