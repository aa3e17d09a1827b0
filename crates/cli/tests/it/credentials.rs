//! Client credentials from the command line.

use serde_json::Value;

use crate::installation::add_provider;
use crate::support::Mailgrant;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../oauth/testdata/keys/");

fn shown(mailgrant: &Mailgrant) -> Value {
    let shown = mailgrant.ok(&["provider", "show", "sandbox", "--json"]);
    serde_json::from_str(&shown).unwrap()
}

fn refused(mailgrant: &Mailgrant, args: &[&str]) -> String {
    let output = mailgrant.run(args);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_new_certificate_takes_the_first_place_and_the_former_credential_the_second() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let new = [
        "provider",
        "new-certificate",
        "sandbox",
        "--algorithm",
        "ec",
        "--days",
        "90",
    ];
    let told = mailgrant.ok(&new);
    assert!(told.starts_with("-----BEGIN CERTIFICATE-----\n"), "{told}");
    assert!(!told.contains("PRIVATE"), "{told}");
    for part in [
        "SHA-1 thumbprint:",
        "SHA-256 thumbprint:",
        "Good until:",
        "upload it",
        "--drop-second",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let show = shown(&mailgrant);
    assert_eq!(show["credential"], "certificate");
    assert_eq!(show["second_credential"], "client secret");
    assert!(show["credential_expires_at"].is_string());
    let text = mailgrant.ok(&["provider", "show", "sandbox"]);
    assert!(
        text.contains("Client credential: certificate, ends "),
        "{text}"
    );
    assert!(text.contains("Second credential: client secret"), "{text}");
    assert!(!text.contains("mailgrant-secret"), "{text}");

    // The secret may be the one that serves: it is not thrown away unasked.
    let told = refused(&mailgrant, &new);
    for part in [
        "second credential already (client secret)",
        "mailgrant provider test sandbox",
        "mailgrant provider change sandbox --drop-second",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("--keep-second"), "{told}");
    mailgrant.ok(&["provider", "change", "sandbox", "--drop-second"]);
    assert_eq!(shown(&mailgrant)["second_credential"], Value::Null);
    mailgrant.ok(&new);
    assert_eq!(shown(&mailgrant)["second_credential"], "certificate");
}

#[test]
fn a_key_comes_from_a_file_with_its_password_in_another() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let password = mailgrant.path("password");
    std::fs::write(&password, "open-sesame\n").unwrap();
    let password = password.to_str().unwrap();
    let file = format!("{KEYS}rsa.p12");
    let key = ["provider", "change", "sandbox", "--client-key-file", &file];
    let told = refused(&mailgrant, &key);
    assert!(told.contains("--client-key-password-file"), "{told}");
    mailgrant.ok(&[&key[..], &["--client-key-password-file", password]].concat());
    assert_eq!(shown(&mailgrant)["credential"], "certificate");

    let (key, certificate) = (
        format!("{KEYS}ec-sec1.pem"),
        format!("{KEYS}rsa-certificate.pem"),
    );
    let change = ["provider", "change", "sandbox", "--client-key-file", &key];
    let told = refused(
        &mailgrant,
        &[&change[..], &["--client-certificate-file", &certificate]].concat(),
    );
    assert!(told.contains("belongs to another key"), "{told}");
    mailgrant.ok(&change);
    let show = shown(&mailgrant);
    assert_eq!(
        (&show["credential"], &show["second_credential"]),
        (&"key".into(), &Value::Null)
    );
}

#[test]
fn a_secrets_end_goes_with_the_secret() {
    let mailgrant = Mailgrant::new();
    add_provider(&mailgrant, "https://login.example.com/");
    let change =
        |flags: &[&str]| mailgrant.ok(&[&["provider", "change", "sandbox"], flags].concat());
    change(&["--secret-expires", "2027-11-30"]);
    assert_eq!(
        shown(&mailgrant)["credential_expires_at"],
        "2027-11-30T00:00:00Z"
    );
    change(&["--client-id", "other"]);
    assert_eq!(
        shown(&mailgrant)["credential_expires_at"],
        "2027-11-30T00:00:00Z"
    );
    let secret = mailgrant.path("new-secret");
    std::fs::write(&secret, "another\n").unwrap();
    let secret = secret.to_str().unwrap();
    change(&["--client-secret-file", secret, "--keep-second"]);
    let show = shown(&mailgrant);
    assert_eq!(show["credential_expires_at"], Value::Null);
    assert_eq!(show["second_credential_expires_at"], "2027-11-30T00:00:00Z");
    change(&[
        "--federated-token-file",
        "/var/run/token",
        "--access",
        "application",
    ]);
    let show = shown(&mailgrant);
    assert_eq!(
        (&show["credential"], &show["access"]),
        (&"federated token file".into(), &"application".into())
    );
}

#[test]
fn a_google_service_account_brings_its_own_client_id() {
    let mailgrant = Mailgrant::new();
    let pem = std::fs::read_to_string(format!("{KEYS}rsa-pkcs8.pem")).unwrap();
    let json = serde_json::json!({
        "private_key": pem, "private_key_id": "k", "client_email": "desk@p.iam.gserviceaccount.com",
    });
    let file = mailgrant.path("account.json");
    std::fs::write(&file, json.to_string()).unwrap();
    let add = [
        "provider",
        "add",
        "sandbox",
        "--kind",
        "google",
        "--access",
        "application",
    ];
    let told = refused(
        &mailgrant,
        &[&add[..], &["--client-id", "x", "--no-client-secret"]].concat(),
    );
    assert!(
        told.contains("--access as an application needs the key"),
        "{told}"
    );
    let told = refused(&mailgrant, &add);
    assert!(
        told.contains("JSON file of a Google service account"),
        "{told}"
    );
    assert!(!told.contains("--no-client-secret"), "{told}");
    let told = mailgrant.ok(&[&add[..], &["--client-key-file", file.to_str().unwrap()]].concat());
    assert!(told.contains("Nobody signs in."), "{told}");
    assert!(!told.contains("redirect URI"), "{told}");
    assert_eq!(
        shown(&mailgrant)["client_id"],
        "desk@p.iam.gserviceaccount.com"
    );
}
