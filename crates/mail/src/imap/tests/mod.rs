//! Dialogues without a socket: what the server says, what the machines do.

mod appending;
mod chunks;
mod command;
mod fetching;
mod idling;
mod login;
mod opening;
mod statuses;
