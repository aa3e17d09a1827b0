//! The client credential in the form of a provider: which kind, what was typed, and what becomes of
//! the one that is there. What is secret is read here and never shown again.

use mailgrant_oauth::{ClientCredential, ClientKey, KeyError};
use mailgrant_vault::{FieldError, Provider, ProviderForm};

use super::form::{self, stored};
use crate::fields::{Field, Section};
use crate::visit::Sent;

/// What the page knows beyond the form.
#[derive(Default)]
pub(super) struct Typed {
    /// The choice that was made; empty before one was made.
    choice: String,
    /// Something secret was typed, which is gone when the form comes back.
    lost: bool,
    /// What is wrong with what was typed, before the form as a whole is checked.
    pub(super) errors: Vec<FieldError>,
}

/// Puts the credential that was typed into the form.
pub(super) fn read(sent: &Sent, present: Option<&Provider>, form: &mut ProviderForm) -> Typed {
    let choice = sent.text("credential");
    let secret = sent.text("client_secret");
    let key = sent.text("client_key");
    let file = sent.text("federated_token_file");
    let has_new_file = !file.is_empty() && file != form.federated_token_file;
    let mut typed = Typed {
        lost: !secret.is_empty() || !key.is_empty(),
        errors: Vec::new(),
        choice,
    };
    // What is typed under the choice that was made counts alone. Where nothing is typed there, as in
    // a browser that shows all fields at once, whatever is typed counts.
    let choice = typed.choice.as_str();
    let chosen = match choice {
        "secret" => !secret.is_empty(),
        "key" => !key.is_empty(),
        "file" => has_new_file,
        _ => false,
    };
    let counts = |name: &str| !chosen || choice == name;
    form.no_client_secret = choice == "none" || sent.ticked("no_client_secret");
    let some_is_typed = !secret.is_empty() || !key.is_empty() || has_new_file;
    let is_to_be_new = matches!(choice, "secret" | "key" | "file");
    if is_to_be_new && !some_is_typed && !already(choice, present) {
        typed.errors.push(missing(choice));
    }
    if !form.no_client_secret {
        if !secret.is_empty() && counts("secret") {
            form.client_secret = secret;
        }
        if !key.is_empty() && counts("key") {
            match ClientKey::read(key.as_bytes(), None) {
                Ok(file) => {
                    if form.client_id.is_empty() {
                        form.client_id = file.client_id.unwrap_or_default();
                    }
                    form.client_key = Some(file.key);
                }
                Err(error) => typed.errors.push(FieldError {
                    field: "client_key",
                    problem: unusable(&error),
                }),
            }
        }
        if has_new_file && counts("file") {
            form.federated_token_file = file;
        }
    }
    let given =
        form.client_key.is_some() || !form.client_secret.is_empty() || form.no_client_secret;
    let day = sent.text("secret_expires");
    // The end of a former secret is not the new one's.
    let is_former = given && day == form.secret_expires;
    form.secret_expires = if is_former && present.is_some() {
        String::new()
    } else {
        day
    };
    form.keep_second = sent.ticked("keep_second");
    form.drop_second = sent.ticked("drop_second");
    typed
}

/// What is wrong with a pasted key. A password for it has no field here: browsers keep passwords.
fn unusable(error: &KeyError) -> String {
    match error {
        KeyError::PasswordNeeded => "is encrypted: paste it without its password, or give it by the command line with --client-key-password-file".to_owned(),
        error => format!("cannot be used: {error}"),
    }
}

/// Whether what is stored is what was chosen, so that nothing need be typed.
fn already(choice: &str, present: Option<&Provider>) -> bool {
    let present = present.map(|provider| &provider.profile.credential);
    matches!(
        (choice, present),
        ("secret", Some(ClientCredential::Secret { .. }))
            | ("key", Some(ClientCredential::Key(_)))
            | ("file", Some(ClientCredential::FederatedTokenFile { .. }))
    )
}

