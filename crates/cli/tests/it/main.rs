//! The binary as its users meet it: its command line, its pages in a real browser, real peers,
//! and what is left after it was killed.

#![expect(
    clippy::disallowed_methods,
    reason = "tests read and write their own files"
)]

mod browsing;
mod command_line;
mod installation;
mod kill;
mod mail_servers;
mod pages;
mod support;
mod whole_path;
mod wrong_input;
