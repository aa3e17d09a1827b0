//! `mailgrant serve`: pages, callback, keeper, fetchers and proxy in one process.

use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::Tasks;
use mailgrant_web::{App, Bound, Welcome, router, serve as serve_pages};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use super::setup_link;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::pruning;
use crate::settings::Config;

/// How long a stop waits for the messages in hand: less than the 90 seconds after which systemd
/// kills (`TimeoutStopSec`). What a longer program has in hand is run again at the next start.
const GRACE: Duration = Duration::from_secs(75);

/// How long it waits for authorizations in hand, whose browsers have gone.
const LAST_GRACE: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn serve(config: &Config) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::no_runtime)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::no_runtime)?;
    // All that can fail does so before anything starts.
    let bound = config.listen.bind().await?;
    let house = House::open(config).await?;
    let proxy = house.proxy(config)?;
    let listening = proxy.bind().await?;

    let tasks = start(&house, config, bound, None);
    let for_proxy = tasks.stopping();
    tasks.spawn(
        "proxy",
        async move { proxy.run(listening, for_proxy).await },
    );
    info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %config.listen.address,
        public_url = %config.public_url,
        store = %config.store.display(),
        "serving"
    );
    if house.vault.has_administrator().await? {
        output::line(&format!("Mailgrant serves on {}", config.public_url))?;
    } else {
        setup_link::offer(&house, config).await?;
    }

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    info!("stopping: the messages in hand are finished first");
    if !tasks.stop(GRACE).await {
        warn!("something did not stop in time and was cut off; it goes on at the next start");
    }
    let settled = tokio::time::timeout(LAST_GRACE, house.keeper.settled()).await;
    if settled.is_err() {
        warn!("an authorization was cut off: the account may have to be authorised again");
    }
    house.vault.close().await;
    Ok(())
}

/// Starts everything that runs as long as the server does.
pub(crate) fn start(
    house: &House,
    config: &Config,
    bound: Bound,
    welcome: Option<Welcome>,
) -> Tasks {
    let tasks = Tasks::new();
    let (keeper, fetcher) = (house.keeper.clone(), house.fetcher.clone());
    let (for_keeper, for_fetcher) = (tasks.stopping(), tasks.stopping());
    tasks.spawn("keeper", async move { keeper.run(for_keeper).await });
    tasks.spawn("fetcher", async move { fetcher.run(for_fetcher).await });
    let (vault, clock) = (house.vault.clone(), Arc::clone(&house.clock));
    let pruning = pruning::run(vault, clock, config.keep_history, tasks.stopping());
    tasks.spawn("history", pruning);
    tasks.spawn(
        "pages",
        serve_pages(
            bound,
            router(App {
                welcome,
                ..house.app(config)
            }),
            tasks.stopping(),
        ),
    );
    tasks
}
