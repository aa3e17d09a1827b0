//! Whatever query a browser brings back is an answer or none.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::Callback;
use secrecy::ExposeSecret as _;

fuzz_target!(|query: &str| {
    if let Ok(callback) = Callback::parse(query) {
        assert!(!callback.state.expose_secret().is_empty());
        match callback.answer {
            Ok(code) => assert!(!code.expose_secret().is_empty()),
            Err(refusal) => {
                let shown = refusal.to_string();
                assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
            }
        }
    }
});
