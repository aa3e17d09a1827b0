//! Time and randomness. The sandbox knows none of Mailgrant's crates, so it asks the machine.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Seconds since 1970, as JSON Web Tokens count.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for a foreign machine with a clock of its own"
)]
pub(super) fn epoch_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
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
