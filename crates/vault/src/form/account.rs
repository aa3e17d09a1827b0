//! The account's form, checked.

use std::path::Path;
use std::time::Duration;

use mailgrant_mail::{MailServer, Security};
use mailgrant_oauth::catalogue;

use super::check::Problems;
use super::{AccountForm, FormErrors};
use crate::{
    Account, AccountDraft, AfterDelivery, CommandSink, Identities, MaildirSink, Provider, Sink,
    StartFrom,
};

const SECURITIES: [(&str, Security); 3] = [
    ("tls", Security::Tls),
    ("starttls", Security::StartTls),
    ("plain", Security::Plain),
];

const STARTS: [(&str, StartFrom); 2] = [
    ("everything", StartFrom::Everything),
    ("only-new", StartFrom::OnlyNew),
];

/// How long a program may take unless said else, in seconds.
const TIME_LIMIT: u64 = 60;

#[derive(Clone, Copy)]
enum After {
    Keep,
    MarkSeen,
    Move,
    Delete,
}

const AFTERS: [(&str, After); 4] = [
    ("keep", After::Keep),
    ("mark-seen", After::MarkSeen),
    ("move", After::Move),
    ("delete", After::Delete),
];

#[derive(Clone, Copy)]
enum SinkKind {
    None,
    Maildir,
    Command,
}

const SINKS: [(&str, SinkKind); 3] = [
    ("none", SinkKind::None),
    ("maildir", SinkKind::Maildir),
    ("command", SinkKind::Command),
];

impl AccountForm {
    /// The form that shows a stored account; `provider` is its provider's name.
    pub fn of(account: &Account, provider: &str) -> Self {
        let draft = &account.draft;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut form = Self {
            name: draft.name.clone(),
            address: draft.address.clone(),
            provider: provider.to_owned(),
            signs_in: text(&draft.signs_in),
            imap_user: text(&draft.identities.imap),
            pop3_user: text(&draft.identities.pop3),
            smtp_user: text(&draft.identities.smtp),
            imap_host: draft.imap.host.clone(),
            imap_port: draft.imap.port.to_string(),
            folder: draft.folder.clone(),
            ..Self::default()
        };
        let security = SECURITIES
            .iter()
            .find(|(_, known)| *known == draft.imap.security);
        form.imap_security = security
            .map(|(word, _)| (*word).to_owned())
            .unwrap_or_default();
        let start = STARTS.iter().find(|(_, known)| *known == draft.start);
        form.start = start
            .map(|(word, _)| (*word).to_owned())
            .unwrap_or_default();
        let (after, move_to) = match &draft.after {
            AfterDelivery::Keep => ("keep", ""),
            AfterDelivery::MarkSeen => ("mark-seen", ""),
            AfterDelivery::Move { folder } => ("move", folder.as_str()),
            AfterDelivery::Delete => ("delete", ""),
        };
        (form.after, form.move_to) = (after.to_owned(), move_to.to_owned());
        match &draft.sink {
            None => {}
            Some(Sink::Maildir(maildir)) => {
                "maildir".clone_into(&mut form.sink);
                form.maildir = maildir.path.display().to_string();
            }
            Some(Sink::Command(command)) => {
                "command".clone_into(&mut form.sink);
                let words = command.argv.iter().map(String::as_str);
                form.command = shlex::try_join(words).unwrap_or_default();
                form.command_time_limit = command.time_limit.as_secs().to_string();
            }
        }
        form
    }

    /// Checks every field; `providers` are those that can be chosen.
    pub fn check(&self, providers: &[Provider]) -> Result<AccountDraft, FormErrors> {
        let mut problems = Problems::default();
        let address = self.address(&mut problems);
        let name = if self.name.trim().is_empty() {
            &self.address
        } else {
            &self.name
        };
        let name = problems.name(name, &['.', '-', '_', '@']);
        let provider = self.provider(providers, &mut problems);
        let identities = Identities {
            imap: problems.optional("imap_user", &self.imap_user),
            pop3: problems.optional("pop3_user", &self.pop3_user),
            smtp: problems.optional("smtp_user", &self.smtp_user),
        };
        let signs_in = problems.optional("signs_in", &self.signs_in);
        let imap = self.imap(provider, &mut problems);
        let folder = problems
            .optional("folder", &self.folder)
            .unwrap_or_else(|| "INBOX".to_owned());
        let start = problems.word("start", &self.start, &STARTS);
        let after = self.after(&folder, &mut problems);
        let sink = self.sink(&mut problems);
        let made = || {
            Some(AccountDraft {
                name,
                address,
                provider: provider?.id,
                signs_in,
                identities,
                imap: imap?,
                folder,
                start: start?,
                after: after?,
                sink,
            })
        };
        problems.finish(made())
    }

