//! PostgreSQL, started from Debian's package in a folder of its own.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;

use tempfile::TempDir;

use crate::process::{Background, free_port, is_root, run};

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Background>,
    dir: TempDir,
    port: u16,
    made: AtomicU32,
}

impl Postgres {
    /// Starts a server of the caller's own, which ends with the caller's thread at the latest.
    pub fn start() -> Self {
        let dir = TempDir::with_prefix("mailgrant-postgres-").expect("a folder can be made");
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
            .arg(dir.path().join("data")));
        let port = free_port();
        Self {
            server: Some(serve(dir.path(), port)),
            dir,
            port,
            made: AtomicU32::new(0),
        }
    }

    /// The server that all tests of this process share; the system ends it with the process, and
    /// its folder goes with it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (send, receive) = mpsc::channel();
            // The system ends a child with the *thread* that started it: this one stays.
            thread::spawn(move || {
                let server = Self::start();
                let mut sweeper = server.sweep_after_us();
                let _open_until_we_end = sweeper.stdin.take();
                let _ = send.send(server);
                let _ = sweeper.wait();
            });
            receive.recv().expect("PostgreSQL starts")
        })
    }

    /// Stops the server and cuts its connections.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            // "Fast": it does not wait for its clients to go.
            server.signal("INT");
        }
    }

    /// Starts a stopped server again, on the same port and with the same databases.
    pub fn resume(&mut self) {
        self.server = Some(serve(self.dir.path(), self.port));
    }

    /// A process that removes the folder when this one has ended, however it ends, and the server
    /// with it: nothing that is static is ever dropped.
    fn sweep_after_us(&self) -> Child {
        let server = self.server.as_ref().expect("it runs").id();
        Command::new("sh")
            .args([
                "-c",
                "cat; tail --pid=\"$1\" -f /dev/null; rm -rf \"$2\"",
                "sweep",
                &server.to_string(),
            ])
            .arg(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("`sh` is installed")
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

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(dir: &Path, port: u16) -> Background {
    let log = dir.join("log");
    let mut command = as_user("postgres");
    command
        .arg("-D")
        .arg(dir.join("data"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
        .arg(dir)
        .args(["-c", "fsync=off"])
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).expect("the folder is writable"));
    let mut server = Background::start(&mut command);
    server.wait_for_port(port, || fs::read_to_string(&log).unwrap_or_default());
    server
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
