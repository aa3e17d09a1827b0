//! The keeper: always has a valid access token for every account, or says why not.
//!
//! Two ways lead in. A person authorises an account ([`Keeper::begin`], [`Keeper::finish`]): the
//! grant is stored. From then on [`Keeper::run`] renews ahead of need, whether mail flows or not,
//! and [`Keeper::access_token`] hands out what is valid. One renewal at a time per account, in
//! this process and across processes; a late answer of an old version is discarded; a rotated
//! refresh token is committed before the access token that came with it is used.
//!
//! ```text
//! access_token (access), another_token (refused)      run, renew_due (watch)
//!             └────────────┬───────────────────────┘
//!                   single_flight             one renewal per account in this process
//!                      renewal                lease and look: one in all processes
//!          ┌───────────────┼──────────┐
//!       decision        asking      holds      may we? the provider's answer; who must wait
//!                     ┌────┴────┐
//!                  outcome   unstored          what now? what could not be stored is not lost
//! ```
//!
//! `decision`, `outcome` and `schedule` are pure: what they decide is tested without a provider.

mod access;
mod asking;
mod authorization;
mod decision;
mod error;
mod holds;
mod keeper;
mod metrics;
mod outcome;
mod provider_check;
mod provider_trouble;
mod refused;
mod renewal;
mod revoke;
mod schedule;
mod single_flight;
mod unstored;
mod warnings;
mod watch;

pub use authorization::{Arrival, AuthorizationError, Departure, DeviceOffer, Finished, Ticket};
pub use error::KeeperError;
pub use keeper::{AccessToken, Keeper};
pub use metrics::KeeperMetrics;
pub use provider_check::ProviderCheck;
