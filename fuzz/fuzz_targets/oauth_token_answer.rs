//! Whatever a token endpoint answers is tokens or a refusal that can be shown.
//!
//! The first byte is the status.

#![no_main]

use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::Tokens;
use secrecy::ExposeSecret as _;

const STATUSES: [u16; 8] = [200, 400, 401, 403, 429, 500, 302, 204];

fuzz_target!(|data: &[u8]| {
    let Some((&first, body)) = data.split_first() else {
        return;
    };
    let status = STATUSES[usize::from(first) % STATUSES.len()];
    match Tokens::read(StatusCode::from_u16(status).unwrap(), body) {
        Ok(tokens) => {
            let token = tokens.access_token.expose_secret();
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        Err(refusal) => {
            let shown = refusal.to_string();
            assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
        }
    }
});
