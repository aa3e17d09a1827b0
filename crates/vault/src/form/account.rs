//! The account's form, checked.

use jiff::civil::Date;
use mailgrant_mail::{MailServer, Protocol, Security};
use mailgrant_oauth::catalogue;
use url::Url;

use super::check::Problems;
use super::sink::word_of;
use super::source::{SOURCES, fits_pop3, fits_provider, fits_source};
use super::{AccountForm, FormErrors};
use crate::{
    Account, AccountDraft, AfterDelivery, Folders, Identities, Provider, Source, StartFrom,
};

pub(super) const SECURITIES: [(&str, Security); 3] = [
    ("tls", Security::Tls),
    ("starttls", Security::StartTls),
    ("plain", Security::Plain),
];

#[derive(Clone, Copy)]
enum Start {
    Everything,
    Unseen,
    Since,
    OnlyNew,
}

const STARTS: [(&str, Start); 4] = [
    ("everything", Start::Everything),
    ("unseen", Start::Unseen),
    ("since", Start::Since),
    ("only-new", Start::OnlyNew),
];

#[derive(Clone, Copy)]
enum After {
    Keep,
    MarkSeen,
    Move,
    Delete,
    DeleteLater,
}

const AFTERS: [(&str, After); 5] = [
    ("keep", After::Keep),
    ("mark-seen", After::MarkSeen),
    ("move", After::Move),
    ("delete", After::Delete),
    ("delete-after", After::DeleteLater),
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
            source: word_of(&SOURCES, &draft.source),
            imap_user: text(&draft.identities.imap),
            pop3_user: text(&draft.identities.pop3),
            smtp_user: text(&draft.identities.smtp),
            imap_host: draft.imap.host.clone(),
            imap_port: draft.imap.port.to_string(),
            folder: draft.folders.to_string(),
            sinks: draft.sinks.clone(),
            ..Self::default()
        };
        form.imap_security = security_word(&draft.imap);
        if let Some(pop3) = &draft.pop3 {
            form.pop3_host.clone_from(&pop3.host);
            form.pop3_port = pop3.port.to_string();
            form.pop3_security = security_word(pop3);
        }
        if let Some(smtp) = &draft.smtp {
            form.smtp_host.clone_from(&smtp.host);
            form.smtp_port = smtp.port.to_string();
            form.smtp_security = security_word(smtp);
        }
        form.api_url = draft.api.as_ref().map(Url::to_string).unwrap_or_default();
        let (start, since) = match draft.start {
            StartFrom::Everything => ("everything", String::new()),
            StartFrom::Unseen => ("unseen", String::new()),
            StartFrom::Since(day) => ("since", day.to_string()),
            StartFrom::OnlyNew => ("only-new", String::new()),
        };
        (form.start, form.since) = (start.to_owned(), since);
        let (after, move_to) = match &draft.after {
            AfterDelivery::Keep => ("keep", ""),
            AfterDelivery::MarkSeen => ("mark-seen", ""),
            AfterDelivery::Move { folder } => ("move", folder.as_str()),
            AfterDelivery::Delete => ("delete", ""),
            AfterDelivery::DeleteAfter { days } => {
                form.delete_after = days.to_string();
                ("delete-after", "")
            }
        };
        (form.after, form.move_to) = (after.to_owned(), move_to.to_owned());
        form.show_sink(draft.sink.as_ref());
        form.show_rules(&draft.rules, draft.guard);
        form.show_watch(draft.watch);
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
        let source = problems.word("source", &self.source, &SOURCES);
        let pop3 = self.pop3(&mut problems);
        let imap = self.imap(provider, source, pop3.as_ref(), &mut problems);
        let smtp = self.smtp(&mut problems);
        let api = problems.url("api_url", &self.api_url);
        let folders = Folders::read(problems.text("folder", &self.folder));
        let folders = problems.take("folder", folders).unwrap_or_default();
        let start = self.start(&mut problems);
        let after = self.after(&folders, &mut problems);
        match source {
            Some(Source::Pop3) => fits_pop3(&folders, start, after.as_ref(), &mut problems),
            Some(source) => fits_source(source, &folders, &mut problems),
            None => {}
        }
        if let (Some(source), Some(provider)) = (source, provider) {
            fits_provider(source, provider, &mut problems);
        }
        let sink = self.sink(&name, &address, &folders, &mut problems);
        self.go_round_nowhere(&name, &folders, &mut problems);
        let rules = self.rules(sink.as_ref(), &mut problems);
        let guard = self.guard(&mut problems);
        let watch = self.watch(source, &mut problems);
        let made = || {
            Some(AccountDraft {
                name,
                address,
                provider: provider?.id,
                signs_in,
                identities,
                source: source?,
                imap: imap?,
                pop3,
                smtp,
                api,
                folders,
                start: start?,
                after: after?,
                sink,
                sinks: self.sinks.clone(),
                rules: rules?,
                guard: guard?,
                watch: watch?,
            })
        };
        problems.finish(made())
    }

    fn address(&self, problems: &mut Problems) -> String {
        let address = problems.text("address", &self.address).to_owned();
        if !is_address(&address) {
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

    /// An account whose mail is read over POP3 needs no IMAP server; the host of its POP3 server is
    /// taken for the one where the doctor may look.
    fn imap(
        &self,
        provider: Option<&Provider>,
        source: Option<Source>,
        pop3: Option<&MailServer>,
        problems: &mut Problems,
    ) -> Option<MailServer> {
        let known = provider.and_then(|provider| catalogue::row(provider.profile.kind).imap);
        let mut fields = ServerFields {
            protocol: Protocol::Imap,
            host: ("imap_host", &self.imap_host),
            port: ("imap_port", &self.imap_port),
            security: ("imap_security", &self.imap_security),
        };
        match known {
            Some(known) if self.imap_host.trim().is_empty() => fields.host.1 = known.name,
            None if self.imap_host.trim().is_empty() && source == Some(Source::Pop3) => {
                fields.host.1 = &pop3?.host;
            }
            _ => {}
        }
        fields.check(problems)
    }

    fn pop3(&self, problems: &mut Problems) -> Option<MailServer> {
        let fields = ServerFields {
            protocol: Protocol::Pop3,
            host: ("pop3_host", &self.pop3_host),
            port: ("pop3_port", &self.pop3_port),
            security: ("pop3_security", &self.pop3_security),
        };
        fields.check_if_given(problems)
    }

    fn smtp(&self, problems: &mut Problems) -> Option<MailServer> {
        let fields = ServerFields {
            protocol: Protocol::Smtp,
            host: ("smtp_host", &self.smtp_host),
            port: ("smtp_port", &self.smtp_port),
            security: ("smtp_security", &self.smtp_security),
        };
        fields.check_if_given(problems)
    }

    fn start(&self, problems: &mut Problems) -> Option<StartFrom> {
        Some(match problems.word("start", &self.start, &STARTS)? {
            Start::Everything => StartFrom::Everything,
            Start::Unseen => StartFrom::Unseen,
            Start::OnlyNew => StartFrom::OnlyNew,
            Start::Since => {
                let day = problems.text("since", &self.since).parse::<Date>();
                let wanted = "must be a day, such as 2026-11-01";
                StartFrom::Since(problems.take("since", day.map_err(|_| wanted))?)
            }
        })
    }

    fn after(&self, folders: &Folders, problems: &mut Problems) -> Option<AfterDelivery> {
        Some(match problems.word("after", &self.after, &AFTERS)? {
            After::Keep => AfterDelivery::Keep,
            After::MarkSeen => AfterDelivery::MarkSeen,
            After::Delete => AfterDelivery::Delete,
            After::DeleteLater => {
                let days = problems.text("delete_after", &self.delete_after).parse();
                let days = days.ok().filter(|days| (1..=3650).contains(days));
                let wanted = "must be a whole number of days from 1 to 3650";
                let days = problems.take("delete_after", days.ok_or(wanted))?;
                AfterDelivery::DeleteAfter { days }
            }
            After::Move => {
                let target = problems.text("move_to", &self.move_to);
                if target.is_empty() || folders.contains(target) {
                    problems.add(
                        "move_to",
                        "must be another folder than those that are fetched",
                    );
                }
                AfterDelivery::Move {
                    folder: target.to_owned(),
                }
            }
        })
    }
}

/// Whether this can be a mail address.
pub(super) fn is_address(text: &str) -> bool {
    let has_both_parts = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    has_both_parts && text.len() <= 254 && !text.contains(char::is_whitespace)
}

/// What was typed about a server, with the names of the fields.
struct ServerFields<'a> {
    protocol: Protocol,
    host: (&'static str, &'a str),
    port: (&'static str, &'a str),
    security: (&'static str, &'a str),
}

