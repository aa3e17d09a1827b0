//! Every row says what it must, in a form that can be used.

use url::Url;

use super::*;
use crate::{Resource, Scope, check_scopes, expand_scopes};

fn scopes(texts: &[&str]) -> Vec<Scope> {
    let texts = texts.iter();
    texts.map(|text| Scope::parse(text).unwrap()).collect()
}

/// An address that a row may hold: `https`, and nothing to fill in but the tenant.
fn assert_address(text: &str) {
    let filled = text
        .replace("{tenantid}", "example.com")
        .replace("{tenant}", "com");
    let url = Url::parse(&filled).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(url.scheme(), "https", "{text}");
    assert!(url.host_str().is_some_and(|host| host.contains('.')));
    assert!(!filled.contains('{'), "{text}");
}

#[test]
fn every_kind_has_its_own_row() {
    for kind in ProviderKind::ALL {
        assert_eq!(row(*kind).kind, *kind);
        assert!(!row(*kind).label.is_empty());
    }
}

#[test]
fn every_row_names_the_pages_that_it_follows_and_the_day_of_reading() {
    for row in rows() {
        let Documented { sources, as_of, .. } = row.documented;
        assert!(!sources.is_empty(), "{}", row.kind);
        for source in sources {
            let named = source.starts_with("Thunderbird, ");
            assert!(named || Url::parse(source).is_ok(), "{source}");
        }
        assert!(as_of.parse::<jiff::civil::Date>().is_ok(), "{as_of}");
    }
}

#[test]
fn no_public_provider_is_called_verified_before_somebody_has_tried_it() {
    let verified: Vec<_> = rows().filter(|row| row.documented.verified).collect();
    let kinds: Vec<_> = verified.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [ProviderKind::Oidc]);
}

#[test]
fn the_default_scopes_pass_the_check_for_scopes() {
    for row in rows() {
        let mail = scopes(row.default_scopes(Resource::Mail));
        assert_eq!(check_scopes(row.kind, &mail), Ok(()), "{}", row.kind);
        if row.scope_rules.mail.is_empty() {
            continue;
        }
        assert!(
            protocols_allowed(row.kind, &mail).contains(&Protocol::Imap),
            "{}",
            row.kind
        );
    }
}

#[test]
fn every_short_word_for_a_protocol_gives_scopes_that_allow_it() {
    for row in rows() {
        for (word, _) in row.scope_words {
            let both = scopes(&["imap", word]);
            assert_eq!(check_scopes(row.kind, &both), Ok(()), "{} {word}", row.kind);
            let expanded = expand_scopes(row.kind, &scopes(&[word]));
            let protocol = Protocol::ALL
                .into_iter()
                .find(|known| known.word() == *word);
            if let Some(protocol) = protocol {
                assert!(protocols_allowed(row.kind, &expanded).contains(&protocol));
            }
        }
    }
}

#[test]
fn every_address_is_https_and_can_be_filled_in() {
    for row in rows() {
        row.portal.into_iter().for_each(assert_address);
        for elsewhere in row.revoke_elsewhere {
            assert_address(elsewhere.place);
        }
        let Some(known) = &row.endpoints else {
            continue;
        };
        [known.authorization, known.token]
            .into_iter()
            .chain(known.issuer)
            .chain(known.jwks)
            .chain(known.revocation)
            .chain(known.device_authorization)
            .chain(known.introspection)
            .for_each(assert_address);
        assert!(
            known.authorization.contains(row.login_host.unwrap_or("-")) || row.tenant.is_some()
        );
        assert_eq!(
            known.authorization.contains("{tenant}"),
            row.tenant.is_some()
        );
    }
}

#[test]
fn a_template_for_consent_has_every_place_to_fill_in() {
    for known in rows().filter_map(|row| row.endpoints.as_ref()) {
        let Some(template) = known.admin_consent else {
            continue;
        };
        for place in ["tenant", "client_id", "scope", "redirect_uri", "state"] {
            assert!(template.contains(&format!("{{{place}}}")), "{template}");
        }
    }
}

#[test]
fn a_kind_that_has_no_endpoint_for_revocation_says_where_else_a_grant_ends() {
    for row in rows() {
        let Some(known) = &row.endpoints else {
            continue;
        };
        let further = [ProviderKind::Comcast, ProviderKind::Thundermail];
        assert!(
            known.revocation.is_some()
                || !row.revoke_elsewhere.is_empty()
                || further.contains(&row.kind),
            "{}",
            row.kind
        );
    }
}

#[test]
fn mail_servers_have_the_ports_of_their_kind_of_security() {
    for row in rows() {
        for host in [row.imap, row.pop3, row.smtp].into_iter().flatten() {
            let expected = match host.security {
                HostSecurity::Tls => &[993, 995, 465][..],
                HostSecurity::StartTls => &[587],
            };
            assert!(expected.contains(&host.port), "{host:?}");
            assert!(host.name.contains('.'), "{host:?}");
        }
    }
}

#[test]
fn the_application_of_a_kind_asks_for_scopes_of_that_kind() {
    for row in rows() {
        let Some(grant) = &row.application_grant else {
            continue;
        };
        let mail = scopes(grant.scopes(Resource::Mail));
        let asked = protocols_allowed(row.kind, &mail);
        assert!(asked.contains(&Protocol::Imap), "{}", row.kind);
    }
}

#[test]
fn an_address_of_a_provider_tells_its_kind_and_a_companys_tells_nothing() {
    assert_eq!(kind_of_domain("GMail.com"), Some(ProviderKind::Google));
    assert_eq!(kind_of_domain("hotmail.com"), Some(ProviderKind::Microsoft));
    assert_eq!(kind_of_domain("yahoo.co.jp"), None);
    assert_eq!(kind_of_domain("example.com"), None);
    let mut all: Vec<_> = rows().flat_map(|row| row.domains).collect();
    all.sort_unstable();
    let many = all.len();
    all.dedup();
    assert_eq!(all.len(), many, "a domain stands in two rows");
}

#[test]
fn the_words_of_all_kinds_make_a_sentence() {
    let words = words();
    assert!(
        words.starts_with("microsoft, google, oidc, oauth2, "),
        "{words}"
    );
    assert!(words.ends_with(" or thundermail"), "{words}");
}
