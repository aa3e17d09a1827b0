//! Dovecot, a real server for IMAP, POP3 and submission that knows OAuth logins alone, and for LMTP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::process::{Background, free_port, is_root, run};
use crate::relay::Relay;
use crate::{Certificate, process};

/// What a test decides about its Dovecot.
#[derive(Debug, Clone)]
pub struct DovecotOptions {
    /// Where it asks whether a token is good (RFC 7662), with the client's name and secret:
    /// `http://dovecot:dovecot-secret@127.0.0.1:PORT/introspect`.
    pub introspection_url: String,
    /// The mechanisms that it offers: `xoauth2`, `oauthbearer`, or both.
    pub mechanisms: &'static str,
    /// A password that opens every mailbox by `LOGIN` too: for peers in benchmarks.
    pub password: Option<String>,
}

/// A running Dovecot over Maildir folders of its own.
#[derive(Debug)]
pub struct Dovecot {
    process: Option<Background>,
    dir: TempDir,
    config: PathBuf,
    ports: Ports,
    /// Lives as long as the server does.
    relay: Relay,
    certificate: Certificate,
    delivered: AtomicU32,
}

/// Where it listens.
#[derive(Debug, Clone, Copy)]
struct Ports {
    imaps: u16,
    imap: u16,
    pop3s: u16,
    pop3: u16,
    submissions: u16,
    submission: u16,
    lmtps: u16,
    lmtp: u16,
}

impl Ports {
    fn free() -> Self {
        Self {
            imaps: free_port(),
            imap: free_port(),
            pop3s: free_port(),
            pop3: free_port(),
            submissions: free_port(),
            submission: free_port(),
            lmtps: free_port(),
            lmtp: free_port(),
        }
    }

    fn listeners(self, lmtp_socket: &Path) -> String {
        let of = |protocol: &str, plain: u16, tls: u16| {
            format!(
                "service {protocol}-login {{
  service_count = 0
  inet_listener {protocol} {{
    port = {plain}
  }}
  inet_listener {protocol}s {{
    port = {tls}
    ssl = yes
  }}
}}
"
            )
        };
        let lmtp = format!(
            "service lmtp {{
  inet_listener lmtp {{
    port = {plain}
  }}
  inet_listener lmtps {{
    port = {tls}
    ssl = yes
  }}
  unix_listener {path} {{
    mode = 0666
  }}
}}
",
            plain = self.lmtp,
            tls = self.lmtps,
            path = lmtp_socket.display(),
        );
        [
            lmtp,
            of("imap", self.imap, self.imaps),
            of("pop3", self.pop3, self.pop3s),
            of("submission", self.submission, self.submissions),
        ]
        .concat()
    }
}

impl Dovecot {
    /// Starts one.
    pub fn start(options: &DovecotOptions) -> Self {
        Self::start_with(options, "")
    }

    /// Starts one with these further settings, which win over the usual ones.
    pub fn start_with(options: &DovecotOptions, settings: &str) -> Self {
        let dir = TempDir::with_prefix("mailgrant-dovecot-").expect("a folder can be made");
        let certificate = Certificate::for_loopback();
        let ports = Ports::free();
        let relay = Relay::start(lmtp_socket(dir.path()));
        let config = write_config(dir.path(), options, &certificate, ports, relay.port());
        let usual = fs::read_to_string(&config).expect("the settings can be read");
        fs::write(&config, format!("{usual}{settings}")).expect("the settings can be written");
        let mut dovecot = Self {
            process: None,
            dir,
            config,
            ports,
            relay,
            certificate,
            delivered: AtomicU32::new(0),
        };
        // LMTP makes the mailboxes that it needs.
        dovecot.hand_over();
        dovecot.resume();
        dovecot
    }

    /// The port of IMAP over TLS.
    pub fn imaps_port(&self) -> u16 {
        self.ports.imaps
    }

    /// The port of IMAP with STARTTLS.
    pub fn imap_port(&self) -> u16 {
        self.ports.imap
    }

    /// The port of POP3 over TLS.
    pub fn pop3s_port(&self) -> u16 {
        self.ports.pop3s
    }

    /// The port of POP3 with STLS.
    pub fn pop3_port(&self) -> u16 {
        self.ports.pop3
    }

    /// The port of submission over TLS.
    pub fn submissions_port(&self) -> u16 {
        self.ports.submissions
    }

    /// What has been submitted, in its order. The server writes a `Received` before it.
    pub fn submitted(&self) -> Vec<Vec<u8>> {
        self.relay.taken()
    }

