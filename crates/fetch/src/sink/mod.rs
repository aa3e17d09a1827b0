//! Where mail is delivered.
