//! The form of an account, as data.

use mailgrant_vault::{AccountForm, Provider};

use crate::fields::{Field, Section};
use crate::visit::Sent;

/// Reads what was sent; the account's further sinks have forms of their own.
pub(super) fn read(sent: &Sent) -> AccountForm {
    AccountForm {
        name: sent.text("name"),
        address: sent.text("address"),
        provider: sent.text("provider"),
        signs_in: sent.text("signs_in"),
        source: sent.text("source"),
        imap_user: sent.text("imap_user"),
        pop3_user: sent.text("pop3_user"),
        smtp_user: sent.text("smtp_user"),
        imap_host: sent.text("imap_host"),
        imap_port: sent.text("imap_port"),
        imap_security: sent.text("imap_security"),
        pop3_host: sent.text("pop3_host"),
        pop3_port: sent.text("pop3_port"),
        pop3_security: sent.text("pop3_security"),
        smtp_host: sent.text("smtp_host"),
        smtp_port: sent.text("smtp_port"),
        smtp_security: sent.text("smtp_security"),
        api_url: sent.text("api_url"),
        folder: sent.text("folder"),
        start: sent.text("start"),
        since: sent.text("since"),
        after: sent.text("after"),
        delete_after: sent.text("delete_after"),
        rules: sent.text("rules"),
        largest: sent.text("largest"),
        per_sender: sent.text("per_sender"),
        silence: sent.text("silence"),
        canary: sent.text("canary"),
        move_to: sent.text("move_to"),
        sink: sent.text("sink"),
        maildir: sent.text("maildir"),
        command: sent.text("command"),
        command_time_limit: sent.text("command_time_limit"),
        command_at_once: sent.text("command_at_once"),
        relay: sent.text("relay"),
        relay_security: sent.text("relay_security"),
        relay_to: sent.text("relay_to"),
        relay_from: sent.text("relay_from"),
        relay_headers: sent.text("relay_headers"),
        webhook: sent.text("webhook"),
        webhook_format: sent.text("webhook_format"),
        webhook_time_limit: sent.text("webhook_time_limit"),
        webhook_anywhere: sent.text("webhook_anywhere"),
        append_account: sent.text("append_account"),
        append_folder: sent.text("append_folder"),
        ..AccountForm::default()
    }
}

/// The form's sections.
pub(super) fn sections(form: &AccountForm, providers: &[Provider]) -> Vec<Section> {
    let mut sections = vec![mailbox(form, providers), delivery(form)];
    sections.extend(of_sink(form));
    sections.extend([
        source(form),
        since(form),
        moving(form),
        keeping(form),
        rules(form),
        watching(form),
        server(form),
        other_servers(form),
        shared(form),
    ]);
    sections
}

/// What is entered for each kind of sink.
pub(super) fn of_sink(form: &AccountForm) -> Vec<Section> {
    vec![
        maildir(form),
        command(form),
        relay(form),
        webhook(form),
        append(form),
    ]
}

/// The kinds of sinks.
pub(super) fn kinds() -> [(&'static str, &'static str); 6] {
    [
        ("maildir", "Into a Maildir folder"),
        ("command", "To a program, on its standard input"),
        ("lmtp", "To a server for local delivery (LMTP)"),
        ("smtp", "To a mail server (SMTP)"),
        ("webhook", "To a web address (webhook)"),
        ("append", "Into another account’s mailbox (IMAP)"),
    ]
}

fn mailbox(form: &AccountForm, providers: &[Provider]) -> Section {
    let providers = providers
        .iter()
        .map(|provider| (&provider.name, &provider.name));
    Section::new(
        "Mailbox",
        vec![
            Field::email("address", "Address", &form.address)
                .hint("The mailbox’s own address, for example support@example.com.")
                .required(),
            Field::choice("provider", "Provider", &form.provider, providers)
                .hint("Where the mailbox’s owner signs in."),
            Field::text("name", "Name", &form.name)
                .hint("A short name for lists and the command line. Empty takes the address."),
        ],
    )
}

fn delivery(form: &AccountForm) -> Section {
    let nowhere = ("", "Nowhere: this account only hands out tokens");
    let sinks = kinds().into_iter().chain([nowhere]);
    let sink = Field::choice("sink", "Where its mail goes", &form.sink, sinks);
    Section::new("Delivery", vec![sink])
}

fn maildir(form: &AccountForm) -> Section {
    let path = Field::text("maildir", "Maildir folder", &form.maildir).hint(
        "An absolute path, for example /var/mail/support. It is made where it does not exist.",
    );
    Section::new("Maildir", vec![path]).only_for("maildir")
}

fn command(form: &AccountForm) -> Section {
    Section::new(
        "Program",
        vec![
            Field::text("command", "Program and arguments", &form.command).hint(
                "Started without a shell, once for each message, for example /opt/otrs/bin/otrs.Console.pl Maint::PostMaster::Read --untrusted.",
            ),
            Field::number("command_time_limit", "Time limit in seconds", &form.command_time_limit)
                .hint("Empty means 60."),
            Field::number("command_at_once", "How many at the same time", &form.command_at_once)
                .hint("Empty means one after another."),
        ],
    )
    .only_for("command")
}

