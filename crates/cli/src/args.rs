//! What can be typed.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{
    ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mailgrant_oauth::catalogue::{self, Protocol};
use mailgrant_oauth::guide::DEFAULT_NAME;
use mailgrant_oauth::{ProviderKind, Resource};
use mailgrant_vault::{AccountForm, MessageCursor, MessageId, ProviderForm, Whereabouts};

use crate::failure::Failure;
use crate::settings;

/// Modern logins for the mailboxes that business applications use.
#[derive(Debug, Parser)]
#[command(name = "mailgrant", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// Reads the command line; prints help or a usage error and ends the process where that is
    /// due. Also gives what was set by flags.
    pub(crate) fn read() -> (Self, ArgMatches) {
        let mut matches = settings::add_flags(Self::command()).get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        // A flag may stand before or behind the subcommand: the innermost matches know both.
        while let Some((_, inner)) = matches.remove_subcommand() {
            matches = inner;
        }
        (cli, matches)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run Mailgrant: pages, OAuth callback, keeper of tokens and fetchers
    Serve,
    /// Show the whole path with a sandbox provider and mail server, on this machine alone
    Demo(Demo),
    /// Identity providers
    #[command(subcommand)]
    Provider(ProviderVerb),
    /// Mail accounts
    #[command(subcommand)]
    Account(AccountVerb),
    /// Messages: where they are, and what is done with those in quarantine
    #[command(subcommand)]
    Message(MessageVerb),
    /// Walk the way of an account step by step and say what is wrong, whose turn it is and what to do
    Doctor(Show),
    /// Print a valid access token of an account
    Token(Token),
    /// Fetch an account's new mail once
    Fetch(FetchFlags),
    /// Print a one-time link that sets an administrator's name and password
    SetupLink,
}

/// A provider or an account by its name.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its name
    pub(crate) name: String,
}

/// Flags of `fetch`.
#[derive(Debug, Args)]
pub(crate) struct FetchFlags {
    /// The account's name
    pub(crate) name: String,
    /// Also where the account is paused; it stays paused
    #[arg(long)]
    pub(crate) paused: bool,
    /// Print the numbers as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Play the newcomer too, print each step, and end with 0 only if every message arrived
    #[arg(long)]
    pub(crate) unattended: bool,
}

/// Flags of `token`.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The account's name
    pub(crate) account: String,
    /// Print an object with the token and the time when it ends
    #[arg(long)]
    pub(crate) json: bool,
    /// What the token is for
    #[arg(long, value_enum, default_value_t = For::Mail)]
    pub(crate) resource: For,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum For {
    /// The mail servers: IMAP, POP3, SMTP
    Mail,
    /// Microsoft Graph
    Graph,
    /// The Gmail API
    Gmail,
}

impl From<For> for Resource {
    fn from(what: For) -> Self {
        match what {
            For::Mail => Self::Mail,
            For::Graph => Self::Graph,
            For::Gmail => Self::Gmail,
        }
    }
}

/// Flags of every listing.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// Print JSON for machines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of what shows one thing.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its name
    pub(crate) name: String,
    /// Print JSON for machines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `account authorize`.
#[derive(Debug, Args)]
pub(crate) struct Authorize {
    /// The account's name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) way: Way,
    /// With --paste: another redirect URI than the installation's own, such as `http://localhost/`
    /// of a desktop application's registration
    #[arg(long, value_name = "URI", requires = "paste")]
    pub(crate) redirect_uri: Option<String>,
}

/// How somebody signs in; without any of these, by a link to Mailgrant's own pages.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Way {
    /// With a browser on this machine: the provider answers a loopback address (register
    /// `http://localhost` at Microsoft, elsewhere a desktop application)
    #[arg(long)]
    pub(crate) here: bool,
    /// With a code that is typed on any device, where the provider can
    #[arg(long)]
    pub(crate) device: bool,
    /// With a browser anywhere: copy the address that it ends at, and paste it here
    #[arg(long)]
    pub(crate) paste: bool,
}

/// Flags of `account invite`.
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// The account's name
    pub(crate) name: String,
    /// How many days the link serves
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=30))]
    pub(crate) days: u16,
    /// Make no link: end those that are out
    #[arg(long, conflicts_with = "days")]
    pub(crate) withdraw: bool,
}

