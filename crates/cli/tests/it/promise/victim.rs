//! The process that is to die, and the place where it does.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// SIGKILL's number.
const KILL: i32 = 9;

/// What has just happened when a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It was started.
    Started,
    /// The sink is about to read a message.
    Offered,
    /// The sink has a whole message and has not said so.
    Taken,
    /// The sink has said so.
    Answered,
    /// The mail server has been told of a message, or has deleted it.
    Acknowledged,
}

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    /// At what.
    pub(super) place: Place,
    /// At its so-manieth time in this run, counted from 1.
    pub(super) time: u64,
    /// So long behind it.
    pub(super) delay: Duration,
}

/// The process of the run in hand, if there is one. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Victim(Arc<Mutex<Option<Running>>>);

#[derive(Debug)]
struct Running {
    child: Child,
    death: Option<Death>,
}

impl Victim {
    /// A process is running; without a death it may live.
    pub(super) fn starts(&self, child: Child, death: Option<Death>) {
        *self.0.lock().unwrap() = Some(Running { child, death });
    }

    /// Whoever sees it says that this has happened; the process may be dead when this returns.
    pub(super) fn reaches(&self, place: Place) {
        let mut running = self.0.lock().unwrap();
        let Some(Running { child, death }) = &mut *running else {
            return;
        };
        let Some(at) = death.as_mut().filter(|death| death.place == place) else {
            return;
        };
        at.time = at.time.saturating_sub(1);
        if at.time > 0 {
            return;
        }
        let delay = at.delay;
        *death = None;
        if delay.is_zero() {
            child.kill().unwrap();
            return;
        }
        let this = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            this.dies();
        });
    }

    /// Kills it now.
    pub(super) fn dies(&self) {
        if let Some(running) = &mut *self.0.lock().unwrap() {
            running.child.kill().unwrap();
        }
    }

    /// How it ended, once it has; asked again, nothing.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        let mut running = self.0.lock().unwrap();
        let status = running.as_mut()?.child.try_wait().unwrap()?;
        *running = None;
        Some(status)
    }

    /// Its number, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.0.lock().unwrap().as_ref().map(|it| it.child.id())
    }
}

/// Whether a process ended by SIGKILL.
pub(super) fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(KILL)
}
