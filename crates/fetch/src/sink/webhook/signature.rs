//! The signature of a request: HMAC-SHA256 over id, time and content.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Signs with one secret.
pub(super) struct Signer(hmac::Key);

impl Signer {
    /// `None` where this is no secret of the scheme: `whsec_` and Base64.
    pub(super) fn new(secret: &SecretString) -> Option<Self> {
        let encoded = secret.expose_secret().strip_prefix("whsec_")?;
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(encoded).ok()?);
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Begins a signature; the content follows in pieces.
    pub(super) fn begin(&self, id: &str, seconds: i64) -> Signing {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{seconds}.").as_bytes());
        Signing(context)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// A signature that is being made.
pub(super) struct Signing(hmac::Context);

impl Signing {
    /// The next piece of the content.
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The header's value.
    pub(super) fn finish(self) -> String {
        format!("v1,{}", BASE64_STANDARD.encode(self.0.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's reference libraries.
    #[test]
    fn the_schemes_own_example_comes_out() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
        let mut signing = Signer::new(&secret)
            .unwrap()
            .begin("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        signing.update(br#"{"test": "#);
        signing.update(b"2432232314}");
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signing.finish(), expected);
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for wrong in ["", "whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_*"] {
            assert!(Signer::new(&wrong.into()).is_none(), "{wrong}");
        }
    }
}
