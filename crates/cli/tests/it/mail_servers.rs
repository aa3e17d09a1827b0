//! Mail servers of every kind, good and bad, as an administrator meets them.

use std::fs;
use std::process::{Command, Output};

use mailgrant_lab::Certificate;
use mailgrant_sandbox::{ImapFault, MailServerOptions, samples};

use crate::installation::{ADDRESS, installation, installation_with};
use crate::support::{Mailgrant, maildir};

/// What `mailgrant account test` prints, without what differs from run to run.
fn tested(mailgrant: &Mailgrant) -> String {
    let output = mailgrant.run(&["account", "test", "support"]);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let text = text.replace(&mailgrant.dir.path().display().to_string(), "DIR");
    let status = output.status.code().unwrap();
    let mut shown = String::new();
    for word in text.split_inclusive([' ', '\n', ',']) {
        let bare = word.trim_end_matches([' ', '\n', ',', '.', ':']);
        match bare.rsplit_once(':') {
            Some((host, port)) if port.len() > 3 && port.bytes().all(|b| b.is_ascii_digit()) => {
                shown += &word.replace(bare, &format!("{host}:PORT"));
            }
            _ => shown += word,
        }
    }
    format!("{shown}exit status {status}\n")
}

fn change(mailgrant: &Mailgrant, flags: &[&str]) {
    let mut args = vec!["account", "change", "support"];
    args.extend(flags);
    mailgrant.ok(&args);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_with_a_mail_server_is_told_in_words() {
    let (mut mailgrant, _provider, server) = installation(&[]).await;
    insta::assert_snapshot!("good", tested(&mailgrant));

    for (name, fault) in [
        ("refused_token", ImapFault::RefuseToken),
        ("not_connected", ImapFault::NotConnected),
        ("unavailable", ImapFault::Unavailable),
        ("too_many_connections", ImapFault::TooManyConnections),
        ("garbage", ImapFault::Garbage),
        ("endless_line", ImapFault::EndlessLine),
    ] {
        server.fault(fault, None);
        insta::assert_snapshot!(name, tested(&mailgrant));
        server.clear_faults();
    }

    let plain = server.plain_address().unwrap().port().to_string();
    change(&mailgrant, &["--imap-port", &plain]);
    insta::assert_snapshot!("plain_server_where_tls_is_expected", tested(&mailgrant));
    let tls = server.tls_address().port().to_string();
    let unused = mailgrant_lab::free_port().to_string();
    change(&mailgrant, &["--imap-port", &unused]);
    insta::assert_snapshot!("unreachable", tested(&mailgrant));
    change(
        &mailgrant,
        &["--imap-host", "no-such-host.invalid", "--imap-port", &tls],
    );
    insta::assert_snapshot!("unknown_host", tested(&mailgrant));
    change(
        &mailgrant,
        &["--imap-host", "localhost", "--folder", "No such folder"],
    );
    insta::assert_snapshot!("no_such_folder", tested(&mailgrant));

    // Trusts another certificate than the server's.
    change(&mailgrant, &["--folder", "INBOX"]);
    mailgrant.trust(&Certificate::for_loopback().certificate);
    insta::assert_snapshot!("self_signed", tested(&mailgrant));
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_comes_over_starttls_and_on_loopback_without_tls() {
    let options = MailServerOptions {
        sasl_ir: false,
        xoauth2: false,
        idle: false,
        announce_capabilities: false,
        ..MailServerOptions::default()
    };
    let (mailgrant, _provider, server) = installation_with(options, &[], ADDRESS).await;
    let plain = server.plain_address().unwrap().port().to_string();
    for (number, security) in [(1, "starttls"), (2, "plain"), (3, "tls")] {
        let port = if security == "tls" {
            server.tls_address().port().to_string()
        } else {
            plain.clone()
        };
        change(
            &mailgrant,
            &["--imap-port", &port, "--imap-security", security],
        );
        server.deliver(
            ADDRESS,
            "INBOX",
            format!("Subject: {security}\r\n\r\n").as_bytes(),
        );
        assert!(
            mailgrant
                .ok(&["fetch", "support"])
                .starts_with("1 delivered")
        );
        assert_eq!(mailgrant.maildir("mail").len(), number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_authorises_a_shared_mailbox() {
    let colleague = "ada@example.com";
    let options = MailServerOptions {
        shared: vec![(ADDRESS.to_owned(), colleague.to_owned())],
        ..MailServerOptions::default()
    };
    let flags = ["--signs-in", colleague];
    let (mailgrant, _provider, server) = installation_with(options, &flags, colleague).await;
    server.deliver(ADDRESS, "INBOX", b"Subject: shared\r\n\r\n");
    assert!(
        mailgrant
            .ok(&["fetch", "support"])
            .starts_with("1 delivered")
    );
    assert_eq!(mailgrant.maildir("mail"), [b"Subject: shared\r\n\r\n"]);

    // Named as in a personal mailbox, the server refuses the colleague's token, or opens the
    // colleague's own mailbox: the identity decides.
    change(&mailgrant, &["--imap-user", colleague]);
    assert!(
        mailgrant
            .ok(&["fetch", "support"])
            .starts_with("0 delivered")
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a small disk of its own (unshare, mount); ./test runs where they are allowed"]
async fn a_full_disk_is_told_and_loses_nothing() {
    let (mailgrant, _provider, server) = installation(&[]).await;
    let messages: Vec<_> = samples(3).into_iter().map(|sample| sample.raw).collect();
    for message in &messages {
        server.deliver(ADDRESS, "INBOX", message);
    }
    // The database and the Maildir lie on a disk that is full, then on one with room.
    let script = "set -e
        cp -a data kept; mkdir -p mail
        mount -t tmpfs -o size=64m none mail
        mount -t tmpfs -o size=64m none data; cp -a kept/. data/
        cat /dev/zero > mail/filler 2>/dev/null || true
        \"$0\" fetch support && exit 90; echo \"exit status $?\"
        rm mail/filler
        cat /dev/zero > data/filler 2>/dev/null || true
        \"$0\" fetch support && exit 91; echo \"exit status $?\"
        rm data/filler
        \"$0\" fetch support
        mkdir out; cp -a mail/. out/";
    let output = with_own_disks(&mailgrant, script);
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("exit status 78").count(), 2, "{told}");
    assert!(told.contains("takes no mail now: "), "{told}");
    assert!(told.contains("No space left"), "{told}");
    assert!(told.contains("the room on the disk"), "{told}");
    let mut delivered = maildir(&mailgrant.path("out"));
    let mut expected = messages;
    delivered.sort();
    expected.sort();
    assert!(delivered == expected, "{told}");
    assert!(fs::exists(mailgrant.path("kept")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a small disk of its own (unshare, mount); ./test runs where they are allowed"]
async fn a_read_only_disk_is_told_by_server_and_fetch() {
    let (mailgrant, _provider, server) = installation(&[]).await;
    server.deliver(ADDRESS, "INBOX", b"Subject: kept\r\n\r\n");
    let script = "set -e
        cp -a data kept
        mount -t tmpfs none data; cp -a kept/. data/; mount -o remount,ro data
        \"$0\" serve && exit 90; echo \"exit status $?\"
        \"$0\" fetch support && exit 91; echo \"exit status $?\"";
    let output = with_own_disks(&mailgrant, script);
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("exit status 78").count(), 2, "{told}");
    assert_eq!(told.matches("hint: ").count(), 2, "{told}");
    let database = "cannot use its database";
    assert_eq!(told.matches(database).count(), 2, "{told}");
    let fetched = mailgrant.ok(&["fetch", "support"]);
    assert!(fetched.starts_with("1 delivered"), "{fetched}");
}

/// Runs a script that may mount, in the installation's folder and with its settings; `$0` is the
/// binary.
fn with_own_disks(mailgrant: &Mailgrant, script: &str) -> Output {
    let binary = mailgrant.command(&[]);
    let set = binary.get_envs();
    Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .arg(binary.get_program())
        .current_dir(mailgrant.dir.path())
        .env_clear()
        .envs(set.filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap()
}