/// What can be done with providers.
#[derive(Debug, Subcommand)]
pub(crate) enum ProviderVerb {
    /// Register an identity provider
    Add(Box<ProviderFlags>),
    /// List the providers
    List(Listing),
    /// Show one provider
    Show(Show),
    /// Change what was entered; what is not given stays
    Change(Box<Change<ProviderFlags>>),
    /// Make a key and its certificate, use them from now on, and print what to upload
    NewCertificate(NewCertificate),
    /// Test that the provider can be reached and accepts Mailgrant
    Test(Named),
    /// Stop authorising and renewing with this provider
    Pause(Named),
    /// Go on after a pause
    Resume(Named),
    /// Remove a provider that no account uses
    Remove(Named),
    /// Print step by step how to register Mailgrant with a provider, with this installation's own
    /// values
    Guide(Guide),
}

/// Flags of `provider guide`.
#[derive(Debug, Args)]
pub(crate) struct Guide {
    /// The kind of provider
    #[arg(value_parser = kind())]
    pub(crate) kind: ProviderKind,
    /// For access as an application, where nobody signs in
    #[arg(long)]
    pub(crate) application: bool,
    /// The name by which people meet Mailgrant at the provider
    #[arg(long, default_value = DEFAULT_NAME)]
    pub(crate) name: String,
    /// What mail is reached by: imap, pop3, smtp
    #[arg(long, value_delimiter = ',', default_value = "imap", value_parser = protocol())]
    pub(crate) protocols: Vec<Protocol>,
    /// Print JSON for machines
    #[arg(long)]
    pub(crate) json: bool,
}

fn kind() -> impl TypedValueParser<Value = ProviderKind> {
    let words = ProviderKind::ALL.iter().map(|kind| kind.word());
    PossibleValuesParser::new(words)
        .try_map(|word| ProviderKind::parse(&word).ok_or("is no kind of provider"))
}

fn protocol() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new(Protocol::ALL.map(Protocol::word))
        .try_map(|word| Protocol::parse(&word).ok_or("is no protocol"))
}

/// Flags of `provider new-certificate`.
#[derive(Debug, Args)]
pub(crate) struct NewCertificate {
    /// The provider's name
    pub(crate) name: String,
    /// How many days the certificate is good for
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) days: u16,
    /// What kind of key: rsa (3072 bits) or ec (P-256); not every provider takes ec
    #[arg(long, value_enum, default_value_t = KeyKind::Rsa)]
    pub(crate) algorithm: KeyKind,
}

/// What kind of key is made.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KeyKind {
    /// RSA with 3072 bits, which every provider takes
    Rsa,
    /// EC on the curve P-256
    Ec,
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountVerb {
    /// Add a mail account
    Add(Box<AccountFlags>),
    /// List the accounts
    List(Listing),
    /// Show one account
    Show(Show),
    /// Change what was entered; what is not given stays
    Change(Box<Change<AccountFlags>>),
    /// Let somebody sign in for the account, and wait until they have
    Authorize(Authorize),
    /// Print a link with which the mailbox's owner can authorise the account
    Invite(Invite),
    /// Test the whole way: token, connection, login, folder, sinks
    Test(TestFlags),
    /// Further sinks, which rules choose by name
    #[command(subcommand)]
    Sink(SinkVerb),
    /// Stop fetching; the grant is kept alive
    Pause(Named),
    /// Go on after a pause
    Resume(Named),
    /// Show how far the mail has come that was there before, have it wait, or go on
    Backfill(BackfillFlags),
    /// App passwords: what an application logs in to the proxy with
    #[command(subcommand)]
    AppPassword(AppPasswordVerb),
    /// Print the secret that the account's webhook requests are signed with
    WebhookSecret(WebhookSecretFlags),
    /// End the account's grant, here and at the provider
    Revoke(Named),
    /// Remove the account, its grant and its ledger
    Remove(Named),
}

/// Flags of `account test`.
#[derive(Debug, Args)]
pub(crate) struct TestFlags {
    /// The account's name
    pub(crate) name: String,
    /// Hand over a test message as well, to where the account's rules have it go
    #[arg(long)]
    pub(crate) send: bool,
    /// Test this further sink alone, and send the test message there; `own` is the account's own
    #[arg(long, value_name = "SINK")]
    pub(crate) sink: Option<String>,
}

