//! `mailgrant demo`: the whole path on this machine alone, with a sandbox for the outside world.

mod newcomer;
mod stage;

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_vault::{Account, AccountForm, Administrator, ProviderForm, VaultError};
use mailgrant_web::{Listen, Welcome};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use self::stage::{ADDRESS, CLIENT_ID, CLIENT_SECRET, PASSWORD, Stage};
use super::{serve, wrong_flags};
use crate::args::Demo;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::{Config, KeySource, addresses_on_loopback};

/// How long a stop waits for the message in hand.
const GRACE: Duration = Duration::from_secs(10);

/// How often one more message arrives for whoever watches, and how many do.
const DRIP: (Duration, usize) = (Duration::from_secs(3), 1000);

/// Plays the whole path; returns on Ctrl-C, or when the unattended newcomer is done.
pub(crate) async fn demo(config: &Config, flags: &Demo) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::no_runtime)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(Failure::no_runtime)?;
    let folder = TempDir::with_prefix("mailgrant-demo-").map_err(Failure::no_folder)?;
    let config = in_folder(config, &folder)?;
    let bound = config.listen.bind().await?;
    let stage = Stage::set_up(config.redirect_uri.as_str())
        .await
        .map_err(Failure::no_sandbox)?;
    stage.write_certificate(folder.path())?;

    let house = House::open(&config).await?;
    let account = furnish(&house, &stage, &folder).await?;
    let welcome = Welcome::new(administrator(&house).await?, house.random.as_ref());
    let link = welcome.link(&config.public_url);
    let tasks = serve::start(&house, &config, bound, Some(welcome));

    let play = async {
        if flags.unattended {
            newcomer::play(&house, &stage, &account, &link, folder.path()).await
        } else {
            attend(&stage, &link, &folder).await
        }
    };
    // Whatever ends it, the folder goes.
    let outcome = tokio::select! {
        outcome = play => outcome,
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    };
    tasks.stop(GRACE).await;
    house.vault.close().await;
    outcome
}

/// The settings, but everything lies in a folder that goes away, on a port that is free.
fn in_folder(config: &Config, folder: &TempDir) -> Result<Config, Failure> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(Failure::no_sandbox)?
        .port();
    let listen = Listen {
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        tls: None,
    };
    let (public_url, redirect_uri) = addresses_on_loopback(&listen)?;
    Ok(Config {
        data_dir: folder.path().to_owned(),
        store: folder.path().join("mailgrant.db"),
        key: KeySource::Own(folder.path().join("sealing.key")),
        trust: Some(folder.path().join(stage::CERTIFICATE)),
        listen,
        public_url,
        redirect_uri,
        ..config.clone()
    })
}

/// A provider and an account, made by the same checks as everybody's.
async fn furnish(house: &House, stage: &Stage, folder: &TempDir) -> Result<Account, Failure> {
    let now = house.clock.now();
    let provider = ProviderForm {
        name: "sandbox".to_owned(),
        kind: "oidc".to_owned(),
        issuer: stage.provider.issuer(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        scopes: "openid email offline_access mail".to_owned(),
        ..ProviderForm::default()
    };
    let draft = provider
        .check(None)
        .map_err(|errors| wrong_flags(&errors))?;
    let provider = house.vault.add_provider(&draft, now).await?;
    let account = AccountForm {
        name: "support".to_owned(),
        address: ADDRESS.to_owned(),
        provider: provider.name.clone(),
        imap_host: "localhost".to_owned(),
        imap_port: stage.server.tls_address().port().to_string(),
        after: "mark-seen".to_owned(),
        sink: "maildir".to_owned(),
        maildir: folder.path().join(stage::MAILDIR).display().to_string(),
        ..AccountForm::default()
    };
    let draft = account
        .check(&[provider])
        .map_err(|errors| wrong_flags(&errors))?;
    Ok(house.vault.add_account(&draft, now).await?)
}

/// An administrator whom the one link signs in; nobody knows the password.
async fn administrator(house: &House) -> Result<Administrator, Failure> {
    let now = house.clock.now();
    let secret = SecretString::from(house.random.token());
    let password = SecretString::from(house.random.token());
    house
        .vault
        .offer_setup(&secret, now, now + SignedDuration::from_mins(1))
        .await?;
    let made = house
        .vault
        .set_up_administrator(&secret, "newcomer", &password, now)
        .await?;
    Ok(made.ok_or(VaultError::Stale {
        what: "the set-up link",
    })?)
}

/// Tells whoever watches what to do, and lets mail arrive.
async fn attend(stage: &Stage, link: &str, folder: &TempDir) -> Result<(), Failure> {
    output::line(&format!(
        "\nMailgrant and its sandbox run on this machine alone. Open this link, once:\n\n  \
         {link}\n\nChoose the account, press Authorize, and sign in at the sandbox as\n\n  \
         address   {ADDRESS}\n  password  {PASSWORD}\n\n{} messages wait in the mailbox; more \
         come while you watch. They are delivered into\n\n  {}\n\nCtrl-C ends it and removes \
         everything.",
        stage.messages.len(),
        folder.path().join(stage::MAILDIR).display()
    ))?;
    let drip = async {
        for message in stage.messages.iter().cycle().take(DRIP.1) {
            tokio::time::sleep(DRIP.0).await;
            stage.deliver(message);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = drip => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
