//! Whatever a device authorization endpoint answers can be shown to a person, or is refused.
//!
//! The first byte is the status.

#![no_main]

use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::{DeviceAuthorization, is_safe_transport};

const STATUSES: [u16; 4] = [200, 400, 429, 500];

fuzz_target!(|data: &[u8]| {
    let Some((&first, body)) = data.split_first() else {
        return;
    };
    let status = STATUSES[usize::from(first) % STATUSES.len()];
    match DeviceAuthorization::read(StatusCode::from_u16(status).unwrap(), body) {
        Ok(begun) => {
            assert!(!begun.user_code.contains(|c: char| c.is_control()));
            assert!(begun.user_code.chars().count() <= 64);
            assert!(!begun.interval.is_zero());
            assert!(is_safe_transport(&begun.verification_uri));
            assert!(
                begun
                    .verification_uri_complete
                    .is_none_or(|url| is_safe_transport(&url))
            );
        }
        Err(refusal) => {
            let shown = refusal.to_string();
            assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
        }
    }
});
