//! What a doctor looks at, step by step: a server's name, its port, TLS, what it offers; and a login
//! with one mechanism.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::certificate::{Certificate, Recording};
use crate::drive::{Wire, resolve, within};
use crate::opening::Securing;
use crate::sasl::{Credentials, Mechanism};
use crate::{
    ImapSession, Limits, MailError, MailServer, Offers, Pop3Session, Protocol, Security,
    SmtpSession, Trust, imap, pop3, smtp,
};

/// What a step came to, and how long it took.
#[derive(Debug, Clone)]
pub struct Timed<T> {
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: Result<T, MailError>,
}

/// What was found at a server, step by step. Behind the first step that failed there is nothing.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The addresses of its name.
    pub addresses: Timed<Vec<IpAddr>>,
    /// Which of them took the connection.
    pub connected: Option<Timed<SocketAddr>>,
    /// TLS; `None` also where the server is set to have none.
    pub tls: Option<TlsInspection>,
    /// What it offers over the connection that is secure.
    pub offers: Option<Timed<Offers>>,
}

/// What was found of TLS.
#[derive(Debug, Clone)]
pub struct TlsInspection {
    /// The version of TLS, such as `TLS 1.3`. With STARTTLS, all from the greeting on is in it.
    pub handshake: Timed<String>,
    /// The certificates that the server showed, its own first; also where they were not believed.
    pub chain: Vec<Certificate>,
}

impl Inspection {
    /// Why it went no further.
    pub fn failure(&self) -> Option<&MailError> {
        let addresses = self.addresses.result.as_ref().err();
        let connected = self.connected.as_ref().and_then(Timed::failure);
        let tls = self.tls.as_ref().and_then(|tls| tls.handshake.failure());
        let offers = self.offers.as_ref().and_then(Timed::failure);
        addresses.or(connected).or(tls).or(offers)
    }

    fn begin(addresses: Timed<Vec<IpAddr>>) -> Self {
        Self {
            addresses,
            connected: None,
            tls: None,
            offers: None,
        }
    }
}