    /// The port of submission with STARTTLS. What is submitted is handed to LMTP.
    pub fn submission_port(&self) -> u16 {
        self.ports.submission
    }

    /// The port of LMTP over TLS.
    pub fn lmtps_port(&self) -> u16 {
        self.ports.lmtps
    }

    /// The port of LMTP with STARTTLS. What is handed over lies in INBOX; every mailbox exists.
    pub fn lmtp_port(&self) -> u16 {
        self.ports.lmtp
    }

    /// The path of LMTP's socket.
    pub fn lmtp_socket(&self) -> PathBuf {
        lmtp_socket(self.dir.path())
    }

    /// Its certificate in PEM, for whoever is to trust it.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate.certificate
    }

    /// Puts a message into a mailbox's INBOX, byte for byte. What the server hands out is
    /// [`as_served`].
    pub fn deliver(&self, mailbox: &str, raw: &[u8]) {
        let number = self.delivered.fetch_add(1, Ordering::Relaxed);
        let inbox = self.inbox(mailbox);
        for sub in ["cur", "new", "tmp"] {
            fs::create_dir_all(inbox.join(sub)).expect("the mailbox can be made");
        }
        let name = format!("1700000000.M{number:06}.lab");
        let staged = inbox.join("tmp").join(&name);
        fs::write(&staged, raw).expect("the message can be written");
        self.hand_over();
        fs::rename(&staged, inbox.join("new").join(&name)).expect("the message can be delivered");
    }

    /// Puts many messages into a mailbox's INBOX.
    pub fn deliver_all<'a>(&self, mailbox: &str, messages: impl IntoIterator<Item = &'a [u8]>) {
        let inbox = self.inbox(mailbox);
        for sub in ["cur", "new", "tmp"] {
            fs::create_dir_all(inbox.join(sub)).expect("the mailbox can be made");
        }
        for raw in messages {
            let number = self.delivered.fetch_add(1, Ordering::Relaxed);
            let path = inbox
                .join("new")
                .join(format!("1700000000.M{number:06}.lab"));
            fs::write(path, raw).expect("the message can be written");
        }
        self.hand_over();
    }

    /// How many messages a mailbox's INBOX holds.
    pub fn count(&self, mailbox: &str) -> usize {
        ["cur", "new"]
            .iter()
            .filter_map(|sub| fs::read_dir(self.inbox(mailbox).join(sub)).ok())
            .flatten()
            .count()
    }

    /// Makes an empty folder; `folder` is its name as it stands on the wire (modified UTF-7).
    pub fn create_folder(&self, mailbox: &str, folder: &str) {
        for sub in ["cur", "new", "tmp"] {
            let path = self.inbox(mailbox).join(format!(".{folder}")).join(sub);
            fs::create_dir_all(path).expect("the folder can be made");
        }
        self.hand_over();
    }

    /// The messages in a mailbox's INBOX, byte for byte, in the order of their delivery.
    pub fn messages(&self, mailbox: &str) -> Vec<Vec<u8>> {
        let mut paths: Vec<PathBuf> = ["cur", "new"]
            .iter()
            .filter_map(|sub| fs::read_dir(self.inbox(mailbox).join(sub)).ok())
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort_unstable_by(|one, other| one.file_name().cmp(&other.file_name()));
        let read = |path| fs::read(path).expect("the message can be read");
        paths.iter().map(read).collect()
    }

    /// The Maildir flags of the messages in a mailbox's INBOX, in the order of their delivery: `S`
    /// for seen, `T` for deleted.
    pub fn flags(&self, mailbox: &str) -> Vec<String> {
        let mut names: Vec<String> = ["cur", "new"]
            .iter()
            .filter_map(|sub| fs::read_dir(self.inbox(mailbox).join(sub)).ok())
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        let flags = |name: &String| match name.split_once(":2,") {
            Some((_, flags)) => flags.to_owned(),
            None => String::new(),
        };
        names.iter().map(flags).collect()
    }

    /// Stops the server as for maintenance; its mailboxes stay.
    pub fn pause(&mut self) {
        self.process = None;
        let _ = Command::new("doveadm")
            .arg("-c")
            .arg(&self.config)
            .arg("stop")
            .output();
    }

    /// Starts it again on the same ports.
    pub fn resume(&mut self) {
        let mut command = Command::new("dovecot");
        command.arg("-F").arg("-c").arg(&self.config);
        let mut process = Background::start(&mut command);
        let log = self.dir.path().join("dovecot.log");
        let ports = self.ports;
        for port in [ports.imaps, ports.pop3s, ports.submissions, ports.lmtps] {
            process.wait_for_port(port, || fs::read_to_string(&log).unwrap_or_default());
        }
        self.process = Some(process);
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("dovecot.log")).unwrap_or_default()
    }

    /// Gives all mail to the user that Dovecot reads it as.
    fn hand_over(&self) {
        if is_root() {
            let path = self.dir.path().join("mail");
            run(Command::new("chown").arg("-R").arg("65534:65534").arg(path));
        }
    }

    fn inbox(&self, mailbox: &str) -> PathBuf {
        self.dir.path().join("mail").join(mailbox)
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.pause();
    }
}

