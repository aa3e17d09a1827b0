//! Clients that send, and Python's own clients in all three protocols.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::world::World;
use crate::installation::ADDRESS;

/// A message with lines that SMTP has to stuff, and more than fits into any buffer.
fn message(name: &str) -> String {
    let mut message = format!(
        "From: <{ADDRESS}>\r\nTo: <b@example.com>\r\nSubject: by {name}\r\n\
         Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{name}@example.com>\r\n\r\n"
    );
    for line in 0..20_000 {
        let _ = write!(message, "{line}\r\n.\r\n..{line} and more\r\n");
    }
    message
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot, msmtp, swaks and curl; ./test installs them"]
async fn proxy_sends_what_msmtp_swaks_and_curl_send() {
    let world = World::start().await;
    let (ports, password) = (world.ports, &world.password);
    let certificate = world.certificate().display().to_string();
    for (name, mut client) in [
        ("msmtp", {
            let mut msmtp = Command::new("msmtp");
            msmtp.args([
                "--host=localhost",
                "--auth=on",
                "--tls=on",
                "--tls-starttls=on",
            ]);
            msmtp.arg(format!("--port={}", ports.smtp_starttls));
            msmtp.arg(format!("--tls-trust-file={certificate}"));
            msmtp
                .arg(format!("--user={ADDRESS}"))
                .arg(format!("--from={ADDRESS}"));
            msmtp.arg(format!("--passwordeval=echo {password}"));
            msmtp.arg("b@example.com");
            msmtp
        }),
        ("swaks", {
            let mut swaks = Command::new("swaks");
            swaks.args(["--server", "127.0.0.1", "--port", &ports.smtp.to_string()]);
            swaks.args(["--auth", "LOGIN", "--auth-user", "support"]);
            swaks.args(["--auth-password", password, "--from", ADDRESS]);
            swaks.args(["--to", "b@example.com", "--suppress-data", "--data", "-"]);
            swaks
        }),
        ("curl", {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--cacert", &certificate]);
            curl.arg(format!("smtps://localhost:{}", ports.smtps));
            curl.args(["--user", &format!("{ADDRESS}:{password}")]);
            curl.args(["--mail-from", ADDRESS, "--mail-rcpt", "b@example.com"]);
            curl.args(["--upload-file", "-"]);
            curl
        }),
    ] {
        let message = message(name);
        let text = match name {
            // These make line ends by themselves.
            "msmtp" | "swaks" => message.replace("\r\n", "\n"),
            _ => message.clone(),
        };
        let file = std::fs::File::open(world.file("message", &text)).unwrap();
        world.client(client.stdin(Stdio::from(file)));
        let submitted = world.dovecot.submitted().pop().unwrap();
        let submitted = String::from_utf8(submitted).unwrap();
        let begin = submitted.find("From: ").unwrap();
        // swaks ends a message with an empty line of its own.
        assert!(
            submitted[begin..].trim_end() == message.trim_end(),
            "{name} sent something else"
        );
    }
    assert!(world.server.stop());
}

/// Appends, fetches, idles, retrieves and sends over all ways of TLS, and compares.
const PYTHON: &str = r#"
import imaplib, poplib, smtplib, ssl, sys
user, password, imaps, imap_starttls, pop3s, pop3_stls, smtps, smtp_starttls = sys.argv[1:9]
tls = ssl.create_default_context(cafile="proxy.pem")
message = b"From: <a@example.com>\r\nSubject: python\r\n\r\n" + bytes(range(1, 10)) \
    + bytes(range(14, 256)) * 4000 + b"\r\n.\r\nend\r\n"

imap = imaplib.IMAP4("localhost", int(imap_starttls))
try:
    imap.login(user, password)
    raise SystemExit("it let somebody in without TLS")
except imaplib.IMAP4.error as error:
    assert "PRIVACYREQUIRED" in str(error), error
imap.starttls(tls)
imap.login(user, password)
assert "IDLE" in imap.capability()[1][0].decode()
assert imap.append("INBOX", None, None, message)[0] == "OK"
assert imap.select("INBOX")[0] == "OK"
fetched = imap.fetch("1", "(BODY.PEEK[])")[1][0][1]
assert fetched == message, (len(fetched), len(message))
imap.logout()

imap = imaplib.IMAP4_SSL("localhost", int(imaps), ssl_context=tls)
imap.authenticate("PLAIN", lambda _: b"\0" + user.encode() + b"\0" + password.encode())
assert imap.status("INBOX", "(MESSAGES)")[1][0].endswith(b"(MESSAGES 1)")
imap.logout()

for pop3 in [
    poplib.POP3_SSL("localhost", int(pop3s), context=tls),
    poplib.POP3("localhost", int(pop3_stls)),
]:
    if "STLS" in pop3.capa():
        pop3.stls(tls)
    pop3.user(user)
    pop3.pass_(password)
    assert pop3.stat()[0] == 1
    pop3.quit()

text = b"From: <a@example.com>\r\nSubject: python\r\n\r\n.\r\n" + b"line\r\n" * 50000
for smtp in [
    smtplib.SMTP_SSL("localhost", int(smtps), context=tls),
    smtplib.SMTP("localhost", int(smtp_starttls)),
]:
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=tls)
        smtp.ehlo()
    assert smtp.has_extn("8bitmime") and smtp.has_extn("size"), smtp.esmtp_features
    smtp.login(user, password)
    assert smtp.sendmail("a@example.com", ["b@example.com"], text) == {}
    smtp.quit()
"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Dovecot; ./test installs it"]
async fn proxy_serves_pythons_own_clients_in_every_protocol_with_tls() {
    let world = World::start().await;
    // Once the server is asked, SMTP announces what it has.
    world.announces("SIZE");
    let ports = world.ports;
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", PYTHON, "support", &world.password]);
    for port in [
        ports.imaps,
        ports.imap_starttls,
        ports.pop3s,
        ports.pop3_stls,
        ports.smtps,
        ports.smtp_starttls,
    ] {
        python.arg(port.to_string());
    }
    world.client(&mut python);
    let submitted = world.dovecot.submitted();
    assert_eq!(submitted.len(), 2);
    let end = format!("Subject: python\r\n\r\n.\r\n{}", "line\r\n".repeat(50_000));
    for message in submitted {
        assert!(
            message.ends_with(end.as_bytes()),
            "smtplib sent something else"
        );
    }
    assert!(world.server.stop());
}
