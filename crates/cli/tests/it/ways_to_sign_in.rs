//! The ways in which somebody signs in for an account, at the command line.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Stdio};

use mailgrant_sandbox::{Browser, IdentityProvider, TokenBook, answer_device, sign_in};

use crate::installation::{ADDRESS, add_account, add_provider};
use crate::support::{Mailgrant, PASSWORD, provider, secrets_in};

#[tokio::test(flavor = "multi_thread")]
async fn here_the_command_itself_takes_the_answer_at_a_loopback_address() {
    let (mailgrant, _provider) = with_account().await;
    let mut command = Running::start(&mailgrant, &["account", "authorize", "support", "--here"]);
    let back = sign_in(&command.address(), ADDRESS, PASSWORD)
        .await
        .unwrap();
    assert!(back.starts_with("http://127.0.0.1:"), "{back}");
    let mut browser = Browser::default();
    // Browsers ask for icons, and a person may reload: only the answer counts.
    let bare = back.split('?').next().unwrap();
    browser.open(bare).await.unwrap();
    // Whoever else is on the machine can neither answer nor end the wait.
    for foreign in [
        "code=c&state=guess",
        "error=access_denied&state=",
        "xstate=1",
    ] {
        browser.open(&format!("{bare}?{foreign}")).await.unwrap();
    }
    let page = browser.open(&back).await.unwrap();
    assert!(page.body.contains("Back to the command line"));
    assert!(!page.body.contains("code="));
    command.ends(0, "Authorised. support@example.com signed in.");
    mailgrant.ok(&["token", "support"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_address_finishes_the_sign_in() {
    let (mailgrant, _provider) = with_account().await;
    let args = ["account", "authorize", "support", "--paste"];
    let localhost = ["--redirect-uri", "http://localhost/"];
    for more in [&localhost[..], &[]] {
        let mut command = Running::start(&mailgrant, &[&args[..], more].concat());
        let back = sign_in(&command.address(), ADDRESS, PASSWORD)
            .await
            .unwrap();
        command.types(&format!("{back}\n"));
        command.ends(0, "Authorised. support@example.com signed in.");
    }
    mailgrant.ok(&["token", "support"]);
    assert!(secrets_in(&mailgrant.log()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_typed_on_another_device_finishes_the_sign_in() {
    let (mailgrant, _provider) = with_account().await;
    let args = ["account", "authorize", "support", "--device"];
    for (allow, status, says) in [
        (
            false,
            77,
            "The permission was denied where the code was typed",
        ),
        (true, 0, "Authorised. support@example.com signed in."),
    ] {
        let mut command = Running::start(&mailgrant, &args);
        let (line, page) = command.line_before_address();
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "code").unwrap();
        let person = (ADDRESS, PASSWORD);
        answer_device(&page, words[at + 1], person, allow)
            .await
            .unwrap();
        command.ends(status, says);
    }
    mailgrant.ok(&["token", "support"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_signs_in_the_account_is_connected_at_once() {
    let (mailgrant, _provider) = with_account().await;
    let change = ["--access", "application", "--scopes", "mail"];
    mailgrant.ok(&[&["provider", "change", "sandbox"], &change[..]].concat());
    let said = mailgrant.ok(&["account", "authorize", "support"]);
    assert!(said.contains("nobody signs in"), "{said}");
    mailgrant.ok(&["token", "support"]);
    mailgrant.ok(&["provider", "test", "sandbox"]);
    let graph = mailgrant.run(&["token", "support", "--resource", "graph"]);
    assert_eq!(graph.status.code(), Some(78));
    let refused = mailgrant.run(&["account", "authorize", "support", "--device"]);
    assert_eq!(
        refused.status.code(),
        Some(0),
        "the flag has nothing to do there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pasted_in_error_changes_nothing_and_is_told() {
    let (mailgrant, _provider) = with_account().await;
    let args = ["account", "authorize", "support", "--paste"];
    for (typed, told) in [
        ("\n", "That is not the address"),
        ("https://login.example.com/\n", "That is not the address"),
        (
            "http://localhost/?code=made-up&state=made-up\n",
            "does not belong to an authorization",
        ),
    ] {
        let mut command = Running::start(&mailgrant, &args);
        command.address();
        command.types(typed);
        command.fails(told);
    }
    let token = mailgrant.run(&["token", "support"]);
    assert_eq!(token.status.code(), Some(77));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_is_not_used_where_nobody_can_be_asked() {
    let (mailgrant, _provider) = with_account().await;
    let args = ["account", "authorize", "support", "--paste"];
    let mut command = Running::start(&mailgrant, &args);
    let away = command.address();
    let back = sign_in(&away, "ada@example.com", PASSWORD).await.unwrap();
    command.types(&format!("{back}\n"));
    command.fails("ada@example.com signed in, but support@example.com was expected");
    let token = mailgrant.run(&["token", "support"]);
    assert_eq!(token.status.code(), Some(77));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_owner_authorises_with_the_link_and_withdrawn_links_are_dead() {
    let (mailgrant, _provider) = with_account().await;
    let server = mailgrant.serve();
    let invite = || {
        let said = mailgrant.ok(&["account", "invite", "support", "--days", "3"]);
        let link = said.lines().find(|line| line.trim().starts_with("http"));
        link.unwrap().trim().to_owned()
    };
    let (first, second) = (invite(), invite());
    let mut browser = Browser::default();
    let page = browser.open(&first).await.unwrap();
    assert!(page.body.contains(ADDRESS) && page.body.contains("command line"));
    let away = browser.press(&page, "authorize", &[]).await.unwrap();
    let back = sign_in(away.leads_to.unwrap().as_str(), ADDRESS, PASSWORD)
        .await
        .unwrap();
    let done = browser.open(&back).await.unwrap();
    assert!(done.body.contains("is authorised"), "{}", done.body);
    mailgrant.ok(&["token", "support"]);
    let withdrawn = mailgrant.ok(&["account", "invite", "support", "--withdraw"]);
    assert!(
        withdrawn.contains("The link that was out is dead"),
        "{withdrawn}"
    );
    for link in [&first, &second] {
        let dead = browser.open(link).await.unwrap();
        assert!(dead.body.contains("has been used already"), "{}", dead.body);
    }
    assert!(server.stop(), "{}", mailgrant.log());
    assert!(secrets_in(&mailgrant.log()).is_empty());
}

async fn with_account() -> (Mailgrant, IdentityProvider) {
    let mailgrant = Mailgrant::new();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &TokenBook::default()).await;
    add_provider(&mailgrant, &provider.issuer());
    add_account(&mailgrant, &[]);
    (mailgrant, provider)
}

/// A command with somebody at its terminal.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(mailgrant: &Mailgrant, args: &[&str]) -> Self {
        let mut child = mailgrant
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The address that it prints.
    fn address(&mut self) -> String {
        self.line_before_address().1
    }

    /// The last line of words before the address that it prints, and that.
    fn line_before_address(&mut self) -> (String, String) {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "no address was printed");
            let line = line.trim();
            if line.starts_with("http") {
                return (before, line.to_owned());
            }
            if !line.is_empty() {
                line.clone_into(&mut before);
            }
        }
    }

    fn types(&mut self, text: &str) {
        let mut stdin = self.child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    fn ends(mut self, status: i32, says: &str) {
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        let errors = self.child.stderr.as_mut().unwrap();
        errors.read_to_string(&mut said).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(status), "{said}");
        assert!(said.contains(says), "{said}");
        assert!(secrets_in(&said).is_empty(), "{said}");
    }

    fn fails(mut self, says: &str) {
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        let errors = self.child.stderr.as_mut().unwrap();
        errors.read_to_string(&mut said).unwrap();
        assert!(!self.child.wait().unwrap().success(), "{said}");
        assert!(said.contains(says), "{said}");
    }
}
