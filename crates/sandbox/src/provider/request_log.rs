//! What has been asked of the provider, for people to read.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use super::parameters::Parameters;

/// So many requests are remembered.
const REMEMBERED: usize = 10_000;

/// So many characters of a secret are shown.
const SHOWN: usize = 6;

/// The last requests, oldest first, one line each; secrets are shortened.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<VecDeque<String>>);

impl RequestLog {
    pub(super) fn record(&self, what: &str, parameters: &Parameters, outcome: impl fmt::Display) {
        let mut line = format!("{what} -> {outcome}");
        for (name, value) in parameters.iter() {
            // Writing to a String cannot fail.
            let _ = write!(line, " {name}={}", Shown { name, value });
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == REMEMBERED {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

/// A value as the log shows it: a password not at all, a secret by its beginning, nothing that
/// could pretend to be another line.
struct Shown<'a> {
    name: &'a str,
    value: &'a str,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = match self.name {
            "password" | "client_secret" => 0,
            "code" | "code_verifier" | "code_challenge" | "refresh_token" | "access_token"
            | "token" | "state" | "nonce" | "attempt" | "client_assertion" | "assertion"
            | "device_code" | "user_code" => SHOWN,
            _ => 200,
        };
        for character in self.value.chars().take(limit) {
            write!(f, "{}", character.escape_debug())?;
        }
        if self.value.chars().nth(limit).is_some() {
            f.write_char('…')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shortened_and_lines_stay_lines() {
        let log = RequestLog::default();
        let form = b"scope=imap+smtp&refresh_token=rt_abcdefgh&password=hunter2&x=a%0Ab";
        log.record("POST /token", &Parameters::parse(form).unwrap(), 200);
        assert_eq!(
            log.lines(),
            ["POST /token -> 200 scope=imap smtp refresh_token=rt_abc… password=… x=a\\nb"]
        );
    }

    #[test]
    fn only_the_last_requests_are_remembered() {
        let log = RequestLog::default();
        for number in 0..=REMEMBERED {
            log.record("GET /", &Parameters::default(), number);
        }
        assert_eq!(log.lines().len(), REMEMBERED);
        assert_eq!(log.lines()[0], "GET / -> 1");
    }
}
