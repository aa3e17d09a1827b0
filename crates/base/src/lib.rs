//! What every room of Mailgrant stands on and nothing more: time and randomness as arguments,
//! who is at fault when something fails, how long-running tasks start and stop, how a retry waits,
//! and files whose errors name them.
//!
//! Nothing here knows of mail, OAuth or the store.

mod backoff;
mod clock;
mod fault;
pub mod files;
mod random;
mod tasks;

pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, SystemClock};
pub use fault::{Diagnose, Diagnosis, Fault};
pub use random::{Random, SeededRandom, SystemRandom};
pub use tasks::Tasks;
