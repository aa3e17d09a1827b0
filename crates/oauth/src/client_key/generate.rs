//! New keys, each with a certificate that it signs itself.

use jiff::SignedDuration;
use mailgrant_base::{Clock, Random};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
    date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::{ClientKey, KeyAlgorithm, KeyError};

/// No certificate is made for longer: what lives longer is forgotten, not renewed.
const LONGEST: u16 = 3650;

/// A clock that is a little behind at the provider must not find the certificate too young.
const EARLIER: SignedDuration = SignedDuration::from_hours(1);

/// No subject is longer (X.520, upper bound of a common name).
const LONGEST_SUBJECT: usize = 64;

impl ClientKey {
    /// Makes a key, RSA with 3072 bits or EC on P-256, and a certificate for it that is good for
    /// `days` from now. The key's bits come from the cryptographic library's own generator; `random`
    /// decides the certificate's serial number alone.
    pub fn generate(
        subject: &str,
        days: u16,
        algorithm: KeyAlgorithm,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Self, KeyError> {
        if !(1..=LONGEST).contains(&days) {
            let why = format!("a certificate is good for 1 to {LONGEST} days");
            return Err(KeyError::NotMade(why));
        }
        let failed = |error: rcgen::Error| KeyError::NotMade(error.to_string());
        let key = match algorithm {
            KeyAlgorithm::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072),
            KeyAlgorithm::EcP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        };
        let key = key.map_err(failed)?;
        let now = clock.now();
        let from = now.saturating_sub(EARLIER).unwrap_or(now);
        let life = SignedDuration::from_hours(24 * i64::from(days));
        let until = now.saturating_add(life).unwrap_or(now);
        // An epoch plus seconds: the certificate's times come in another library's type.
        let epoch = date_time_ymd(1970, 1, 1);
        let mut serial = [0; 16];
        random.fill(&mut serial);
        // RFC 5280, section 4.1.2.2: positive, and not zero.
        serial[0] = serial[0] & 0x7f | 0x40;
        let mut name = DistinguishedName::new();
        let subject: String = subject
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST_SUBJECT)
            .collect();
        name.push(DnType::CommonName, subject);
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        params.not_before = epoch + std::time::Duration::from_secs(seconds(from));
        params.not_after = epoch + std::time::Duration::from_secs(seconds(until));
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.self_signed(&key).map_err(failed)?;
        let certificate = CertificateDer::from(certificate.der().to_vec());
        Self::new(&key.serialize_der(), vec![certificate], None)
    }
}

/// Seconds since 1970; a clock before that is one that was never set.
fn seconds(time: jiff::Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or_default()
}
