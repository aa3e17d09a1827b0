//! How far the mail has come that was there before: a bar for people at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use mailgrant_vault::Backfill;

/// The bar itself, in characters: so many where the words leave room.
const BAR: usize = 24;
const SHORTEST_BAR: usize = 6;
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
            let line = together(folders).as_ref().map(bar).unwrap_or_default();
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

/// All folders as one: they are fetched one after the other, at the pace of the first.
fn together(folders: &[Backfill]) -> Option<Backfill> {
    folders.iter().cloned().reduce(|one, other| Backfill {
        total: one.total.saturating_add(other.total),
        left: one.left.saturating_add(other.left),
        ..one
    })
}

/// The bar, with its numbers in words.
fn bar(mail: &Backfill) -> String {
    let percent = mail.percent();
    let words = format!("] {percent} %  {}", mail.in_words());
    let room = LINE.saturating_sub(words.chars().count() + 1);
    let length = room.clamp(SHORTEST_BAR, BAR);
    let full = usize::try_from(percent).unwrap_or(100) * length / 100;
    let bar = (0..length).map(|at| if at < full { '#' } else { '.' });
    let line = std::iter::once('[').chain(bar).chain(words.chars());
    line.take(LINE).collect()
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
            @"[########...] 75 %  375000 of 500000 messages, 6000 a minute, about 20 min left"
        );
        insta::assert_snapshot!(
            bar(&folder(500, 1, None)),
            @"[#######################.] 99 %  499 of 500 messages"
        );
        let most = folder(9_999_999, 9_999_999, Some(60 * 99_999));
        assert!(bar(&most).ends_with(" left"), "{}", bar(&most));
        let two = together(&[folder(500, 400, Some(600)), folder(100, 100, None)]);
        insta::assert_snapshot!(
            bar(&two.unwrap()),
            @"[###................] 16 %  100 of 600 messages, 10 a minute, about 50 min left"
        );
        insta::assert_snapshot!(bar(&folder(500, 500, None)), @"[........................] 0 %  0 of 500 messages");
    }
}
