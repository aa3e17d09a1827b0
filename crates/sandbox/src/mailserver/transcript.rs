//! What was said, in short: for `demo --unattended` to show and for tests to look at.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many lines are kept; older ones are forgotten.
const LINES: usize = 4000;
/// How many characters of a line are kept.
const WIDTH: usize = 200;

/// The latest lines of all connections.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    lines: Mutex<VecDeque<String>>,
}

/// Who said a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Speaker {
    Client,
    Server,
}

impl Transcript {
    pub(super) fn note(&self, connection: u64, speaker: Speaker, text: &str) {
        let letter = match speaker {
            Speaker::Client => 'C',
            Speaker::Server => 'S',
        };
        let mut line = format!("{connection} {letter}: ");
        let shown = text.chars().take(WIDTH);
        line.extend(shown.map(|c| if c.is_control() { '·' } else { c }));
        if text.chars().nth(WIDTH).is_some() {
            line.push('…');
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}
