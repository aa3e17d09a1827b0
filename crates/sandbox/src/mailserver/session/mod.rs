//! One client's session: the loop that reads commands, and what they do.

mod folders;
mod idle;
mod login;
mod messages;
mod notify;
mod selected;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::command::{Command, Request};
use super::connection::{Connection, waits_with_literal};
use super::fault::{Faults, ImapFault};
use super::handle::Shared;
use super::options::MailServerOptions;
use super::scanner::Malformed;
use login::Login;
use notify::Notices;
use selected::Selected;

/// How long a client may be silent (RFC 3501, section 5.4, asks for 30 minutes at least).
const SILENCE: Duration = Duration::from_mins(31);
/// How often a silent session looks whether its token still holds.
const LOOK: Duration = Duration::from_secs(1);
/// What ends a session with its token, in Microsoft's words.
const TOKEN_EXPIRED: &str = "* BYE Session invalidated - AccessTokenExpired";

/// A session.
pub(super) struct Session {
    connection: Connection,
    server: Arc<Shared>,
    login: Option<Login>,
    selected: Option<Selected>,
    /// What is told of other folders.
    notices: Option<Notices>,
    /// The login was accepted but the mailbox does not open ([`ImapFault::NotConnected`]).
    not_connected: bool,
    /// What the next command is answered with ([`ImapFault::FirstAnswer`]).
    first_answer: Option<String>,
    /// How often something was fetched.
    fetches: u32,
    ended: bool,
}

/// What follows the tag.
#[derive(Debug)]
enum Verdict {
    Ok(String),
    No(String),
    Bad(String),
    /// A fault's own words.
    Exactly(String),
    /// A fault wants the client to wait for its answer in vain.
    Unsaid,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "handlers end with these, and may fail before"
)]
impl Verdict {
    fn ok(text: impl Into<String>) -> io::Result<Self> {
        Ok(Self::Ok(text.into()))
    }

    fn no(text: impl Into<String>) -> io::Result<Self> {
        Ok(Self::No(text.into()))
    }

    fn bad(text: impl Into<String>) -> io::Result<Self> {
        Ok(Self::Bad(text.into()))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(text) => write!(f, "OK {text}"),
            Self::No(text) => write!(f, "NO {text}"),
            Self::Bad(text) => write!(f, "BAD {text}"),
            Self::Exactly(text) => f.write_str(text),
            Self::Unsaid => Ok(()),
        }
    }
}

impl Session {
    pub(super) fn new(connection: Connection, server: Arc<Shared>) -> Self {
        Self {
            connection,
            server,
            login: None,
            selected: None,
            notices: None,
            not_connected: false,
            first_answer: None,
            fetches: 0,
            ended: false,
        }
    }

    /// Serves the client until it leaves, breaks the limits or a fault ends it.
    pub(super) async fn run(mut self, acceptor: &TlsAcceptor) -> io::Result<()> {
        self.greet().await?;
        while let Some(line) = self.next_line().await? {
            if let Some(refusal) = self.refuse_append(&line) {
                self.connection.heard(&String::from_utf8_lossy(&line));
                self.connection.send(refusal).await?;
                self.connection.flush().await?;
                continue;
            }
            let Some(command) = self.connection.rest_of_command(&line).await? else {
                break;
            };
            let request = Request::parse(&command);
            self.connection.heard(&shown(&request, &line));
            if let Some(delay) = self.faults().take(slowness) {
                sleep(delay).await;
            }
            let secures = matches!(request.command, Ok(Command::StartTls));
            let verdict = match request.command {
                Ok(_) if let Some(text) = self.fault_answer(&line) => Verdict::Exactly(text),
                Ok(command) => self.execute(command).await?,
                Err(Malformed(why)) => Verdict::Bad(why.to_owned()),
            };
            let accepted = matches!(verdict, Verdict::Ok(_));
            if !matches!(verdict, Verdict::Unsaid) {
                let line = format!("{} {verdict}", request.tag);
                self.connection.send(line).await?;
            }
            if secures && accepted {
                if self.faults().strikes(&ImapFault::StartTlsInjection) {
                    self.connection.raw(INJECTED).await?;
                }
                self.connection.flush().await?;
                self.connection = self.connection.upgrade(acceptor).await?;
            }
            self.connection.flush().await?;
            if self.ended {
                break;
            }
        }
        self.connection.close().await;
        Ok(())
    }

