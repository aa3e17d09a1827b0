//! Whatever stands in an access token can be shown, or is left alone.
//!
//! The input is the payload, or, behind a zero byte, the whole token.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use mailgrant_oauth::TokenClaims;

fuzz_target!(|data: &[u8]| {
    let token = match data {
        [0, whole @ ..] => String::from_utf8_lossy(whole).into_owned(),
        payload => format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(payload)),
    };
    if let Some(claims) = TokenClaims::peek(&token.into()) {
        let texts = claims
            .audience
            .iter()
            .chain(&claims.scopes)
            .chain(&claims.roles);
        for text in texts.chain(&claims.user_name).chain(&claims.issuer) {
            assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
            assert!(text.chars().count() <= 501);
        }
    }
});
