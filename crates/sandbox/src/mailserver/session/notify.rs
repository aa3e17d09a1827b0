//! NOTIFY (RFC 5465): what happens in folders that are not selected is told too.

use std::collections::HashMap;
use std::io;

use tokio::sync::watch;

use super::super::command::NotifyFor;
use super::super::fault::ImapFault;
use super::super::scanner::quote;
use super::super::store::Mailbox;
use super::{Session, Verdict};

/// What a client wants to be told of, and what it knows.
pub(super) struct Notices {
    told: NotifyFor,
    /// UIDNEXT and the number of messages of each folder, as last told.
    known: HashMap<String, (u32, usize)>,
    pub(super) changes: watch::Receiver<u64>,
}

impl Session {
    pub(super) fn notify(&mut self, mailbox: &str, told: Option<NotifyFor>) -> io::Result<Verdict> {
        if !self.options().notify {
            return Verdict::bad("Unknown command");
        }
        self.notices = told.map(|told| {
            self.server.store.mailbox(mailbox, |mailbox| Notices {
                known: states(mailbox, &told).collect(),
                changes: mailbox.changes(),
                told,
            })
        });
        Verdict::ok("NOTIFY completed")
    }

    /// Tells of what has happened in folders that are not selected.
    pub(super) async fn report_notices(&mut self) -> io::Result<()> {
        let (Some(login), Some(notices)) = (&self.login, &mut self.notices) else {
            return Ok(());
        };
        let selected = self.selected.as_ref();
        let selected = selected.map(|selected| selected.folder.as_str());
        let mut lines = Vec::new();
        self.server.store.mailbox(&login.mailbox, |mailbox| {
            for (name, state) in states(mailbox, &notices.told) {
                let before = notices.known.insert(name.clone(), state);
                // Of the selected folder the client hears in another way.
                if before != Some(state) && selected != Some(name.as_str()) {
                    let (next, count) = state;
                    let name = quote(&name);
                    lines.push(format!(
                        "* STATUS {name} (MESSAGES {count} UIDNEXT {next} UNSEEN {count})"
                    ));
                }
            }
        });
        if !lines.is_empty() && self.faults().strikes(&ImapFault::NotificationOverflow) {
            lines = vec!["* OK [NOTIFICATIONOVERFLOW] Too much happens".to_owned()];
            self.notices = None;
        }
        for line in lines {
            self.connection.send(line).await?;
        }
        Ok(())
    }
}

/// The folders that are told of, and their states.
fn states<'a>(
    mailbox: &'a mut Mailbox,
    told: &'a NotifyFor,
) -> impl Iterator<Item = (String, (u32, usize))> + 'a {
    let is_told = |name: &str| match told {
        NotifyFor::Personal => true,
        NotifyFor::Folders(names) => names.iter().any(|told| told == name),
    };
    mailbox.folders().filter_map(move |(name, folder)| {
        is_told(name).then(|| (name.to_owned(), (folder.uid_next, folder.messages().len())))
    })
}
