//! The account's form, where its mail goes.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use mailgrant_mail::{MailServer, Security};
use mailgrant_oauth::is_safe_transport;
use url::Url;

use super::account::{SECURITIES, is_address, security_word};
use super::check::Problems;
use super::{AccountForm, FormErrors};
use crate::{
    AccountDraft, AppendSink, CommandSink, EnvelopeSender, Folders, MaildirSink, RelayPlace,
    RelaySink, Sink, WebhookFormat, WebhookSink,
};

#[derive(Clone, Copy)]
enum Kind {
    None,
    Maildir,
    Command,
    Lmtp,
    Smtp,
    Webhook,
    Append,
}

const KINDS: [(&str, Kind); 7] = [
    ("none", Kind::None),
    ("maildir", Kind::Maildir),
    ("command", Kind::Command),
    ("lmtp", Kind::Lmtp),
    ("smtp", Kind::Smtp),
    ("webhook", Kind::Webhook),
    ("append", Kind::Append),
];

const FORMATS: [(&str, WebhookFormat); 2] =
    [("json", WebhookFormat::Json), ("raw", WebhookFormat::Raw)];

const NO_OR_YES: [(&str, bool); 2] = [("no", false), ("yes", true)];

/// How long a program may take unless said else, in seconds.
const PROGRAM_TIME: u64 = 60;
/// How long a web address may take to answer unless said else, in seconds.
const ANSWER_TIME: u64 = 30;
/// The port of LMTP has no number of its own; this is the one that is used (RFC 2033, section 5,
/// only forbids 25).
const LMTP_PORT: u16 = 24;
/// The port between mail servers.
const SMTP_PORT: u16 = 25;

/// What `--sink` calls the account's own, so no other is called that.
pub const OWN_SINK: &str = "own";

impl AccountForm {
    /// The form that shows one of an account's further sinks: its name, and the fields of a sink.
    pub fn of_sink(name: &str, sink: &Sink) -> Self {
        let mut form = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        form.show_sink(Some(sink));
        form
    }

    /// Checks the name and the fields of one of an account's further sinks.
    pub fn check_sink(&self, account: &AccountDraft) -> Result<(String, Sink), FormErrors> {
        let mut problems = Problems::default();
        let name = problems.name(&self.name, &['.', '-', '_']);
        if name == OWN_SINK {
            problems.add(
                "name",
                "must be another: the account's own sink is called that",
            );
        }
        // It stands in the address of a page, and among the flags of a command.
        if name.starts_with(['.', '-', '_']) {
            problems.add("name", "must begin with a letter or a digit");
        }
        let (of, address) = (&account.name, &account.address);
        let sink = self.sink(of, address, &account.folders, &mut problems);
        if matches!(self.sink.trim(), "" | "none") {
            let wanted = "must be maildir, command, lmtp, smtp, webhook or append";
            problems.add("sink", wanted);
        }
        problems.finish(sink.map(|sink| (name, sink)))
    }

    /// None of the further sinks puts mail where it is fetched.
    pub(super) fn go_round_nowhere(&self, name: &str, folders: &Folders, problems: &mut Problems) {
        for (sink, settings) in self.sinks.iter() {
            if let Sink::Append(append) = settings
                && append.account == name
                && folders.contains(&append.folder)
            {
                let folder = &append.folder;
                let wrong = format!(
                    "must not have {folder}, into which the sink {sink} puts mail: it would go round"
                );
                problems.add("folder", wrong);
            }
        }
    }

