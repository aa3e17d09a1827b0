//! Mailgrant itself, as a whole installation.

use std::path::Path;
use std::process::{Command, Stdio};

use mailgrant_lab::Dovecot;
use mailgrant_sandbox::{Browser, IdentityProvider, sign_in};

use crate::measure::{self, Taken};
use crate::{Case, PASSWORD};

pub(crate) struct Mailgrant<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) port: u16,
}

impl Mailgrant<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailgrant"));
        command
            .args(args)
            .env("MAILGRANT_CONFIG", "/dev/null")
            .env("MAILGRANT_DATA_DIR", self.dir.join("data"))
            .env("MAILGRANT_TRUST", self.dir.join("cert.pem"))
            .env("MAILGRANT_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("MAILGRANT_CLIENT_SECRET", "mailgrant-secret");
        command
    }

    fn ok(&self, args: &[&str]) {
        let output = self.command(args).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Registers the provider.
    pub(crate) fn set_up(&self, provider: &IdentityProvider) {
        self.ok(&[
            "provider",
            "add",
            "bench",
            "--kind",
            "oidc",
            "--issuer",
            &provider.issuer(),
            "--client-id",
            "mailgrant",
            "--scopes",
            "openid offline_access email mail",
        ]);
    }

    /// An account that has fetched nothing yet.
    pub(crate) async fn account(&self, case: &Case, round: usize, dovecot: &Dovecot) {
        let (user, name) = (case.user(), Self::name(case, round));
        self.ok(&[
            "account",
            "add",
            &name,
            "--provider",
            "bench",
            "--address",
            &user,
            "--imap-host",
            "localhost",
            "--imap-port",
            &dovecot.imaps_port().to_string(),
            "--sink",
            "maildir",
            "--maildir",
            &self.maildir(case, round),
        ]);
        self.authorize(&name, &user).await;
    }

    async fn authorize(&self, name: &str, user: &str) {
        use std::io::BufRead as _;
        let mut child = self
            .command(&["account", "authorize", name])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let link = lines.find(|line| line.trim().starts_with("http")).unwrap();
        let mut browser = Browser::default();
        let page = browser.open(link.trim()).await.unwrap();
        let away = browser.press(&page, "authorize", &[]).await.unwrap();
        let back = sign_in(away.leads_to.unwrap().as_str(), user, PASSWORD)
            .await
            .unwrap();
        browser.open(&back).await.unwrap();
        assert!(lines.any(|line| line.contains("Authorised")));
        child.wait().unwrap();
    }

    fn name(case: &Case, round: usize) -> String {
        format!("{}-{round}", case.name)
    }

    fn maildir(&self, case: &Case, round: usize) -> String {
        let folder = format!("mailgrant-{}", Self::name(case, round));
        self.dir.join(folder).display().to_string()
    }

    /// Fetches all there is.
    pub(crate) fn fetch(&self, case: &Case, round: usize) -> Taken {
        let taken = measure::run(&mut self.command(&["fetch", &Self::name(case, round)]));
        case.arrived(&Path::new(&self.maildir(case, round)).join("new"));
        taken
    }
}