    fn address(&self, problems: &mut Problems) -> String {
        let address = problems.text("address", &self.address).to_owned();
        let fits = address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        if !fits || address.len() > 254 || address.contains(char::is_whitespace) {
            problems.add(
                "address",
                "must be a mail address, such as support@example.com",
            );
        }
        address
    }

    fn provider<'a>(
        &self,
        providers: &'a [Provider],
        problems: &mut Problems,
    ) -> Option<&'a Provider> {
        let name = problems.text("provider", &self.provider);
        let found = providers.iter().find(|provider| provider.name == name);
        if found.is_none() {
            let all: Vec<&str> = providers
                .iter()
                .map(|provider| provider.name.as_str())
                .collect();
            let all = if all.is_empty() {
                "there is none yet".to_owned()
            } else {
                all.join(", ")
            };
            problems.add("provider", format!("must be the name of a provider: {all}"));
        }
        found
    }

    fn imap(&self, provider: Option<&Provider>, problems: &mut Problems) -> Option<MailServer> {
        let security = problems.word("imap_security", &self.imap_security, &SECURITIES)?;
        let known = provider.and_then(|provider| catalogue::row(provider.profile.kind).imap);
        let host = problems.text("imap_host", &self.imap_host);
        let host = match known {
            Some(known) if host.is_empty() => known.name,
            _ => host,
        };
        if host.is_empty() {
            problems.add("imap_host", "is missing: the name of the IMAP server");
            return None;
        }
        let port = match problems.text("imap_port", &self.imap_port) {
            "" if security == Security::Tls => Some(993),
            "" => Some(143),
            text => text.parse().ok().filter(|port| *port != 0),
        };
        let Some(port) = port else {
            problems.add("imap_port", "must be a whole number from 1 to 65535");
            return None;
        };
        problems.take("imap_host", MailServer::new(host, port, security))
    }

    fn after(&self, folder: &str, problems: &mut Problems) -> Option<AfterDelivery> {
        Some(match problems.word("after", &self.after, &AFTERS)? {
            After::Keep => AfterDelivery::Keep,
            After::MarkSeen => AfterDelivery::MarkSeen,
            After::Delete => AfterDelivery::Delete,
            After::Move => {
                let target = problems.text("move_to", &self.move_to);
                if target.is_empty() || target == folder {
                    problems.add(
                        "move_to",
                        "must be another folder than the one that is fetched",
                    );
                }
                AfterDelivery::Move {
                    folder: target.to_owned(),
                }
            }
        })
    }

    /// No sink is a choice; whatever is wrong is among the problems.
    fn sink(&self, problems: &mut Problems) -> Option<Sink> {
        match problems.word("sink", &self.sink, &SINKS)? {
            SinkKind::None => None,
            SinkKind::Maildir => {
                let path = Path::new(problems.text("maildir", &self.maildir));
                if !path.is_absolute() {
                    problems.add(
                        "maildir",
                        "must be an absolute path, such as /var/mail/support",
                    );
                }
                Some(Sink::Maildir(MaildirSink {
                    path: path.to_owned(),
                }))
            }
            SinkKind::Command => self.command(problems).map(Sink::Command),
        }
    }

    fn command(&self, problems: &mut Problems) -> Option<CommandSink> {
        let argv = shlex::split(problems.text("command", &self.command)).unwrap_or_default();
        if !argv
            .first()
            .is_some_and(|program| Path::new(program).is_absolute())
        {
            problems.add(
                "command",
                "must be a program's absolute path and its arguments, with quotes as in a shell",
            );
            return None;
        }
        let seconds = match problems.text("command_time_limit", &self.command_time_limit) {
            "" => Some(TIME_LIMIT),
            text => text
                .parse()
                .ok()
                .filter(|seconds| (1..=3600).contains(seconds)),
        };
        let Some(seconds) = seconds else {
            problems.add(
                "command_time_limit",
                "must be a whole number of seconds from 1 to 3600",
            );
            return None;
        };
        Some(CommandSink {
            argv,
            time_limit: Duration::from_secs(seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let form = AccountForm {
            address: "nobody".to_owned(),
            imap_security: "maybe".to_owned(),
            start: "yesterday".to_owned(),
            after: "burn".to_owned(),
            sink: "pipe".to_owned(),
            ..AccountForm::default()
        };
        let errors = form.check(&[]).unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(
            fields,
            [
                "address",
                "provider",
                "imap_security",
                "start",
                "after",
                "sink"
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn garbage_in_every_field_is_an_error(text in proptest::prelude::any::<String>()) {
            let form = AccountForm {
                name: text.clone(),
                address: text.clone(),
                provider: text.clone(),
                imap_host: text.clone(),
                imap_port: text.clone(),
                folder: text.clone(),
                sink: "command".to_owned(),
                command: text.clone(),
                command_time_limit: text,
                ..AccountForm::default()
            };
            proptest::prop_assert!(form.check(&[]).is_err());
        }
    }
}
