//! Whatever stands in a key file is a key or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::ClientKey;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = ClientKey::read(bytes, Some(&"open-sesame".into())) {
        let key = file.key;
        let certificates = key.certificates_pem();
        ClientKey::of_parts(key.private_key(), certificates.as_deref(), None).unwrap();
    }
});
