//! What every room of Mailgrant stands on and nothing more: time and randomness as arguments,
//! who is at fault when something fails, how long-running tasks start and stop, how a retry waits,
//! files whose errors name them, and the names of the protocols that tokens are for and mail servers
//! speak.
//!
//! Nothing here knows how mail, OAuth or the store work.

mod backoff;
mod clock;
mod fault;
pub mod files;
mod protocol;
mod random;
mod tasks;
mod text;

pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, SystemClock};
pub use fault::{Diagnose, Diagnosis, Fault};
pub use protocol::Protocol;
pub use random::{Random, SeededRandom, SystemRandom};
pub use tasks::Tasks;
pub use text::is_treacherous;