fn missing(choice: &str) -> FieldError {
    let (field, problem) = match choice {
        "secret" => (
            "client_secret",
            "is missing: type its value, or choose “None” for a public client",
        ),
        "key" => (
            "client_key",
            "is missing: paste it, or choose another credential",
        ),
        _ => (
            "federated_token_file",
            "is missing: give its path, or choose another credential",
        ),
    };
    FieldError {
        field,
        problem: problem.to_owned(),
    }
}

/// The section.
pub(super) fn section(typed: &form::Typed, present: Option<&Provider>) -> Section {
    let profile = present.map(|provider| &provider.profile);
    let first = profile.and_then(|profile| stored(&profile.credential));
    let second = profile.and_then(|profile| profile.second_credential.as_ref());
    let mut fields = vec![choice(typed, first, present.is_some())];
    fields.extend(for_each_kind(typed, first));
    if first.is_some() && second.is_none() {
        fields.push(
            Field::tick(
                "keep_second",
                "Keep the former one as the second, until the new one serves",
                typed.form.keep_second,
            )
            .hint("The provider is asked with the new one first, and with the former one where it refuses the new one: no gap.")
            .only_for("secret key file"),
        );
    }
    if let Some(second) = second {
        fields.push(
            Field::tick(
                "drop_second",
                "Drop the second credential",
                typed.form.drop_second,
            )
            .hint(format!(
                "A {} is kept as the second. Drop it once the first serves.",
                second.label()
            )),
        );
    }
    Section::new("Client credential", fields)
        .hint("How Mailgrant proves to the provider that it is the registered application.")
}

fn choice(typed: &form::Typed, first: Option<&str>, is_stored: bool) -> Field {
    let kept = first.map(|first| ("keep".to_owned(), format!("Keep the stored one ({first})")));
    let further = [
        ("secret", "Client secret"),
        ("key", "Certificate or key"),
        ("file", "Federated token file"),
        ("none", "None (public client)"),
    ];
    let further = further.map(|(value, label)| (value.to_owned(), label.to_owned()));
    let chosen = match typed.credential.choice.as_str() {
        "" if typed.form.no_client_secret => "none",
        "" if first.is_some() => "keep",
        "" if is_stored => "none",
        "" => "secret",
        chosen => chosen,
    };
    let field = Field::choice(
        "credential",
        "Credential",
        chosen,
        kept.into_iter().chain(further),
    );
    if typed.credential.lost {
        // A secret never goes back to the browser; whoever typed one must know that it is gone.
        return field.hint("What you typed was not kept: type it again.");
    }
    field
}

fn for_each_kind(typed: &form::Typed, first: Option<&str>) -> Vec<Field> {
    let form = &typed.form;
    let dated = if first == Some("client secret") {
        "secret keep"
    } else {
        "secret"
    };
    vec![
        Field::password("client_secret", "Client secret")
            .hint("The secret’s value, not its id.")
            .only_for("secret"),
        Field::text("secret_expires", "The secret ends on", &form.secret_expires)
            .hint("For example 2027-11-30, as the provider’s portal shows it: you are warned before. Empty if it is not known.")
            .only_for(dated),
        Field::paste("client_key", "Key and certificate")
            .hint(
                "Paste a PEM file whole, from BEGIN to END, the private key and its certificate one \
                 after the other, or the JSON file of a Google service account. An encrypted key \
                 and a PKCS#12 file (.pfx) go in by the command line: mailgrant provider change NAME --client-key-file FILE. \
                 You have none? Once the provider is stored, its page makes one.",
            )
            .only_for("key"),
        Field::text("federated_token_file", "Federated token file", &form.federated_token_file)
            .hint(
                "The path of a file on this machine whose content proves the application, such as \
                 /var/run/secrets/azure/tokens/azure-identity-token. Something else keeps it fresh; \
                 Mailgrant reads it anew each time.",
            )
            .only_for("file"),
    ]
}
