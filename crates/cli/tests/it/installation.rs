//! A Mailgrant whose account is authorised, beside the sandbox's provider and mail server.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use mailgrant_sandbox::{
    Browser, IdentityProvider, MailServer, MailServerOptions, TokenBook, sign_in,
};

use crate::support::{Mailgrant, PASSWORD, provider};

pub(crate) const ADDRESS: &str = "support@example.com";

/// A provider, a mail server and a Mailgrant whose account is authorised; `flags` are the
/// account's further ones.
pub(crate) async fn installation(flags: &[&str]) -> (Mailgrant, IdentityProvider, MailServer) {
    installation_with(MailServerOptions::default(), flags, ADDRESS).await
}

/// The same, with a mail server of this kind, and with this user signing in.
pub(crate) async fn installation_with(
    options: MailServerOptions,
    flags: &[&str],
    user: &str,
) -> (Mailgrant, IdentityProvider, MailServer) {
    let mut mailgrant = Mailgrant::new();
    let tokens = TokenBook::default();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &tokens).await;
    let server = MailServer::start(options, tokens).await.unwrap();
    mailgrant.trust(&server.certificate_pem());

    add_provider(&mailgrant, &provider.issuer());
    let port = server.tls_address().port().to_string();
    let mut all = vec!["--imap-port", &port];
    all.extend(flags);
    add_account(&mailgrant, &all);
    authorize(&mailgrant, user).await;
    (mailgrant, provider, server)
}

/// Registers the sandbox's provider.
pub(crate) fn add_provider(mailgrant: &Mailgrant, issuer: &str) {
    let secret = mailgrant.path("secret");
    std::fs::write(&secret, "mailgrant-secret\n").unwrap();
    mailgrant.ok(&[
        "provider",
        "add",
        "sandbox",
        "--kind",
        "oidc",
        "--issuer",
        issuer,
        "--client-id",
        "mailgrant",
        "--client-secret-file",
        secret.to_str().unwrap(),
        "--scopes",
        "openid offline_access email mail",
    ]);
}

/// Adds the account `support`, whose mail goes into the Maildir `mail` unless flags say else.
pub(crate) fn add_account(mailgrant: &Mailgrant, flags: &[&str]) {
    let maildir = mailgrant.path("mail").display().to_string();
    let mut args = vec![
        "account",
        "add",
        "support",
        "--provider",
        "sandbox",
        "--address",
        ADDRESS,
        "--imap-host",
        "localhost",
        "--sink",
        "maildir",
        "--maildir",
        &maildir,
    ];
    args.extend(flags);
    mailgrant.ok(&args);
}

/// Lets the account `support` hand its mail to a program from now on.
pub(crate) fn hand_to(mailgrant: &Mailgrant, program: &str) {
    mailgrant.ok(&[
        "account",
        "change",
        "support",
        "--sink",
        "command",
        "--command",
        program,
    ]);
}

/// `mailgrant account authorize`, with the person's part played over HTTP.
pub(crate) async fn authorize(mailgrant: &Mailgrant, user: &str) {
    authorize_account(mailgrant, "support", user).await;
}

/// The same for an account of another name.
pub(crate) async fn authorize_account(mailgrant: &Mailgrant, account: &str, user: &str) {
    let sign_in_there = async |away: &str| sign_in(away, user, PASSWORD).await.unwrap();
    authorize_account_by(mailgrant, account, user, sign_in_there).await;
}

/// The same for `support`, where the person does `part` at the provider: from the address where the browser is
/// sent to the one where it comes back.
pub(crate) async fn authorize_by(
    mailgrant: &Mailgrant,
    user: &str,
    part: impl AsyncFnOnce(&str) -> String,
) {
    authorize_account_by(mailgrant, "support", user, part).await;
}

async fn authorize_account_by(
    mailgrant: &Mailgrant,
    account: &str,
    user: &str,
    part: impl AsyncFnOnce(&str) -> String,
) {
    let mut child = mailgrant
        .command(&["account", "authorize", account])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let link = loop {
        let mut line = String::new();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "no link was printed"
        );
        if line.trim().starts_with("http") {
            break line.trim().to_owned();
        }
    };

    let mut browser = Browser::default();
    let page = browser.open(&link).await.unwrap();
    let away = browser.press(&page, "authorize", &[]).await.unwrap();
    let back = part(away.leads_to.unwrap().as_str()).await;
    browser.open(&back).await.unwrap();

    let status = child.wait().unwrap();
    let mut said = String::new();
    output.read_to_string(&mut said).unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(status.success(), "{said}");
    assert!(said.contains(&format!("{user} signed in")), "{said}");
}
