//! The listener and its connections.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// So many connections at a time; more have to wait.
const MOST_CONNECTIONS: usize = 512;

/// How long a client may take to send the head of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections the system holds for us until we accept them.
const BACKLOG: u32 = 1024;

/// A server on one port, which it keeps for itself even while it is stopped. Dropping it ends its
/// connections too.
pub(super) struct Server {
    address: SocketAddr,
    router: Router,
    state: Mutex<State>,
}

enum State {
    Serving(AbortOnDropHandle<()>),
    /// The port is held without listening, so that nobody else gets it: connections are refused.
    Stopped(Option<TcpSocket>),
}

impl Server {
    /// Serves on a listener.
    pub(super) fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            state: Mutex::new(State::serving(listener, &router)),
            router,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections and refuses new ones.
    pub(super) async fn stop(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        if let State::Serving(task) = &mut *state {
            task.abort();
            // It ends by being aborted, which is what it should.
            let _ = task.await;
            *state = State::Stopped(None);
            *state = State::Stopped(Some(hold(self.address)?));
        }
        Ok(())
    }

    /// Listens again on the same port.
    pub(super) async fn restart(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        if let State::Stopped(held) = &mut *state {
            let socket = match held.take() {
                Some(socket) => socket,
                None => hold(self.address)?,
            };
            *state = State::serving(socket.listen(BACKLOG)?, &self.router);
        }
        Ok(())
    }
}

impl State {
    fn serving(listener: TcpListener, router: &Router) -> Self {
        let task = tokio::spawn(serve(listener, router.clone()));
        Self::Serving(AbortOnDropHandle::new(task))
    }
}

/// Takes a port without listening there.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone()));
                }
                // Out of file descriptors, say: that passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let outcome = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection to the sandbox provider broke off");
    }
}
