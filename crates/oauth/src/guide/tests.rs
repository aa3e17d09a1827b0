//! What the guides say, whole.

use super::*;

const REDIRECT_URI: &str = "https://desk.example.com/otrs/index.pl?Action=AdminMailAccount";

fn installation(application: bool) -> Installation<'static> {
    Installation {
        redirect_uri: REDIRECT_URI,
        application,
        name: DEFAULT_NAME,
        protocols: &[Protocol::Imap],
    }
}

#[test]
fn every_guide_reads_as_it_should() {
    for row in catalogue::rows() {
        let guide = guide(row.kind, &installation(false));
        insta::assert_snapshot!(row.kind.word(), text(&guide));
    }
}

#[test]
fn every_guide_for_an_application_reads_as_it_should() {
    for row in catalogue::rows().filter(|row| row.application_grant.is_some()) {
        let guide = guide(row.kind, &installation(true));
        insta::assert_snapshot!(format!("{}-application", row.kind), text(&guide));
    }
}

#[test]
fn every_protocol_brings_its_own_permissions_scopes_and_switches() {
    let all = Installation {
        protocols: &Protocol::ALL,
        ..installation(false)
    };
    let said = text(&guide(ProviderKind::Microsoft, &all));
    for expected in [
        "Permissions: IMAP.AccessAsUser.All, POP.AccessAsUser.All, SMTP.Send",
        "https://outlook.office.com/SMTP.Send",
        "-PopEnabled $true",
        "-SmtpClientAuthenticationDisabled $false",
        "--scopes 'imap pop3 smtp'",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let all = Installation {
        application: true,
        ..all
    };
    let said = text(&guide(ProviderKind::Microsoft, &all));
    assert!(said.contains("SMTP.SendAsApp"), "{said}");
    assert!(said.contains("Add-RecipientPermission"), "{said}");
    assert!(!said.contains("--scopes"), "{said}");
}

#[test]
fn every_guide_has_this_installations_own_values_and_ends_with_what_to_enter_here() {
    for row in catalogue::rows() {
        for application in [false, true] {
            let guide = guide(row.kind, &installation(application));
            let values: Vec<&str> = guide
                .steps
                .iter()
                .flat_map(|step| &step.values)
                .map(|value| value.value.as_str())
                .collect();
            let alone = application && row.application_grant.is_some();
            assert!(alone || values.contains(&REDIRECT_URI), "{}", row.kind);
            assert_eq!(guide.steps.last().unwrap().title, "Tell Mailgrant");
            let said = text(&guide);
            assert!(
                !said.contains('{') || row.kind == ProviderKind::Oidc,
                "{said}"
            );
        }
    }
}

#[test]
fn a_kind_without_access_for_applications_says_so_first() {
    let guide = guide(ProviderKind::Fastmail, &installation(true));
    assert!(guide.before[0].starts_with("Fastmail gives an application no access"));
}

#[test]
fn a_redirect_uri_that_will_be_refused_is_told_before_it_is_entered() {
    let warned = |redirect_uri| {
        let installation = Installation {
            redirect_uri,
            ..installation(false)
        };
        text(&guide(ProviderKind::Microsoft, &installation))
    };
    assert!(warned("http://desk.lan/callback").contains("will be refused"));
    let local = warned("http://localhost:8420/oauth/callback");
    assert!(!local.contains("will be refused"), "{local}");
    assert!(!local.contains("It has a query"), "{local}");
    assert!(warned("http://127.0.0.1:8420/callback").contains("refuses 127.0.0.1"));
    assert!(warned(REDIRECT_URI).contains("It has a query"));
}

#[test]
fn a_name_of_ones_own_names_the_profile_too_where_it_can() {
    let named = |name| {
        let installation = Installation {
            name,
            ..installation(false)
        };
        text(&guide(ProviderKind::Google, &installation))
    };
    assert!(named("support").contains("mailgrant provider add support --kind google"));
    let said = named("Our help desk");
    assert!(said.contains("App name: Our help desk"), "{said}");
    assert!(
        said.contains("mailgrant provider add google --kind google"),
        "{said}"
    );
}

#[test]
fn a_guide_for_machines_has_the_same_parts() {
    let guide = guide(ProviderKind::Google, &installation(true));
    let json = serde_json::to_value(&guide).unwrap();
    assert_eq!(json["kind"], "google");
    assert_eq!(json["state"], "documented");
    assert_eq!(json["steps"][0]["title"], "Make a project");
    assert_eq!(
        json["steps"][2]["values"][1]["value"],
        "https://mail.google.com/"
    );
}