    /// Fills in what a stored account says.
    pub(super) fn show_sink(&mut self, sink: Option<&Sink>) {
        let kind = match sink {
            None => "",
            Some(Sink::Maildir(maildir)) => {
                self.maildir = maildir.path.display().to_string();
                "maildir"
            }
            Some(Sink::Command(command)) => {
                let words = command.argv.iter().map(String::as_str);
                self.command = shlex::try_join(words).unwrap_or_default();
                self.command_time_limit = command.time_limit.as_secs().to_string();
                self.command_at_once = command.at_once.to_string();
                "command"
            }
            Some(Sink::Lmtp(relay)) => {
                self.show_relay(relay);
                "lmtp"
            }
            Some(Sink::Smtp(relay)) => {
                self.show_relay(relay);
                "smtp"
            }
            Some(Sink::Webhook(webhook)) => {
                self.webhook = webhook.url.to_string();
                self.webhook_format = word_of(&FORMATS, &webhook.format);
                self.webhook_time_limit = webhook.time_limit.as_secs().to_string();
                self.webhook_anywhere = word_of(&NO_OR_YES, &webhook.anywhere);
                "webhook"
            }
            Some(Sink::Append(append)) => {
                self.append_account.clone_from(&append.account);
                self.append_folder.clone_from(&append.folder);
                "append"
            }
        };
        kind.clone_into(&mut self.sink);
    }

    fn show_relay(&mut self, relay: &RelaySink) {
        self.relay = relay.at.to_string();
        if let RelayPlace::Server(server) = &relay.at {
            self.relay_security = security_word(server);
        }
        self.relay_to = relay.recipients.join(", ");
        self.relay_from = match &relay.sender {
            EnvelopeSender::Nobody => String::new(),
            EnvelopeSender::ReturnPath => "return-path".to_owned(),
            EnvelopeSender::Address(address) => address.clone(),
        };
        self.relay_headers = word_of(&NO_OR_YES, &relay.headers);
    }

    /// No sink is a choice; whatever is wrong is among the problems.
    pub(super) fn sink(
        &self,
        name: &str,
        address: &str,
        folders: &Folders,
        problems: &mut Problems,
    ) -> Option<Sink> {
        match problems.word("sink", &self.sink, &KINDS)? {
            Kind::None => None,
            Kind::Maildir => self.maildir_sink(problems).map(Sink::Maildir),
            Kind::Command => self.command_sink(problems).map(Sink::Command),
            Kind::Lmtp => self
                .relay_sink(LMTP_PORT, address, problems)
                .map(Sink::Lmtp),
            Kind::Smtp => {
                let relay = self.relay_sink(SMTP_PORT, address, problems)?;
                if matches!(relay.at, RelayPlace::Socket(_)) {
                    problems.add("relay", "must be a host; only LMTP is spoken over a socket");
                }
                Some(Sink::Smtp(relay))
            }
            Kind::Webhook => self.webhook_sink(problems).map(Sink::Webhook),
            Kind::Append => self.append_sink(name, folders, problems).map(Sink::Append),
        }
    }

    fn maildir_sink(&self, problems: &mut Problems) -> Option<MaildirSink> {
        let path = Path::new(problems.text("maildir", &self.maildir));
        if !path.is_absolute() {
            let wanted = "must be an absolute path, such as /var/mail/support";
            problems.add("maildir", wanted);
            return None;
        }
        Some(MaildirSink {
            path: path.to_owned(),
        })
    }

    fn command_sink(&self, problems: &mut Problems) -> Option<CommandSink> {
        let argv = shlex::split(problems.text("command", &self.command)).unwrap_or_default();
        let program = argv.first().map(Path::new);
        if !program.is_some_and(Path::is_absolute) {
            problems.add(
                "command",
                "must be a program's absolute path and its arguments, with quotes as in a shell",
            );
            return None;
        }
        let time = (self.command_time_limit.as_str(), PROGRAM_TIME);
        let time_limit = seconds("command_time_limit", time, problems);
        let at_once = problems.text("command_at_once", &self.command_at_once);
        let at_once = number(at_once, 1, 1, 64);
        if at_once.is_none() {
            problems.add("command_at_once", "must be a whole number from 1 to 64");
        }
        Some(CommandSink {
            argv,
            time_limit: time_limit?,
            at_once: at_once?,
        })
    }