    async fn greet(&mut self) -> io::Result<()> {
        if let Some(delay) = self.faults().take(|fault| match fault {
            ImapFault::Drip(delay) => Some(*delay),
            _ => None,
        }) {
            return self.connection.drip(delay).await;
        }
        if let Some(greeting) = self.faults().take(|fault| match fault {
            ImapFault::Greeting(line) => Some(line.clone()),
            _ => None,
        }) {
            self.connection.send(greeting).await?;
            return self.connection.flush().await;
        }
        let capabilities = if self.options().announce_capabilities {
            format!("[CAPABILITY {}] ", self.capabilities())
        } else {
            String::new()
        };
        self.connection
            .send(format!("* OK {capabilities}Mailgrant sandbox ready"))
            .await?;
        self.connection.flush().await?;
        if self.faults().strikes(&ImapFault::EndlessLine) {
            return self.connection.endless_line().await;
        }
        Ok(())
    }

    /// The next line of the client, while looking after the token; `None` where the session is over.
    async fn next_line(&mut self) -> io::Result<Option<Bytes>> {
        let silence = timeout(SILENCE, async {
            let mut look = interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            look.tick().await;
            loop {
                tokio::select! {
                    line = self.connection.line() => return line,
                    _ = look.tick() => if self.token_ended() {
                        return Ok(None);
                    }
                }
            }
        });
        let Ok(line) = silence.await else {
            self.connection.send("* BYE Silent for too long").await?;
            return Ok(None);
        };
        let line = line?;
        let struck = line.is_some()
            && self.login.is_some()
            && self.faults().strikes(&ImapFault::TokenExpiredBye);
        if struck || self.token_ended() {
            self.connection.send(TOKEN_EXPIRED).await?;
            return Ok(None);
        }
        Ok(line)
    }

    fn token_ended(&self) -> bool {
        self.options().end_sessions_with_token
            && self
                .login
                .as_ref()
                .is_some_and(|login| self.server.tokens.look_up(&login.token).is_none())
    }

    async fn execute(&mut self, command: Command) -> io::Result<Verdict> {
        match command {
            Command::Capability => {
                let capabilities = format!("* CAPABILITY {}", self.capabilities());
                self.connection.send(capabilities).await?;
                return Verdict::ok("CAPABILITY completed");
            }
            Command::Id => {
                self.connection
                    .send("* ID (\"name\" \"Mailgrant sandbox\")")
                    .await?;
                return Verdict::ok("ID completed");
            }
            Command::Logout => {
                self.connection.send("* BYE Good-bye").await?;
                self.ended = true;
                return Verdict::ok("LOGOUT completed");
            }
            _ if self.not_connected => {
                return Verdict::bad("User is authenticated but not connected.");
            }
            _ if self.first_answer.is_some() => {
                let text = self.first_answer.take().unwrap_or_default();
                if !text.starts_with("BYE ") {
                    return Ok(Verdict::Exactly(text));
                }
                self.ended = true;
                self.connection.send(format!("* {text}")).await?;
                return Ok(Verdict::Unsaid);
            }
            Command::StartTls => return self.start_tls(),
            Command::Authenticate {
                mechanism,
                response,
            } => return self.authenticate(&mechanism, response).await,
            Command::Login => {
                return Verdict::no("[PRIVACYREQUIRED] Passwords are not accepted here");
            }
            Command::Noop if self.login.is_none() => return Verdict::ok("NOOP completed"),
            _ => {}
        }
        let Some(login) = &self.login else {
            return Verdict::bad("Log in first");
        };
        let mailbox = login.mailbox.clone();
        match command {
            Command::Append { folder, flags, raw } => {
                self.append(&mailbox, &folder, flags, raw).await
            }
            Command::Check | Command::Noop => {
                self.report_changes(true).await?;
                Verdict::ok("completed")
            }
            Command::Create(folder) => self.create(&mailbox, &folder),
            Command::Enable => {
                self.connection.send("* ENABLED").await?;
                Verdict::ok("ENABLE completed")
            }
            Command::Idle => self.idle().await,
            Command::List {
                reference,
                patterns,
                returns,
            } => self.list(&mailbox, &reference, &patterns, &returns).await,
            Command::Notify(told) => self.notify(&mailbox, told),
            Command::Select { folder, read_only } => {
                self.select(&mailbox, &folder, read_only).await
            }
            Command::Status { folder, items } => self.status(&mailbox, &folder, &items).await,
            command => self.execute_selected(command).await,
        }
    }

