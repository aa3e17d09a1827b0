//! Sessions with servers: the sandbox's, and Dovecot.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

mod answers;
mod answers_over_the_wire;
mod appending;
mod delivery;
mod delivery_to_real_servers;
mod faults;
mod folders;
mod inspection;
mod logins;
mod maildrops;
mod scripted;
mod sessions;
mod world;
