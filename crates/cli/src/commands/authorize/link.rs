//! By a link of ours: prints it and waits until somebody has used it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mailgrant_base::Tasks;
use mailgrant_vault::Account;
use mailgrant_web::{callback_router, serve};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use super::answer;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

/// How long a link lives, and so how long this waits.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long the pages stay after the outcome.
const LINGER: Duration = Duration::from_secs(3);

/// Prints the link and waits.
pub(super) async fn authorize(
    house: &House,
    config: &Config,
    account: &Account,
) -> Result<(), Failure> {
    let tasks = Tasks::new();
    let alone = !server_is_running(config.listen.address).await;
    if alone {
        // Nobody else would take the browser's answer.
        let bound = config.listen.bind().await?;
        let router = callback_router(house.app(config));
        tasks.spawn("callback", serve(bound, router, tasks.stopping()));
    }
    let ticket = house.keeper.offer(account.id).await?;
    output::line(&format!(
        "Open this link, once, within 10 minutes, and sign in as {}:\n\n  {}authorize/{}\n",
        account.expected_sign_in(),
        config.public_url,
        ticket.secret.expose_secret()
    ))?;
    let outcome = tokio::select! {
        outcome = answer::outcome(house, ticket.id) => outcome,
        () = tokio::time::sleep(PATIENCE) => Err(answer::nobody_yet(account)),
        _ = tokio::signal::ctrl_c() => Err(answer::nobody_yet(account)),
    };
    if alone {
        // The browser has yet to load the page that says how it ended.
        tokio::time::sleep(LINGER).await;
    }
    tasks.stop(Duration::from_secs(5)).await;
    outcome
}

/// Whether somebody (a running `mailgrant serve`) listens where the pages are to be.
pub(in crate::commands) async fn server_is_running(address: SocketAddr) -> bool {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let connect = TcpStream::connect(SocketAddr::new(ip, address.port()));
    matches!(
        tokio::time::timeout(Duration::from_secs(2), connect).await,
        Ok(Ok(_))
    )
}