/// What can be done with app passwords.
#[derive(Debug, Subcommand)]
pub(crate) enum AppPasswordVerb {
    /// Make one, and print it this once
    Add(AddAppPassword),
    /// List those of an account, with when and from where they were last used
    List(Show),
    /// End one
    Revoke(RevokeAppPassword),
}

/// Flags of `account app-password add`.
#[derive(Debug, Args)]
pub(crate) struct AddAppPassword {
    /// The account's name
    pub(crate) name: String,
    /// What it is for
    #[arg(long, default_value = "application")]
    pub(crate) label: String,
    /// The protocols that it opens, with commas between: imap, pop3, smtp [default: all]
    #[arg(long, value_name = "PROTOCOLS")]
    pub(crate) protocols: Option<String>,
    /// Where it may be used, with commas between: 192.0.2.7, 192.0.2.0/24 [default: everywhere]
    #[arg(long, value_name = "NETWORKS")]
    pub(crate) networks: Option<String>,
}

/// Flags of `account app-password revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeAppPassword {
    /// The account's name
    pub(crate) name: String,
    /// Its number in the list
    pub(crate) number: i64,
}

/// Flags of `account webhook-secret`.
#[derive(Debug, Args)]
pub(crate) struct WebhookSecretFlags {
    /// The account's name
    pub(crate) name: String,
    /// That of this further sink
    #[arg(long, value_name = "SINK")]
    pub(crate) sink: Option<String>,
    /// Make another; the former one is forgotten at once
    #[arg(long)]
    pub(crate) new: bool,
}

/// Flags of `account backfill`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct BackfillFlags {
    /// The account's name
    pub(crate) name: String,
    /// Have it wait; new mail comes all the same
    #[arg(long, conflicts_with_all = ["resume", "json"])]
    pub(crate) pause: bool,
    /// Go on
    #[arg(long, conflicts_with = "json")]
    pub(crate) resume: bool,
    /// Stay, and show how it goes on until nothing is left; elsewhere than at a terminal, and with
    /// --json, one line for each change
    #[arg(long, conflicts_with_all = ["pause", "resume"])]
    pub(crate) watch: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What can be done with messages.
#[derive(Debug, Subcommand)]
pub(crate) enum MessageVerb {
    /// List messages, newest first
    List(MessageListing),
    /// Show a message's way so far
    Show(OneMessage),
    /// Read a message from its mailbox, and write it as it stands there
    Download(MessageDownload),
    /// Let a message in quarantine be tried again, or all of an account
    Retry(MessageRetry),
    /// Throw a message in quarantine away; at the source it stays as it is
    Drop(MessageDrop),
    /// Say which of an account's rules would take a message
    Route(MessageRoute),
}

/// Flags of `message download`.
#[derive(Debug, Args)]
pub(crate) struct MessageDownload {
    /// The message's id, as `message list` shows it
    pub(crate) id: MessageId,
    /// Write it into this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Flags of `message route`.
#[derive(Debug, Args)]
pub(crate) struct MessageRoute {
    /// The account's name
    pub(crate) account: String,
    /// A file with the message, or - for standard input
    pub(crate) file: PathBuf,
    /// The folder that it would be in
    #[arg(long, value_name = "NAME", default_value = "INBOX")]
    pub(crate) folder: String,
}

/// Flags of `message list`.
#[derive(Debug, Args)]
pub(crate) struct MessageListing {
    /// Only those of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// Only those with this text in the Message-ID, the sender's address or the subject
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Only those that were seen since then: a day, or a time such as 2026-11-01T08:00Z
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    /// Only those that are there: waiting, delivered, quarantined or dropped
    #[arg(long, value_parser = whereabouts(), hide_possible_values = true)]
    pub(crate) state: Option<Whereabouts>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
    /// Those that follow the last ones: what the listing before says at its end
    #[arg(long, value_name = "PLACE")]
    pub(crate) before: Option<MessageCursor>,
    /// Print JSON for machines
    #[arg(long)]
    pub(crate) json: bool,
}

/// A day begins at midnight in UTC, as the listing's times are.
fn since(text: &str) -> Result<Timestamp, String> {
    let moment = text.parse::<Timestamp>().ok();
    let midnight = || text.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0));
    let read = moment.or_else(|| TimeZone::UTC.to_timestamp(midnight()?).ok());
    read.ok_or_else(|| "is neither a day, such as 2026-11-01, nor a time in UTC".to_owned())
}