    /// A fault's answer to an APPEND whose message the client holds back.
    fn refuse_append(&self, line: &[u8]) -> Option<String> {
        let line_text = String::from_utf8_lossy(line);
        let (tag, rest) = line_text.split_once(' ')?;
        let is_append = rest.split(' ').next()?.eq_ignore_ascii_case("APPEND");
        let refusal = (is_append && self.login.is_some() && waits_with_literal(line))
            .then(|| self.faults().take(refusal_of_append))??;
        Some(format!("{tag} {refusal}"))
    }

    /// A fault's answer to a command.
    fn fault_answer(&self, line: &[u8]) -> Option<String> {
        let line = String::from_utf8_lossy(line).to_ascii_uppercase();
        let (_, said) = line.split_once(' ')?;
        self.faults().take(|fault| match fault {
            ImapFault::Answer { command, text } if said.starts_with(command) => Some(text.clone()),
            _ => None,
        })
    }

    fn start_tls(&mut self) -> io::Result<Verdict> {
        if self.connection.is_secure() {
            Verdict::bad("TLS is on already")
        } else if self.login.is_some() || !self.options().starttls {
            Verdict::bad("STARTTLS is not possible here")
        } else {
            Verdict::ok("Begin TLS negotiation now")
        }
    }

    fn capabilities(&self) -> String {
        let options = self.options();
        let may_log_in = self.connection.is_secure() || options.login_without_tls;
        let before_login = self.login.is_none();
        let may_log_in = may_log_in && !self.faults().strikes(&ImapFault::NoMechanism);
        [
            (true, "IMAP4rev1"),
            (options.literal_plus, "LITERAL+"),
            (true, "ID"),
            (true, "ENABLE"),
            (options.idle, "IDLE"),
            (options.notify, "NOTIFY"),
            (options.list_status, "LIST-EXTENDED"),
            (options.list_status, "LIST-STATUS"),
            (
                options.list_status && !options.special_use.is_empty(),
                "SPECIAL-USE",
            ),
            (options.condstore, "CONDSTORE"),
            (options.r#move, "UIDPLUS"),
            (options.r#move, "MOVE"),
            (true, "UNSELECT"),
            (options.sasl_ir && before_login, "SASL-IR"),
            (
                before_login && options.starttls && !self.connection.is_secure(),
                "STARTTLS",
            ),
            (before_login, "LOGINDISABLED"),
            (
                before_login && may_log_in && options.oauthbearer,
                "AUTH=OAUTHBEARER",
            ),
            (
                before_login && may_log_in && options.xoauth2,
                "AUTH=XOAUTH2",
            ),
        ]
        .into_iter()
        .filter_map(|(offered, name)| offered.then_some(name))
        .collect::<Vec<_>>()
        .join(" ")
    }

    fn options(&self) -> &MailServerOptions {
        &self.server.options
    }

    fn faults(&self) -> &Faults<ImapFault> {
        &self.server.faults
    }
}

/// What an attacker would put behind the answer to STARTTLS.
const INJECTED: &[u8] = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n";

fn slowness(fault: &ImapFault) -> Option<Duration> {
    match fault {
        ImapFault::Slow(delay) => Some(*delay),
        _ => None,
    }
}

fn refusal_of_append(fault: &ImapFault) -> Option<String> {
    match fault {
        ImapFault::RefuseAppend(text) => Some(text.clone()),
        _ => None,
    }
}

/// A command for the transcript: without tokens and passwords.
fn shown(request: &Request, line: &[u8]) -> String {
    let tag = &request.tag;
    match &request.command {
        Ok(Command::Authenticate {
            mechanism,
            response,
        }) => match response {
            Some(response) => {
                let response = login::shortened(mechanism, response);
                format!("{tag} AUTHENTICATE {mechanism} {response}")
            }
            None => format!("{tag} AUTHENTICATE {mechanism}"),
        },
        Ok(Command::Login) => format!("{tag} LOGIN …"),
        Ok(_) => String::from_utf8_lossy(line).into_owned(),
        Err(_) => format!("{tag} <not understood>"),
    }
}
