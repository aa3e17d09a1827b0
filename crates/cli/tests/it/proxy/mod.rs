//! The proxy: clients that can do user and password alone, against servers that know OAuth alone.

mod clients;
mod refusals;
mod senders;
mod world;
