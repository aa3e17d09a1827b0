//! A whole Mailgrant between real servers: from Dovecot by POP3 to Postfix, and from one mailbox at
//! Dovecot into another. Every message is compared with the one that was sent.

use mailgrant_lab::{Dovecot, DovecotOptions, Postfix, as_served};
use mailgrant_sandbox::{IdentityProvider, Sample, TokenBook, samples};

use crate::installation::{ADDRESS, add_provider, authorize, authorize_account};
use crate::support::{Mailgrant, provider};

/// Whose mailbox takes what is appended.
const ARCHIVE: &str = "ada@example.com";
/// What each message begins with that goes on by SMTP or into another mailbox.
const MARK: &[u8] = b"X-Loop: support@example.com\r\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot and Postfix; ./test installs them"]
async fn what_pop3_fetches_from_dovecot_postfix_gets_by_smtp_byte_for_byte() {
    let postfix = Postfix::start(&["support"]);
    let (mailgrant, _provider, dovecot) = beside_dovecot(postfix.certificate_pem()).await;
    let (pop3, smtp) = (dovecot.pop3s_port().to_string(), postfix.smtp_port());
    let relay = format!("localhost:{smtp}");
    let source = ["--source", "pop3", "--pop3-host", "localhost"];
    let sink = ["--sink", "smtp", "--relay", &relay];
    let rest = ["--pop3-port", &pop3, "--relay-security", "starttls"];
    let after = ["--after", "delete"];
    add(
        &mailgrant,
        ["support", ADDRESS],
        &[&source[..], &sink, &rest, &after].concat(),
    );
    authorize(&mailgrant, ADDRESS).await;

    let mut sent = samples(11);
    sent.retain(|sample| !WRITTEN_ANEW.contains(&&*sample.name));
    let stored = fetch_all(&mailgrant, &dovecot, &sent, || {
        postfix.wait_for("support", sent.len())
    });
    let arrived = stored.iter().map(|stored| {
        let (before, message) = around_mark(stored);
        let names = ["Return-Path", "X-Original-To", "Delivered-To", "Received"];
        for line in before.split_inclusive('\n') {
            let known = |name: &&str| line.starts_with(&format!("{name}: "));
            let goes_on = line.starts_with(['\t', ' ']);
            assert!(goes_on || names.iter().any(known), "{line}");
        }
        assert!(before.contains("with ESMTPS"), "not by TLS: {before}");
        message
    });
    compare(&sent, as_postfix_keeps, arrived.collect());
    assert_eq!(dovecot.count(ADDRESS), 0);
    assert!(
        dovecot.log().contains("method=XOAUTH2"),
        "{}",
        dovecot.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn what_imap_fetches_from_dovecot_is_appended_to_another_mailbox_there_byte_for_byte() {
    let (mailgrant, _provider, dovecot) = beside_dovecot("").await;
    let imap = dovecot.imaps_port().to_string();
    add(&mailgrant, ["archive", ARCHIVE], &["--imap-port", &imap]);
    let sink = ["--sink", "append", "--append-account", "archive"];
    let rest = ["--imap-port", &imap, "--after", "delete"];
    add(
        &mailgrant,
        ["support", ADDRESS],
        &[&sink[..], &rest].concat(),
    );
    authorize(&mailgrant, ADDRESS).await;
    authorize_account(&mailgrant, "archive", ARCHIVE).await;

    let sent = samples(12);
    let stored = fetch_all(&mailgrant, &dovecot, &sent, || dovecot.messages(ARCHIVE));
    let arrived = stored.iter().map(|stored| {
        let (before, message) = around_mark(stored);
        assert_eq!(before, "", "Dovecot puts nothing before what is appended");
        message
    });
    compare(&sent, as_served, arrived.collect());
    assert_eq!(dovecot.count(ADDRESS), 0);
}

/// A Mailgrant that knows the provider at which Dovecot asks for tokens, and trusts Dovecot and
/// this certificate.
async fn beside_dovecot(certificate: &str) -> (Mailgrant, IdentityProvider, Dovecot) {
    let mut mailgrant = Mailgrant::new();
    let redirect_uri = format!("{}/oauth/callback", mailgrant.url());
    let provider = provider(&redirect_uri, &TokenBook::default()).await;
    let address = provider.issuer().replace("http://", "");
    let dovecot = Dovecot::start(&DovecotOptions {
        introspection_url: format!("http://dovecot:dovecot-secret@{address}/introspect"),
        mechanisms: "xoauth2",
        password: None,
    });
    mailgrant.trust(&format!("{}{certificate}", dovecot.certificate_pem()));
    add_provider(&mailgrant, &provider.issuer());
    (mailgrant, provider, dovecot)
}

/// Adds an account of this name and address.
fn add(mailgrant: &Mailgrant, [name, address]: [&str; 2], flags: &[&str]) {
    let account = ["account", "add", name, "--address", address];
    let rest = ["--provider", "sandbox", "--imap-host", "localhost"];
    mailgrant.ok(&[&account[..], &rest, flags].concat());
}

/// Has everything fetched that was sent, and gives what has arrived; once more brings nothing.
fn fetch_all(
    mailgrant: &Mailgrant,
    dovecot: &Dovecot,
    sent: &[Sample],
    arrived: impl Fn() -> Vec<Vec<u8>>,
) -> Vec<Vec<u8>> {
    assert!(sent.len() >= 80);
    dovecot.deliver_all(ADDRESS, sent.iter().map(|sample| sample.raw.as_slice()));
    let fetched = mailgrant.ok(&["fetch", "support"]);
    let all = format!(
        "{} delivered, 0 to be tried again, 0 in quarantine.",
        sent.len()
    );
    assert_eq!(fetched.trim(), all);
    let stored = arrived();
    let again = mailgrant.ok(&["fetch", "support"]);
    assert!(again.starts_with("0 delivered"), "{again}");
    assert_eq!(arrived().len(), stored.len());
    stored
}

/// What stands before the mark, which every message has, and the message behind it.
fn around_mark(stored: &[u8]) -> (String, Vec<u8>) {
    let stored = as_served(stored);
    let at = stored.windows(MARK.len()).position(|bytes| bytes == MARK);
    let at = at.unwrap();
    let before = String::from_utf8(stored[..at].to_vec()).unwrap();
    (before, stored[at + MARK.len()..].to_vec())
}

/// Every message has arrived as often as it was sent, and no other.
fn compare(sent: &[Sample], kept: impl Fn(&[u8]) -> Vec<u8>, mut arrived: Vec<Vec<u8>>) {
    let mut missing = Vec::new();
    for sample in sent {
        let raw = kept(&sample.raw);
        match arrived.iter().position(|message| *message == raw) {
            Some(at) => drop(arrived.swap_remove(at)),
            None => missing.push(&sample.name),
        }
    }
    let strange: Vec<_> = arrived
        .iter()
        .map(|raw| String::from_utf8_lossy(&raw[..raw.len().min(600)]).into_owned())
        .collect();
    assert!(
        missing.is_empty(),
        "{missing:?} did not arrive; this did: {strange:#?}"
    );
    assert!(strange.is_empty(), "{strange:#?}");
}

/// What Postfix writes anew, whoever hands it over: it puts an empty line before what is no header
/// line, ends a header line at NUL, cuts off a header at `header_size_limit`, and drops a
/// `Return-Path` for its own (postconf(5), `message_drop_headers`).
const WRITTEN_ANEW: &[&str] = &[
    "mbox-from-line",
    "no-colon",
    "nul-in-header",
    "ten-thousand-recipients",
    "null-sender",
];

/// What Postfix keeps of any other: it writes a space for a CR without LF (postconf(5),
/// `cleanup_replace_stray_cr_lf`), and the last line has an end, for SMTP has no way to carry one
/// without.
fn as_postfix_keeps(raw: &[u8]) -> Vec<u8> {
    let mut kept = as_served(raw);
    for at in 0..kept.len() {
        if kept[at] == b'\r' && kept.get(at + 1) != Some(&b'\n') {
            kept[at] = b' ';
        }
    }
    if !kept.ends_with(b"\r\n") {
        kept.extend(b"\r\n");
    }
    kept
}
