//! What a program's exit status means for a message: sysexits(3), as sendmail and Postfix read it.

use super::Verdict;

/// What to do about a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The program has the message.
    Delivered,
    /// Trying again may help.
    Temporary,
    /// Trying again does not help: quarantine.
    Permanent,
    /// The program itself cannot run: no message could be delivered.
    CannotRun,
}

use Meaning::{CannotRun, Delivered, Permanent, Temporary};

/// Status, meaning, words. What is not listed is temporary: a program that knows nothing of
/// sysexits and fails must not cost a message its place.
const TABLE: &[(i32, Meaning, &str)] = &[
    (0, Delivered, "delivered"),
    (64, Permanent, "EX_USAGE, the command line is wrong"),
    (65, Permanent, "EX_DATAERR, the message is not acceptable"),
    (66, Permanent, "EX_NOINPUT, an input cannot be read"),
    (67, Permanent, "EX_NOUSER, the addressee is unknown"),
    (68, Permanent, "EX_NOHOST, the host is unknown"),
    (69, Permanent, "EX_UNAVAILABLE, a service is unavailable"),
    (70, Permanent, "EX_SOFTWARE, an error in the program"),
    (71, Temporary, "EX_OSERR, the system lacks something"),
    (72, Permanent, "EX_OSFILE, a system file is missing"),
    (73, Permanent, "EX_CANTCREAT, an output cannot be created"),
    (74, Temporary, "EX_IOERR, reading or writing failed"),
    (75, Temporary, "EX_TEMPFAIL, try again later"),
    (
        76,
        Permanent,
        "EX_PROTOCOL, the other side broke a protocol",
    ),
    (77, Permanent, "EX_NOPERM, not permitted"),
    (78, Permanent, "EX_CONFIG, a setting is wrong"),
    (126, CannotRun, "the program cannot be executed"),
    (127, CannotRun, "the program was not found"),
];

/// What a status means, and its words.
pub(super) fn meaning(status: i32) -> (Meaning, &'static str) {
    TABLE.iter().find(|(listed, ..)| *listed == status).map_or(
        (Temporary, "a status without a meaning"),
        |(_, meaning, words)| (*meaning, words),
    )
}

/// The verdict for a status and what the program printed; `Err` where the program cannot run.
pub(super) fn verdict(status: i32, printed: &str) -> Result<Verdict, String> {
    let (meaning, words) = meaning(status);
    let said = match printed {
        "" => format!("exit status {status} ({words})"),
        _ => format!("exit status {status} ({words}): {printed}"),
    };
    match meaning {
        Delivered => Ok(Verdict::Taken(said)),
        Temporary => Ok(Verdict::later(said)),
        Permanent => Ok(Verdict::Never(said)),
        CannotRun => Err(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_statuses_are_tried_again() {
        for status in [1, 2, 63, 79, 99, 125, 128, 255] {
            assert_eq!(meaning(status).0, Temporary, "{status}");
        }
    }

    #[test]
    fn every_status_of_sysexits_is_listed_once_in_order() {
        let listed: Vec<i32> = TABLE.iter().map(|(status, ..)| *status).collect();
        let expected: Vec<i32> = std::iter::once(0)
            .chain(64..=78)
            .chain([126, 127])
            .collect();
        assert_eq!(listed, expected);
    }
}
