//! What was logged and stored while a test ran, to be searched for secrets.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use mailgrant_base::{Random, SeededRandom};
use tracing::subscriber::DefaultGuard;

use super::gate::Exchange;
use super::peer::CLIENT_SECRET;

/// Every line that this test's thread logs, at the most talkative level, ours and that of all that
/// we stand on.
pub(crate) struct Log {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn begin() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(lock(&self.lines.0).clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Randomness that remembers the tokens that were made of it.
pub(crate) struct Remembering {
    random: SeededRandom,
    tokens: Mutex<Vec<String>>,
}

impl Remembering {
    pub(crate) fn new() -> Self {
        Self {
            random: SeededRandom::new(7),
            tokens: Mutex::default(),
        }
    }

    /// What was made so far is no secret (a process's name).
    pub(crate) fn forget(&self) {
        lock(&self.tokens).clear();
    }
}

impl Random for Remembering {
    fn fill(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    fn token(&self) -> String {
        let token = self.random.token();
        lock(&self.tokens).push(token.clone());
        token
    }
}

/// Panics if a secret stands in a logged line or, unsealed, in a file of the store.
pub(crate) fn assert_none(log: &Log, store: &Path, random: &Remembering, passed: &[Exchange]) {
    let text = log.text();
    let files: Vec<Vec<u8>> = std::fs::read_dir(store)
        .unwrap()
        .map(|entry| mailgrant_base::files::read(&entry.unwrap().path()).unwrap())
        .collect();
    for secret in secrets(random, passed) {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "`{secret}` is logged");
        let stored = files.iter().any(|file| find(file, secret.as_bytes()));
        assert!(!stored, "`{secret}` is stored where all can read it");
    }
}

/// State, nonce, verifier and whatever else we made; codes, tokens and credentials that went to the
/// token endpoint or came from there.
fn secrets(random: &Remembering, passed: &[Exchange]) -> Vec<String> {
    let mut secrets = lock(&random.tokens).clone();
    secrets.extend(["LEAK".to_owned(), CLIENT_SECRET.to_owned()]);
    for exchange in passed {
        let header = exchange
            .head
            .lines()
            .filter_map(|line| line.split_once("Basic "));
        secrets.extend(header.map(|(_, basic)| basic.to_owned()));
        for name in ["code", "code_verifier", "refresh_token", "client_secret"] {
            secrets.extend(exchange.sent(name).map(str::to_owned));
        }
        for name in ["access_token", "refresh_token", "id_token"] {
            secrets.extend(exchange.got(name).map(str::to_owned));
        }
    }
    secrets.sort();
    secrets.dedup();
    secrets
}

/// Whether `needle` stands in `hay`: by its first byte, so that a megabyte takes no time.
fn find(hay: &[u8], needle: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = hay[from..].iter().position(|byte| *byte == needle[0]) {
        if hay[from + at..].starts_with(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
