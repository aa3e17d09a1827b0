//! The mailbox's folders, by the names of the way to them: `Support/Done`.
//!
//! Microsoft Learn, "List mailFolders" and "List childFolders": each folder's children are asked for
//! by themselves.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::{Graph, MailError};
use crate::FetchError;
use crate::source::api::INBOX;

/// No mailbox has more; where one seems to, something goes in circles.
const MOST_FOLDERS: usize = 20_000;

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

impl Graph {
    /// The inbox's id.
    pub(super) async fn inbox_id(&mut self) -> Result<String, MailError> {
        let mut url = self.at(&["mailFolders", "inbox"]);
        url.set_query(Some(FIELDS));
        match self.0.api.get::<Folder>(url).await? {
            Ok(folder) => Ok(folder.id),
            // No such person, or one without a mailbox.
            Err(refused) if refused.is_gone() => Err(self.no_mailbox(refused)),
            Err(refused) => Err(self.0.api.error("the inbox", refused)),
        }
    }

    /// How many messages a folder has.
    pub(super) async fn total(&mut self, id: &str) -> Result<u64, FetchError> {
        let mut url = self.at(&["mailFolders", id]);
        url.set_query(Some(FIELDS));
        match self.0.api.get::<Folder>(url).await? {
            Ok(folder) => Ok(folder.total_item_count),
            Err(refused) => Err(self.0.api.error("a folder", refused).into()),
        }
    }

    /// All folders. Where two have one name, the first is taken.
    pub(super) async fn tree(
        &mut self,
        inbox: &str,
    ) -> Result<BTreeMap<String, String>, FetchError> {
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
                    return Err(self.0.api.broke_protocol("its folders have no end").into());
                }
            }
        }
        Ok(tree)
    }
}
