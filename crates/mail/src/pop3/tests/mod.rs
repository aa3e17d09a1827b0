//! The client as a server sees it, byte by byte.

mod chunks;
mod commands;
mod listing;
mod login;
mod opening;
mod retrieving;

use secrecy::SecretString;

use super::Opening;
use crate::talk::Talk;
use crate::{MailServer, Security};

/// The initial response for user `u` with [`token`] by XOAUTH2.
const XOAUTH2: &str = "dXNlcj11AWF1dGg9QmVhcmVyIHQwa2VuAQE=";

fn server(security: Security) -> MailServer {
    let (host, port) = match security {
        Security::Tls => ("pop.example.com", 995),
        Security::StartTls => ("pop.example.com", 110),
        Security::Plain => ("127.0.0.1", 110),
    };
    MailServer::new(host, port, security).unwrap()
}

/// Everything that is sent holds this token only where a test expects it.
fn token() -> SecretString {
    SecretString::from("t0ken")
}

/// Runs a dialogue with a server that is secured so.
fn opening(security: Security, dialogue: impl FnOnce(&mut Talk<Opening>)) {
    let (server, token) = (server(security), token());
    dialogue(&mut Talk::with(Opening::new(&server, "u", &token)));
}
