//! What the store promises, on every backend.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod bench;
mod profiles;
