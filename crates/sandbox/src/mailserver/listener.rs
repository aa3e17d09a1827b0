//! Accepting connections, and ending them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;
use tracing::debug;

use super::connection::Connection;
use super::handle::Shared;
use super::line_session::{Language, LineSession};
use super::session::Session;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long accepting rests when the machine has no more descriptors.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// How connections of a listener begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    ImplicitTls,
    Plain,
}

/// What is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Imap,
    Lines(Language),
}

/// Accepts connections until the server stops.
pub(super) async fn accept(
    listener: TcpListener,
    speaks: Speaks,
    security: Security,
    acceptor: TlsAcceptor,
    server: Arc<Shared>,
) {
    let stop = server.stop.clone();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, _)) => {
                let serving = serve(tcp, speaks, security, acceptor.clone(), Arc::clone(&server));
                tokio::spawn(serving);
            }
            Err(error) => {
                debug!(%error, "the sandbox's mail server cannot accept");
                sleep(EXHAUSTED).await;
            }
        }
    }
}

/// One connection from its first byte to its last.
async fn serve(
    tcp: TcpStream,
    speaks: Speaks,
    security: Security,
    acceptor: TlsAcceptor,
    server: Arc<Shared>,
) {
    let open = server.open_connection();
    let dialogue = async {
        tcp.set_nodelay(true)?;
        let stream = match security {
            Security::Plain => Either::Left(tcp),
            Security::ImplicitTls => {
                let handshake = timeout(HANDSHAKE, acceptor.accept(tcp));
                Either::Right(handshake.await.map_err(io::Error::other)??)
            }
        };
        let connection = Connection::new(open.number, stream, Arc::clone(&server.transcript));
        let server = Arc::clone(&server);
        match speaks {
            Speaks::Imap => Session::new(connection, server).run(&acceptor).await,
            Speaks::Lines(language) => {
                let session = LineSession::new(connection, server, language);
                session.run(&acceptor).await
            }
        }
    };
    let ended = tokio::select! {
        () = open.ended.cancelled() => Ok(()),
        ended = dialogue => ended,
    };
    if let Err(error) = ended {
        debug!(%error, connection = open.number, "a connection with the sandbox's mail server broke");
    }
}
