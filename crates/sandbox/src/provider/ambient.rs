//! Time and randomness. The sandbox knows none of Mailgrant's crates, so it asks the machine.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Seconds since 1970, as JSON Web Tokens count.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for a foreign machine with a clock of its own"
)]
fn epoch_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The time of day as `2026-11-24 10:20:30Z`.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for a foreign machine with a clock of its own"
)]
pub(super) fn written_time() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M:%SZ")
        .to_string()
}

/// 256 random bits behind a prefix that tells people what kind of secret it is.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for a foreign machine with randomness of its own"
)]
#[expect(
    clippy::expect_used,
    reason = "a machine without randomness can keep no secret; going on would be worse"
)]
pub(super) fn secret(prefix: &str) -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The time of day, in seconds since 1970: the machine's own unless a test says otherwise.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Now {
    /// The time of day that `now` tells.
    pub fn told_by(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn seconds(&self) -> i64 {
        (self.0)()
    }
}

impl Default for Now {
    fn default() -> Self {
        Self::told_by(epoch_seconds)
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Now").field(&self.seconds()).finish()
    }
}

/// A code that people type (RFC 8628, section 6.1): eight consonants, so that no word comes out.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for a foreign machine with randomness of its own"
)]
#[expect(
    clippy::expect_used,
    reason = "a machine without randomness can keep no secret; going on would be worse"
)]
pub(super) fn user_code() -> String {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    let code: String = bytes.iter().map(letter).collect();
    format!("{}-{}", &code[..4], &code[4..])
}
