//! One run of a program: the message on standard input, what it prints kept for people, its whole
//! process group ended when the time is over.

use std::fs::File;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

/// How much of what a program prints is kept.
const KEPT: usize = 16 * 1024;
/// How long a program may take to end after it was asked to, before it is killed.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long what the program left running may keep its output open.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The exit status; `None` when the time was over.
    pub(super) status: Option<ExitStatus>,
    /// What it printed (errors first), as text, at most 16 KB of each stream.
    pub(super) printed: String,
}

/// Runs a program to its end; `input` is its standard input. An error means that it did not start.
pub(super) async fn run(
    mut command: Command,
    input: File,
    time_limit: Duration,
) -> io::Result<Ended> {
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));

    let errors = tokio::spawn(keep(child.stderr.take()));
    let output = tokio::spawn(keep(child.stdout.take()));

    let status = wait(&mut child, group, time_limit).await;
    let printed = async { [errors.await, output.await] };
    let printed = match tokio::time::timeout(OUTPUT_GRACE, printed).await {
        Ok(streams) => streams
            .into_iter()
            .filter_map(Result::ok)
            .collect::<Vec<_>>(),
        Err(_) => Vec::new(),
    };
    Ok(Ended {
        status,
        printed: words(&printed.concat()),
    })
}

/// Waits for the end; `None` when the time was over and the group had to be ended.
async fn wait(child: &mut Child, group: Group, time_limit: Duration) -> Option<ExitStatus> {
    if let Ok(status) = tokio::time::timeout(time_limit, child.wait()).await {
        group.let_live();
        return status.ok();
    }
    group.signal(Signal::TERM);
    let _ = tokio::time::timeout(LAST_WORDS, child.wait()).await;
    // Dropping the group kills what is left of it.
    drop(group);
    let _ = child.wait().await;
    None
}

/// The processes that a program has started; killed when dropped.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Fails only where nobody is left.
            let _ = kill_process_group(group, signal);
        }
    }

    /// The program has ended by itself; what it leaves running is its own business.
    fn let_live(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Reads to the end, so that the program never waits for us, and keeps the beginning.
async fn keep(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else {
        return kept;
    };
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part).await {
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&part[..read.min(room)]);
    }
    kept
}

/// What was printed, fit to be shown: text, without control characters.
fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join(" / ");
    joined
        .chars()
        .filter(|character| !character.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script);
        command
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn the_message_arrives_unchanged_and_what_is_printed_is_kept() {
        let message: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
        let counted = run(shell("wc -c; echo oops >&2"), file(&message), LONG)
            .await
            .unwrap();
        assert!(counted.status.unwrap().success());
        assert_eq!(counted.printed, "oops / 300000");
    }

    #[tokio::test]
    async fn a_program_that_does_not_read_is_judged_by_its_exit_status() {
        let ended = run(shell("exit 3"), file(&vec![b'x'; 1 << 20]), LONG)
            .await
            .unwrap();
        assert_eq!(ended.status.unwrap().code(), Some(3));
    }

    #[tokio::test]
    async fn a_program_that_prints_without_end_is_read_but_not_kept() {
        let script = "head -c 10000000 /dev/zero | tr '\\0' x";
        let ended = run(shell(script), file(b""), LONG).await.unwrap();
        assert!(ended.status.unwrap().success());
        assert_eq!(ended.printed.len(), KEPT);
    }

    #[tokio::test]
    async fn when_the_time_is_over_the_whole_group_ends() {
        // Child and grandchild hold the pipe's other end as their standard input; reading ends only
        // when both are gone.
        let (reader, writer) = std::io::pipe().unwrap();
        let input = File::from(std::os::fd::OwnedFd::from(writer));
        let stubborn = shell("exec 3<&0; trap '' TERM; sleep 1000 & sleep 1000");
        let ended = run(stubborn, input, Duration::from_millis(50))
            .await
            .unwrap();
        assert!(ended.status.is_none());
        let read = tokio::task::spawn_blocking(move || {
            let mut reader = reader;
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut reader, &mut bytes)
        });
        assert_eq!(read.await.unwrap().unwrap(), 0);
    }
}
