//! Flags that say where mail goes.

use clap::{Args, Subcommand};
use mailgrant_vault::AccountForm;

use super::Show;
use crate::failure::Failure;

/// What can be done with an account's further sinks.
#[derive(Debug, Subcommand)]
pub(crate) enum SinkVerb {
    /// Add a sink that rules can choose
    Add(Box<NewSink>),
    /// List the account's further sinks
    List(Show),
    /// Change a sink; what is not given stays
    Change(Box<NewSink>),
    /// Remove a sink that no rule chooses
    Remove(OneSink),
}

/// One of an account's further sinks.
#[derive(Debug, Args)]
pub(crate) struct OneSink {
    /// The account's name
    pub(crate) account: String,
    /// The sink's name
    pub(crate) name: String,
}

/// One of an account's further sinks, and what is entered for it.
#[derive(Debug, Args)]
pub(crate) struct NewSink {
    #[command(flatten)]
    pub(crate) one: OneSink,
    #[command(flatten)]
    pub(crate) flags: SinkFlags,
}

text_flags! {
    /// What can be said about a sink.
    SinkFlags for AccountForm {
        /// Where the mail goes: maildir, command, lmtp, smtp, webhook or append [default: nowhere,
        /// the account only has tokens]
        sink,
        /// The Maildir folder, an absolute path
        maildir,
        /// The program and its arguments; it gets each message on standard input
        command,
        /// How many seconds the program may take [default: 60]
        command_time_limit,
        /// How many of the program may run at the same time [default: 1]
        command_at_once,
        /// The LMTP or SMTP server that takes the mail (with --sink): host:port, or LMTP's socket
        relay,
        /// tls, starttls, or plain [default: plain on this machine, else starttls]
        relay_security,
        /// Who gets the mail there, with commas between them [default: the address]
        relay_to,
        /// The envelope's sender: an address, or return-path for the message's own [default: nobody]
        relay_from,
        /// yes puts Delivered-To and X-Mailgrant lines before each message [default: no]
        relay_headers,
        /// The web address that each message is sent to, signed after Standard Webhooks
        webhook,
        /// As what: json or raw [default: json]
        webhook_format,
        /// How many seconds an answer may take [default: 30]
        webhook_time_limit,
        /// yes allows plain HTTP to other machines and a cloud's internal addresses [default: no]
        webhook_anywhere,
        /// The name of another account, whose mailbox takes the mail
        append_account,
        /// The folder there; it must exist [default: INBOX]
        append_folder,
    } with {}
}

impl SinkFlags {
    /// Puts what was given into the form. A flag that makes sense with one sink alone chooses that one,
    /// where none was given.
    pub(crate) fn complete(&self, form: &mut AccountForm) -> Result<(), Failure> {
        const NEXT: &str =
            "Say with --sink which of them is to take the mail; nothing was changed.";
        self.fill(form);
        if self.sink.is_some() {
            return Ok(());
        }
        if self.relay.is_some() && !matches!(&*form.sink, "lmtp" | "smtp") {
            let what = "--relay alone does not say how the server is spoken to.";
            return Err(Failure::operator(what, "Add --sink lmtp or --sink smtp."));
        }
        let telling = [
            (&self.maildir, "maildir"),
            (&self.command, "command"),
            (&self.webhook, "webhook"),
            (&self.append_account, "append"),
        ];
        let mut given = telling.iter().filter(|(flag, _)| flag.is_some());
        match (given.next(), given.next()) {
            (Some((_, one)), Some((_, other))) => {
                let what = format!("--{one} and --{other} were both given.");
                return Err(Failure::operator(
                    what.replace("append", "append-account"),
                    NEXT,
                ));
            }
            (Some((_, one)), None) => (*one).clone_into(&mut form.sink),
            (None, _) => {}
        }
        Ok(())
    }
}
