//! The client as a server sees it, byte by byte.

mod asking;
mod chunks;
mod securing;

use super::Envelope;
use crate::Offers;

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope::new("from@example.com", recipients.iter().copied()).unwrap()
}

fn offers(lines: &[&str]) -> Offers {
    Offers::of_lines(lines.iter().map(|line| line.as_bytes().to_vec()), "AUTH")
}
