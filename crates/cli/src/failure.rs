//! The one table from an error to what is printed and to the exit status.

use std::io::{self, Write as _};
use std::process::ExitCode;

use mailgrant_base::{Diagnose, Diagnosis, Fault};

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure(Diagnosis);

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.diagnosis())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "each is the whole of a `map_err`"
)]
impl Failure {
    /// A failure that is already in words.
    pub(crate) fn of(diagnosis: Diagnosis) -> Self {
        Self(diagnosis)
    }

    /// A failure that the operator has to mend.
    pub(crate) fn operator(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self(Diagnosis::new(Fault::Operator, what, next))
    }

    /// The system gives no threads or timers.
    pub(crate) fn no_runtime(error: io::Error) -> Self {
        let next = "Look at what the operating system said; the limit of processes may be reached.";
        Self(
            Diagnosis::new(Fault::Operator, "Mailgrant cannot start.", next)
                .said(error.to_string()),
        )
    }

    /// A folder for a while cannot be made or read.
    pub(crate) fn no_folder(error: io::Error) -> Self {
        let next = "Look at what the operating system said; TMPDIR names the folder for such.";
        let what = "A temporary folder cannot be used.";
        Self(Diagnosis::new(Fault::Operator, what, next).said(error.to_string()))
    }

    /// The demo's sandbox does not work.
    pub(crate) fn no_sandbox(error: io::Error) -> Self {
        let next = "Look at what was said; the demo needs a few free ports on loopback.";
        let what = "The demo cannot go on.";
        Self(Diagnosis::new(Fault::Operator, what, next).said(error.to_string()))
    }

    /// Prints it to standard error and gives the exit status.
    pub(crate) fn print(&self) -> ExitCode {
        // Where standard error is closed the exit status still tells.
        let _ = io::stderr().lock().write_all(render(&self.0).as_bytes());
        ExitCode::from(exit_status(self.0.fault))
    }
}

fn render(diagnosis: &Diagnosis) -> String {
    let mut text = format!("error: {}\n", diagnosis.what);
    if let Some(said) = &diagnosis.said {
        text.push_str("  what was said: ");
        text.push_str(said);
        text.push('\n');
    }
    text.push_str("\nhint: ");
    text.push_str(&diagnosis.next);
    text.push('\n');
    if let Some(place) = &diagnosis.place {
        text.push_str("where: ");
        text.push_str(place);
        text.push('\n');
    }
    text
}

/// The exit status of a fault, as sysexits(3) has them; 2 is a wrong command line.
fn exit_status(fault: Fault) -> u8 {
    match fault {
        // EX_TEMPFAIL: try again later.
        Fault::Provider | Fault::Server => 75,
        // EX_NOPERM: a person must give access.
        Fault::Owner | Fault::Tenant => 77,
        // EX_CONFIG: something here must be put right.
        Fault::Operator => 78,
        // EX_SOFTWARE.
        Fault::Bug => 70,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_happened_what_was_said_and_what_to_do() {
        let diagnosis = Diagnosis::new(Fault::Owner, "The grant has ended.", "Authorise again.")
            .said("invalid_grant");
        insta::assert_snapshot!(render(&diagnosis), @r"
        error: The grant has ended.
          what was said: invalid_grant

        hint: Authorise again.
        ");
    }

    #[test]
    fn the_place_to_go_stands_under_the_hint() {
        let diagnosis = Diagnosis::new(Fault::Tenant, "It is blocked.", "Allow it.")
            .place("Entra admin center > Sign-in logs");
        assert_eq!(exit_status(diagnosis.fault), 77);
        insta::assert_snapshot!(render(&diagnosis), @r"
        error: It is blocked.

        hint: Allow it.
        where: Entra admin center > Sign-in logs
        ");
    }
}
