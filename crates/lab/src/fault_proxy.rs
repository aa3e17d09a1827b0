//! A bad network between Mailgrant and a server: a TCP proxy that does harm as a seed has it.

mod direction;
mod imap;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use direction::Direction;

/// A harm. Each strikes a connection once, somewhere on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// The connection is reset.
    Reset,
    /// The connection is closed in order, wherever a message was.
    Truncate,
    /// Nothing moves for a while.
    Stall,
    /// Every byte comes by itself.
    Crumbs,
    /// Bytes that nobody sent come from the server: between two of its lines where the connection
    /// is in plain text, for there no peer could notice them within a message; anywhere else where
    /// it is not.
    Garbage,
    /// The server's answers about messages (`FETCH`) come in another order, as RFC 9051 lets it
    /// (section 5.5): IMAP in plain text alone.
    Reorder,
    /// Nobody listens for a while.
    Refuse,
}

/// What passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// TLS, or anything else that is not looked into.
    Opaque,
    /// A server's answers are lines: SMTP, LMTP.
    Lines,
    /// IMAP in plain text.
    Imap,
}

/// A running proxy; takes no more connections when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    passing: Passing,
    harms: Vec<Harm>,
    calm: AtomicBool,
    listens: watch::Sender<bool>,
    random: Mutex<Rng>,
    done: Mutex<BTreeMap<Harm, u32>>,
}

impl FaultProxy {
    /// Starts one on any port of 127.0.0.1; each connection gets one of `harms`.
    pub async fn start(to: SocketAddr, passing: Passing, harms: &[Harm], seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port can be had");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::new(Shared {
            to,
            passing,
            harms: harms.to_vec(),
            calm: AtomicBool::new(false),
            listens: watch::Sender::new(true),
            random: Mutex::new(Rng::with_seed(seed)),
            done: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, address, Arc::clone(&shared)));
        Self {
            shared,
            address,
            accepting: accepting.abort_handle(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it listens and passes everything on as it is.
    pub async fn calm_down(&self) {
        self.shared.calm.store(true, Ordering::SeqCst);
        let mut listens = self.shared.listens.subscribe();
        let listens = listens.wait_for(|listens| *listens).await;
        drop(listens.expect("the proxy has both ends"));
    }

    /// How often it has done what.
    pub fn done(&self) -> BTreeMap<Harm, u32> {
        locked(&self.shared.done).clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    /// What the next connection suffers, and when: a harm, the side whose bytes it befalls, and
    /// after how many of them.
    fn plan(&self) -> Option<Plan> {
        let mut random = locked(&self.random);
        let harm = self.harms[random.usize(..self.harms.len())];
        let of_answers = random.u32(..3) > 0 || matches!(harm, Harm::Garbage | Harm::Reorder);
        // As often among the first bytes as far behind.
        let most = 1 << random.u32(1..20);
        let after = random.usize(..most);
        let pause = Duration::from_millis(random.u64(20..400));
        let seed = random.u64(..);
        (!self.calm.load(Ordering::SeqCst)).then_some(Plan {
            harm,
            of_answers,
            after,
            pause,
            seed,
        })
    }

    fn count(&self, harm: Harm) {
        *locked(&self.done).entry(harm).or_default() += 1;
    }
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    harm: Harm,
    of_answers: bool,
    after: usize,
    pause: Duration,
    seed: u64,
}

async fn accept(mut listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let plan = shared.plan();
        match plan {
            Some(Plan {
                harm: Harm::Refuse,
                pause,
                ..
            }) => {
                shared.count(Harm::Refuse);
                shared.listens.send_replace(false);
                drop((client, listener));
                tokio::time::sleep(pause).await;
                listener = bind_again(address).await;
                shared.listens.send_replace(true);
            }
            _ => drop(tokio::spawn(pass(client, plan, Arc::clone(&shared)))),
        }
    }
}

async fn bind_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            // Somebody has it for an outgoing connection just now.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Both directions, until one of them ends or the connection is broken off.
async fn pass(client: TcpStream, plan: Option<Plan>, shared: Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect(shared.to).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        if plan.is_some_and(|plan| plan.harm == Harm::Reset) {
            // Its end is a reset, whatever ends it.
            stream.set_zero_linger()?;
        }
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let direction = |of_answers: bool| {
        let plan = plan.filter(|plan| plan.of_answers == of_answers);
        let random = Rng::with_seed(plan.map_or(0, |plan| plan.seed));
        Direction {
            plan,
            shared: &shared,
            random,
        }
    };
    let (mut answers, mut requests) = (direction(true), direction(false));
    tokio::select! {
        ended = answers.pass(from_server, to_client) => ended,
        ended = requests.pass(from_client, to_server) => ended,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
