//! What others do with the same mailbox.

use std::fs;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mailgrant_lab::Dovecot;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::measure::{self, Taken};
use crate::{Case, PASSWORD};

/// Reads everything and throws it away, without a look at what it is: what no fetcher can undercut.
pub(crate) async fn raw(case: &Case, dovecot: &Dovecot) -> Taken {
    measure::here(async { read_all(case, dovecot) }).await
}

fn read_all(case: &Case, dovecot: &Dovecot) {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(dovecot.certificate_pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(("localhost", dovecot.imaps_port())).unwrap();
    let mut stream = StreamOwned::new(tls, tcp);
    let login = format!("LOGIN {} {PASSWORD}", case.user());
    for (tag, command) in [
        ("a", login.as_str()),
        ("b", "EXAMINE INBOX"),
        ("c", "UID FETCH 1:* (UID BODY.PEEK[])"),
    ] {
        stream
            .write_all(format!("{tag} {command}\r\n").as_bytes())
            .unwrap();
        until(&mut stream, format!("\r\n{tag} OK").as_bytes());
    }
}

/// Reads until this comes, at the beginning of one of the last lines.
fn until(stream: &mut impl Read, end: &[u8]) {
    const LAST: usize = 512;
    let mut buffer = vec![0; 256 * 1024];
    let mut kept = 0;
    loop {
        let read = stream.read(&mut buffer[kept..]).unwrap();
        assert!(read > 0, "the server hung up");
        let there = kept + read;
        let last = there.saturating_sub(LAST);
        if buffer[last..there]
            .windows(end.len())
            .any(|part| part == end)
        {
            return;
        }
        buffer.copy_within(last..there, 0);
        kept = there - last;
    }
}

/// A place of its own for one run of a peer.
fn place(dir: &Path, peer: &str, case: &Case, round: usize) -> PathBuf {
    let base = dir.join(format!("{peer}-{}-{round}", case.name));
    for sub in ["mail/cur", "mail/new", "mail/tmp"] {
        fs::create_dir_all(base.join(sub)).unwrap();
    }
    base
}

pub(crate) fn mbsync(dir: &Path, case: &Case, dovecot: &Dovecot, round: usize) -> Taken {
    let base = place(dir, "mbsync", case, round);
    let rc = base.join("rc");
    fs::write(
        &rc,
        format!(
            "IMAPAccount a\nHost localhost\nPort {port}\nUser {user}\nPass {PASSWORD}\n\
             SSLType IMAPS\nCertificateFile {dir}/cert.pem\nAuthMechs PLAIN\n\n\
             IMAPStore far\nAccount a\n\nMaildirStore near\nInbox {base}/mail\nPath {base}/\n\n\
             Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n",
            port = dovecot.imaps_port(),
            user = case.user(),
            dir = dir.display(),
            base = base.display(),
        ),
    )
    .unwrap();
    let taken = measure::run(Command::new("mbsync").arg("-q").arg("-c").arg(&rc).arg("c"));
    case.arrived(&base.join("mail/new"));
    taken
}

pub(crate) fn getmail(dir: &Path, case: &Case, dovecot: &Dovecot, round: usize) -> Taken {
    let base = place(dir, "getmail", case, round);
    // As root getmail wants to deliver as somebody else.
    let deliverer = if fs::metadata("/proc/self").unwrap().uid() == 0 {
        measure::run(
            Command::new("chown")
                .arg("-R")
                .arg("nobody")
                .arg(base.join("mail")),
        );
        measure::run(Command::new("chmod").arg("755").arg(dir).arg(&base));
        "user = nobody\n"
    } else {
        ""
    };
    fs::write(
        base.join("getmailrc"),
        format!(
            "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\nport = {port}\n\
             username = {user}\npassword = {PASSWORD}\nmailboxes = (\"INBOX\",)\n\
             ca_certs = {dir}/cert.pem\n\n[destination]\ntype = Maildir\npath = {base}/mail/\n\
             {deliverer}\n[options]\nread_all = true\ndelivered_to = false\nreceived = false\n\
             verbose = 0\n",
            port = dovecot.imaps_port(),
            user = case.user(),
            dir = dir.display(),
            base = base.display(),
        ),
    )
    .unwrap();
    let taken = measure::run(Command::new("getmail").arg("--getmaildir").arg(&base));
    case.arrived(&base.join("mail/new"));
    taken
}

/// It hands each message to a program; maildrop is the quickest that writes a Maildir.
pub(crate) fn fetchmail(dir: &Path, case: &Case, dovecot: &Dovecot, round: usize) -> Taken {
    use std::os::unix::fs::PermissionsExt as _;
    let base = place(dir, "fetchmail", case, round);
    let (rc, filter) = (base.join("rc"), base.join("filter"));
    fs::write(&filter, format!("to \"{}/mail/\"\n", base.display())).unwrap();
    fs::write(
        &rc,
        format!(
            "poll localhost protocol IMAP port {port} user \"{user}\" password \"{PASSWORD}\" ssl \
             sslcertck sslcertfile \"{dir}/cert.pem\" keep fetchall mda \"maildrop {filter}\"\n",
            port = dovecot.imaps_port(),
            user = case.user(),
            dir = dir.display(),
            filter = filter.display(),
        ),
    )
    .unwrap();
    for file in [&rc, &filter] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut command = Command::new("fetchmail");
    command.env("FETCHMAILHOME", &base).env("HOME", &base);
    let taken = measure::run(command.arg("--silent").arg("-f").arg(&rc));
    case.arrived(&base.join("mail/new"));
    taken
}
