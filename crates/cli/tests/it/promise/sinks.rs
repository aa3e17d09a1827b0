//! The sinks that mail is delivered into, and what they have in the end.

use std::cell::Cell;
use std::path::PathBuf;

use mailgrant_sandbox::MailServer;

use super::mail_receiver::{self, Inbox};
use super::outcome::{Arrived, print_of};
use super::victim::{Death, Place, Victim};
use super::web_receiver;
use crate::installation::ADDRESS;
use crate::support::Mailgrant;

/// The folder that takes mail by APPEND.
const FOLDER: &str = "Archive";

/// Which sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Maildir,
    Command,
    /// A server that keeps no message twice under the same `X-Mailgrant-Key`.
    LmtpWithKeys,
    Lmtp,
    Smtp,
    /// A receiver that keeps no message twice under the same `webhook-id`.
    Webhook,
    /// Another folder of the mailbox.
    Append,
}

/// A sink with all that arrived in it.
pub(super) enum Sink {
    Maildir(Maildir),
    Command(Command),
    Receiver(Inbox),
    /// A folder of the mailbox that mail is read from, which is not read itself.
    Folder,
}

impl Sink {
    /// Opens one, and gives the account's flags for it.
    pub(super) async fn open(
        kind: Kind,
        mailgrant: &Mailgrant,
        victim: &Victim,
        server: &MailServer,
    ) -> (Self, Vec<String>) {
        let knows_keys = matches!(kind, Kind::LmtpWithKeys | Kind::Webhook);
        let inbox = Inbox::new(knows_keys);
        let flags = match kind {
            Kind::Maildir => return (Self::Maildir(Maildir::of(mailgrant)), Vec::new()),
            Kind::Command => {
                let command = Command::of(mailgrant);
                let program = format!("/bin/sh {}", command.folder.join("take").display());
                let flags = ["--sink", "command", "--command", &program].map(str::to_owned);
                return (Self::Command(command), flags.to_vec());
            }
            Kind::LmtpWithKeys | Kind::Lmtp | Kind::Smtp => {
                let at = mail_receiver::start(inbox.clone(), victim.clone()).await;
                let sink = if kind == Kind::Smtp { "smtp" } else { "lmtp" };
                let headers = if knows_keys { "yes" } else { "no" };
                let at = at.to_string();
                ["--sink", sink, "--relay", &at, "--relay-headers", headers].map(str::to_owned)
            }
            Kind::Append => {
                server.wait_for(ADDRESS, FOLDER, |_| true).await;
                let sink = ["--sink", "append", "--append-account", "support"];
                let flags = sink.into_iter().chain(["--append-folder", FOLDER]);
                return (Self::Folder, flags.map(str::to_owned).collect());
            }
            Kind::Webhook => {
                let at = web_receiver::start(inbox.clone(), victim.clone()).await;
                let url = format!("http://{at}/in");
                let sink = ["--sink", "webhook", "--webhook", &url];
                let [a, b, c, d] = sink.map(str::to_owned);
                [a, b, c, d, "--webhook-format".into(), "raw".into()]
            }
        };
        (Self::Receiver(inbox), flags.to_vec())
    }

    /// Called before each run.
    pub(super) fn prepare(&self, death: Death) {
        match self {
            Self::Maildir(maildir) => maildir.seen.set(maildir.count("new")),
            Self::Command(command) => command.prepare(death),
            Self::Receiver(_) | Self::Folder => {}
        }
    }

    /// Called again and again while a process runs: some sinks tell nobody what happens in them.
    pub(super) fn look(&self, victim: &Victim) {
        if let Self::Maildir(maildir) = self {
            maildir.look(victim);
        }
    }

    /// The application takes what is there.
    pub(super) fn take(&mut self) {
        if let Self::Maildir(maildir) = self {
            maildir.take();
        }
    }

    /// All that arrived.
    pub(super) fn arrived(mut self, server: &MailServer) -> Vec<Arrived> {
        self.take();
        match self {
            Self::Maildir(maildir) => maildir.taken,
            Self::Command(command) => command.arrived(),
            Self::Receiver(inbox) => inbox.arrived(),
            Self::Folder => {
                let arrived = |(_, _, raw): (u32, Vec<String>, Vec<u8>)| Arrived {
                    key: None,
                    print: print_of(without_mark(&raw)),
                };
                let contents = server.contents(ADDRESS, FOLDER).into_iter();
                contents.map(arrived).collect()
            }
        }
    }
}

/// A message without the line by which it is held where it comes round.
fn without_mark(raw: &[u8]) -> &[u8] {
    let mark = format!("X-Loop: {ADDRESS}\r\n");
    raw.strip_prefix(mark.as_bytes()).unwrap_or(raw)
}

pub(super) struct Maildir {
    folder: PathBuf,
    taken: Vec<Arrived>,
    /// How many messages lay in `new` when last looked at.
    seen: Cell<usize>,
}

impl Maildir {
    fn of(mailgrant: &Mailgrant) -> Self {
        Self {
            folder: mailgrant.path("mail"),
            taken: Vec::new(),
            seen: Cell::new(0),
        }
    }

    fn count(&self, sub: &str) -> usize {
        std::fs::read_dir(self.folder.join(sub)).map_or(0, Iterator::count)
    }

    fn look(&self, victim: &Victim) {
        if self.count("tmp") > 0 {
            victim.reaches(Place::Offered);
            victim.reaches(Place::Taken);
        }
        let new = self.count("new");
        if self.seen.replace(new) < new {
            victim.reaches(Place::Answered);
        }
    }

    fn take(&mut self) {
        let Ok(entries) = std::fs::read_dir(self.folder.join("new")) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            self.taken.push(Arrived {
                key: None,
                print: print_of(&std::fs::read(&path).unwrap()),
            });
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// A program that keeps a message under its key at once or not at all, as a database does, and
/// keeps it again when it is handed over again. It kills who called it before it reads, before it keeps or after
/// that, where a file says so.
pub(super) struct Command {
    folder: PathBuf,
}

impl Command {
    fn of(mailgrant: &Mailgrant) -> Self {
        let folder = mailgrant.path("program");
        std::fs::create_dir_all(folder.join("kept")).unwrap();
        let script = format!(
            "cd '{}' || exit 75
file=$(mktemp XXXXXXXXXX)
if [ -e offered ]; then rm offered; kill -9 $PPID; fi
cat > $file
if [ -e taken ]; then rm taken; kill -9 $PPID; fi
mv $file kept/$MAILGRANT_KEY.$file
if [ -e answered ]; then rm answered; kill -9 $PPID; fi
exit 0
",
            folder.display()
        );
        std::fs::write(folder.join("take"), script).unwrap();
        Self { folder }
    }

    fn prepare(&self, death: Death) {
        for (place, name) in [
            (Place::Offered, "offered"),
            (Place::Taken, "taken"),
            (Place::Answered, "answered"),
        ] {
            let path = self.folder.join(name);
            if death.place == place {
                std::fs::write(path, "").unwrap();
            } else {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    fn arrived(&self) -> Vec<Arrived> {
        let kept = std::fs::read_dir(self.folder.join("kept")).unwrap();
        let arrived = |path: PathBuf| Arrived {
            key: Some(path.file_stem().unwrap().to_str().unwrap().to_owned()),
            print: print_of(&std::fs::read(&path).unwrap()),
        };
        kept.map(|entry| arrived(entry.unwrap().path())).collect()
    }
}
