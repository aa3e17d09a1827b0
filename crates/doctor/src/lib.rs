//! The doctor: walks the way of one account, from the provider's name to the mailbox's folder, and
//! says of the first thing that fails what happened, why, whose turn it is and where to go.
//!
//! ```text
//! Doctor::examine
//!   └─ walk      profile → provider's server → client → grant → token → IMAP, POP3, SMTP
//!        │       each step is told as soon as it is known
//!        └─ rules   pure: what was found by all steps together makes the precise cause
//! ```
//!
//! It fetches and sends no mail, and never spends what cannot be had again: the client is tried
//! with a refresh token that nobody gave, the mailbox with the access token that is due anyway.

mod doctor;
mod report;
mod rules;
mod walk;

pub use doctor::{Doctor, DoctorLimits};
pub use report::{Outcome, Report, Step, Verdict};
pub use walk::open_folders;
