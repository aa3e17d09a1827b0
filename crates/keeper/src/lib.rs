//! The keeper: always has a valid access token for every account, or says why not.
//!
//! Two ways lead in. A person authorises an account ([`Keeper::begin`], [`Keeper::finish`]): the
//! grant is stored. From then on [`Keeper::run`] renews ahead of need, whether mail flows or not,
//! and [`Keeper::access_token`] hands out what is valid. One renewal at a time per account, in
//! this process and across processes; a late answer of an old version is discarded; a rotated
//! refresh token is committed before the access token that came with it is used.

mod authorization;
mod error;
mod keeper;
mod renewal;

pub use authorization::{Arrival, AuthorizationError, Departure, Finished, Ticket};
pub use error::KeeperError;
pub use keeper::{AccessToken, Keeper, KeeperMetrics, ProviderCheck};
