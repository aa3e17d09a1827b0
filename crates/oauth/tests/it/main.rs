//! The catalogue of refusals, said by the sandbox's provider and heard over HTTP.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod refusals;
