//! PostgreSQL, started from Debian's package in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;

use tempfile::TempDir;

use crate::process::{Background, free_port, is_root, run};

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    _process: Background,
    _dir: TempDir,
    port: u16,
    made: AtomicU32,
}

impl Postgres {
    /// Starts a server of the caller's own, which ends with the caller's thread at the latest.
    pub fn start() -> Self {
        let dir = TempDir::with_prefix("mailgrant-postgres-").expect("a folder can be made");
        let data = dir.path().join("data");
        let log = dir.path().join("log");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        run(as_user("initdb")
            .args([
                "--auth=trust",
                "--username=mailgrant",
                "--encoding=UTF8",
                "--no-sync",
            ])
            .arg("-D")
            .arg(&data));
        let port = free_port();
        let mut command = as_user("postgres");
        command
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(dir.path())
            .args(["-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).expect("the folder is writable"));
        let mut process = Background::start(&mut command);
        process.wait_for_port(port, || fs::read_to_string(&log).unwrap_or_default());
        Self {
            _process: process,
            _dir: dir,
            port,
            made: AtomicU32::new(0),
        }
    }

    /// The server that all tests of this process share; the system ends it with the process.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (send, receive) = mpsc::channel();
            // The system ends a child with the *thread* that started it: this one stays.
            thread::spawn(move || {
                let _ = send.send(Self::start());
                loop {
                    thread::park();
                }
            });
            receive.recv().expect("PostgreSQL starts")
        })
    }

    /// Makes an empty database and gives its URL.
    pub fn database(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        run(Command::new("psql")
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "mailgrant",
            ])
            .args([
                "-d",
                "postgres",
                "-q",
                "-c",
                &format!("CREATE DATABASE {name}"),
            ]));
        format!("postgres://mailgrant@127.0.0.1:{}/{name}", self.port)
    }
}

/// The newest installed program of that name, run by a user that it accepts, and ended by the
/// system when its parent thread ends.
fn as_user(program: &str) -> Command {
    let path = installed(program);
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg("--pdeathsig=INT").arg(path);
    command.current_dir("/");
    command
}

fn installed(program: &str) -> PathBuf {
    let root = Path::new("/usr/lib/postgresql");
    let mut versions: Vec<PathBuf> = fs::read_dir(root)
        .unwrap_or_else(|_| panic!("PostgreSQL is not installed: run ./test, which installs it"))
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(program)))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    versions
        .pop()
        .unwrap_or_else(|| panic!("no {program} in {}", root.display()))
}
