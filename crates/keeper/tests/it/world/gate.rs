//! A gate before the provider's token endpoint: remembers what passes, and holds an answer back,
//! changes it or gives one of its own when a test says so. So two things happen at once in an order
//! that the test decides, and never by sleeping.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;
use url::{Url, form_urlencoded};

/// The most of an answer that passes: more than the keeper reads.
const LONGEST: u64 = 2 * 1024 * 1024;

/// Stands before a token endpoint.
pub(crate) struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Shared {
    acts: Mutex<VecDeque<Act>>,
    passed: Mutex<Vec<Exchange>>,
    /// Requests that wait for the provider's answer, and the most that ever did at once.
    waiting: Mutex<(usize, usize)>,
}

type Edit = Box<dyn FnOnce(&mut Map<String, Value>) + Send>;

/// What happens to one request; without an act it passes.
enum Act {
    Hold(oneshot::Sender<()>, oneshot::Receiver<()>),
    Edit(Edit),
    Answer(&'static str),
}

/// A request to the token endpoint, with its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchange {
    pub(crate) head: String,
    pub(crate) form: Vec<(String, String)>,
    /// The fields of the provider's own answer, where it was JSON.
    pub(crate) answer: Map<String, Value>,
}

impl Exchange {
    /// A field of the form.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        let field = self.form.iter().find(|(field, _)| field == name)?;
        Some(&field.1)
    }

    /// A text of the answer.
    pub(crate) fn got(&self, name: &str) -> Option<&str> {
        self.answer.get(name)?.as_str()
    }
}

/// An answer that waits at the gate. Dropping it lets the answer pass.
pub(crate) struct Held {
    arrived: Option<oneshot::Receiver<()>>,
    go: Option<oneshot::Sender<()>>,
}

impl Held {
    /// Waits until the provider has answered.
    pub(crate) async fn arrived(&mut self) {
        self.arrived.take().unwrap().await.unwrap();
    }

    /// Lets the answer pass.
    pub(crate) fn release(mut self) {
        self.go.take().unwrap().send(()).unwrap();
    }
}

impl Gate {
    /// Opens one before the provider at this address.
    pub(crate) async fn before(issuer: &str) -> Self {
        let provider = Url::parse(issuer).unwrap();
        let provider = provider.socket_addrs(|| None).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let serving = tokio::spawn(serve(listener, provider, Arc::clone(&shared)));
        Self {
            address,
            shared,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// The token endpoint, as the keeper is told.
    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/token", self.address)).unwrap()
    }

    /// Holds the next answer back.
    pub(crate) fn hold_next(&self) -> Held {
        let (here, arrived) = oneshot::channel();
        let (go, gone) = oneshot::channel();
        self.act(Act::Hold(here, gone));
        Held {
            arrived: Some(arrived),
            go: Some(go),
        }
    }

    /// Changes the next answer.
    pub(crate) fn edit_next(&self, edit: impl FnOnce(&mut Map<String, Value>) + Send + 'static) {
        self.act(Act::Edit(Box::new(edit)));
    }

    /// Answers the next request itself; the provider never sees it.
    pub(crate) fn answer_next(&self, response: &'static str) {
        self.act(Act::Answer(response));
    }

    /// All that has passed, oldest first.
    pub(crate) fn passed(&self) -> Vec<Exchange> {
        lock(&self.shared.passed).clone()
    }

    /// How many renewals have passed.
    pub(crate) fn renewals(&self) -> usize {
        let renews = |exchange: &&Exchange| exchange.sent("grant_type") == Some("refresh_token");
        lock(&self.shared.passed).iter().filter(renews).count()
    }

    /// How many requests waited for the provider's answer at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        lock(&self.shared.waiting).1
    }

    /// The last value of this name that the provider gave.
    pub(crate) fn last_given(&self, name: &str) -> String {
        let passed = self.passed();
        let given = passed.iter().rev().find_map(|exchange| exchange.got(name));
        given.unwrap().to_owned()
    }

    fn act(&self, act: Act) {
        lock(&self.shared.acts).push_back(act);
    }
}

async fn serve(listener: TcpListener, provider: SocketAddr, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(pass(stream, provider, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// One request, one answer, and the connection ends. Where the provider cannot be reached or breaks
/// off, so does this.
async fn pass(mut client: TcpStream, provider: SocketAddr, shared: Arc<Shared>) {
    let Some((head, body)) = read_request(&mut client).await else {
        return;
    };
    let form = form_urlencoded::parse(&body).into_owned().collect();
    let exchange = Exchange {
        head: head.clone(),
        form,
        answer: Map::new(),
    };
    let number = {
        let mut passed = lock(&shared.passed);
        passed.push(exchange);
        passed.len() - 1
    };
    let act = lock(&shared.acts).pop_front();
    let mut answer = if let Some(Act::Answer(response)) = &act {
        response.as_bytes().to_vec()
    } else {
        {
            let (now, most) = &mut *lock(&shared.waiting);
            *now += 1;
            *most = (*most).max(*now);
        }
        let answer = ask(provider, &head, &body).await;
        lock(&shared.waiting).0 -= 1;
        answer
    };
    lock(&shared.passed)[number].answer = fields(&answer).unwrap_or_default();
    match act {
        Some(Act::Hold(here, gone)) => {
            // The test may have ended, or let go before.
            let _ = here.send(());
            let _ = gone.await;
        }
        Some(Act::Edit(edit)) => {
            let mut fields = fields(&answer).unwrap();
            edit(&mut fields);
            let body = Value::Object(fields).to_string();
            answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            )
            .into_bytes();
        }
        Some(Act::Answer(_)) | None => {}
    }
    // A client that has lost its patience is gone.
    let _ = client.write_all(&answer).await;
    let _ = client.shutdown().await;
}

async fn read_request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.trim().parse().unwrap());
        let body = &bytes[end + 4..];
        if body.len() >= length {
            return Some((head, body.to_vec()));
        }
    }
}

async fn ask(provider: SocketAddr, head: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut stream) = TcpStream::connect(provider).await else {
        return answer;
    };
    let head = format!("{head}\r\nConnection: close\r\n\r\n");
    if stream.write_all(head.as_bytes()).await.is_ok() && stream.write_all(body).await.is_ok() {
        // What came before a connection broke is passed on.
        let _ = stream.take(LONGEST).read_to_end(&mut answer).await;
    }
    answer
}

fn fields(answer: &[u8]) -> Option<Map<String, Value>> {
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    serde_json::from_slice(&answer[body..]).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