impl ServerFields<'_> {
    /// Without host and port no server is meant: the provider's own serves.
    fn check_if_given(&self, problems: &mut Problems) -> Option<MailServer> {
        let given = |text: &str| !text.trim().is_empty();
        if given(self.host.1) || given(self.port.1) {
            return self.check(problems);
        }
        problems.word(self.security.0, self.security.1, &SECURITIES)?;
        None
    }

    fn check(&self, problems: &mut Problems) -> Option<MailServer> {
        let security = problems.word(self.security.0, self.security.1, &SECURITIES)?;
        let host = problems.text(self.host.0, self.host.1);
        if host.is_empty() {
            let label = self.protocol.label();
            problems.add(
                self.host.0,
                format!("is missing: the name of the {label} server"),
            );
            return None;
        }
        let port = match problems.text(self.port.0, self.port.1) {
            "" => Some(security.default_port(self.protocol)),
            text => text.parse().ok().filter(|port| *port != 0),
        };
        let Some(port) = port else {
            problems.add(self.port.0, "must be a whole number from 1 to 65535");
            return None;
        };
        problems.take(self.host.0, MailServer::new(host, port, security))
    }
}

pub(super) fn security_word(server: &MailServer) -> String {
    let security = SECURITIES
        .iter()
        .find(|(_, known)| *known == server.security);
    security
        .map(|(word, _)| (*word).to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_servers_than_the_providers_are_kept_and_none_is_made_up() {
        let form = AccountForm {
            pop3_host: "pop.example.com".to_owned(),
            smtp_host: "smtp.example.com".to_owned(),
            smtp_security: "starttls".to_owned(),
            ..AccountForm::default()
        };
        let mut problems = Problems::default();
        let servers = [form.pop3(&mut problems), form.smtp(&mut problems)];
        let shown = servers.map(|server| server.unwrap().to_string());
        assert_eq!(shown, ["pop.example.com:995", "smtp.example.com:587"]);

        let none = AccountForm {
            pop3_security: "tls".to_owned(),
            ..AccountForm::default()
        };
        assert_eq!(none.pop3(&mut problems), None);
        assert_eq!(none.smtp(&mut problems), None);
        problems.finish(Some(())).unwrap();

        let mut problems = Problems::default();
        let half = AccountForm {
            smtp_port: "25".to_owned(),
            pop3_security: "maybe".to_owned(),
            ..AccountForm::default()
        };
        assert_eq!(
            (half.pop3(&mut problems), half.smtp(&mut problems)),
            (None, None)
        );
        let errors = problems.finish(Some(())).unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["pop3_security", "smtp_host"]);
    }

    #[test]
    fn a_day_to_begin_with_has_to_be_one() {
        let since = |text: &str| {
            let form = AccountForm {
                start: "since".to_owned(),
                since: text.to_owned(),
                ..AccountForm::default()
            };
            let mut problems = Problems::default();
            let start = form.start(&mut problems);
            problems.finish(start)
        };
        let day = jiff::civil::date(2026, 3, 4);
        assert_eq!(since(" 2026-03-04 ").unwrap(), StartFrom::Since(day));
        for wrong in ["", "yesterday", "2026-02-30"] {
            let errors = since(wrong).unwrap_err();
            assert_eq!(errors.0[0].field, "since", "{wrong}");
        }
    }

    #[test]
    fn mail_is_not_moved_into_a_folder_that_is_fetched() {
        let form = AccountForm {
            after: "move".to_owned(),
            move_to: "Support/Done".to_owned(),
            ..AccountForm::default()
        };
        let target = |folders| {
            let mut problems = Problems::default();
            let after = form.after(&Folders::read(folders).unwrap(), &mut problems);
            problems.finish(after).is_ok()
        };
        assert!(target("INBOX; Support"));
        assert!(!target("INBOX; Support/*"));
    }

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
