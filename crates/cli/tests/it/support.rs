//! A Mailgrant in a folder of its own, and the peers that it needs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mailgrant_lab::free_port;
use mailgrant_sandbox::{Client, IdentityProvider, ProviderOptions, TokenBook, User};
use tempfile::TempDir;

/// Everybody in the tests has this password, at the sandbox's provider.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// An installation: data folder, port, and the binary's command line.
pub(crate) struct Mailgrant {
    pub(crate) dir: TempDir,
    pub(crate) port: u16,
    settings: Vec<(String, String)>,
}

impl Mailgrant {
    /// A fresh installation that has never been started.
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::with_prefix("mailgrant-it-").unwrap(),
            port: free_port(),
            settings: Vec::new(),
        }
    }

    /// Sets a setting for all that is started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &impl ToString) -> &mut Self {
        self.settings.push((
            format!("MAILGRANT_{}", name.to_uppercase()),
            value.to_string(),
        ));
        self
    }

    /// Trusts a certificate.
    pub(crate) fn trust(&mut self, pem: &str) -> &mut Self {
        let path = self.path("trust.pem");
        std::fs::write(&path, pem).unwrap();
        self.set("trust", &path.display())
    }

    /// A path in the installation's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The address of the pages.
    pub(crate) fn url(&self) -> String {
        let tls = self
            .settings
            .iter()
            .any(|(name, _)| name == "MAILGRANT_TLS_CERTIFICATE");
        let scheme = if tls { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.port)
    }

    /// The binary with this installation's settings and nothing else in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailgrant"));
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("MAILGRANT_CONFIG", "/dev/null")
            .env("MAILGRANT_DATA_DIR", self.path("data"))
            .env("MAILGRANT_LISTEN", format!("127.0.0.1:{}", self.port))
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "mailgrant {args:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the server and waits until it serves.
    pub(crate) fn serve(&self) -> Server {
        let mut command = self.command(&["serve"]);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = format!("{}/", self.url());
        let link = loop {
            let line = lines.next().unwrap_or_else(|| {
                panic!("it did not start:\n{}", self.log());
            });
            let line = line.unwrap();
            if let Some(at) = line.find(&wanted) {
                break line[at..].trim().to_owned();
            }
        };
        Server { child, link }
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// What has been delivered into a Maildir, byte for byte, in no order.
    pub(crate) fn maildir(&self, name: &str) -> Vec<Vec<u8>> {
        maildir(&self.path(name))
    }
}

/// What lies in a Maildir's `new` and `cur`.
pub(crate) fn maildir(path: &Path) -> Vec<Vec<u8>> {
    ["new", "cur"]
        .iter()
        .filter_map(|sub| std::fs::read_dir(path.join(sub)).ok())
        .flatten()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

/// A running server; stopped in good order when dropped.
pub(crate) struct Server {
    /// Its process.
    pub(crate) child: Child,
    /// The link that it printed: set-up, or the pages.
    pub(crate) link: String,
}

impl Server {
    /// Asks it to stop and waits; says whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        terminate(&self.child);
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            terminate(&self.child);
            let _ = self.child.wait();
        }
    }
}

fn terminate(child: &Child) {
    mailgrant_lab::send_signal("TERM", &child.id().to_string());
}

/// The sandbox's provider with a client for Mailgrant and one for Dovecot.
pub(crate) async fn provider(redirect_uri: &str, tokens: &TokenBook) -> IdentityProvider {
    let client = |id: &str| Client {
        id: id.to_owned(),
        secret: Some(format!("{id}-secret")),
        redirect_uris: vec![
            redirect_uri.to_owned(),
            "http://localhost/".to_owned(),
            "http://127.0.0.1/".to_owned(),
        ],
        own_scopes: vec!["mail".to_owned()],
        ..Client::default()
    };
    let user = |address: &str| User {
        address: address.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let options = ProviderOptions {
        clients: vec![client("mailgrant"), client("dovecot")],
        users: vec![user("support@example.com"), user("ada@example.com")],
        device_interval: Duration::from_secs(1),
        ..ProviderOptions::default()
    };
    IdentityProvider::start(options, tokens.clone())
        .await
        .unwrap()
}

/// What looks like a whole secret of the sandbox (tokens and codes have prefixes of their own) or
/// like a login with a token, in plain or in base64.
pub(crate) fn secrets_in(text: &str) -> Vec<String> {
    let prefixes = ["at_", "rt_", "co_", "Bearer "];
    let is_token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut found = Vec::new();
    for prefix in prefixes {
        for (at, _) in text.match_indices(prefix) {
            let before = text[..at].chars().next_back();
            let begins = !before.is_some_and(|c| c.is_ascii_alphanumeric());
            let rest = text[at + prefix.len()..].chars();
            if begins && rest.take_while(is_token).count() >= 8 {
                found.push(text[at..].chars().take(40).collect());
            }
        }
    }
    // `auth=Bearer`, at each of the three places that base64 can begin at.
    for base64 in ["YXV0aD1CZWFyZXI", "F1dGg9QmVhcmVy", "hdXRoPUJlYXJlc"] {
        found.extend(text.contains(base64).then(|| base64.to_owned()));
    }
    found
}
