//! One page or action is one file: its handler and its template's data. A form that two pages share
//! is a file of its own.

pub(crate) mod accounts;
pub(crate) mod authorization;
pub(crate) mod confirm;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod messages;
pub(crate) mod metrics;
pub(crate) mod overview;
pub(crate) mod providers;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod steps;
pub(crate) mod welcome;
