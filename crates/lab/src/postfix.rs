//! Postfix, a real SMTP server that takes mail for `example.com` from this machine without a login.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use crate::Certificate;
use crate::process::{PATIENCE, free_port, run};

/// A running Postfix with a queue and mailboxes of its own. Only root can start one.
#[derive(Debug)]
pub struct Postfix {
    dir: TempDir,
    smtp: u16,
    smtps: u16,
    certificate: Certificate,
}

impl Postfix {
    /// The largest message that it takes, in bytes.
    pub const LARGEST: u64 = 200 << 20;

    /// Starts one that has mailboxes for these names before `@example.com`, and no other.
    pub fn start(mailboxes: &[&str]) -> Self {
        let dir = TempDir::with_prefix("mailgrant-postfix-").expect("a folder can be made");
        let postfix = Self {
            dir,
            smtp: free_port(),
            smtps: free_port(),
            certificate: Certificate::for_loopback(),
        };
        postfix.write_config(mailboxes);
        // Comes back when it is up, which leaves its daemon behind in the background.
        run(&mut postfix.control("start"));
        postfix
    }

    /// The port of SMTP with STARTTLS.
    pub fn smtp_port(&self) -> u16 {
        self.smtp
    }

    /// The port of SMTP over TLS.
    pub fn smtps_port(&self) -> u16 {
        self.smtps
    }

    /// Its certificate in PEM, for whoever is to trust it.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate.certificate
    }

    /// Waits until a mailbox holds so many messages; gives them as they are stored.
    pub fn wait_for(&self, mailbox: &str, count: usize) -> Vec<Vec<u8>> {
        let new = self.path("mail").join(mailbox).join("new");
        let begun = Instant::now();
        loop {
            let entries = fs::read_dir(&new).into_iter().flatten().flatten();
            let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            if paths.len() >= count {
                let read = |path| fs::read(path).expect("the message can be read");
                return paths.iter().map(read).collect();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {count} messages came:\n{}",
                paths.len(),
                self.log()
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("postfix.log")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn control(&self, verb: &str) -> Command {
        let mut command = Command::new("postfix");
        command.arg("-c").arg(self.path("etc")).arg(verb);
        command
    }

    fn write_config(&self, mailboxes: &[&str]) {
        for name in ["etc", "queue", "data", "mail"] {
            fs::create_dir(self.path(name)).expect("the folder is writable");
        }
        let Certificate { certificate, key } = &self.certificate;
        let write = |name: &str, text: String| {
            fs::write(self.path(name), text).expect("the folder is writable");
        };
        write("etc/chain.pem", format!("{key}{certificate}"));
        write("etc/main.cf", main_cf(self.dir.path(), mailboxes));
        write("etc/master.cf", master_cf(self.smtp, self.smtps));
        run(Command::new("chmod").arg("755").arg(self.dir.path()));
        run(Command::new("chown").arg("postfix").arg(self.path("data")));
        run(Command::new("chown")
            .arg("65534:65534")
            .arg(self.path("mail")));
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = self.control("stop").output();
    }
}

fn main_cf(dir: &Path, mailboxes: &[&str]) -> String {
    let mailboxes: Vec<String> = mailboxes
        .iter()
        .map(|name| format!("{name}@example.com={name}/"))
        .collect();
    format!(
        "compatibility_level = 3.6
queue_directory = {path}/queue
data_directory = {path}/data
maillog_file_prefixes = {path}
maillog_file = {path}/postfix.log
myhostname = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
local_header_rewrite_clients =
smtpd_tls_security_level = may
smtpd_tls_chain_files = {path}/etc/chain.pem
mydestination =
relay_domains =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_mailbox_base = {path}/mail
virtual_mailbox_limit = 0
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
message_size_limit = {largest}
",
        path = dir.display(),
        mailboxes = mailboxes.join(", "),
        largest = Postfix::LARGEST,
    )
}

/// The daemons that it takes to receive a message and to put it into a mailbox.
fn master_cf(smtp: u16, smtps: u16) -> String {
    format!(
        "127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
    )
}
