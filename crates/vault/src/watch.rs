//! How a mailbox is watched over: whether its silence is told, and whether a canary is sent.

use serde::{Deserialize, Serialize};

/// How a mailbox is watched over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// When a mailbox without mail is told of.
    pub silence: Silence,
    /// How many hours lie between two canaries: messages that Mailgrant sends to the mailbox to see
    /// them arrive. `None`: none is sent.
    pub canary: Option<u16>,
}

/// When a mailbox without mail is told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// When mail is missing by the mailbox's own habit.
    #[default]
    Learnt,
    /// After so many hours without mail, whatever day it is; at least 1.
    After(u16),
    /// Never.
    Off,
}
