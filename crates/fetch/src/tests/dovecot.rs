//! Many folders of a mailbox at a real server.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::{SystemClock, SystemRandom};
use mailgrant_lab::{Dovecot, DovecotOptions};
use mailgrant_mail::{Append, ImapSession, MailServer, Security, Trust};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::{ADDRESS, Plan, World, now, sorted};
use crate::{FetchSettings, Fetcher, FetcherMetrics};

/// Without an index of all folders it has no NOTIFY.
const SETTINGS: &str = "namespace inbox {
  inbox = yes
  mailbox Spam {
    special_use = \\Junk
    auto = create
  }
  mailbox Support {
    auto = create
  }
}
";

/// A world whose mailbox is Dovecot's.
async fn at_dovecot(folders: &'static str, list_index: bool) -> (World, Dovecot) {
    let plan = Plan {
        folders,
        poll: Duration::from_hours(1),
        ..Plan::default()
    };
    let mut world = plan.build().await;
    let provider = world.provider.issuer().replace("http://", "");
    let options = DovecotOptions {
        introspection_url: format!("http://dovecot:dovecot-secret@{provider}/introspect"),
        mechanisms: "xoauth2",
        password: None,
    };
    let index = if list_index { "yes" } else { "no" };
    let settings = format!("mailbox_list_index = {index}\n{SETTINGS}");
    let dovecot = Dovecot::start_with(&options, &settings);
    let mut draft = world.account.draft.clone();
    draft.imap = MailServer::new("127.0.0.1", dovecot.imaps_port(), Security::Tls).unwrap();
    let account = &world.account;
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now());
    world.account = changed.await.unwrap();
    let shared = world.fetcher.shared();
    let settings = FetchSettings {
        trust: trust(&dovecot),
        ..shared.settings.clone()
    };
    world.fetcher = Fetcher::new(
        world.vault.clone(),
        shared.keeper.clone(),
        settings,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        FetcherMetrics::default(),
    );
    (world, dovecot)
}

fn trust(dovecot: &Dovecot) -> Trust {
    let pem = dovecot.certificate_pem().as_bytes();
    Trust::system_and(vec![CertificateDer::from_pem_slice(pem).unwrap()]).unwrap()
}

/// Another mail program puts a message into a folder.
async fn put(world: &World, dovecot: &Dovecot, folder: &str, text: &str) -> Vec<u8> {
    let raw = format!("Subject: {text}\r\n\r\n{text}\r\n").into_bytes();
    let shared = world.fetcher.shared();
    let resource = world.account.draft.source.resource();
    let token = shared.keeper.access_token(world.account.id, resource).await;
    let (server, limits) = (&world.account.draft.imap, shared.settings.limits);
    let token = token.unwrap().token;
    let opened = ImapSession::open(server, &trust(dovecot), limits, ADDRESS, &token).await;
    let append = Append {
        folder,
        flags: &[],
        arrived: None,
        size: raw.len() as u64,
        has_nul: false,
    };
    let mut session = opened.unwrap_or_else(|error| panic!("{error}\n{}", dovecot.log()));
    session.append(&append, raw.as_slice()).await.unwrap();
    session.logout().await;
    raw
}

async fn comes_at_once(list_index: bool) {
    let (world, dovecot) = at_dovecot("INBOX; \\Junk; Support", list_index).await;
    let mut sent = vec![put(&world, &dovecot, "Spam", "the first").await];
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == Some("listening"))
        .await;
    for folder in ["Spam", "Support", "INBOX", "Support"] {
        let text = format!("number {} in {folder}", sent.len());
        sent.push(put(&world, &dovecot, folder, &text).await);
        world
            .until("it is there", |world| world.delivered().len() == sent.len())
            .await;
    }
    running.stop().await;
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_tells_of_mail_in_every_folder() {
    comes_at_once(true).await;
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_that_does_not_tell_of_all_is_listened_to_by_more_connections() {
    comes_at_once(false).await;
}
