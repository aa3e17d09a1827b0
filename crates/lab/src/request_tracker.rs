//! Request Tracker, the ticket system, as Debian packages it: with a database and settings of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Background, free_port, run};

/// Its web server, which is not in the `PATH`.
const SERVER: &str = "/usr/share/request-tracker5/libexec/rt-server";
/// Its administrator's password in a fresh database.
const PASSWORD: &str = "password";
/// A queue that anybody may write to, and one that nobody may. The first is there from the start.
const QUEUES: &str = "
@Queues = ({ Name => 'Locked' });
@ACL = map +{ GroupDomain => 'SystemInternal', GroupType => 'Everyone', Queue => 'General', Right => $_ },
    qw(CreateTicket ReplyToTicket CommentOnTicket);
";

/// A running Request Tracker. The queue `General` takes mail from anybody, `Locked` from nobody;
/// letters that it writes go nowhere.
#[derive(Debug)]
pub struct RequestTracker {
    process: Option<Background>,
    dir: TempDir,
    port: u16,
}

impl RequestTracker {
    /// Starts one with an empty database.
    pub fn start() -> Self {
        let mut tracker = Self {
            process: None,
            dir: TempDir::with_prefix("mailgrant-rt-").expect("a folder can be made"),
            port: free_port(),
        };
        tracker.configure();
        tracker.set_up(&["--action", "init", "--skip-create", "--force"]);
        let queues = tracker.dir.path().join("queues");
        fs::write(&queues, QUEUES).expect("the folder is writable");
        let queues = queues.display().to_string();
        tracker.set_up(&["--action", "insert", "--skip-create", "--datafile", &queues]);
        tracker.resume();
        tracker
    }

    /// The command line that hands it a message on standard input, for new tickets in that queue.
    pub fn mailgate(&self, queue: &str) -> String {
        format!(
            "/usr/bin/rt-mailgate-5 --queue {queue} --action correspond --url {}/",
            self.url()
        )
    }

    /// The subjects of all tickets, oldest first, as its own command line tells them.
    pub fn tickets(&self) -> Vec<String> {
        let said = self.ask(&["ls", "-t", "ticket", "-s", "-o", "+id", "id > 0"]);
        let subject = |line: &str| Some(line.split_once(": ")?.1.to_owned());
        said.lines().filter_map(subject).collect()
    }

    /// How many messages a ticket holds, its first one among them.
    pub fn messages(&self, ticket: usize) -> usize {
        let said = self.ask(&["show", "-t", "ticket", &format!("{ticket}/history")]);
        let is_message = |line: &&str| {
            line.contains("Ticket created by") || line.contains("Correspondence added by")
        };
        said.lines().filter(is_message).count()
    }

    /// Stops the server as for maintenance; its tickets stay.
    pub fn pause(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port.
    pub fn resume(&mut self) {
        let log = self.dir.path().join("log");
        let mut command = self.program(SERVER);
        command
            .args(["--server", "Standalone", "--host", "127.0.0.1"])
            .args(["--port", &self.port.to_string()])
            .stdout(fs::File::create(&log).expect("the folder is writable"))
            .stderr(
                fs::File::options()
                    .append(true)
                    .open(&log)
                    .expect("it is there"),
            );
        let mut process = Background::start(&mut command);
        process.wait_for_port(self.port, || fs::read_to_string(&log).unwrap_or_default());
        self.process = Some(process);
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn ask(&self, question: &[&str]) -> String {
        run(self
            .program("rt-5")
            .args(question)
            .env("RTSERVER", self.url())
            .env("RTUSER", "root")
            .env("RTPASSWD", PASSWORD))
    }

    fn set_up(&self, arguments: &[&str]) {
        run(self.program("rt-setup-database-5").args(arguments));
    }

    /// A program of its own, with these settings instead of the system's.
    fn program(&self, name: &str) -> Command {
        let dir = self.dir.path();
        let mut command = Command::new(name);
        command
            .env("RT_SITE_CONFIG", dir.join("site.pm"))
            .env("RT_SITE_CONFIG_DIR", dir.join("no-further-settings"))
            .env("HOME", dir)
            .env("LANG", "C.UTF-8")
            .current_dir(dir);
        command
    }

    fn configure(&self) {
        let dir = self.dir.path();
        for folder in ["mason", "sessions", "var"] {
            fs::create_dir(dir.join(folder)).expect("the folder is writable");
        }
        fs::write(dir.join("site.pm"), settings(dir, self.port)).expect("the folder is writable");
    }
}

fn settings(dir: &Path, port: u16) -> String {
    let dir = dir.display();
    format!(
        "Set($rtname, 'lab');
Set($Organization, 'lab.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{dir}/tickets.db');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($MailCommand, 'sendmailpipe');
Set($SendmailPath, '/bin/true');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
$RT::MasonDataDir = '{dir}/mason';
$RT::MasonSessionDir = '{dir}/sessions';
$RT::VarPath = '{dir}/var';
1;
"
    )
}
