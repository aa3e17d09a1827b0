//! Whatever an introspection endpoint answers can be shown, or is refused.

#![no_main]

use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::Introspection;

fuzz_target!(|body: &[u8]| {
    if let Ok(said) = Introspection::read(StatusCode::OK, body) {
        let texts = said.scopes.iter().chain(&said.audience);
        for text in texts
            .chain(&said.username)
            .chain(&said.subject)
            .chain(&said.client_id)
        {
            assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
        }
    }
});
