//! The one way in which long-running tasks start, are watched and stop.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, error, info_span};

/// A group of tasks that stop together: first softly (finish what is in hand), then, when the
/// grace is over, hard. A group that is dropped stops hard: its tasks do not outlive whoever started
/// them.
#[derive(Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Tasks {
    /// An empty group.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the group has been asked to stop. A task that sees it finishes what it has
    /// in hand, takes nothing new and returns.
    pub fn stopping(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Starts a task. A panic in it is logged and brings down the task alone.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let hard = self.hard.clone();
        let watched = async move {
            let inner = tokio::spawn(task.instrument(info_span!("task", name)));
            let abort = inner.abort_handle();
            tokio::select! {
                ended = inner => {
                    if let Err(failure) = ended && failure.is_panic() {
                        error!(name, "a task panicked; please report this");
                    }
                }
                () = hard.cancelled() => abort.abort(),
            }
        };
        self.tracker.spawn(watched);
    }

    /// Asks all tasks to stop, waits for them at most `grace`, then aborts what is left. Says
    /// whether all of them stopped by themselves.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.soft.cancel();
        self.tracker.close();
        if tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok()
        {
            return true;
        }
        self.hard.cancel();
        self.tracker.wait().await;
        false
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.hard.cancel();
    }
}