fn whereabouts() -> impl TypedValueParser<Value = Whereabouts> {
    PossibleValuesParser::new(Whereabouts::ALL.map(Whereabouts::word))
        .try_map(|word| Whereabouts::of_word(&word).ok_or("is no state"))
}

/// Flags of `message show`.
#[derive(Debug, Args)]
pub(crate) struct OneMessage {
    /// The message's id, as `message list` shows it
    pub(crate) id: MessageId,
    /// Print JSON for machines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `message retry`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct MessageRetry {
    /// The message's id, as `message list` shows it
    pub(crate) id: Option<MessageId>,
    /// All of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

/// Flags of `message drop`.
#[derive(Debug, Args)]
pub(crate) struct MessageDrop {
    /// The message's id, as `message list` shows it
    pub(crate) id: MessageId,
    /// Drop it indeed; without this it is only said what would be dropped
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Flags of every change: those of the form, and a new name.
#[derive(Debug, Args)]
pub(crate) struct Change<F: Args> {
    /// Give it this name from now on
    #[arg(long, value_name = "NEW")]
    pub(crate) rename: Option<String>,
    #[command(flatten)]
    pub(crate) flags: F,
}

/// Declares a struct of flags, one text flag per field of a form, and how they fill that form.
macro_rules! form_flags {
    ($(#[$doc:meta])* $flags:ident for $form:ident { $($fields:tt)* }) => {
        text_flags! {
            $(#[$doc])* $flags for $form {
                $($fields)*
            } with {
                /// Its unique name
                pub(crate) name: String,
                #[command(flatten)]
                pub(crate) more: <$flags as MoreFlags>::More,
            }
        }
    };
}

/// The same with other flags besides.
macro_rules! text_flags {
    (
        $(#[$doc:meta])* $flags:ident for $form:ident { $($(#[$help:meta])* $field:ident,)* }
        with { $($others:tt)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub(crate) struct $flags {
            $($(#[$help])* #[arg(long)] $field: Option<String>,)*
            $($others)*
        }

        impl $flags {
            /// Puts what was given into the form; what was not stays.
            pub(crate) fn fill(&self, form: &mut $form) {
                $(if let Some(value) = &self.$field {
                    form.$field.clone_from(value);
                })*
            }
        }
    };
}

/// Flags of a form that are not plain text.
pub(crate) trait MoreFlags {
    /// Those flags.
    type More: Args;
}

impl MoreFlags for ProviderFlags {
    type More = SecretFlags;
}

impl MoreFlags for AccountFlags {
    type More = SinkFlags;
}

/// How the client secret gets in: never as a flag, which every user of the machine could read.
#[derive(Debug, Args)]
pub(crate) struct SecretFlags {
    /// Read the client secret from the first line of this file (- for standard input); the
    /// variable `MAILGRANT_CLIENT_SECRET` serves too
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Use no client secret: a public client, protected by PKCE alone
    #[arg(long, conflicts_with_all = ["client_secret_file", "client_key_file"])]
    pub(crate) no_client_secret: bool,
    /// Use the key of this file in the secret's place: PEM, PKCS#12 (.pfx, .p12) or the JSON of a
    /// Google service account; it may hold the certificate too
    #[arg(long, value_name = "FILE", conflicts_with = "client_secret_file")]
    pub(crate) client_key_file: Option<PathBuf>,
    /// The password of that file, on the first line of this one
    #[arg(long, value_name = "FILE", requires = "client_key_file")]
    pub(crate) client_key_password_file: Option<PathBuf>,
    /// The key's certificate, where it stands in a file of its own
    #[arg(long, value_name = "FILE", requires = "client_key_file")]
    pub(crate) client_certificate_file: Option<PathBuf>,
    /// Keep the former credential as the second, which serves where the provider does not take
    /// the new one yet
    #[arg(long)]
    pub(crate) keep_second: bool,
    /// Drop the second credential
    #[arg(long, conflicts_with = "keep_second")]
    pub(crate) drop_second: bool,
}

form_flags! {
    /// What can be said about a provider.
    ProviderFlags for ProviderForm {
        #[arg(help = catalogue::words())]
        kind,
        /// The client id that the provider gave to Mailgrant
        client_id,
        /// Whether somebody signs in: delegated or application [default: delegated]
        access,
        /// How the secret is sent: basic or post
        secret_method,
        /// The day on which the secret ends, as the provider's portal shows it: 2027-11-30
        secret_expires,
        /// In the secret's place: a file whose assertion is read anew each time (workload identity)
        federated_token_file,
        /// Microsoft: the tenant's id or domain, organizations, common or consumers; Zoho: the data
        /// centre
        tenant,
        /// OpenID Connect: the issuer, from which the rest is found
        issuer,
        /// By hand: the authorization endpoint
        authorization_endpoint,
        /// By hand: the token endpoint
        token_endpoint,
        /// By hand: where the provider's signing keys are
        jwks_uri,
        /// By hand: the revocation endpoint
        revocation_endpoint,
        /// By hand: the device authorization endpoint
        device_authorization_endpoint,
        /// By hand: the introspection endpoint
        introspection_endpoint,
        /// By hand: the scopes, separated by spaces; the words imap, pop3, smtp, graph and gmail-api
        /// stand for those of the kind
        scopes,
    }
}

form_flags! {
    /// What can be said about an account.
    AccountFlags for AccountForm {
        /// The mailbox's address
        address,
        /// The provider's name
        provider,
        /// Who signs in, for a shared mailbox
        signs_in,
        /// By which way its mail is read: imap, pop3, graph (Microsoft Graph) or gmail
        /// (the Gmail API) [default: imap]
        source,
        /// Who is named in the IMAP login [default: the address]
        imap_user,
        /// Who is named in the POP3 login [default: the address]
        pop3_user,
        /// Who is named in the SMTP login [default: the address]
        smtp_user,
        /// The IMAP server [default: the provider's own]
        imap_host,
        /// Its port [default: 993, or 143 without TLS from the first byte]
        imap_port,
        /// tls, starttls, or plain (loopback only) [default: tls]
        imap_security,
        /// The POP3 server [default: the provider's own]
        pop3_host,
        /// Its port [default: 995, or 110 without TLS from the first byte]
        pop3_port,
        /// As for IMAP [default: tls]
        pop3_security,
        /// The SMTP server for sending, for the doctor [default: the provider's own]
        smtp_host,
        /// Its port [default: 465, or 587 without TLS from the first byte]
        smtp_port,
        /// As for IMAP [default: tls]
        smtp_security,
        /// Where the API is, for --source graph and gmail [default: the provider's own]
        api_url,
        /// The folders to fetch, separated by semicolons; * stands for anything, \Junk, \Archive and the like for what the server marks so [default: INBOX]
        folder,
        /// What is fetched at first: everything, unseen, since or only-new [default: everything]
        start,
        /// The day for --start since, such as 2026-11-01
        since,
        /// What is done with a delivered message: keep, mark-seen, move, delete or delete-after
        /// [default: keep]
        after,
        /// How many days a delivered message stays, for --after delete-after
        delete_after,
        /// Rules, one on a line, or @FILE to read them from a file
        rules,
        /// Hold messages of more than so many MB [default: none]
        largest,
        /// Hold what is more from one sender within an hour; 0 for no limit [default: 200]
        per_sender,
        /// When a mailbox without mail is told of: off, or a number of hours [default: when mail is
        /// missing by the mailbox's own habit]
        silence,
        /// Every so many hours send a message from the mailbox to itself, by SMTP, and see it arrive
        /// [default: none]
        canary,
        /// The folder to move to
        move_to,
    }
}

impl AccountFlags {
    /// A flag that makes sense with one choice alone makes that choice, where none was given: what
    /// was asked for is never dropped in silence.
    pub(crate) fn complete(&self, form: &mut AccountForm) -> Result<(), Failure> {
        self.more.complete(form)?;
        if let Some(path) = self
            .rules
            .as_deref()
            .and_then(|rules| rules.strip_prefix('@'))
        {
            let read = mailgrant_base::files::read(Path::new(path))?;
            form.rules = String::from_utf8_lossy(&read).into_owned();
        }
        if self.start.is_none() && self.since.is_some() {
            "since".clone_into(&mut form.start);
        }
        if self.after.is_none() && self.move_to.is_some() {
            "move".clone_into(&mut form.after);
        }
        if self.after.is_none() && self.delete_after.is_some() {
            "delete-after".clone_into(&mut form.after);
        }
        Ok(())
    }
}

mod sink;

pub(crate) use sink::{NewSink, OneSink, SinkFlags, SinkVerb};