    fn relay_sink(&self, port: u16, address: &str, problems: &mut Problems) -> Option<RelaySink> {
        let at = self.relay_place(port, problems);
        let recipients = self.recipients(address, problems);
        let sender = match problems.text("relay_from", &self.relay_from) {
            "" => EnvelopeSender::Nobody,
            "return-path" => EnvelopeSender::ReturnPath,
            text if is_in_an_envelope(text) => EnvelopeSender::Address(text.to_owned()),
            _ => {
                let wanted = "must be a mail address, the word return-path, or empty";
                problems.add("relay_from", wanted);
                return None;
            }
        };
        let headers = problems.word("relay_headers", &self.relay_headers, &NO_OR_YES)?;
        Some(RelaySink {
            at: at?,
            recipients: recipients?,
            sender,
            headers,
        })
    }

    fn relay_place(&self, port: u16, problems: &mut Problems) -> Option<RelayPlace> {
        let text = problems.text("relay", &self.relay);
        if text.starts_with('/') {
            return Some(RelayPlace::Socket(text.into()));
        }
        let Some((host, port)) = host_and_port(text, port) else {
            problems.add("relay", "must be a host and a port, such as localhost:24");
            return None;
        };
        let server = MailServer::for_delivery(host, port, Security::StartTls);
        let mut server = problems.take("relay", server)?;
        if !self.relay_security.trim().is_empty() {
            let security = problems.word("relay_security", &self.relay_security, &SECURITIES);
            server.security = security?;
        } else if server.is_loopback() {
            server.security = Security::Plain;
        }
        Some(RelayPlace::Server(server))
    }

    fn recipients(&self, address: &str, problems: &mut Problems) -> Option<Vec<String>> {
        let text = problems.text("relay_to", &self.relay_to);
        let text = if text.is_empty() { address } else { text };
        let recipients: Vec<String> = text
            .split([',', ';', ' '])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        // LMTP knows local parts without a domain.
        let fits = |word: &String| is_in_an_envelope(word) || is_local_part(word);
        if recipients.is_empty() || !recipients.iter().all(fits) {
            let wanted = "must be one or more mail addresses, with commas between them";
            problems.add("relay_to", wanted);
            return None;
        }
        Some(recipients)
    }

    fn webhook_sink(&self, problems: &mut Problems) -> Option<WebhookSink> {
        let anywhere = problems.word("webhook_anywhere", &self.webhook_anywhere, &NO_OR_YES);
        let format = problems.word("webhook_format", &self.webhook_format, &FORMATS);
        let time = (self.webhook_time_limit.as_str(), ANSWER_TIME);
        let time_limit = seconds("webhook_time_limit", time, problems);
        let url = Url::parse(problems.text("webhook", &self.webhook)).ok();
        let url = url.filter(|url| {
            let safe = is_safe_transport(url) || (anywhere == Some(true) && url.scheme() == "http");
            let bare = url.username().is_empty() && url.password().is_none();
            safe && bare && url.fragment().is_none()
        });
        if url.is_none() {
            problems.add(
                "webhook",
                "must be an address that begins with https:// (http:// is for this machine only, \
                 unless anywhere is allowed), without a user name",
            );
        }
        Some(WebhookSink {
            url: url?,
            format: format?,
            time_limit: time_limit?,
            anywhere: anywhere?,
        })
    }

    fn append_sink(
        &self,
        name: &str,
        folders: &Folders,
        problems: &mut Problems,
    ) -> Option<AppendSink> {
        let account = problems.text("append_account", &self.append_account);
        if account.is_empty() {
            let wanted = "is missing: the name of the account whose mailbox takes the mail";
            problems.add("append_account", wanted);
            return None;
        }
        let folder = match problems.text("append_folder", &self.append_folder) {
            "" => "INBOX",
            folder => folder,
        };
        if account == name && folders.contains(folder) {
            let wanted = "must not be a folder that this account fetches: its mail would go round";
            problems.add("append_folder", wanted);
            return None;
        }
        Some(AppendSink {
            account: account.to_owned(),
            folder: folder.to_owned(),
        })
    }
}