fn relay(form: &AccountForm) -> Section {
    let securities = [
        ("", "None on this machine, STARTTLS elsewhere"),
        ("tls", "TLS from the start"),
        ("starttls", "STARTTLS"),
        ("plain", "None: the mail can be read on the way"),
    ];
    let headers = [
        ("no", "Hand the message over as it is"),
        ("yes", "Put Delivered-To and X-Mailgrant lines before it"),
    ];
    Section::new(
        "Server that takes the mail",
        vec![
            Field::text("relay", "Host and port", &form.relay).hint(
                "For example localhost:24 (LMTP) or localhost:25 (SMTP); for LMTP also a socket, such as /run/dovecot/lmtp.",
            ),
            Field::choice(
                "relay_security",
                "Encryption of the delivery",
                &form.relay_security,
                securities,
            ),
            Field::text("relay_to", "Recipients", &form.relay_to).hint(
                "Who gets the mail there, with commas between them. Empty means the mailbox’s address.",
            ),
            Field::text("relay_from", "Envelope’s sender", &form.relay_from).hint(
                "Empty means nobody, so that nothing is ever returned to a stranger; return-path takes the message’s own.",
            ),
            Field::choice("relay_headers", "Header lines", &form.relay_headers, headers),
        ],
    )
    .only_for("lmtp smtp")
}

fn webhook(form: &AccountForm) -> Section {
    let formats = [
        ("json", "JSON: headers, text, HTML and attachments"),
        ("raw", "The message as it is (message/rfc822)"),
    ];
    let anywhere = [("no", "Refuse them"), ("yes", "Allow them")];
    Section::new(
        "Webhook",
        vec![
            Field::url("webhook", "Web address", &form.webhook)
                .hint("Each message is sent there by POST, for example https://desk.example.com/incoming."),
            Field::choice("webhook_format", "Format", &form.webhook_format, formats),
            Field::number(
                "webhook_time_limit",
                "Time limit for an answer in seconds",
                &form.webhook_time_limit,
            )
            .hint("Empty means 30."),
            Field::choice(
                "webhook_anywhere",
                "Plain HTTP to other machines, and a cloud’s internal addresses",
                &form.webhook_anywhere,
                anywhere,
            ),
        ],
    )
    .hint("Requests are signed (Standard Webhooks); the page of the account or the sink shows the secret.")
    .only_for("webhook")
}

fn append(form: &AccountForm) -> Section {
    Section::new(
        "Other mailbox",
        vec![
            Field::text("append_account", "Account", &form.append_account)
                .hint("The name of another account here, through whose login the mail is put into its mailbox."),
            Field::text("append_folder", "Folder there", &form.append_folder)
                .hint("It must exist. Empty means INBOX."),
        ],
    )
    .only_for("append")
}

fn source(form: &AccountForm) -> Section {
    let sources = [
        ("imap", "IMAP"),
        ("pop3", "POP3"),
        ("graph", "Microsoft Graph"),
        ("gmail", "Gmail API"),
    ];
    let starts = [
        ("everything", "All mail that is there, then new mail"),
        ("unseen", "Unread mail that is there, then new mail"),
        ("since", "Mail since a day, then new mail"),
        ("only-new", "Only mail that arrives from now on"),
    ];
    let afters = [
        ("keep", "Leave it as it is"),
        ("mark-seen", "Mark it as seen"),
        ("move", "Move it to another folder"),
        ("delete", "Delete it"),
        ("delete-after", "Delete it after some days"),
    ];
    Section::new(
        "What is fetched",
        vec![
            Field::choice("source", "Read by", &form.source, sources)
                .hint("Another than IMAP only where that is switched off. POP3 knows no folders and no read mail; Microsoft Graph needs a provider with the scope graph."),
            Field::text("folder", "Folders", &form.folder)
                .hint("Separated by semicolons; * stands for anything, \\Junk for what the server marks as that: INBOX; Support/*; \\Archive. Empty means INBOX."),
            Field::choice("start", "Begin with", &form.start, starts),
            Field::choice(
                "after",
                "After delivery, in the mailbox",
                &form.after,
                afters,
            ),
        ],
    )
    .only_for("maildir command lmtp smtp webhook append")
}

fn since(form: &AccountForm) -> Section {
    let day = Field::text("since", "First day", &form.since)
        .hint("For example 2026-11-01, by the mail server’s calendar.");
    Section::new("Since", vec![day]).only_for("since")
}

