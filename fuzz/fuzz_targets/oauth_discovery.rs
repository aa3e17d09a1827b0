//! Whatever a discovery document says leads to no address that others could read along with.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::{Endpoints, is_safe_transport};
use url::Url;

fuzz_target!(|body: &[u8]| {
    let issuer = Url::parse("https://login.example.com").unwrap();
    match Endpoints::read(&issuer, body) {
        Ok(found) => {
            let optional = [
                found.authorization,
                found.jwks,
                found.revocation,
                found.device_authorization,
                found.introspection,
            ];
            let mut all = optional.iter().flatten().chain([&found.token]);
            assert!(all.all(is_safe_transport));
        }
        Err(refusal) => {
            let shown = refusal.to_string();
            assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
            assert!(shown.chars().count() < 2000, "{shown}");
        }
    }
});
