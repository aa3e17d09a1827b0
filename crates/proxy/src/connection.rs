//! One connection: from the greeting over the login to the end of the splice, and a line in the log.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::Protocol;
use mailgrant_mail::{Security, Socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::dialogue::{self, Cover, Dialogue, Farewell, Input, Login, Step};
use crate::door::{Admitted, Door, Rejected};
use crate::metrics::ProxyMetrics;
use crate::places::Place;
use crate::sockets::From;
use crate::splice::{First, splice};

/// How long a client may take until it has logged in; a refused login lets it begin anew.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long last words may take.
const PARTING: Duration = Duration::from_secs(5);

/// So many refused logins end a connection.
const MOST_ATTEMPTS: u32 = 3;

/// What every connection of a listener stands on.
pub(crate) struct Hall {
    pub(crate) door: Arc<Door>,
    pub(crate) metrics: ProxyMetrics,
    pub(crate) protocol: Protocol,
    pub(crate) security: Security,
    pub(crate) tls: Option<TlsAcceptor>,
    /// The server's name for itself.
    pub(crate) name: String,
}

/// A connection.
pub(crate) struct Connection {
    pub(crate) hall: Arc<Hall>,
    pub(crate) from: From,
    pub(crate) stopping: CancellationToken,
    /// Its place, as long as it lives; none where there is none for it.
    pub(crate) place: Option<Place>,
}

/// How long nothing may move after the login: longer than the longest IDLE (29 minutes, RFC 2177),
/// POP3's ten (RFC 1939, section 3) and SMTP's ten (RFC 5321, section 4.5.3.2.6).
fn idle(protocol: Protocol) -> Duration {
    match protocol {
        Protocol::Imap => Duration::from_mins(35),
        Protocol::Pop3 | Protocol::Smtp => Duration::from_mins(12),
    }
}

impl Connection {
    /// Runs it to its end.
    pub(crate) async fn run(self, socket: Box<dyn Socket>) {
        let counted = self.hall.metrics.connection(self.hall.protocol);
        if let Err(why) = self.converse(socket).await {
            let (protocol, client) = (self.hall.protocol.word(), &self.from.shown);
            debug!(protocol, client, why, "a connection ended before a login");
        }
        drop(counted);
    }

    async fn converse(&self, socket: Box<dyn Socket>) -> Result<(), String> {
        let hall = &self.hall;
        let mut client = Client {
            stream: socket,
            input: Input::default(),
            deadline: Instant::now() + PATIENCE,
        };
        let cover = match hall.security {
            Security::Plain => Cover::Plain,
            Security::StartTls => Cover::StartTls,
            Security::Tls => Cover::Tls,
        };
        if self.place.is_none() && cover == Cover::Tls {
            return Err("there are too many connections".to_owned());
        }
        if cover == Cover::Tls {
            client = client.secured(hall.tls.as_ref(), &self.stopping).await?;
        }
        let extensions = match hall.protocol {
            Protocol::Smtp => hall.door.extensions.announced(),
            Protocol::Imap | Protocol::Pop3 => Vec::new(),
        };
        let mut dialogue = dialogue::begin(hall.protocol, cover, &hall.name, extensions);
        if self.place.is_none() {
            client.part(&dialogue.farewell(Farewell::Full)).await;
            return Err("there are too many connections".to_owned());
        }
        // What is needed until the login is not held behind it.
        let logging_in = Box::pin(self.log_in(client, dialogue.as_mut()));
        let Some((client, admitted)) = logging_in.await? else {
            return Ok(());
        };
        drop(dialogue);
        self.pass_on(client, admitted).await;
        Ok(())
    }

    /// Up to a login that succeeds; `None` where the client has taken its leave.
    async fn log_in(
        &self,
        mut client: Client,
        dialogue: &mut dyn Dialogue,
    ) -> Result<Option<(Client, Admitted)>, String> {
        let mut attempts = 0;
        loop {
            match dialogue.step(&mut client.input) {
                Step::NeedInput => {
                    let read = tokio::select! {
                        read = client.read() => read,
                        () = self.stopping.cancelled() => {
                            client.part(&dialogue.farewell(Farewell::Stopping)).await;
                            return Err("Mailgrant stops".to_owned());
                        }
                    };
                    if let Err(failure) = read {
                        if failure.kind() == io::ErrorKind::TimedOut {
                            client.part(&dialogue.farewell(Farewell::Slow)).await;
                        }
                        return Err(failure.to_string());
                    }
                }
                Step::Say(bytes) => client.write(&bytes).await?,
                Step::End(bytes) => {
                    client.part(&bytes).await;
                    return Ok(None);
                }
                Step::BeginTls(bytes) => {
                    client.write(&bytes).await?;
                    let tls = self.hall.tls.as_ref();
                    client = client.secured(tls, &self.stopping).await?;
                    dialogue.secured();
                }
                Step::LogIn(login) => match self.ask(&login).await {
                    Ok(admitted) => {
                        client.deadline = Instant::now() + PATIENCE;
                        client
                            .write(&dialogue.admit(&admitted.upstream.opened))
                            .await?;
                        return Ok(Some((client, admitted)));
                    }
                    Err(rejected) => {
                        attempts += 1;
                        let refused = dialogue.refuse(&rejected.refusal);
                        client.deadline = Instant::now() + PATIENCE;
                        if refused.ends {
                            client.part(&refused.say).await;
                            return Ok(None);
                        }
                        client.write(&refused.say).await?;
                        if attempts >= MOST_ATTEMPTS {
                            client.part(&dialogue.farewell(Farewell::Attempts)).await;
                            return Ok(None);
                        }
                    }
                },
            }
        }
    }

    /// Asks at the door, and writes into the log who was not let in.
    async fn ask(&self, login: &Login) -> Result<Admitted, Rejected> {
        let Hall {
            door,
            metrics,
            protocol,
            ..
        } = &*self.hall;
        let asked = door.open(*protocol, self.from.address, login).await;
        match &asked {
            Ok(_) => metrics.logged_in(*protocol),
            Err(Rejected { refusal, account }) => {
                metrics.refused(*protocol, refusal.kind);
                info!(
                    protocol = protocol.word(),
                    client = self.from.shown,
                    user = login.user.chars().take(100).collect::<String>(),
                    account,
                    reason = refusal.kind.word(),
                    "a login was refused"
                );
            }
        }
        asked
    }

    /// Everything behind the login.
    async fn pass_on(&self, mut client: Client, admitted: Admitted) {
        let Admitted {
            mut upstream,
            account,
            label,
            seat,
        } = admitted;
        let protocol = self.hall.protocol;
        let begun = Instant::now();
        let first = First {
            up: client.input.take_rest(),
            down: std::mem::take(&mut upstream.unread),
        };
        let spliced = splice(
            &mut client.stream,
            &mut upstream.stream,
            first,
            idle(protocol),
            &self.stopping,
        );
        let spliced = spliced.await;
        self.hall.metrics.moved(protocol, spliced.up, spliced.down);
        info!(
            account,
            protocol = protocol.word(),
            client = self.from.shown,
            app_password = label,
            bytes_up = spliced.up,
            bytes_down = spliced.down,
            seconds = begun.elapsed().as_secs(),
            reason = spliced.end.words(),
            "a connection ended"
        );
        drop(seat);
    }
}

/// A client that has not logged in.
struct Client {
    stream: Box<dyn Socket>,
    input: Input,
    /// Until when it has to have logged in.
    deadline: Instant,
}

impl Client {
    async fn read(&mut self) -> io::Result<()> {
        let read = self.stream.read_buf(self.input.room());
        match timeout_at(self.deadline, read).await {
            Ok(Ok(0)) => Err(io::Error::other("the client hung up")),
            Ok(read) => read.map(|_| ()),
            Err(_) => {
                let why = "the client was too slow";
                Err(io::Error::new(io::ErrorKind::TimedOut, why))
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout_at(self.deadline, write).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("the client reads nothing".to_owned()),
        }
    }

    /// Says the last words; errors no longer matter.
    async fn part(&mut self, bytes: &[u8]) {
        let parting = async {
            self.stream.write_all(bytes).await?;
            self.stream.shutdown().await
        };
        let _ = timeout(PARTING, parting).await;
    }

    /// The same over TLS.
    async fn secured(
        self,
        tls: Option<&TlsAcceptor>,
        stopping: &CancellationToken,
    ) -> Result<Self, String> {
        let tls = tls.ok_or("there is no certificate")?;
        // Large, and soon over.
        let handshake = Box::pin(tls.accept(self.stream));
        let shaken = tokio::select! {
            shaken = timeout_at(self.deadline, handshake) => shaken,
            () = stopping.cancelled() => return Err("Mailgrant stops".to_owned()),
        };
        match shaken {
            Ok(Ok(stream)) => Ok(Self {
                stream: Box::new(stream),
                input: Input::default(),
                deadline: self.deadline,
            }),
            Ok(Err(error)) => Err(format!("no TLS: {error}")),
            Err(_) => Err("the TLS handshake took too long".to_owned()),
        }
    }
}
