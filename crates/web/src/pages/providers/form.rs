//! The form of a provider, as data.

use mailgrant_oauth::catalogue::{self, Group};
use mailgrant_vault::ProviderForm;

use crate::fields::{Field, Section};
use crate::visit::Sent;

/// Reads what was sent.
///
/// `present` is the form of what is stored: whatever this page has no field for stays as it is.
pub(super) fn read(sent: &Sent, present: ProviderForm) -> ProviderForm {
    ProviderForm {
        name: sent.text("name"),
        kind: sent.text("kind"),
        client_id: sent.text("client_id"),
        client_secret: sent.text("client_secret"),
        no_client_secret: sent.ticked("no_client_secret"),
        secret_expires: sent.text("secret_expires"),
        secret_method: sent.text("secret_method"),
        tenant: sent.text("tenant"),
        issuer: sent.text("issuer"),
        authorization_endpoint: sent.text("authorization_endpoint"),
        token_endpoint: sent.text("token_endpoint"),
        jwks_uri: sent.text("jwks_uri"),
        revocation_endpoint: sent.text("revocation_endpoint"),
        scopes: sent.text("scopes"),
        ..present
    }
}

/// The form's sections. `stored` is the kind of the credential that is there, which an empty field
/// keeps.
pub(super) fn sections(form: &ProviderForm, stored: Option<&str>) -> Vec<Section> {
    vec![
        which(form),
        registration(form, stored),
        tenant(form),
        discovery(form),
        by_hand(form),
        further(form),
    ]
}

fn which(form: &ProviderForm) -> Section {
    let of = |group: Group| {
        let rows = catalogue::rows().filter(move |row| row.group == group);
        rows.map(|row| (row.kind.word(), row.label)).collect()
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

fn registration(form: &ProviderForm, stored: Option<&str>) -> Section {
    let secret = Field::password("client_secret", "Client secret");
    // A secret never goes back to the browser; whoever typed one must know that it is gone.
    let lost = if form.client_secret.is_empty() {
        ""
    } else {
        "What you typed was not kept: type it again. "
    };
    let mut fields = vec![
        Field::text("client_id", "Client id", &form.client_id)
            .hint("Microsoft calls it “Application (client) ID”.")
            .required(),
    ];
    if let Some(stored) = stored {
        fields.push(secret.hint(format!(
            "{lost}A {stored} is stored. Leave this empty to keep it."
        )));
        fields.push(Field::tick(
            "no_client_secret",
            "Drop the stored credential (public client)",
            form.no_client_secret,
        ));
    } else {
        fields.push(secret.hint(format!(
            "{lost}The secret’s value, not its id. Leave it empty for a public client."
        )));
    }
    fields.push(
        Field::text("secret_expires", "The secret ends on", &form.secret_expires).hint(
            "For example 2027-11-30, as the provider’s portal shows it. Empty if it is not known.",
        ),
    );
    Section::new("Registration", fields)
        .hint("What the provider gave you when you registered Mailgrant there as an application.")
}

fn tenant(form: &ProviderForm) -> Section {
    let tenant = Field::text("tenant", "Tenant", &form.tenant).hint(
        "Microsoft: the directory (tenant) id, one of its domains, or “organizations”. Zoho: the \
         data centre, how its addresses end, such as “com” or “eu”.",
    );
    Section::new("Tenant", vec![tenant]).only_for("microsoft zoho")
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
        ],
    )
    .hint("Needed for another OAuth 2.0 server. For OpenID Connect each one that is given wins over what is discovered.")
    .only_for("oidc oauth2")
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
                "How the secret is sent",
                &form.secret_method,
                methods,
            ),
        ],
    )
    .hint("Leave these as they are unless the provider asks for something else.")
    .folded()
}
