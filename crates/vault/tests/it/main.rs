//! What the store promises, on every backend.

mod bench;
mod profiles;
