//! The binary as its users meet it: its command line, its pages in a real browser, real peers,
//! and what is left after it was killed.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends there; files are its own"
)]

mod browsing;
mod command_line;
mod connecting;
mod credentials;
mod demo;
mod doctor;
mod errors;
mod fetching;
mod installation;
mod mail_servers;
mod messages;
mod named_tests;
mod pages;
#[expect(
    clippy::print_stdout,
    reason = "the seed and the numbers are its result"
)]
mod promise;
mod provider_guide;
mod proxy;
mod real_servers;
mod recipes;
mod renaming;
mod request_tracker;
mod secrets;
mod sinks;
mod support;
mod ways_to_sign_in;
mod whole_path;
mod wrong_input;
