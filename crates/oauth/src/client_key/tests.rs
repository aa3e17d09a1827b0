use mailgrant_base::{Clock as _, ManualClock, SeededRandom};
use secrecy::{ExposeSecret as _, SecretString};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../testdata/keys/", $name)).as_slice()
    };
}

fn password() -> SecretString {
    "open-sesame".into()
}

fn read(bytes: &[u8]) -> Result<ClientKey, KeyError> {
    ClientKey::read(bytes, Some(&password())).map(|file| file.key)
}

#[test]
fn a_key_is_read_from_every_form_of_pem_and_is_the_same_key() {
    let same = |one: &[u8], other: &[u8]| {
        let (one, other) = (read(one).unwrap(), read(other).unwrap());
        assert_eq!(
            one.private_key().expose_secret(),
            other.private_key().expose_secret()
        );
        assert!(
            one.private_key()
                .expose_secret()
                .starts_with("-----BEGIN PRIVATE KEY-----\n")
        );
        one.algorithm()
    };
    assert_eq!(
        same(fixture!("rsa-pkcs8.pem"), fixture!("rsa-pkcs1.pem")),
        KeyAlgorithm::Rsa
    );
    assert_eq!(
        same(fixture!("ec-pkcs8.pem"), fixture!("ec-sec1.pem")),
        KeyAlgorithm::EcP256
    );
    same(fixture!("ec-pkcs8.pem"), fixture!("ec-encrypted.pem"));
}

#[test]
fn a_certificate_in_the_same_file_gives_the_end_and_the_thumbprints() {
    let both = [
        fixture!("rsa-certificate.pem"),
        b"\n",
        fixture!("rsa-pkcs8.pem"),
    ]
    .concat();
    let key = read(&both).unwrap();
    // As OpenSSL says.
    assert_eq!(
        key.thumbprint_sha1().unwrap().to_string(),
        "0D206E01647086F20522B4B9F95BE183EB79526A"
    );
    assert_eq!(
        key.thumbprint_sha256().unwrap().to_string(),
        "3ECDAABE973E6C14F15CAE418BDAD08D77981231745E9A4374FA27A74333889B"
    );
    assert_eq!(
        key.expires_at().unwrap().to_string(),
        "2036-11-22T01:30:28Z"
    );
    let pem = key.certificates_pem().unwrap();
    assert_eq!(pem.as_bytes(), fixture!("rsa-certificate.pem"));
    assert_eq!(
        read(fixture!("rsa-pkcs8.pem")).unwrap().thumbprint_sha256(),
        None
    );
}

#[test]
fn the_keys_own_certificate_comes_first_whatever_the_order() {
    let all = [
        fixture!("ec-certificate.pem"),
        fixture!("rsa-certificate.pem"),
        fixture!("rsa-pkcs8.pem"),
    ];
    let key = read(&all.concat()).unwrap();
    assert_eq!(key.certificates().len(), 2);
    assert_eq!(
        key.certificates()[0].as_ref(),
        fixture!("rsa-certificate.der")
    );
    let parts = ClientKey::of_parts(
        key.private_key(),
        key.certificates_pem().as_deref(),
        Some("kid".to_owned()),
    );
    let again = parts.unwrap();
    assert_eq!(again.certificates(), key.certificates());
    assert_eq!(again.key_id(), Some("kid"));
}

#[test]
fn a_certificate_may_come_in_a_file_of_its_own_and_must_be_the_keys() {
    let key = read(fixture!("rsa-pkcs8.pem")).unwrap();
    for certificate in [
        fixture!("rsa-certificate.pem"),
        fixture!("rsa-certificate.der"),
    ] {
        let whole = key.clone().with_certificates(certificate).unwrap();
        assert!(whole.expires_at().is_some());
    }
    let other = key
        .clone()
        .with_certificates(fixture!("ec-certificate.pem"));
    assert_eq!(other.unwrap_err(), KeyError::OtherCertificate);
    let none = key.with_certificates(fixture!("ec-public.pem"));
    assert_eq!(none.unwrap_err(), KeyError::UnreadableCertificate);
    let both = [fixture!("rsa-certificate.pem"), fixture!("ec-pkcs8.pem")].concat();
    assert_eq!(read(&both).unwrap_err(), KeyError::OtherCertificate);
}

