//! Real clients with user and password, unmodified; what they bring and send is compared byte for
//! byte.

use std::fmt::Write as _;
use std::process::Command;

use mailgrant_lab::as_served;
use mailgrant_sandbox::samples;

use super::world::{Chat, World};
use crate::installation::ADDRESS;
use crate::support::maildir;

/// Mail that no client wants to change, and a message that does not fit into any buffer.
fn mail() -> Vec<Vec<u8>> {
    let lines = |number: usize| if number == 0 { 40_000 } else { number };
    let message = |number| {
        let mut message = format!(
            "Return-Path: <a@example.com>\r\nFrom: <a@example.com>\r\nTo: <{ADDRESS}>\r\nSubject: number {number}\r\n\
             Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{number}@example.com>\r\n\r\n"
        );
        for line in 0..lines(number) {
            let _ = write!(message, "{line}\r\n..\r\n.{line} and more\r\n");
        }
        message.into_bytes()
    };
    (0..30).map(message).collect()
}

/// What a client has stored with its own line ends and a header of its own.
fn as_sent(stored: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let lines = |message: &Vec<u8>| -> Vec<u8> {
        let lines = message.split_inclusive(|&byte| byte == b'\n');
        let lines = lines.filter(|line| !line.starts_with(b"X-TUID: "));
        as_served(&lines.collect::<Vec<_>>().concat())
    };
    sorted(stored.iter().map(lines).collect())
}

