//! Whatever stands behind a `+` is a challenge or none.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_mail::Challenge;

fuzz_target!(|data: &[u8]| {
    let _ = Challenge::decode(data);
});