#[test]
fn pkcs_12_is_read_as_openssl_writes_it_now_and_as_it_did_before() {
    let pem = read(fixture!("rsa-pkcs8.pem")).unwrap();
    for bytes in [fixture!("rsa.p12"), fixture!("rsa-legacy.p12")] {
        let key = read(bytes).unwrap();
        assert_eq!(
            key.private_key().expose_secret(),
            pem.private_key().expose_secret()
        );
        assert_eq!(
            key.certificates()[0].as_ref(),
            fixture!("rsa-certificate.der")
        );
        let wrong = ClientKey::read(bytes, Some(&"wrong".into()));
        assert_eq!(wrong.unwrap_err(), KeyError::WrongPassword);
        let none = ClientKey::read(bytes, None);
        assert_eq!(none.unwrap_err(), KeyError::PasswordNeeded);
    }
    let open = ClientKey::read(fixture!("ec-without-password.p12"), None).unwrap();
    assert_eq!(open.key.algorithm(), KeyAlgorithm::EcP256);
}

#[test]
fn a_google_service_account_brings_its_client_id_and_key_id() {
    let pem = std::str::from_utf8(fixture!("rsa-pkcs8.pem")).unwrap();
    let json = serde_json::json!({
        "type": "service_account",
        "private_key": pem,
        "private_key_id": "0123abc",
        "client_email": "desk@project.iam.gserviceaccount.com",
        "client_id": "1234567890",
    });
    let file = ClientKey::read(json.to_string().as_bytes(), None).unwrap();
    assert_eq!(file.key.key_id(), Some("0123abc"));
    assert_eq!(
        file.client_id.unwrap(),
        "desk@project.iam.gserviceaccount.com"
    );
    let error = ClientKey::read(b"{\"private_key\": 1}", None).unwrap_err();
    assert!(
        error.to_string().contains("Google service account"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_used_is_refused_in_words() {
    let refused = |bytes: &[u8]| ClientKey::read(bytes, None).unwrap_err();
    assert_eq!(refused(fixture!("p384.pem")), KeyError::Unsupported);
    assert_eq!(
        refused(fixture!("ec-encrypted.pem")),
        KeyError::PasswordNeeded
    );
    assert_eq!(
        refused(fixture!("ec-old-encryption.pem")),
        KeyError::OldEncryption
    );
    let wrong = ClientKey::read(fixture!("ec-encrypted.pem"), Some(&"wrong".into()));
    assert_eq!(wrong.unwrap_err(), KeyError::WrongPassword);
    for nothing in [b"".as_slice(), b"hello", fixture!("rsa-certificate.pem")] {
        assert_eq!(refused(nothing), KeyError::NoKey);
    }
    let two = [fixture!("ec-pkcs8.pem"), fixture!("rsa-pkcs8.pem")].concat();
    assert_eq!(refused(&two), KeyError::SeveralKeys);
    assert!(matches!(
        refused(&vec![b'{'; LONG]),
        KeyError::Unreadable(_)
    ));
}

const LONG: usize = 2 * 1024 * 1024;

#[test]
fn a_new_key_comes_with_a_certificate_that_lives_as_long_as_was_said() {
    let (clock, random) = (ManualClock::default(), SeededRandom::new(7));
    for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa] {
        let key = ClientKey::generate("Mailgrant entra", 365, algorithm, &clock, &random).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let life = key.expires_at().unwrap().duration_since(clock.now());
        assert_eq!(life.as_hours(), 365 * 24);
        let (_, certificate) = X509Certificate::from_der(&key.certificates()[0]).unwrap();
        assert_eq!(certificate.subject().to_string(), "CN=Mailgrant entra");
        assert!(certificate.validity().not_before.timestamp() < clock.now().as_second());
        let bits = certificate.public_key().parsed().unwrap().key_size();
        assert_eq!(
            bits,
            if algorithm == KeyAlgorithm::Rsa {
                3072
            } else {
                256
            }
        );
        let pem = key.certificates_pem();
        ClientKey::of_parts(key.private_key(), pem.as_deref(), None).unwrap();
    }
    for days in [0, 5000] {
        let algorithm = KeyAlgorithm::EcP256;
        let refused = ClientKey::generate("x", days, algorithm, &clock, &random);
        assert!(matches!(refused, Err(KeyError::NotMade(_))), "{days}");
    }
}

#[test]
fn a_key_is_never_shown() {
    let key = read(fixture!("ec-pkcs8.pem")).unwrap();
    let pem = key.private_key().expose_secret().to_owned();
    let shown = format!("{key:?}");
    assert!(pem.lines().all(|line| !shown.contains(line)), "{shown}");
}

proptest::proptest! {
    #[test]
    fn any_file_is_read_or_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), kind in 0..4_usize) {
        let begin = [b"".as_slice(), b"{\"private_key\":\"", b"-----BEGIN PRIVATE KEY-----\n", &[0x30, 0x82]][kind];
        let _ = ClientKey::read(&[begin, &bytes].concat(), Some(&password()));
    }
}
