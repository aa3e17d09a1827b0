//! The form of a provider, as data.

use mailgrant_oauth::ClientCredential;
use mailgrant_oauth::catalogue::{self, Group, Row};
use mailgrant_vault::{FormErrors, Provider, ProviderDraft, ProviderForm};

use super::credential;
use crate::fields::{Choice, Field, Section};
use crate::visit::Sent;

/// What was sent: the form, and what the page knows beyond it about the credential.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) form: ProviderForm,
    pub(super) credential: credential::Typed,
}

impl Typed {
    /// Checks everything, also what could not even be put into the form.
    pub(super) fn check(&self, present: Option<&Provider>) -> Result<ProviderDraft, FormErrors> {
        let mut errors = self.credential.errors.clone();
        match self.form.check(present) {
            Ok(draft) if errors.is_empty() => return Ok(draft),
            Ok(_) => {}
            Err(FormErrors(further)) => errors.extend(further),
        }
        Err(FormErrors(errors))
    }

    /// The form of what is stored.
    pub(super) fn of(provider: &Provider) -> Self {
        Self {
            form: ProviderForm::of(provider),
            credential: credential::Typed::default(),
        }
    }
}

/// Reads what was sent.
///
/// `present` is what is stored: whatever this page has no field for stays as it is.
pub(super) fn read(sent: &Sent, present: Option<&Provider>) -> Typed {
    let stored = present.map(ProviderForm::of).unwrap_or_default();
    // A form from before there was the choice says nothing about it.
    let access = match sent.text("access") {
        access if access.is_empty() => stored.access.clone(),
        access => access,
    };
    let mut form = ProviderForm {
        name: sent.text("name"),
        kind: sent.text("kind"),
        client_id: sent.text("client_id"),
        access,
        secret_method: sent.text("secret_method"),
        tenant: sent.text("tenant"),
        issuer: sent.text("issuer"),
        authorization_endpoint: sent.text("authorization_endpoint"),
        token_endpoint: sent.text("token_endpoint"),
        jwks_uri: sent.text("jwks_uri"),
        revocation_endpoint: sent.text("revocation_endpoint"),
        device_authorization_endpoint: sent.text("device_authorization_endpoint"),
        introspection_endpoint: sent.text("introspection_endpoint"),
        scopes: sent.text("scopes"),
        ..stored
    };
    let credential = credential::read(sent, present, &mut form);
    Typed { form, credential }
}

/// The form's sections.
pub(super) fn sections(typed: &Typed, present: Option<&Provider>) -> Vec<Section> {
    let form = &typed.form;
    vec![
        which(form),
        access(form),
        registration(form),
        credential::section(typed, present),
        tenant(form),
        discovery(form),
        by_hand(form),
        further(form),
    ]
}

fn which(form: &ProviderForm) -> Section {
    let of = |group: Group| {
        let rows = catalogue::rows().filter(move |row| row.group == group);
        let choices = rows.map(|row| Choice {
            value: row.kind.word().to_owned(),
            label: row.label.to_owned(),
            takes: takes(row),
        });
        choices.collect()
    };
    let kinds = [
        ("Most used", of(Group::Usual)),
        ("Any other", of(Group::Any)),
        ("Further", of(Group::Further)),
    ];
    Section::new(
        "Provider",
        vec![
            Field::grouped_choice("kind", "Kind", &form.kind, kinds),
            Field::text("name", "Name", &form.name)
                .hint("A short name of your own, for example “microsoft”: letters, digits, “.”, “-” and “_”.")
                .required(),
        ],
    )
}

/// Which further fields matter for a kind.
fn takes(row: &Row) -> String {
    let all = [
        ("tenant", row.tenant.is_some()),
        ("application", row.application_grant.is_some()),
        ("endpoints", row.endpoints.is_none()),
    ];
    let words = all.into_iter().filter(|(_, does)| *does);
    let words: Vec<&str> = words.map(|(word, _)| word).collect();
    words.join(" ")
}

fn access(form: &ProviderForm) -> Section {
    let ways = [
        ("delegated", "Somebody signs in for each mailbox"),
        ("application", "The application itself has access"),
    ];
    let access = Field::choice("access", "Who gets access", &form.access, ways).hint(
        "“Somebody signs in”: whoever owns the mailbox, or may read it, signs in at the provider \
         once. “The application itself”: nobody signs in; an administrator at the provider lets \
         Mailgrant into the mailboxes beforehand, as the guide says.",
    );
    Section::new("Access", vec![access]).only_for("application")
}

fn registration(form: &ProviderForm) -> Section {
    let client_id = Field::text("client_id", "Client id", &form.client_id).hint(
        "Microsoft calls it “Application (client) ID”. With a Google service account’s key it \
             may stay empty: the key names it.",
    );
    Section::new("Registration", vec![client_id])
        .hint("What the provider gave you when you registered Mailgrant there as an application.")
}

fn tenant(form: &ProviderForm) -> Section {
    let tenant = Field::text("tenant", "Tenant", &form.tenant).hint(
        "Microsoft: the directory (tenant) id, one of its domains, or “organizations”. Zoho: the \
         data centre, how its addresses end, such as “com” or “eu”.",
    );
    Section::new("Tenant", vec![tenant]).only_for("tenant")
}

fn discovery(form: &ProviderForm) -> Section {
    let issuer = Field::url("issuer", "Issuer", &form.issuer)
        .hint("For example https://login.example.com: the rest is found from there.");
    Section::new("OpenID Connect", vec![issuer]).only_for("oidc")
}

fn by_hand(form: &ProviderForm) -> Section {
    Section::new(
        "Endpoints",
        vec![
            Field::url("authorization_endpoint", "Authorization endpoint", &form.authorization_endpoint)
                .hint("Where the browser is sent to sign in."),
            Field::url("token_endpoint", "Token endpoint", &form.token_endpoint)
                .hint("Where codes and refresh tokens are redeemed."),
            Field::url("jwks_uri", "Signing keys (JWKS)", &form.jwks_uri)
                .hint("Where the keys are published that sign who has signed in."),
            Field::url("revocation_endpoint", "Revocation endpoint", &form.revocation_endpoint)
                .hint("Where a grant is ended, if the provider offers that."),
            Field::url(
                "device_authorization_endpoint",
                "Device authorization endpoint",
                &form.device_authorization_endpoint,
            )
            .hint("Where a code is had that somebody types on another device, if the provider offers that."),
            Field::url("introspection_endpoint", "Introspection endpoint", &form.introspection_endpoint)
                .hint("Where a token’s state is asked for, if the provider offers that."),
        ],
    )
    .hint("Needed for another OAuth 2.0 server. For OpenID Connect each one that is given wins over what is discovered.")
    .only_for("endpoints")
}

fn further(form: &ProviderForm) -> Section {
    let methods = [
        ("", "As usual for this kind"),
        ("basic", "In the header (client_secret_basic)"),
        ("post", "In the body (client_secret_post)"),
    ];
    Section::new(
        "Further settings",
        vec![
            Field::text("scopes", "Scopes", &form.scopes)
                .hint("Separated by spaces; the words imap, pop3 and smtp stand for those of this kind. Empty takes those that it needs for IMAP."),
            Field::choice(
                "secret_method",
                "How a client secret is sent",
                &form.secret_method,
                methods,
            ),
        ],
    )
    .hint("Leave these as they are unless the provider asks for something else.")
    .folded()
}

/// What stands in the place of a credential, for people; `None` where there is nothing.
pub(super) fn stored(credential: &ClientCredential) -> Option<&'static str> {
    match credential {
        ClientCredential::None => None,
        other => Some(other.label()),
    }
}