impl<T> Timed<T> {
    /// Why it failed.
    pub fn failure(&self) -> Option<&MailError> {
        self.result.as_ref().err()
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Timed<U> {
        Timed {
            took: self.took,
            result: self.result.map(change),
        }
    }
}

/// Looks at a server, up to what it offers. Nobody logs in.
pub async fn inspect(
    protocol: Protocol,
    server: &MailServer,
    trust: &Trust,
    limits: Limits,
) -> Inspection {
    match protocol {
        Protocol::Imap => {
            look::<imap::Securing>(server, trust, limits, |secured| secured.offers).await
        }
        Protocol::Pop3 => look::<pop3::Securing>(server, trust, limits, |offers| offers).await,
        Protocol::Smtp => look::<smtp::Securing>(server, trust, limits, |offers| offers).await,
    }
}

/// Looks at a server of any kind, up to TLS from the first byte, and says nothing to it.
pub async fn inspect_connection(server: &MailServer, trust: &Trust, limits: Limits) -> Inspection {
    let mut machine = imap::Securing::new(server);
    let (inspection, _wire) = approach(server, trust, limits, &mut machine).await;
    inspection
}

async fn look<S: Securing>(
    server: &MailServer,
    trust: &Trust,
    limits: Limits,
    offers: impl FnOnce(S::Done) -> Offers,
) -> Inspection {
    let mut machine = S::new(server);
    let (mut inspection, wire) = approach(server, trust, limits, &mut machine).await;
    if let Some(mut wire) = wire {
        let offered = timed(server, limits, wire.run(&mut machine)).await;
        inspection.offers = Some(offered.map(offers));
    }
    inspection
}

/// Up to TLS; the connection, where all went well.
async fn approach<S: Securing>(
    server: &MailServer,
    trust: &Trust,
    limits: Limits,
    machine: &mut S,
) -> (Inspection, Option<Wire<S::Reader>>) {
    let resolved = timed(server, limits, resolve(server, limits)).await;
    let Ok(addresses) = resolved.result.clone() else {
        return (Inspection::begin(resolved.map(|_| Vec::new())), None);
    };
    let ips = |addresses: Vec<SocketAddr>| addresses.iter().map(SocketAddr::ip).collect();
    let mut inspection = Inspection::begin(resolved.map(ips));

    // Its certificates are kept, and verified like anybody's.
    let (trust, recording) = match trust.recording() {
        Ok(recording) => recording,
        Err(error) => {
            let why = error.to_string();
            let server = server.to_string();
            inspection.connected = Some(Timed {
                took: Duration::ZERO,
                result: Err(MailError::Tls { server, why }),
            });
            return (inspection, None);
        }
    };
    let connecting = Wire::<S::Reader>::connect_to(&addresses, server, &trust, limits);
    let connected = timed(server, limits, connecting).await;
    let address = |wire: &Wire<S::Reader>| wire.address().or(addresses.first().copied());
    let (took, mut wire) = match connected.result {
        Ok(wire) => (connected.took, wire),
        Err(error) => {
            inspection.connected = Some(Timed {
                took: connected.took,
                result: Err(error),
            });
            return (inspection, None);
        }
    };
    inspection.connected = address(&wire).map(|address| Timed {
        took,
        result: Ok(address),
    });

    if server.security != Security::Plain {
        let handshake = timed(server, limits, secure(&mut wire, machine, server)).await;
        let failed = handshake.result.is_err();
        inspection.tls = Some(TlsInspection {
            handshake,
            chain: Recording::seen(&recording),
        });
        if failed {
            return (inspection, None);
        }
    }
    (inspection, Some(wire))
}

/// From the connection to the end of the handshake; says the version.
async fn secure<S: Securing>(
    wire: &mut Wire<S::Reader>,
    machine: &mut S,
    server: &MailServer,
) -> Result<String, MailError> {
    if server.security == Security::StartTls {
        wire.run_to_tls(machine).await?;
    }
    wire.upgrade().await?;
    Ok(wire.tls_version().unwrap_or("unknown").to_owned())
}

async fn timed<T>(
    server: &MailServer,
    limits: Limits,
    work: impl Future<Output = Result<T, MailError>>,
) -> Timed<T> {
    let began = Instant::now();
    let result = within(limits.opening, server, work).await;
    Timed {
        took: began.elapsed(),
        result,
    }
}

/// A session that a login opened.
#[derive(Debug)]
pub enum Session {
    /// IMAP: `STATUS INBOX` was answered.
    Imap(ImapSession),
    /// POP3: `STAT` was answered.
    Pop3(Pop3Session),
    /// SMTP: `NOOP` was answered.
    Smtp(SmtpSession),
}

impl Session {
    /// Ends it politely; errors no longer matter.
    pub async fn end(self) {
        match self {
            Self::Imap(session) => session.logout().await,
            Self::Pop3(session) => session.quit().await,
            Self::Smtp(session) => session.quit().await,
        }
    }
}

/// Logs in with this one mechanism and proves that the mailbox opens. A mechanism that the server
/// does not offer is [`MailError::Missing`], and is not tried.
pub async fn try_login(
    protocol: Protocol,
    server: &MailServer,
    trust: &Trust,
    limits: Limits,
    mechanism: Mechanism,
    user: &str,
    token: &SecretString,
) -> Timed<Session> {
    let credentials = Credentials {
        mechanism: Some(mechanism),
        ..Credentials::new(user, token)
    };
    let opening = async {
        Ok(match protocol {
            Protocol::Imap => {
                let open = ImapSession::open_with(server, trust, limits, credentials);
                Session::Imap(open.await?)
            }
            Protocol::Pop3 => {
                let open = Pop3Session::open_with(server, trust, limits, credentials);
                Session::Pop3(open.await?)
            }
            Protocol::Smtp => {
                let open = SmtpSession::open_with(server, trust, limits, credentials);
                Session::Smtp(open.await?)
            }
        })
    };
    timed(server, limits, opening).await
}
