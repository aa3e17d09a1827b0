//! When a token is due, and what a renewal does.
