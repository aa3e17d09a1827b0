//! Where an account's mail is delivered.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use mailgrant_mail::MailServer;
use serde::{Deserialize, Serialize};
use url::Url;

/// Where mail is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Sink {
    /// A Maildir folder.
    Maildir(MaildirSink),
    /// A program that reads the message on standard input.
    Command(CommandSink),
    /// A server for local delivery (RFC 2033).
    Lmtp(RelaySink),
    /// A mail server (RFC 5321).
    Smtp(RelaySink),
    /// A web address to which each message is sent.
    Webhook(WebhookSink),
    /// A folder of another account's mailbox.
    Append(AppendSink),
}

impl Sink {
    /// Whether it can be found out there what became of a message whose hand-over was interrupted.
    pub fn can_tell(&self) -> bool {
        matches!(self, Self::Maildir(_) | Self::Append(_))
    }
}

/// For people.
impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maildir(maildir) => write!(f, "Maildir {}", maildir.path.display()),
            Self::Command(command) => write!(f, "Program {}", command.argv.join(" ")),
            Self::Lmtp(relay) => write!(f, "LMTP {relay}"),
            Self::Smtp(relay) => write!(f, "SMTP {relay}"),
            Self::Webhook(webhook) => write!(f, "Webhook {}", webhook.place()),
            Self::Append(append) => {
                write!(f, "Folder {} of {}", append.folder, append.account)
            }
        }
    }
}

/// A Maildir folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaildirSink {
    /// The folder that holds `cur`, `new` and `tmp`; an absolute path.
    pub path: PathBuf,
}

/// A program that reads the message on standard input and answers with its exit status
/// (sysexits).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSink {
    /// The program and its arguments, started without a shell. `{account}`, `{address}` and
    /// `{folder}` in arguments are replaced.
    pub argv: Vec<String>,
    /// How long it may take, in seconds on disk.
    #[serde(with = "seconds")]
    pub time_limit: Duration,
    /// How many of it may run at the same time for this account, at least 1.
    #[serde(default = "one")]
    pub at_once: usize,
}

/// A server that is handed each message with an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySink {
    /// Where it is.
    pub at: RelayPlace,
    /// The envelope's recipients, at least one.
    pub recipients: Vec<String>,
    /// The envelope's sender.
    pub sender: EnvelopeSender,
    /// Whether header lines are put before the message that say where it comes from.
    #[serde(default)]
    pub headers: bool,
}

impl fmt::Display for RelaySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.at, self.recipients.join(", "))
    }
}

/// Where a server is that is handed messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelayPlace {
    /// Across the network.
    Server(MailServer),
    /// On this machine: a socket's absolute path.
    Socket(PathBuf),
}

impl fmt::Display for RelayPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(server) => server.fmt(f),
            Self::Socket(path) => path.display().fmt(f),
        }
    }
}

/// The sender in the envelope, to whom a server would return a message that it cannot deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvelopeSender {
    /// Nobody: the null reverse-path (RFC 5321, section 4.5.5).
    Nobody,
    /// Whom the message's own `Return-Path` names; nobody where it has none.
    ReturnPath,
    /// Always this address.
    Address(String),
}

/// A web address to which each message is sent, signed after the Standard Webhooks scheme
/// (<https://www.standardwebhooks.com>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSink {
    /// Where.
    pub url: Url,
    /// As what.
    pub format: WebhookFormat,
    /// How long an answer may take, in seconds on disk.
    #[serde(with = "seconds")]
    pub time_limit: Duration,
    /// Whether plain HTTP to other machines, and addresses where clouds keep their secrets, are
    /// meant.
    #[serde(default)]
    pub anywhere: bool,
}

impl WebhookSink {
    /// The server of the address. In the path and the query behind it some keep a secret.
    pub fn place(&self) -> String {
        let origin = self.url.origin().ascii_serialization();
        match self.url.path() {
            "/" => origin,
            _ => format!("{origin}/…"),
        }
    }
}

/// As what a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookFormat {
    /// JSON: headers, text, HTML and attachments.
    Json,
    /// The message as it is (`message/rfc822`).
    Raw,
}

/// A folder of another account's mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppendSink {
    /// Whose mailbox: the account's name.
    pub account: String,
    /// Which folder; it must be there.
    pub folder: String,
}

fn one() -> usize {
    1
}

/// How long something takes, as whole seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(time.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}