fn sorted(mut mail: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    mail.sort_unstable();
    mail
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn proxy_lets_bytes_flow_in_every_protocol() {
    let world = World::start().await;
    world
        .dovecot
        .deliver_all(ADDRESS, [&b"Subject: one\r\n\r\nbody\r\n"[..]]);
    let password = &world.password;

    let mut imap = Chat::to(world.ports.imap);
    imap.hear("* OK [CAPABILITY IMAP4rev1");
    // All of it at once: what stands behind the login belongs to the server.
    imap.say(format!(
        "a LOGIN support {password}\r\nb SELECT INBOX\r\nc FETCH 1 BODY[TEXT]\r\nd LOGOUT\r\n"
    ));
    let capability = imap.hear("a OK [CAPABILITY ");
    assert!(capability.contains("IDLE"), "{capability}");
    imap.hear("b OK");
    imap.hear("body");
    imap.hear("d OK");
    assert_eq!(imap.rest(), "");

    let mut pop3 = Chat::to(world.ports.pop3);
    pop3.hear("+OK");
    pop3.say(format!(
        "USER {ADDRESS}\r\nPASS {password}\r\nRETR 1\r\nQUIT\r\n"
    ));
    pop3.hear("+OK 1 messages");
    pop3.hear("body");
    pop3.hear("+OK");
    assert_eq!(pop3.rest(), "");

    let mut smtp = Chat::to(world.ports.smtp);
    smtp.hear("220");
    smtp.say("EHLO me\r\n").hear("250 AUTH PLAIN LOGIN");
    smtp.say("AUTH LOGIN\r\n").hear("334 VXNlcm5hbWU6");
    smtp.say("c3VwcG9ydA==\r\n").hear("334 UGFzc3dvcmQ6");
    smtp.say(format!("{}\r\n", world.base64(password)))
        .hear("235");
    smtp.say("NOOP\r\nQUIT\r\n").hear("250");
    smtp.hear("221");
    assert_eq!(smtp.rest(), "");

    // Each connection ends with a line that says whose it was.
    drop((imap, pop3, smtp));
    world.logs("a connection ended", 3);
    let list = world
        .mailgrant
        .ok(&["account", "app-password", "list", "support"]);
    assert!(list.contains("from 127.0.0.1 (smtp)"), "{list}");
    assert!(world.server.stop());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot and curl; ./test installs them"]
async fn proxy_hands_out_every_byte_that_the_server_does() {
    let world = World::start().await;
    let samples = samples(1);
    let raw = samples.iter().map(|sample| sample.raw.as_slice());
    world.dovecot.deliver_all(ADDRESS, raw.clone());
    let token = world.mailgrant.ok(&["token", "support"]);
    let oauth = [
        "--user",
        &format!("{ADDRESS}:"),
        "--oauth2-bearer",
        token.trim(),
    ];
    let password = ["--user", &format!("support:{}", world.password)];
    let (dovecot, ports) = (&world.dovecot, world.ports);
    let place = |scheme: &str, port: u16| format!("{scheme}://localhost:{port}");
    for (direct, proxied, path) in [
        (
            place("imaps", dovecot.imaps_port()),
            place("imaps", ports.imaps),
            "INBOX;MAILINDEX=",
        ),
        (
            place("pop3s", dovecot.pop3s_port()),
            place("pop3", ports.pop3),
            "",
        ),
    ] {
        let directly = curl(&world, "direct", &oauth, &format!("{direct}/{path}"));
        let brought = curl(&world, "proxied", &password, &format!("{proxied}/{path}"));
        assert_eq!(directly.len(), samples.len());
        assert!(brought == directly, "{proxied} brought something else");
        if path.is_empty() {
            continue;
        }
        let served = sorted(raw.clone().map(as_served).collect());
        assert!(sorted(brought) == served, "{direct} brought something else");
    }
    assert!(world.server.stop());
}

/// All messages, over one connection.
fn curl(world: &World, name: &str, login: &[&str], place: &str) -> Vec<Vec<u8>> {
    let count = world.dovecot.count(ADDRESS);
    let mut curl = Command::new("curl");
    // Nobody's certificate matters here but the server's that is asked.
    curl.args(["--silent", "--show-error", "--insecure"]);
    curl.args(login).arg(format!("{place}[1-{count}]"));
    let path = |number: &str| world.mailgrant.path(&format!("{name}-{number}"));
    curl.arg("--output").arg(path("#1"));
    world.client(&mut curl);
    let read = |number: usize| std::fs::read(path(&number.to_string())).unwrap();
    (1..=count).map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot, isync, fetchmail and getmail; ./test installs them"]
async fn proxy_brings_mail_to_mbsync_getmail_and_fetchmail() {
    let world = World::start().await;
    let mail = sorted(mail());
    world
        .dovecot
        .deliver_all(ADDRESS, mail.iter().map(Vec::as_slice));
    for (name, client) in [
        ("mbsync", mbsync as fn(&World)),
        ("getmail", getmail),
        ("fetchmail", fetchmail),
    ] {
        for sub in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(world.mailgrant.path(name).join(sub)).unwrap();
        }
        client(&world);
        let brought = as_sent(&maildir(&world.mailgrant.path(name)));
        assert_eq!(brought.len(), mail.len(), "{name}");
        for (brought, sent) in brought.iter().zip(&mail) {
            let head =
                |message: &[u8]| message[..message.len().min(900)].escape_ascii().to_string();
            assert!(
                brought == sent,
                "{name}: {} is not {}",
                head(brought),
                head(sent)
            );
        }
    }
    assert!(world.server.stop());
}

/// IMAP with STARTTLS.
fn mbsync(world: &World) {
    let config = format!(
        "IMAPAccount a\nHost localhost\nPort {}\nUser {ADDRESS}\nPass {}\n\
         SSLType STARTTLS\nCertificateFile {}\n\n\
         IMAPStore far\nAccount a\n\nMaildirStore near\nInbox {}\n\n\
         Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nSyncState *\n",
        world.ports.imap_starttls,
        world.password,
        world.certificate().display(),
        world.mailgrant.path("mbsync").display(),
    );
    let config = world.file("mbsyncrc", &config);
    world.client(Command::new("mbsync").arg("-c").arg(config).arg("-a"));
}

/// POP3 with TLS from the first byte. As root it runs no program unless it is told to.
fn getmail(world: &World) {
    let config = format!(
        "[retriever]\ntype = SimplePOP3SSLRetriever\nserver = localhost\nport = {}\n\
         username = support\npassword = {}\n\
         [destination]\ntype = MDA_external\npath = /bin/sh\n\
         arguments = (\"-c\", \"cat > $(mktemp {}/new/XXXXXX)\")\nallow_root_commands = true\n\
         [options]\nread_all = true\ndelivered_to = false\nreceived = false\n",
        world.ports.pop3s,
        world.password,
        world.mailgrant.path("getmail").display(),
    );
    let config = world.file("getmailrc", &config);
    let here = world.mailgrant.dir.path().display();
    let mut getmail = Command::new("getmail");
    getmail.arg(format!("--getmaildir={here}"));
    world.client(getmail.arg(format!("--rcfile={}", config.display())));
}

/// POP3 without TLS.
fn fetchmail(world: &World) {
    let config = format!(
        "set invisible\npoll localhost port {} protocol pop3 user '{ADDRESS}' password '{}' \
         sslproto '' keep fetchall mda \"cat > $(mktemp {}/new/XXXXXX)\"\n",
        world.ports.pop3,
        world.password,
        world.mailgrant.path("fetchmail").display(),
    );
    let config = world.file("fetchmailrc", &config);
    let mut fetchmail = Command::new("fetchmail");
    fetchmail.arg("--pidfile").arg(world.mailgrant.path("pid"));
    world.client(fetchmail.arg("-f").arg(config));
}