fn rules(form: &AccountForm) -> Section {
    Section::new(
        "What goes elsewhere",
        vec![
            Field::lines("rules", "Rules", &form.rules).hint(
                "One on a line, the first that fits decides: what is done (deliver, drop, hold, sink, maildir, command, recipients), then what the message must be like (from, to, subject, folder, header, size). For example: hold from *@newsletter.example size >10M. The account’s page adds the further sinks that a rule can choose: sink billing to invoices@*",
            ),
            Field::number("largest", "Hold messages above so many MB", &form.largest)
                .hint("Empty or 0 holds none for its size."),
            Field::number("per_sender", "Hold what is more from one sender within an hour", &form.per_sender)
                .hint("So mail stops that two robots send each other. Empty means 200; 0 holds none."),
        ],
    )
    .hint("Held messages are in quarantine, and are delivered when somebody lets them be tried again.")
    .folded()
    .only_for("maildir command lmtp smtp webhook append")
}

fn watching(form: &AccountForm) -> Section {
    Section::new(
        "What is missed",
        vec![
            Field::text("silence", "Tell of silence", &form.silence).hint(
                "Empty tells when mail is missing by the mailbox’s own habit, so that nights and weekends are no silence. A number tells after so many hours without mail, whatever day it is; off never tells.",
            ),
            Field::number("canary", "Send a canary every so many hours", &form.canary).hint(
                "A message from the mailbox to itself, by SMTP, which Mailgrant sees arrive and hands to no application. The provider needs the scope for SMTP. Empty sends none.",
            ),
        ],
    )
    .folded()
    .only_for("maildir command lmtp smtp webhook append")
}

fn keeping(form: &AccountForm) -> Section {
    let days = Field::number("delete_after", "Days", &form.delete_after)
        .hint("So long it stays in the mailbox once it has been delivered.");
    Section::new("Delete after", vec![days]).only_for("delete-after")
}

fn moving(form: &AccountForm) -> Section {
    let folder = Field::text("move_to", "Move to folder", &form.move_to)
        .hint("For example Processed. It must exist in the mailbox.");
    Section::new("Move", vec![folder]).only_for("move")
}

fn server(form: &AccountForm) -> Section {
    let securities = [
        ("tls", "TLS from the start (port 993)"),
        ("starttls", "STARTTLS (port 143)"),
        ("plain", "None: only for this machine itself"),
    ];
    Section::new(
        "Mail server",
        vec![
            Field::text("imap_host", "IMAP host", &form.imap_host)
                .hint("Empty takes the provider’s own, where it has one (Microsoft, Google)."),
            Field::number("imap_port", "IMAP port", &form.imap_port)
                .hint("Empty means 993, or 143 for STARTTLS."),
            Field::choice(
                "imap_security",
                "Encryption",
                &form.imap_security,
                securities,
            ),
        ],
    )
}

fn other_servers(form: &AccountForm) -> Section {
    let securities = |port: &'static str| {
        [
            ("tls", "TLS from the start".to_owned()),
            ("starttls", format!("STARTTLS (port {port})")),
            ("plain", "None: only for this machine itself".to_owned()),
        ]
    };
    Section::new(
        "POP3, SMTP and API servers",
        vec![
            Field::text("pop3_host", "POP3 host", &form.pop3_host)
                .hint("Empty takes the provider’s own, where it has one."),
            Field::number("pop3_port", "POP3 port", &form.pop3_port)
                .hint("Empty means 995, or 110 for STARTTLS."),
            Field::choice(
                "pop3_security",
                "POP3 encryption",
                &form.pop3_security,
                securities("110"),
            ),
            Field::text("smtp_host", "SMTP host", &form.smtp_host)
                .hint("Empty takes the provider’s own, where it has one."),
            Field::number("smtp_port", "SMTP port", &form.smtp_port)
                .hint("Empty means 465, or 587 for STARTTLS."),
            Field::choice(
                "smtp_security",
                "SMTP encryption",
                &form.smtp_security,
                securities("587"),
            ),
            Field::url("api_url", "Address of the API", &form.api_url)
                .hint("For Microsoft Graph and the Gmail API. Empty takes the provider’s own."),
        ],
    )
    .hint("Only where they are not the provider’s own. The doctor looks at the POP3 and SMTP servers.")
    .folded()
}

fn shared(form: &AccountForm) -> Section {
    Section::new(
        "Shared mailbox",
        vec![
            Field::text("signs_in", "Who signs in", &form.signs_in)
                .hint("The colleague who has access to the mailbox."),
            Field::text("imap_user", "User name for IMAP", &form.imap_user)
                .hint("Empty means the mailbox’s address, which is right for Microsoft’s shared mailboxes."),
            Field::text("pop3_user", "User name for POP3", &form.pop3_user)
                .hint("Empty means the mailbox’s address."),
            Field::text("smtp_user", "User name for SMTP", &form.smtp_user)
                .hint("Empty means the mailbox’s address; Microsoft’s shared mailboxes want the colleague’s."),
        ],
    )
    .hint("Only where somebody else than the mailbox’s own address signs in.")
    .folded()
}
