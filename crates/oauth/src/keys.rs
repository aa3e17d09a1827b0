//! The keys that a provider signs with.

#[derive(Debug, Clone)]
pub(crate) struct Keys;
