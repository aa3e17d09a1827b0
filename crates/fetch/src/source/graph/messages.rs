//! One message: its bytes, and what becomes of it after its delivery.

use http::{Method, StatusCode};
use reqwest::Response;
use serde_json::{Value, json};

use super::{MailError, Mailbox};
use crate::source::api::{Answer, Refused};

/// Deleted Items ("message: move" has its name). What is deleted goes there and not away for good, as
/// when a person deletes: it can be got back, and the tenant's rules of retention see it.
pub(super) const BIN: &str = "deleteditems";

impl Mailbox {
    /// The message's bytes, to be read as they come; `None` where it has gone.
    pub(super) async fn message(
        &mut self,
        folder: &str,
        id: &str,
    ) -> Result<Option<Response>, MailError> {
        let url = self.at(&["mailFolders", folder, "messages", id, "$value"]);
        match self.api.send(Method::GET, url, None).await? {
            Answer::Good(response) => {
                self.api.has_an_end(&response)?;
                Ok(Some(response))
            }
            Answer::Refused(refused) if is_gone(&refused) => Ok(None),
            Answer::Refused(refused) => Err(self.api.error("a message", refused)),
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
        match self.api.send(method, url, Some(body)).await? {
            Answer::Good(response) => {
                self.api.pass_over(response).await;
                Ok(())
            }
            Answer::Refused(refused) if is_gone(&refused) => Ok(()),
            // Reading goes on where nothing may be changed, and this is told.
            Answer::Refused(refused) if refused.status == StatusCode::FORBIDDEN => {
                Err(self.api.refusal(what, refused))
            }
            Answer::Refused(refused) => Err(self.api.error(what, refused)),
        }
    }

    /// Nobody of this name, or nobody with a mailbox: no folder is at fault.
    pub(super) fn no_mailbox(&self, mut refused: Refused) -> MailError {
        refused.status = StatusCode::FORBIDDEN;
        self.api.error("the inbox", refused)
    }
}

/// Whether it is the message that is not there. Only that word lets one be passed over.
fn is_gone(refused: &Refused) -> bool {
    refused.is_gone() && refused.code == "ErrorItemNotFound"
}
