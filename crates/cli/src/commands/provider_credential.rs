//! How client credentials get in: from files, never as a flag, which every user of the machine
//! could read; and how a new one is made.

use std::io::Read as _;
use std::path::Path;

use jiff::tz::TimeZone;
use mailgrant_base::files;
use mailgrant_oauth::{ClientCredential, ClientKey, KeyAlgorithm, KeyError, KeyFile};
use mailgrant_vault::{EventKind, ProviderForm};
use secrecy::SecretString;

use super::provider::audit;
use super::{provider_named, wrong_flags};
use crate::args::{KeyKind, NewCertificate, ProviderFlags, SecretFlags};
use crate::failure::Failure;
use crate::house::House;
use crate::output;

/// Puts what was given into the form. Says whether a credential is among it.
pub(super) fn fill(flags: &ProviderFlags, form: &mut ProviderForm) -> Result<bool, Failure> {
    let (client_id, expires) = (form.client_id.clone(), form.secret_expires.clone());
    let token_file = form.federated_token_file.clone();
    flags.fill(form);
    let SecretFlags {
        client_secret_file,
        no_client_secret,
        client_key_file,
        keep_second,
        drop_second,
        ..
    } = &flags.more;
    form.no_client_secret = *no_client_secret;
    form.keep_second = *keep_second;
    form.drop_second = *drop_second;
    let has_token_file = form.federated_token_file != token_file;
    if let Some(path) = client_key_file {
        let KeyFile {
            key,
            client_id: of_key,
        } = read_key(path, &flags.more)?;
        form.client_key = Some(key);
        if form.client_id.is_empty() {
            form.client_id = of_key.unwrap_or(client_id);
        }
    } else if !no_client_secret && !has_token_file {
        form.client_secret = read_secret(client_secret_file.as_deref())?;
    }
    let given = form.client_key.is_some() || !form.client_secret.is_empty() || has_token_file;
    // The end of a former secret is not the new one's.
    if (given || *no_client_secret) && form.secret_expires == expires {
        form.secret_expires.clear();
    }
    Ok(given)
}

/// Makes a key with its certificate, puts it in the first place and tells what to upload.
pub(super) async fn new_certificate(house: &House, flags: &NewCertificate) -> Result<(), Failure> {
    let provider = provider_named(&house.vault, &flags.name).await?;
    let name = &provider.name;
    let former = !matches!(provider.profile.credential, ClientCredential::None);
    // Whichever of two serves now, it is not thrown away unasked.
    if let (true, Some(second)) = (former, &provider.profile.second_credential) {
        return Err(Failure::operator(
            format!(
                "{name} has a second credential already ({}), and the new certificate makes a \
                 second one of the first.",
                second.label()
            ),
            format!(
                "See with `mailgrant provider test {name}` that the first one serves; then drop the \
                 second with `mailgrant provider change {name} --drop-second` and run this again. \
                 Nothing was changed."
            ),
        ));
    }
    let algorithm = match flags.algorithm {
        KeyKind::Rsa => KeyAlgorithm::Rsa,
        KeyKind::Ec => KeyAlgorithm::EcP256,
    };
    let subject = format!("Mailgrant {}", provider.name);
    let (clock, random) = (house.clock.as_ref(), house.random.as_ref());
    let key = ClientKey::generate(&subject, flags.days, algorithm, clock, random);
    let key = key.map_err(|error| {
        Failure::operator(format!("{error}."), "Try again; nothing was changed.")
    })?;
    let form = ProviderForm::with_new_key(&provider, key.clone());
    let draft = form.check(Some(&provider));
    let draft = draft.map_err(|errors| wrong_flags(&errors))?;
    let now = house.clock.now();
    let changed = house
        .vault
        .change_provider(provider.id, provider.version, &draft, now)
        .await?;
    let did = "was given a new certificate";
    audit(house, EventKind::ProviderChanged, &changed, did).await?;
    tell(
        &key,
        &changed.name,
        changed.profile.second_credential.as_ref(),
    )
}

fn tell(key: &ClientKey, name: &str, second: Option<&ClientCredential>) -> Result<(), Failure> {
    let certificate = key.certificates_pem().unwrap_or_default();
    output::line(certificate.trim_end())?;
    if let Some(print) = key.thumbprint_sha1() {
        output::line(&format!("SHA-1 thumbprint:   {print}"))?;
    }
    if let Some(print) = key.thumbprint_sha256() {
        output::line(&format!("SHA-256 thumbprint: {print}"))?;
    }
    if let Some(end) = key.expires_at() {
        let day = end.to_zoned_datetime(TimeZone::UTC).date();
        output::line(&format!("Good until:         {day}"))?;
    }
    output::line(&format!(
        "Next: save the certificate above, from BEGIN to END, as a file and upload it in the \
         provider's portal, where {name} is registered (Microsoft: Certificates & secrets, \
         Certificates). The private key stays here, sealed."
    ))?;
    match second {
        Some(second) => output::line(&format!(
            "Until then the former credential ({}) serves on. When `mailgrant provider test {name}` \
             is content, drop it with: mailgrant provider change {name} --drop-second",
            second.label()
        )),
        None => output::line(&format!("Then see with: mailgrant provider test {name}")),
    }
}

fn read_key(path: &Path, flags: &SecretFlags) -> Result<KeyFile, Failure> {
    let wrong = |flag: &str, path: &Path, error: KeyError| {
        Failure::operator(
            format!("--{flag} {}: {error}.", path.display()),
            "Correct this and try again; nothing was changed.",
        )
    };
    let password = match &flags.client_key_password_file {
        Some(path) => {
            let text = files::read_to_string(path)?;
            let line = text.lines().next().unwrap_or_default();
            Some(SecretString::from(line))
        }
        None => None,
    };
    let mut file =
        ClientKey::read(&files::read(path)?, password.as_ref()).map_err(|error| match error {
            KeyError::PasswordNeeded => Failure::operator(
                format!(
                    "--client-key-file {}: its key is encrypted.",
                    path.display()
                ),
                "Write its password into a file of one line and name that with \
                 --client-key-password-file; nothing was changed.",
            ),
            error => wrong("client-key-file", path, error),
        })?;
    if let Some(path) = &flags.client_certificate_file {
        file.key = file
            .key
            .with_certificates(&files::read(path)?)
            .map_err(|error| wrong("client-certificate-file", path, error))?;
    }
    Ok(file)
}

fn read_secret(file: Option<&Path>) -> Result<String, Failure> {
    let text = match file {
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin()
                .take(64 * 1024)
                .read_to_string(&mut text)
                .map_err(|error| {
                    Failure::operator(
                        format!("Standard input cannot be read: {error}."),
                        "Give the client secret as one line of text.",
                    )
                })?;
            text
        }
        Some(path) => files::read_to_string(path)?,
        None => std::env::var("MAILGRANT_CLIENT_SECRET").unwrap_or_default(),
    };
    let first = text.lines().next().unwrap_or_default().trim();
    if first.is_empty() && file.is_some() {
        return Err(Failure::operator(
            "The first line of the file with the client secret is empty.",
            "Write the secret's value there, or say --no-client-secret; nothing was changed.",
        ));
    }
    Ok(first.to_owned())
}
