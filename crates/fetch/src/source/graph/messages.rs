//! One message: its bytes, and what becomes of it after its delivery.

use http::{Method, StatusCode};
use reqwest::Response;
use serde_json::{Value, json};

use super::{Graph, MailError};
use crate::source::api::{Answer, Refused};

/// Deleted Items, by the name that "message: move" has for it.
pub(super) const BIN: &str = "deleteditems";

impl Graph {
    /// The message's bytes, to be read as they come; `None` where it has gone.
    pub(super) async fn value(
        &mut self,
        folder: &str,
        id: &str,
    ) -> Result<Option<Response>, MailError> {
        let url = self.at(&["mailFolders", folder, "messages", id, "$value"]);
        match self.0.api.send(Method::GET, url, None).await? {
            Answer::Good(response) => {
                self.0.api.has_an_end(&response)?;
                Ok(Some(response))
            }
            Answer::Refused(refused) if is_gone(&refused) => Ok(None),
            Answer::Refused(refused) => Err(self.0.api.failure("a message", refused)),
        }
    }

    /// "Update message".
    pub(super) async fn mark_seen(&mut self, folder: &str, id: &str) -> Result<(), MailError> {
        let url = self.at(&["mailFolders", folder, "messages", id]);
        let seen = json!({ "isRead": true });
        self.change(Method::PATCH, url, seen, "to mark a message as read")
            .await
    }

    /// "message: move".
    pub(super) async fn move_to(
        &mut self,
        folder: &str,
        id: &str,
        target: &str,
    ) -> Result<(), MailError> {
        let url = self.at(&["mailFolders", folder, "messages", id, "move"]);
        let target = json!({ "destinationId": target });
        self.change(Method::POST, url, target, "to move a message")
            .await
    }

    async fn change(
        &mut self,
        method: Method,
        url: url::Url,
        body: Value,
        what: &str,
    ) -> Result<(), MailError> {
        match self.0.api.send(method, url, Some(body)).await? {
            Answer::Good(response) => {
                self.0.api.pass_over(response).await;
                Ok(())
            }
            Answer::Refused(refused) if is_gone(&refused) => Ok(()),
            // Reading goes on where nothing may be changed, and this is told.
            Answer::Refused(refused) => Err(self.0.api.refusal(what, refused)),
        }
    }

    /// Nobody of this name, or nobody with a mailbox: no folder is at fault.
    pub(super) fn no_mailbox(&self, mut refused: Refused) -> MailError {
        refused.status = StatusCode::FORBIDDEN;
        self.0.api.error("the inbox", refused)
    }
}

/// Whether it is the message that is not there. Only that word lets one be passed over.
fn is_gone(refused: &Refused) -> bool {
    refused.is_gone() && refused.code == "ErrorItemNotFound"
}
