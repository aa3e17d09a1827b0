//! The pages of `docs/connect`: what they tell people to type is what the program takes, and
//! changing over goes as they say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mailgrant_sandbox::{IdentityProvider, MailServer, MailServerOptions, TokenBook};

use crate::installation::{ADDRESS, add_account, add_provider, authorize};
use crate::support::{Mailgrant, PASSWORD, provider};

#[test]
fn every_account_that_the_pages_add_can_be_added() {
    let lines: Vec<String> = pages().iter().flat_map(|(_, text)| shell(text)).collect();
    let wanted = lines.iter().filter_map(|line| {
        if line.starts_with("--command") {
            let address = "mailgrant account add support --provider entra --address a@example.com";
            return Some(format!("{address} {line}"));
        }
        let whole = line.starts_with("mailgrant account add") && !line.contains('…');
        whole.then(|| line.clone())
    });
    let mut added = 0;
    for line in wanted {
        let mailgrant = with_provider();
        let output = in_shell(&mailgrant, &line);
        assert!(
            output.status.success(),
            "{line}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        added += 1;
    }
    assert!(added >= 9, "only {added} were found");
}

#[test]
fn every_command_that_the_pages_name_exists() {
    let mailgrant = Mailgrant::new();
    let mut tried = 0;
    for (page, text) in pages() {
        let spans = text.split('`').skip(1).step_by(2).map(str::to_owned);
        for line in spans.chain(shell(&text)) {
            let Some(rest) = line.strip_prefix("mailgrant ") else {
                continue;
            };
            // What stands between quotes is another program's.
            let rest: String = rest.split('\'').step_by(2).collect();
            let is_word = |word: &&str| !word.starts_with('-') && word.chars().all(is_plain);
            let mut words: Vec<&str> = rest.split_whitespace().take_while(is_word).collect();
            words.push("--help");
            let help = mailgrant.ok(&words);
            for flag in rest
                .split_whitespace()
                .filter(|word| word.starts_with("--"))
            {
                assert!(help.contains(flag), "{page}: {line}: {flag}");
            }
            tried += 1;
        }
    }
    assert!(tried >= 20, "only {tried} were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_over_and_back_loses_and_doubles_nothing() {
    let (mailgrant, _provider, server) = beside_an_application().await;
    let serving = mailgrant.serve();
    // The application has deleted what it has fetched; this came since.
    receive(&server, "came while nobody fetched");
    let tested = mailgrant.ok(&["account", "test", "support"]);
    assert!(tested.contains("INBOX"), "{tested}");
    assert_eq!(folder(&server, "INBOX").len(), 1, "a test takes nothing");

    mailgrant.ok(&["account", "resume", "support"]);
    receive(&server, "came after");
    let both_moved = server.wait_for(ADDRESS, "Handled", |messages| messages.len() == 3);
    let waited = tokio::time::timeout(Duration::from_mins(1), both_moved).await;
    assert!(waited.is_ok(), "they never came:\n{}", mailgrant.log());

    // Back: what is in INBOX now is what the application has not got.
    mailgrant.ok(&["account", "pause", "support"]);
    assert!(serving.stop());
    receive(&server, "for the application again");
    assert_eq!(mailgrant.maildir("mail").len(), 2);
    assert_eq!(folder(&server, "INBOX").len(), 1);
    assert_eq!(folder(&server, "Handled").len(), 2);
}

/// A Mailgrant whose account was added, paused and authorised, as the pages say.
async fn beside_an_application() -> (Mailgrant, IdentityProvider, MailServer) {
    let mut mailgrant = Mailgrant::new();
    let tokens = TokenBook::default();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &tokens).await;
    let server = MailServer::start(MailServerOptions::default(), tokens)
        .await
        .unwrap();
    mailgrant.trust(&server.certificate_pem());
    server.deliver(ADDRESS, "Handled", b"Subject: from former times\r\n\r\n");
    add_provider(&mailgrant, &provider.issuer());
    let port = server.tls_address().port().to_string();
    let start = ["--imap-port", &port, "--start", "everything"];
    add_account(
        &mailgrant,
        &[&start[..], &["--after", "move", "--move-to", "Handled"]].concat(),
    );
    mailgrant.ok(&["account", "pause", "support"]);
    authorize(&mailgrant, ADDRESS).await;
    (mailgrant, provider, server)
}

fn receive(server: &MailServer, subject: &str) {
    let message = format!("From: ada@customer.example\r\nSubject: {subject}\r\n\r\nHello\r\n");
    server.deliver(ADDRESS, "INBOX", message.as_bytes());
}

/// What a folder holds beside the message that made it.
fn folder(server: &MailServer, name: &str) -> Vec<Vec<u8>> {
    let messages = server.contents(ADDRESS, name).into_iter();
    let raw = messages.map(|(_, _, raw)| raw);
    raw.filter(|raw| !raw.starts_with(b"Subject: from former times"))
        .collect()
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c == '-'
}

/// Each page with its name.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connect");
    let files = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

/// The lines of a page's blocks for the shell, those that go on joined to one.
fn shell(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.trim_start().strip_prefix("sh\n"));
    let joined = blocks.map(|block| block.replace("\\\n", " "));
    joined
        .flat_map(|block| {
            block
                .lines()
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A Mailgrant that knows the provider of the pages.
fn with_provider() -> Mailgrant {
    let mailgrant = Mailgrant::new();
    let secret = mailgrant.path("secret");
    std::fs::write(&secret, PASSWORD).unwrap();
    let secret = secret.display().to_string();
    let entra = [
        "provider",
        "add",
        "entra",
        "--kind",
        "microsoft",
        "--tenant",
        "example.com",
    ];
    let client = ["--client-id", "mailgrant", "--client-secret-file", &secret];
    mailgrant.ok(&[&entra[..], &client].concat());
    mailgrant
}

fn in_shell(mailgrant: &Mailgrant, line: &str) -> std::process::Output {
    let ours = mailgrant.command(&[]);
    let folder = Path::new(ours.get_program()).parent().unwrap().display();
    Command::new("sh")
        .args(["-c", line])
        .env_clear()
        .envs(
            ours.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", format!("{folder}:/usr/bin:/bin"))
        .output()
        .unwrap()
}
