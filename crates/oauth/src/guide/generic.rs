//! Whatever follows the standards.

use super::{Installation, Step, tell_mailgrant};
use crate::catalogue::Row;

/// As the tests' Dovecot has it.
const DOVECOT: &str = "auth_mechanisms = $auth_mechanisms oauthbearer xoauth2\n\
                       passdb {\n\
                       \x20 driver = oauth2\n\
                       \x20 mechanisms = oauthbearer xoauth2\n\
                       \x20 args = /etc/dovecot/dovecot-oauth2.conf.ext\n\
                       }";

const DOVECOT_OAUTH2: &str = "introspection_mode = post\n\
     introspection_url = https://DOVECOTS-ID:ITS-SECRET@login.example.com/introspect\n\
     username_attribute = email\n\
     active_attribute = active\n\
     active_value = true";

pub(super) fn oidc(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let steps = if installation.application {
        vec![
            Step::new("Make a client for an application")
                .text(
                    "Keycloak: Clients, Create client, Client authentication on, Service accounts \
                     roles on, Standard flow off. Authentik: Applications, Providers, OAuth2/OpenID \
                     Provider, client type Confidential. Elsewhere: a confidential client with the \
                     grant client credentials.",
                )
                .value("Client name", installation.name)
                .text("Copy the client id (CLIENT-ID below) and the client secret."),
            mail_server().warning(
                "A token of an application names no person: the mail server must let it open the \
                 mailbox that is named in the login.",
            ),
            last(row, installation)
                .text("Choose access as an application for the provider: nobody signs in then."),
        ]
    } else {
        vec![
            Step::new("Make a client")
                .text(
                    "Keycloak: Clients, Create client, OpenID Connect, Client authentication on, \
                     Standard flow on; copy the secret from Credentials. Authentik: Applications, \
                     Providers, OAuth2/OpenID Provider, client type Confidential. Elsewhere: a \
                     confidential client with the authorization code flow.",
                )
                .value("Client name", installation.name)
                .value("Valid redirect URI", installation.redirect_uri)
                .text("Copy the client id (CLIENT-ID below) and the client secret.")
                .warning("Register the redirect URI whole: no wildcard."),
            Step::new("Let it have refresh tokens")
                .text(
                    "Keycloak: the client scope offline_access, and for the people the role of the \
                     same name. Authentik: the scope mapping offline_access. Then the scopes that \
                     your mail server asks for.",
                )
                .value("Mailgrant asks for", "openid email offline_access")
                .warning(
                    "Where the refresh tokens' life is limited, people must authorise again as \
                     often: set a long idle time or none.",
                ),
            mail_server(),
            last(row, installation),
        ]
    };
    (
        "Register Mailgrant with an OpenID Connect provider".to_owned(),
        steps,
    )
}

fn last(row: &Row, installation: &Installation<'_>) -> Step {
    tell_mailgrant(
        row,
        installation,
        &[
            "--issuer https://login.example.com",
            "--client-id CLIENT-ID --client-secret-file secret.txt",
        ],
    )
    .text(
        "The issuer is what the provider's discovery document calls so. Keycloak's is \
         https://HOST/realms/REALM, Authentik's https://HOST/application/o/NAME/.",
    )
}

fn mail_server() -> Step {
    Step::new("Let the mail server take the provider's tokens")
        .text(
            "Dovecot 2.3 needs the mechanisms and the place where it asks about a token, below. \
             Dovecot 2.4 has the same settings in a block oauth2, and no passdb for them. Stalwart \
             takes OAUTHBEARER too.",
        )
        .value("dovecot.conf", DOVECOT)
        .value("dovecot-oauth2.conf.ext", DOVECOT_OAUTH2)
}

pub(super) fn oauth2(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let mut client = Step::new("Make a client")
        .value("Client name", installation.name)
        .text("Copy the client id (CLIENT-ID below) and the client secret.");
    client = if installation.application {
        client.text("A confidential client with the grant client credentials.")
    } else {
        client
            .text(
                "A confidential client with the grants authorization code and refresh token, and \
                 PKCE with S256 if the server asks.",
            )
            .value("Redirect URI", installation.redirect_uri)
    };
    let steps = vec![
        client,
        Step::new("Find the endpoints and the scopes").text(
            "The server's documentation names its authorization endpoint, its token endpoint and \
             the scope that opens mail. Where it publishes a discovery document, take the kind \
             oidc instead: it finds them by itself.",
        ),
        tell_mailgrant(
            row,
            installation,
            &[
                "--authorization-endpoint https://login.example.com/authorize",
                "--token-endpoint https://login.example.com/token",
                "--scopes 'SCOPES' --client-id CLIENT-ID --client-secret-file secret.txt",
            ],
        )
        .warning(
            "Without an id_token Mailgrant cannot see who has signed in: check it yourself at the \
             first authorization.",
        ),
    ];
    (
        "Register Mailgrant with an OAuth 2.0 server".to_owned(),
        steps,
    )
}
