//! From the greeting to the proof that the mailbox opens, the same way in every protocol: the
//! connection is secured, and only then does somebody log in.

use secrecy::SecretString;

use crate::machine::{Machine, Step};
use crate::sasl::Credentials;
use crate::verdict::Peer;
use crate::{MailError, MailServer, Security};

/// From the greeting to what the server offers over a connection that is secure. What it brings is
/// the only way to log in.
pub(crate) trait Securing: Machine {
    fn new(server: &MailServer) -> Self;
}

/// From a secure connection to the proof that the mailbox opens.
pub(crate) trait LoggingIn: Machine {
    /// What securing brings.
    type Secured;

    fn new(server: &MailServer, credentials: Credentials, secured: Self::Secured) -> Self;
}

/// The whole way.
pub(crate) struct Opening<S, L> {
    server: MailServer,
    credentials: Credentials,
    at: At<S, L>,
}

enum At<S, L> {
    Securing(S),
    LoggingIn(L),
}

impl<S: Securing, L> Opening<S, L> {
    pub(crate) fn new(server: &MailServer, user: &str, token: &SecretString) -> Self {
        Self::with(server, Credentials::new(user, token))
    }

    pub(crate) fn with(server: &MailServer, credentials: Credentials) -> Self {
        Self {
            server: server.clone(),
            credentials,
            at: At::Securing(S::new(server)),
        }
    }
}

impl<S, L> Machine for Opening<S, L>
where
    S: Securing,
    L: LoggingIn<Secured = S::Done, Reader = S::Reader>,
{
    type Reader = S::Reader;
    type Done = L::Done;

    fn step(&mut self, reader: &mut S::Reader) -> Result<Step<L::Done>, MailError> {
        loop {
            match &mut self.at {
                At::LoggingIn(machine) => return machine.step(reader),
                At::Securing(machine) => match machine.step(reader)? {
                    Step::Done(secured) => {
                        let machine = L::new(&self.server, self.credentials.clone(), secured);
                        self.at = At::LoggingIn(machine);
                    }
                    Step::NeedInput => return Ok(Step::NeedInput),
                    Step::Output(bytes) => return Ok(Step::Output(bytes)),
                    Step::UpgradeTls => return Ok(Step::UpgradeTls),
                },
            }
        }
    }
}

/// Whether a connection is secure when the server has greeted.
pub(crate) fn secure_from_the_start(server: &MailServer, peer: &Peer) -> Result<bool, MailError> {
    match server.security {
        Security::Tls => Ok(true),
        Security::StartTls => Ok(false),
        Security::Plain if server.is_loopback() => Ok(true),
        // `MailServer::new` does not let this happen; its fields can be set by hand.
        Security::Plain => {
            Err(peer.missing("TLS, without which a token may go to a loopback address only"))
        }
    }
}

/// Somebody on the way could put words into the server's mouth before TLS (CVE-2011-0411 and its
/// kin).
pub(crate) const INJECTED: &str =
    "it sent something between STARTTLS and TLS: somebody on the way may have";

/// A server that answers what nobody asked.
pub(crate) const ANOTHER_ANSWER: &str = "it answers something else than was asked";

/// A server whose challenges have no end.
pub(crate) const CHALLENGES_AGAIN: &str = "it challenges again and again";
