//! Writing PEM (RFC 7468).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// `der` between its two lines; wiped from memory when it is dropped.
pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let digits = Zeroizing::new(BASE64_STANDARD.encode(der));
    // Room for all at once: a string that grows leaves copies behind.
    let room = digits.len() + digits.len() / 64 + 2 * label.len() + 64;
    let mut text = Zeroizing::new(String::with_capacity(room));
    let mut put = |part: &str| text.push_str(part);
    put("-----BEGIN ");
    put(label);
    put("-----\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        put(line);
        put("\n");
        rest = after;
    }
    put("-----END ");
    put(label);
    put("-----\n");
    text
}
