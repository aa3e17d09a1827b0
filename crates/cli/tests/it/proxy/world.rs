//! A Mailgrant with a proxy, a Dovecot that knows OAuth logins alone, and an app password.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use mailgrant_lab::{Dovecot, DovecotOptions, free_port};
use mailgrant_sandbox::{IdentityProvider, TokenBook};

use crate::installation::{ADDRESS, add_provider, authorize};
use crate::support::{Mailgrant, Server, provider};

/// All of it, running.
pub(crate) struct World {
    pub(crate) dovecot: Dovecot,
    pub(crate) mailgrant: Mailgrant,
    _provider: IdentityProvider,
    pub(crate) ports: Ports,
    pub(crate) password: String,
    pub(crate) server: Server,
}

/// Where the proxy listens: plain, with TLS from the first byte, and with STARTTLS.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) imap: u16,
    pub(crate) imaps: u16,
    pub(crate) imap_starttls: u16,
    pub(crate) pop3: u16,
    pub(crate) pop3s: u16,
    pub(crate) pop3_stls: u16,
    pub(crate) smtp: u16,
    pub(crate) smtps: u16,
    pub(crate) smtp_starttls: u16,
}

impl Ports {
    fn free() -> Self {
        Self {
            imap: free_port(),
            imaps: free_port(),
            imap_starttls: free_port(),
            pop3: free_port(),
            pop3s: free_port(),
            pop3_stls: free_port(),
            smtp: free_port(),
            smtps: free_port(),
            smtp_starttls: free_port(),
        }
    }

    fn listeners(self) -> String {
        [
            ("imap", self.imap),
            ("imaps", self.imaps),
            ("imap+starttls", self.imap_starttls),
            ("pop3", self.pop3),
            ("pop3s", self.pop3s),
            ("pop3+starttls", self.pop3_stls),
            ("smtp", self.smtp),
            ("smtps", self.smtps),
            ("smtp+starttls", self.smtp_starttls),
        ]
        .map(|(scheme, port)| format!("{scheme}://127.0.0.1:{port}"))
        .join(" ")
    }
}

impl World {
    /// Starts everything; the account has mail only through the proxy.
    pub(crate) async fn start() -> Self {
        let mut mailgrant = Mailgrant::new();
        let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
        let provider = provider(&redirect_uri, &TokenBook::default()).await;
        let address = provider.origin();
        let address = address.trim_start_matches("http://");
        let dovecot = Dovecot::start(&DovecotOptions {
            introspection_url: format!("http://dovecot:dovecot-secret@{address}/introspect"),
            mechanisms: "xoauth2 oauthbearer",
            password: None,
        });
        let certificate = mailgrant_lab::Certificate::for_loopback();
        let (chain, key) = (mailgrant.path("proxy.pem"), mailgrant.path("proxy.key"));
        std::fs::write(&chain, &certificate.certificate).unwrap();
        std::fs::write(&key, &certificate.key).unwrap();
        let ports = Ports::free();
        mailgrant
            .trust(dovecot.certificate_pem())
            .set("proxy_certificate", &chain.display())
            .set("proxy_key", &key.display())
            .set("proxy_listen", &ports.listeners());
        add_provider(&mailgrant, &provider.issuer());
        let numbers = [
            ("--imap-port", dovecot.imaps_port()),
            ("--pop3-port", dovecot.pop3s_port()),
            ("--smtp-port", dovecot.submissions_port()),
        ]
        .map(|(flag, port)| [flag.to_owned(), port.to_string()]);
        let mut flags = vec!["account", "add", "support", "--provider", "sandbox"];
        flags.extend(["--address", ADDRESS, "--imap-host", "localhost"]);
        flags.extend(["--pop3-host", "localhost", "--smtp-host", "localhost"]);
        flags.extend(numbers.iter().flatten().map(String::as_str));
        mailgrant.ok(&flags);
        authorize(&mailgrant, ADDRESS).await;
        let made = mailgrant.ok(&["account", "app-password", "add", "support"]);
        let server = mailgrant.serve();
        Self {
            dovecot,
            mailgrant,
            _provider: provider,
            ports,
            password: made.trim().to_owned(),
            server,
        }
    }

    /// The proxy's certificate, for clients.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.mailgrant.path("proxy.pem")
    }

    /// Runs a client to its end; it must succeed. Gives what it printed.
    pub(crate) fn client(&self, command: &mut Command) -> Vec<u8> {
        let output = command
            .env("HOME", self.mailgrant.dir.path())
            .current_dir(self.mailgrant.dir.path())
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(
            output.status.success(),
            "{command:?}: {}\n{}{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            self.mailgrant.log(),
        );
        output.stdout
    }

    /// Waits until the log has so many lines with these words: the last of them may come after the
    /// client has heard all that it waits for.
    pub(crate) fn logs(&self, words: &str, count: usize) {
        for _ in 0..200 {
            if self.mailgrant.log().matches(words).count() >= count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!(
            "{words:?} is not {count} times in\n{}",
            self.mailgrant.log()
        );
    }

    /// Waits until SMTP announces an extension.
    pub(crate) fn announces(&self, extension: &str) {
        for _ in 0..200 {
            let mut smtp = Chat::to(self.ports.smtp);
            smtp.say("EHLO me\r\nQUIT\r\n");
            let said = smtp.rest();
            if said.contains(extension) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{extension} is not announced:\n{}", self.mailgrant.log());
    }

    /// Text in Base64.
    pub(crate) fn base64(&self, text: &str) -> String {
        let path = self.file("plain", text);
        let encoded = self.client(Command::new("base64").arg("-w0").arg(path));
        String::from_utf8(encoded).unwrap()
    }

    /// Writes a file of a client's.
    pub(crate) fn file(&self, name: &str, contents: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.mailgrant.path(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }
}

/// A client that says what it is told to, byte for byte.
pub(crate) struct Chat(BufReader<TcpStream>);

impl Chat {
    /// Connects to a plain port.
    pub(crate) fn to(port: u16) -> Self {
        Self(BufReader::new(
            TcpStream::connect(("127.0.0.1", port)).unwrap(),
        ))
    }

    /// Sends bytes as they are.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Reads lines up to one that begins so, and gives it.
    pub(crate) fn hear(&mut self, begin: &str) -> String {
        let mut heard = String::new();
        loop {
            let at = heard.len();
            assert!(
                self.0.read_line(&mut heard).unwrap() > 0,
                "never {begin}: {heard}"
            );
            if heard[at..].starts_with(begin) {
                return heard.split_off(at);
            }
        }
    }

    /// Reads to the end.
    pub(crate) fn rest(&mut self) -> String {
        let mut heard = Vec::new();
        let _ = self.0.read_to_end(&mut heard);
        String::from_utf8_lossy(&heard).into_owned()
    }
}
