//! How far the mail has come that was there before: a bar for people at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use mailgrant_vault::Backfill;

/// The bar itself, in characters.
const BAR: u64 = 24;
/// No line is longer: it must not be wrapped, or it could not be drawn over.
const LINE: usize = 79;

/// One line that is drawn again and again, on standard error; nothing where that is no terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
    /// So many characters stand there.
    drawn: usize,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
            drawn: 0,
        }
    }

    /// Whether somebody sees it.
    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Draws it over what stood there.
    pub(crate) fn draw(&mut self, folders: &[Backfill]) {
        if self.is_shown {
            let line = folders.first().map(bar).unwrap_or_default();
            self.put(&line);
        }
    }

    /// Leaves an empty line.
    pub(crate) fn clear(&mut self) {
        if self.drawn > 0 {
            self.put("");
        }
    }

    fn put(&mut self, line: &str) {
        let count = line.chars().count();
        let rest = " ".repeat(self.drawn.saturating_sub(count));
        let mut stderr = io::stderr().lock();
        // Who cannot see it misses nothing.
        let _ = write!(stderr, "\r{line}{rest}\r{line}");
        let _ = stderr.flush();
        self.drawn = count;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// One folder's bar, with its numbers in words.
fn bar(folder: &Backfill) -> String {
    let percent = folder.percent();
    let full = percent * BAR / 100;
    let mut line = String::from("[");
    line.extend((0..BAR).map(|at| if at < full { '#' } else { '.' }));
    line.extend([format!("] {percent} %  {}", folder.in_words())]);
    if line.chars().count() > LINE {
        line = line.chars().take(LINE - 1).chain(['…']).collect();
    }
    line
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn folder(total: u64, left: u64, per_hour: Option<u64>) -> Backfill {
        Backfill {
            folder: "INBOX".to_owned(),
            total,
            left,
            since: Timestamp::UNIX_EPOCH,
            as_of: Timestamp::UNIX_EPOCH,
            per_hour,
            paused: false,
        }
    }

    #[test]
    fn a_bar_is_as_long_as_what_is_done_and_never_full_before_the_end() {
        insta::assert_snapshot!(
            bar(&folder(500_000, 125_000, Some(360_000))),
            @"[##################......] 75 %  375000 of 500000 messages, 6000 a minute, abou…"
        );
        insta::assert_snapshot!(
            bar(&folder(500, 1, None)),
            @"[#######################.] 99 %  499 of 500 messages"
        );
        insta::assert_snapshot!(bar(&folder(500, 500, None)), @"[........................] 0 %  0 of 500 messages");
    }
}