pub(super) fn word_of<T: PartialEq>(words: &[(&str, T)], value: &T) -> String {
    let found = words.iter().find(|(_, known)| known == value);
    found
        .map(|(word, _)| (*word).to_owned())
        .unwrap_or_default()
}

pub(super) fn number<T: FromStr + PartialOrd + Copy>(
    text: &str,
    usual: T,
    least: T,
    most: T,
) -> Option<T> {
    if text.is_empty() {
        return Some(usual);
    }
    let number = text.parse().ok();
    number.filter(|number| (&least..=&most).contains(&number))
}

fn seconds(
    field: &'static str,
    (text, usual): (&str, u64),
    problems: &mut Problems,
) -> Option<Duration> {
    let seconds = number(problems.text(field, text), usual, 1, 3600);
    if seconds.is_none() {
        problems.add(field, "must be a whole number of seconds from 1 to 3600");
    }
    seconds.map(Duration::from_secs)
}

/// `host`, `host:port`, `[address]:port`.
fn host_and_port(text: &str, usual: u16) -> Option<(&str, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        // An address without a port has more colons, or brackets around all of it.
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (text, None),
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok());
    port.filter(|port| *port != 0 && !host.is_empty())
        .map(|port| (host, port))
}

/// Whether this address can stand in an envelope without being taken for something else.
fn is_in_an_envelope(text: &str) -> bool {
    is_address(text) && text.is_ascii() && !text.contains(['<', '>', '"', '\\', '\0'])
}