/// What Dovecot hands out for a message that lies in its Maildir: every LF becomes CRLF unless it
/// is one, and NUL becomes 0x80, for IMAP has no way to carry it (RFC 9051, section 4.3.1).
pub fn as_served(raw: &[u8]) -> Vec<u8> {
    let mut served = Vec::with_capacity(raw.len() + raw.len() / 40);
    let mut before = 0;
    for &byte in raw {
        match byte {
            b'\n' if before != b'\r' => served.extend_from_slice(b"\r\n"),
            0 => served.push(0x80),
            _ => served.push(byte),
        }
        before = byte;
    }
    served
}

fn lmtp_socket(dir: &Path) -> PathBuf {
    dir.join("lmtp")
}

fn write_config(
    dir: &Path,
    options: &DovecotOptions,
    certificate: &Certificate,
    ports: Ports,
    relay: u16,
) -> PathBuf {
    let path = dir.display();
    fs::write(dir.join("cert.pem"), &certificate.certificate).expect("the folder is writable");
    fs::write(dir.join("key.pem"), &certificate.key).expect("the folder is writable");
    fs::create_dir(dir.join("mail")).expect("the folder is writable");
    fs::write(
        dir.join("oauth2.conf.ext"),
        format!(
            "introspection_mode = post\nintrospection_url = {}\nusername_attribute = sub\n\
             active_attribute = active\nactive_value = true\n",
            options.introspection_url
        ),
    )
    .expect("the folder is writable");

    let (mail_user, users) = users(dir);
    let (plain, password) = match &options.password {
        Some(password) => (
            " plain login",
            format!(
                "passdb {{\n  driver = static\n  mechanisms = plain login\n  \
                 args = password={password}\n}}\n"
            ),
        ),
        None => ("", String::new()),
    };
    let config = format!(
        "base_dir = {path}/run
state_dir = {path}/state
log_path = {path}/dovecot.log
auth_verbose = yes
protocols = imap pop3 submission lmtp
hostname = localhost
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_backend_capabilities = 8BITMIME SIZE
listen = 127.0.0.1
ssl = yes
ssl_cert = <{path}/cert.pem
ssl_key = <{path}/key.pem
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}{plain}
auth_failure_delay = 0
mail_location = maildir:{path}/mail/%u
first_valid_uid = 1
mail_max_userip_connections = 20000
mailbox_list_index = no
{users}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {path}/oauth2.conf.ext
}}
{password}userdb {{
  driver = static
  args = {mail_user} home={path}/mail/%u allow_all_users=yes
}}
{listeners}service anvil {{
  # A refused login is not to slow down those behind it.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
",
        mechanisms = options.mechanisms,
        listeners = ports.listeners(&lmtp_socket(dir)),
    );
    let file = dir.join("dovecot.conf");
    fs::write(&file, config).expect("the folder is writable");
    file
}

/// The user that mail is read as, and what else Dovecot has to know of users.
fn users(dir: &Path) -> (String, String) {
    if process::is_root() {
        run(Command::new("chmod").arg("755").arg(dir));
        (
            "uid=65534 gid=65534".to_owned(),
            "mail_uid = 65534\nmail_gid = 65534\n".to_owned(),
        )
    } else {
        // Without root there is one user for everything, and no chroot.
        let uid = run(Command::new("id").arg("-u")).trim().to_owned();
        let gid = run(Command::new("id").arg("-g")).trim().to_owned();
        let user = run(Command::new("id").arg("-un")).trim().to_owned();
        let group = run(Command::new("id").arg("-gn")).trim().to_owned();
        (
            format!("uid={uid} gid={gid}"),
            format!(
                "mail_uid = {uid}\nmail_gid = {gid}\ndefault_internal_user = {user}\n\
                 default_internal_group = {group}\ndefault_login_user = {user}\n\
                 service anvil {{\n  chroot =\n}}\nservice imap-login {{\n  chroot =\n}}\n\
                 service pop3-login {{\n  chroot =\n}}\nservice submission-login {{\n  chroot =\n}}\n"
            ),
        )
    }
}
