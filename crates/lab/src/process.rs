//! Starting programs, waiting until they are up, and ending them.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a peer may take to come up or to do something, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A TCP port of loopback that was free a moment ago, below those that the system hands out by
/// itself: nobody who asks for any port gets it meanwhile.
pub fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Tests of other processes begin elsewhere.
    let begin = std::process::id().wrapping_mul(521);
    for _ in 0..COUNT {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + begin.wrapping_add(next) % COUNT;
        let port = u16::try_from(port).expect("it is below 32768");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("loopback has no free port");
}

/// Sends a signal (`TERM`, `KILL`) to a process, or with a `-` before its number to its group. The
/// shell's own `kill` is there on the barest machine.
pub fn send_signal(name: &str, process: &str) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$0\" -- \"$1\"", name, process])
        .status();
}

/// Whether this is root, which some peers refuse to run as.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .expect("`id` is installed");
    output.stdout.trim_ascii() == b"0"
}

/// Runs a program to its end and gives its output; a failure ends the test with what it said.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A program in the background with all its children; ended when dropped.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
}

impl Background {
    /// Starts a program in a process group of its own.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).process_group(0);
        let child = command
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        Self { child }
    }

    /// Starts a program and reads its standard output until `wanted` finds something in a line.
    /// Whatever comes later is read and dropped, so that the program never blocks on it.
    pub(crate) fn start_and_read<T>(
        command: &mut Command,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> (Self, T) {
        command.stdout(Stdio::piped());
        let mut this = Self::start(command);
        let output = this.child.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(output);
        let mut said = String::new();
        loop {
            let begin = said.len();
            let read = lines
                .read_line(&mut said)
                .expect("standard output can be read");
            assert!(read > 0, "{command:?} ended before it was up:\n{said}");
            if let Some(found) = wanted(&said[begin..]) {
                std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
                return (this, found);
            }
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the program and its children.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, &format!("-{}", self.child.id()));
    }

    /// Waits until the program listens on a loopback port.
    pub(crate) fn wait_for_port(&mut self, port: u16, log: impl Fn() -> String) {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let begun = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the peer ended before it was up: {status}\n{}", log());
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "the peer did not come up:\n{}",
                log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // The whole group: node and chromedriver have children of their own.
        self.signal("TERM");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.signal("KILL");
        let _ = self.child.wait();
    }
}