fn is_local_part(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+=".contains(&byte);
    text.len() <= 64 && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(form: &AccountForm) -> Result<Option<Sink>, Vec<&'static str>> {
        let mut problems = Problems::default();
        let folders = Folders::read("INBOX; Support/*").unwrap();
        let sink = form.sink("support", "support@example.com", &folders, &mut problems);
        let made = problems.finish(Some(sink));
        made.map_err(|errors| errors.0.iter().map(|error| error.field).collect())
    }

    fn relay(kind: &str, at: &str) -> AccountForm {
        AccountForm {
            sink: kind.to_owned(),
            relay: at.to_owned(),
            ..AccountForm::default()
        }
    }

    #[test]
    fn what_is_shown_is_read_again_as_the_same() {
        let forms = [
            AccountForm {
                sink: "maildir".to_owned(),
                maildir: "/var/mail/support".to_owned(),
                ..AccountForm::default()
            },
            AccountForm {
                sink: "command".to_owned(),
                command: "/usr/bin/rt-mailgate --queue 'My queue'".to_owned(),
                command_at_once: "4".to_owned(),
                ..AccountForm::default()
            },
            AccountForm {
                relay_to: "tickets, other@example.com".to_owned(),
                relay_from: "return-path".to_owned(),
                relay_headers: "yes".to_owned(),
                ..relay("lmtp", "/run/dovecot/lmtp")
            },
            AccountForm {
                relay_security: "tls".to_owned(),
                relay_from: "robot@example.com".to_owned(),
                ..relay("smtp", "[2001:db8::1]:465")
            },
            AccountForm {
                sink: "webhook".to_owned(),
                webhook: "https://desk.example.com/mail?queue=1".to_owned(),
                webhook_format: "raw".to_owned(),
                ..AccountForm::default()
            },
            AccountForm {
                sink: "append".to_owned(),
                append_account: "archive".to_owned(),
                append_folder: "From/Support".to_owned(),
                ..AccountForm::default()
            },
        ];
        for form in forms {
            let once = sink(&form).unwrap().unwrap();
            let mut shown = AccountForm::default();
            shown.show_sink(Some(&once));
            assert_eq!(sink(&shown).unwrap(), Some(once), "{shown:?}");
        }
    }

    #[test]
    fn a_server_on_this_machine_needs_no_tls_and_another_does() {
        let place = |at: &str| match sink(&relay("lmtp", at)).unwrap() {
            Some(Sink::Lmtp(relay)) => match relay.at {
                RelayPlace::Server(server) => format!("{server} {:?}", server.security),
                RelayPlace::Socket(path) => path.display().to_string(),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(place("localhost"), "localhost:24 Plain");
        assert_eq!(place("::1"), "[::1]:24 Plain");
        assert_eq!(
            place("mail.example.com:2003"),
            "mail.example.com:2003 StartTls"
        );
        assert_eq!(place("/run/lmtp"), "/run/lmtp");
        let plain = AccountForm {
            relay_security: "plain".to_owned(),
            ..relay("lmtp", "mail.example.com")
        };
        assert!(sink(&plain).is_ok(), "nobody logs in there");
        assert_eq!(sink(&relay("lmtp", "mail example")), Err(vec!["relay"]));
    }

    #[test]
    fn what_cannot_stand_in_an_envelope_is_refused() {
        for wrong in [
            "a@b.example> SIZE=1",
            "<a@b.example>",
            "a b@c",
            "\"a\"@b.example",
        ] {
            let form = AccountForm {
                relay_from: wrong.to_owned(),
                ..relay("smtp", "localhost")
            };
            assert_eq!(sink(&form), Err(vec!["relay_from"]), "{wrong}");
        }
        let form = AccountForm {
            relay_to: "a@b.example, <c@d.example>".to_owned(),
            ..relay("smtp", "localhost")
        };
        assert_eq!(sink(&form), Err(vec!["relay_to"]));
        assert_eq!(sink(&relay("smtp", "/run/lmtp")), Err(vec!["relay"]));
    }

    #[test]
    fn plain_http_to_another_machine_must_be_meant() {
        let form = |url: &str, anywhere: &str| AccountForm {
            sink: "webhook".to_owned(),
            webhook: url.to_owned(),
            webhook_anywhere: anywhere.to_owned(),
            ..AccountForm::default()
        };
        assert!(sink(&form("http://localhost:3000/in", "")).is_ok());
        assert_eq!(sink(&form("http://desk:3000/in", "")), Err(vec!["webhook"]));
        assert!(sink(&form("http://desk:3000/in", "yes")).is_ok());
        for wrong in ["https://me:pw@desk.example/", "ftp://desk.example/", ""] {
            assert_eq!(sink(&form(wrong, "yes")), Err(vec!["webhook"]), "{wrong}");
        }
    }

    #[test]
    fn a_folder_into_which_a_further_sink_puts_mail_is_not_fetched() {
        let mut form = AccountForm::default();
        let append = AppendSink {
            account: "support".to_owned(),
            folder: "Billing".to_owned(),
        };
        form.sinks.put("billing", Sink::Append(append));
        let goes_round = |folders: &str| {
            let mut problems = Problems::default();
            let folders = Folders::read(folders).unwrap();
            form.go_round_nowhere("support", &folders, &mut problems);
            problems.finish(Some(())).is_err()
        };
        assert!(goes_round("INBOX; B*"));
        assert!(!goes_round("INBOX"));
    }

    #[test]
    fn mail_does_not_go_round() {
        let form = |account: &str, folder: &str| AccountForm {
            sink: "append".to_owned(),
            append_account: account.to_owned(),
            append_folder: folder.to_owned(),
            ..AccountForm::default()
        };
        assert_eq!(sink(&form("support", "")), Err(vec!["append_folder"]));
        assert_eq!(
            sink(&form("support", "Support/Old")),
            Err(vec!["append_folder"])
        );
        assert!(sink(&form("support", "Done")).is_ok());
        assert!(sink(&form("archive", "INBOX")).is_ok());
    }
}
