//! What a process took.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often the memory of a process is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) time: Duration,
    /// Of the process and of those that it started, not of the server.
    pub(crate) processor: Duration,
    /// The most memory that the process itself held, in kB; zero where nobody looked.
    pub(crate) memory: u64,
}

/// Runs a command to its end; it has to succeed.
pub(crate) fn run(command: &mut Command) -> Taken {
    let (begun, processor) = (Instant::now(), of_children());
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        memory = peak(child.id()).max(memory);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    assert!(status.success(), "{command:?}: {status}");
    Taken {
        time: begun.elapsed(),
        processor: of_children().saturating_sub(processor),
        memory,
    }
}

/// Work of this process itself.
pub(crate) async fn here(work: impl Future<Output = ()>) -> Taken {
    let (begun, processor) = (Instant::now(), of_this());
    work.await;
    Taken {
        time: begun.elapsed(),
        processor: of_this().saturating_sub(processor),
        memory: 0,
    }
}

fn of_this() -> Duration {
    ticks(13)
}

fn of_children() -> Duration {
    ticks(15)
}

/// Two neighbouring fields of `proc_pid_stat(5)`, counted from 0: a user's and the system's hundredths
/// of a second.
fn ticks(first: usize) -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name stands in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields = fields.split_ascii_whitespace().skip(first - 2).take(2);
    let hundredths: u64 = fields.map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(hundredths * 10)
}

fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
