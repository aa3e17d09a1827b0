//! A program that reads the message on standard input and answers with its exit status.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use async_trait::async_trait;
use mailgrant_vault::{Account, CommandSink};

use super::program;
use super::spool::Spool;
use super::staged;
use super::{BatchLimit, Body, Recovered, Sink, SinkDown, Staged, Verdict, sysexits};

/// What a program inherits of Mailgrant's own environment, where it is there.
const INHERITED: &[&str] = &[
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "TMPDIR", "TZ", "USER",
];
/// Where programs are looked for if Mailgrant itself was not told.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How much of a program's words the ledger remembers.
const WORDS: usize = 1000;

/// A program.
#[derive(Debug)]
pub(super) struct Command {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(&'static str, OsString)>,
    time_limit: Duration,
    at_once: usize,
    spool: Spool,
}

impl Command {
    pub(super) fn new(
        account: &Account,
        folder: &str,
        settings: &CommandSink,
        spool: Spool,
    ) -> Self {
        let draft = &account.draft;
        let (program, arguments) = settings
            .argv
            .split_first()
            .map_or((String::new(), &[][..]), |(program, rest)| {
                (program.clone(), rest)
            });
        let fill = |argument: &String| fill(argument, &draft.name, &draft.address, folder);
        let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
        let mut environment: Vec<(&'static str, OsString)> = INHERITED
            .iter()
            .filter_map(|name| Some((*name, std::env::var_os(name)?)))
            .collect();
        environment.extend([
            ("PATH", path),
            ("MAILGRANT_ACCOUNT", OsString::from(&draft.name)),
            ("MAILGRANT_ADDRESS", OsString::from(&draft.address)),
            ("MAILGRANT_FOLDER", OsString::from(folder)),
        ]);
        Self {
            program,
            arguments: arguments.iter().map(fill).collect(),
            environment,
            time_limit: settings.time_limit,
            at_once: settings.at_once.max(1),
            spool,
        }
    }

    fn down(&self, why: impl Into<String>) -> SinkDown {
        SinkDown {
            sink: self.name(),
            why: why.into(),
        }
    }

    async fn deliver(&self, message: Staged) -> Result<Verdict, SinkDown> {
        self.spool
            .power()
            .map_err(|error| self.down(error.to_string()))?;
        let input = self.whole(message.body, &message.key).await?;
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("MAILGRANT_KEY", &message.key)
            .current_dir("/");
        let ended = program::run(command, input, self.time_limit)
            .await
            .map_err(|error| self.down(format!("cannot start {}: {error}", self.program)))?;
        let printed: String = ended.printed.chars().take(WORDS).collect();
        self.verdict(ended.status, &printed)
    }

    /// The message as a file without a name, complete before the program starts: were it written
    /// into a pipe, and we killed meanwhile, the program would take its beginning for the whole.
    async fn whole(&self, body: Body, key: &str) -> Result<File, SinkDown> {
        let (path, bytes) = match body {
            Body::Memory(bytes) => (self.spool.staging_path(key), Some(bytes)),
            Body::File(path) => (path, None),
        };
        let why = format!("cannot spool the message in {}", path.display());
        let opened = staged::blocking(move || {
            let written = match bytes {
                Some(bytes) => staged::create_afresh(&path)?.write_all(&bytes),
                None => Ok(()),
            };
            let opened = written.and_then(|()| File::open(&path));
            staged::remove_quietly(&path);
            opened
        });
        opened
            .await
            .map_err(|error| self.down(format!("{why}: {error}")))
    }

    fn verdict(&self, status: Option<ExitStatus>, printed: &str) -> Result<Verdict, SinkDown> {
        let Some(status) = status else {
            let seconds = self.time_limit.as_secs();
            let why = format!("not finished within its time limit of {seconds} s and ended");
            return Ok(Verdict::later(with_words(why, printed)));
        };
        match (status.code(), status.signal()) {
            (Some(code), _) => sysexits::verdict(code, printed).map_err(|why| self.down(why)),
            (None, signal) => {
                let why = format!("ended by signal {}", signal.unwrap_or_default());
                Ok(Verdict::later(with_words(why, printed)))
            }
        }
    }

    /// Where the program is, if it can be executed.
    fn find(&self) -> Option<PathBuf> {
        let executable = |path: &PathBuf| {
            path.metadata()
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        if self.program.contains('/') {
            // Programs run in the root folder.
            return Some(Path::new("/").join(&self.program)).filter(executable);
        }
        let (_, path) = self.environment.iter().find(|(name, _)| *name == "PATH")?;
        std::env::split_paths(path)
            .map(|folder| folder.join(&self.program))
            .find(executable)
    }
}

#[async_trait]
impl Sink for Command {
    fn name(&self) -> String {
        format!("the program {}", self.program)
    }

    /// No more than may run at the same time: what a program did with a message must be on record
    /// before another takes its place.
    fn batch(&self) -> BatchLimit {
        BatchLimit::messages(self.at_once)
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.spool.staging_path(key)
    }

    async fn check(&self) -> Result<String, SinkDown> {
        match self.find() {
            Some(path) => Ok(format!("{} can be executed", path.display())),
            None => Err(self.down("it is not there or not executable")),
        }
    }

    /// Nobody knows what a program had done when it was interrupted: it gets the message again,
    /// under the same key.
    async fn recover(
        &self,
        keys: Vec<String>,
        _sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown> {
        let swept = self.spool.sweep().await;
        swept.map_err(|error| self.down(error.to_string()))?;
        Ok(vec![Recovered::Again; keys.len()])
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let deliveries = batch.into_iter().map(|message| self.deliver(message));
        // All of them end before anything is said of one: none is left running behind the ledger.
        let verdicts = futures_util::future::join_all(deliveries).await;
        verdicts.into_iter().collect()
    }
}

/// Replaces the placeholders, each once and never inside what was put in for another.
fn fill(argument: &str, account: &str, address: &str, folder: &str) -> String {
    let mut filled = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let known = [
            ("{account}", account),
            ("{address}", address),
            ("{folder}", folder),
        ];
        let mut known = known.iter();
        if let Some((placeholder, value)) = known.find(|(name, _)| from.starts_with(name)) {
            filled.push_str(value);
            rest = &from[placeholder.len()..];
        } else {
            filled.push('{');
            rest = &from[1..];
        }
    }
    filled + rest
}

fn with_words(why: String, printed: &str) -> String {
    match printed {
        "" => why,
        _ => format!("{why}: {printed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn placeholders_are_replaced_once_and_other_braces_stay() {
        let filled = |argument| fill(argument, "{folder}", "a@b.example", "INBOX");
        assert_eq!(filled("--to={address}/{folder}"), "--to=a@b.example/INBOX");
        assert_eq!(filled("{account}"), "{folder}");
        assert_eq!(filled("{{address}} {other} {"), "{a@b.example} {other} {");
    }
}
