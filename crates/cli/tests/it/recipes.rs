//! The recipes of `docs/connect/others.md` with the real programs: where mail goes, and what becomes
//! of it where it cannot go there.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use mailgrant_sandbox::MailServer;

use crate::installation::{ADDRESS, hand_to, installation};
use crate::support::{Mailgrant, maildir};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs procmail; ./test installs it"]
async fn procmail_sorts_mail_refuses_it_for_good_or_has_it_wait() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    let folders = mailgrant.path("folders").display().to_string();
    fs::create_dir(&folders).unwrap();
    let rules = write(
        &mailgrant.path("procmailrc"),
        &format!(
            ":0\n* ^Subject:.*invoice\n{folders}/invoices/\n\
             :0\n* ^Subject:.*spam\n{{\n  EXITCODE=77\n  :0\n  /dev/null\n}}\n\
             :0\n{folders}/inbox/\n"
        ),
    );
    hand_to(&mailgrant, &format!("/usr/bin/procmail -t -m {rules}"));

    let sent = sorts_and_refuses(&mailgrant, &server);
    assert_eq!(maildir(&mailgrant.path("folders/invoices")), [sent.invoice]);
    assert_eq!(maildir(&mailgrant.path("folders/inbox")), [sent.other]);

    // A file stands where the folder should be.
    fs::remove_dir_all(&folders).unwrap();
    fs::write(&folders, "").unwrap();
    waits(&mailgrant, &server);

    // Without `-t` procmail says that it never will.
    hand_to(&mailgrant, &format!("/usr/bin/procmail -m {rules}"));
    receive(&server, "for quarantine");
    let said = mailgrant.ok(&["fetch", "support"]);
    assert!(said.contains("1 in quarantine"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs maildrop; ./test installs it"]
async fn maildrop_sorts_mail_refuses_it_for_good_or_has_it_wait() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    for folder in ["invoices", "inbox"] {
        let path = mailgrant.path(folder);
        let made = Command::new("maildirmake.maildrop").arg(path).status();
        assert!(made.unwrap().success());
    }
    let dir = mailgrant.dir.path().display();
    let rules = write(
        &mailgrant.path("mailfilter"),
        &format!(
            "if (/^Subject:.*invoice/)\n{{\n  to \"{dir}/invoices/\"\n}}\n\
             if (/^Subject:.*spam/)\n{{\n  EXITCODE=77\n  exit\n}}\n\
             to \"{dir}/inbox/\"\n"
        ),
    );
    hand_to(&mailgrant, &format!("/usr/bin/maildrop {rules}"));

    let sent = sorts_and_refuses(&mailgrant, &server);
    assert_eq!(maildir(&mailgrant.path("invoices")), [sent.invoice]);
    assert_eq!(maildir(&mailgrant.path("inbox")), [sent.other]);

    fs::rename(mailgrant.path("inbox"), mailgrant.path("gone")).unwrap();
    waits(&mailgrant, &server);
    assert!(!mailgrant.path("inbox").exists(), "no mbox in its place");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot and its sieve; ./test installs them"]
async fn dovecot_sorts_mail_by_sieve_or_has_it_wait() {
    let (mailgrant, _provider, server) = installation(&["--after", "mark-seen"]).await;
    let (dir, run_as) = home_of_another(&mailgrant);
    let mail = format!("{dir}/mail");
    write(
        Path::new(&format!("{mail}/rules.sieve")),
        "require \"fileinto\";\nif header :contains \"Subject\" \"invoice\" { fileinto \"invoices\"; }\n",
    );
    let settings = write(
        Path::new(&format!("{dir}/lda.conf")),
        &format!(
            "log_path = /dev/stderr\nssl = no\nmail_location = maildir:{mail}\n\
             mail_plugins = sieve\nlda_mailbox_autocreate = yes\n\
             plugin {{\n  sieve = {mail}/rules.sieve\n}}\n"
        ),
    );
    hand_to(
        &mailgrant,
        &format!("{run_as}/usr/lib/dovecot/dovecot-lda -e -c {settings}"),
    );

    receive(&server, "an invoice");
    receive(&server, "a question");
    let said = mailgrant.ok(&["fetch", "support"]);
    assert_eq!(
        said.trim(),
        "2 delivered, 0 to be tried again, 0 in quarantine."
    );
    let holds = |folder: &str, subject: &str| {
        let messages = maildir(&Path::new(&mail).join(folder));
        assert_eq!(messages.len(), 1, "{folder}");
        assert!(String::from_utf8_lossy(&messages[0]).contains(subject));
    };
    holds(".invoices", "an invoice");
    holds(".", "a question");

    fs::rename(&mail, format!("{dir}/gone")).unwrap();
    fs::write(&mail, "").unwrap();
    waits(&mailgrant, &server);
}

/// A folder in which another user than root has `mail`, and the words that run a program as that
/// user: Dovecot delivers nothing as root. Without root there is one user for everything.
fn home_of_another(mailgrant: &Mailgrant) -> (String, &'static str) {
    const NOBODY: u32 = 65534;
    let outer = mailgrant.dir.path();
    let dir = mailgrant.path("dovecot");
    fs::create_dir_all(dir.join("mail")).unwrap();
    if fs::metadata(outer).unwrap().uid() != 0 {
        return (dir.display().to_string(), "");
    }
    for path in [outer, &dir] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::os::unix::fs::chown(dir.join("mail"), Some(NOBODY), Some(NOBODY)).unwrap();
    (
        dir.display().to_string(),
        "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups ",
    )
}

/// What was delivered.
struct Sent {
    invoice: Vec<u8>,
    other: Vec<u8>,
}

/// An invoice and a question are delivered, and spam is refused for good.
fn sorts_and_refuses(mailgrant: &Mailgrant, server: &MailServer) -> Sent {
    let invoice = receive(server, "an invoice");
    let other = receive(server, "a question");
    receive(server, "spam");
    let said = mailgrant.ok(&["fetch", "support"]);
    assert_eq!(
        said.trim(),
        "2 delivered, 0 to be tried again, 1 in quarantine."
    );
    Sent { invoice, other }
}

/// One more message is neither delivered nor given up.
fn waits(mailgrant: &Mailgrant, server: &MailServer) {
    receive(server, "one more");
    let said = mailgrant.ok(&["fetch", "support"]);
    assert_eq!(
        said.trim(),
        "0 delivered, 1 to be tried again, 0 in quarantine."
    );
}

fn receive(server: &MailServer, subject: &str) -> Vec<u8> {
    let message = format!(
        "From: Ada <ada@customer.example>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n\r\nHello\r\n"
    );
    server.deliver(ADDRESS, "INBOX", message.as_bytes());
    message.into_bytes()
}

fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.display().to_string()
}
