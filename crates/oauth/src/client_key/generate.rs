//! New keys.
