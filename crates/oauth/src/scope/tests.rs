//! Scopes, read, checked and sorted.

use proptest::prelude::*;

use super::*;
use crate::Resource::{Gmail, Graph, Mail};
use crate::catalogue::{self, Protocol};
use crate::{ProviderKind, ProviderKind::*};

fn list(text: &str) -> Vec<Scope> {
    Scope::parse_list(text).unwrap()
}

fn check(kind: ProviderKind, text: &str) -> Result<(), String> {
    check_scopes(kind, &list(text)).map_err(|error| error.to_string())
}

#[test]
fn a_scope_without_its_resource_or_of_a_strange_one_is_refused_and_the_right_one_named() {
    for strange in [
        "Mail.Read",
        "IMAP.AccessAsUser.All",
        "https://management.azure.com/user_impersonation",
        "https://graph.microsoft.us/Mail.Read",
        "https://outlook.office365.us/IMAP.AccessAsUser.All",
        "api://mail/read",
    ] {
        let usual = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
        let said = check(Microsoft, &format!("{usual} {strange}")).unwrap_err();
        assert!(said.starts_with(&format!("`{strange}` cannot")), "{said}");
        assert!(said.contains("/IMAP.AccessAsUser.All` instead"), "{said}");
    }
}

#[test]
fn scopes_of_graph_are_welcome_beside_those_of_mail_and_refused_alone() {
    let graph = "https://graph.microsoft.com/mail.read offline_access";
    check(
        Microsoft,
        &format!("{graph} https://outlook.office.com/IMAP.AccessAsUser.All"),
    )
    .unwrap();
    insta::assert_snapshot!(check(Microsoft, graph).unwrap_err(), @"`https://graph.microsoft.com/mail.read` cannot be used to log in to a mail server: it opens Microsoft Graph, whose tokens IMAP refuses; enter `https://outlook.office.com/IMAP.AccessAsUser.All` instead, or beside it");
    let said = check(
        Microsoft,
        "https://Graph.Microsoft.com/IMAP.AccessAsUser.All offline_access",
    );
    assert!(said.unwrap_err().contains("opens Microsoft Graph"));
}

#[test]
fn the_scopes_of_a_cloud_belong_to_that_cloud() {
    for (kind, mail, graph) in [
        (MicrosoftUs, "outlook.office365.us", "graph.microsoft.us"),
        (
            MicrosoftDod,
            "outlook-dod.office365.us",
            "dod-graph.microsoft.us",
        ),
        (
            MicrosoftChina,
            "partner.outlook.cn",
            "microsoftgraph.chinacloudapi.cn",
        ),
    ] {
        let own = format!("https://{mail}/IMAP.AccessAsUser.All offline_access");
        check(kind, &format!("{own} https://{graph}/Mail.ReadWrite")).unwrap();
        let global = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
        let said = check(kind, global).unwrap_err();
        assert!(said.contains(&format!("https://{mail}/IMAP")), "{said}");
    }
}

#[test]
fn default_stands_alone() {
    let said = check(
        Microsoft,
        "https://outlook.office365.com/.default https://outlook.office365.com/SMTP.Send \
         offline_access",
    );
    assert!(said.unwrap_err().contains("cannot be mixed"));
    let said = check(
        Microsoft,
        "https://outlook.office365.com/.default https://graph.microsoft.com/Mail.Read \
         offline_access",
    );
    assert!(said.unwrap_err().contains("cannot be mixed"));
}

#[test]
fn short_words_become_scopes_with_what_a_lasting_grant_needs_and_mail_comes_first() {
    let expanded = |kind, text| Scope::join(&expand_scopes(kind, &list(text)));
    insta::assert_snapshot!(expanded(Microsoft, "graph imap SMTP"), @"https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send https://graph.microsoft.com/Mail.ReadWrite offline_access openid profile email");
    insta::assert_snapshot!(expanded(MicrosoftChina, "imap pop3"), @"https://partner.outlook.cn/IMAP.AccessAsUser.All https://partner.outlook.cn/POP.AccessAsUser.All offline_access openid profile email");
    insta::assert_snapshot!(expanded(Google, "imap smtp gmail-api"), @"https://mail.google.com/ https://www.googleapis.com/auth/gmail.modify openid email");
    insta::assert_snapshot!(expanded(Yandex, "smtp imap"), @"mail:smtp mail:imap_full");
    insta::assert_snapshot!(expanded(Mailru, "imap"), @"mail.imap openid offline_access");
    // Of a provider of which nothing is known a word is a scope like any other.
    insta::assert_snapshot!(expanded(Oidc, "openid imap smtp"), @"openid imap smtp");
    // Whoever names scopes gets those and no others.
    insta::assert_snapshot!(
        expanded(Microsoft, "offline_access https://graph.microsoft.com/Mail.Read https://outlook.office.com/SMTP.Send"),
        @"https://outlook.office.com/SMTP.Send offline_access https://graph.microsoft.com/Mail.Read"
    );
}

#[test]
fn a_token_request_names_the_scopes_of_one_resource() {
    let asked = expand_scopes(Microsoft, &list("imap smtp graph"));
    let rules = &catalogue::row(Microsoft).scope_rules;
    let of = |resource| Scope::join(&rules.of_one_resource(resource, &asked));
    insta::assert_snapshot!(of(Mail), @"https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access");
    insta::assert_snapshot!(of(Graph), @"https://graph.microsoft.com/Mail.ReadWrite offline_access");
    assert_eq!(rules.of_one_resource(Gmail, &asked), []);
    // Entered by hand for the mail servers of another cloud.
    let strange = list("https://outlook.office365.us/IMAP.AccessAsUser.All offline_access");
    assert_eq!(rules.of_one_resource(Mail, &strange), strange);
    insta::assert_snapshot!(Scope::join(&rules.without_others(Mail, &asked)), @"https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access openid profile email");
}

#[test]
fn what_was_granted_tells_the_protocols_that_can_be_used() {
    use Protocol::{Imap, Pop3, Smtp};
    let allowed = |kind, text: &str| protocols_allowed(kind, &list(text));
    let outlook = "https://outlook.office.com/";
    assert_eq!(
        allowed(
            Microsoft,
            &format!("{outlook}imap.accessasuser.all {outlook}SMTP.Send")
        ),
        [Imap, Smtp]
    );
    assert_eq!(
        allowed(Microsoft, &format!("{outlook}EWS.AccessAsUser.All")),
        []
    );
    assert_eq!(
        allowed(Microsoft, &format!("{outlook}.default")),
        [Imap, Pop3, Smtp]
    );
    assert_eq!(
        allowed(Microsoft, "https://graph.microsoft.com/SMTP.Send"),
        []
    );
    assert_eq!(
        allowed(Google, "https://mail.google.com/"),
        [Imap, Pop3, Smtp]
    );
    assert_eq!(
        allowed(Google, "https://www.googleapis.com/auth/gmail.modify"),
        []
    );
    assert_eq!(allowed(Yandex, "mail:imap_ro"), [Imap]);
    assert_eq!(allowed(Yahoo, "mail-r"), [Imap, Pop3]);
    assert_eq!(allowed(Oidc, "openid"), [Imap, Pop3, Smtp]);
}

#[test]
fn microsofts_scopes_are_compared_without_case_and_may_include_pop_and_smtp() {
    check(
        Microsoft,
        "https://outlook.office.com/imap.accessasuser.all \
         https://outlook.office.com/POP.AccessAsUser.All \
         https://outlook.office.com/SMTP.Send offline_access",
    )
    .unwrap();
    check(
        Microsoft,
        "https://outlook.office365.com/.default offline_access",
    )
    .unwrap();
}

#[test]
fn scopes_without_imap_or_without_lasting_access_are_incomplete() {
    insta::assert_snapshot!(
        check(Microsoft, "https://outlook.office.com/SMTP.Send offline_access").unwrap_err(),
        @"`https://outlook.office.com/IMAP.AccessAsUser.All` is missing: no other scope lets Mailgrant log in by IMAP"
    );
    insta::assert_snapshot!(
        check(Microsoft, "https://outlook.office.com/IMAP.AccessAsUser.All openid").unwrap_err(),
        @"`offline_access` is missing: without it Microsoft gives no refresh token, and the authorization ends within the hour"
    );
    assert!(
        check(Google, "openid email")
            .unwrap_err()
            .contains("mail.google.com/` is missing")
    );
    assert!(check(Microsoft, "").is_err());
}

#[test]
fn two_mail_resources_in_one_request_are_refused() {
    let said = check(
        Microsoft,
        "https://outlook.office.com/IMAP.AccessAsUser.All \
         https://outlook.office365.com/IMAP.AccessAsUser.All offline_access",
    );
    assert!(said.unwrap_err().contains("a token serves one resource"));
}

#[test]
fn gmails_api_alone_and_misspelt_scopes_are_refused() {
    for (wrong, why) in [
        ("https://mail.google.com", "with the slash at its end"),
        ("https://mail.google.com/feed", "with the slash at its end"),
        ("offline_access", "access_type=offline"),
        ("https://www.googleapis.com/auth/drive", "something else"),
    ] {
        let said = check(Google, &format!("https://mail.google.com/ {wrong}")).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
    check(Google, "https://mail.google.com/ openid email").unwrap();
    let api = "https://www.googleapis.com/auth/gmail.readonly";
    check(Google, &format!("https://mail.google.com/ {api}")).unwrap();
    assert!(check(Google, api).unwrap_err().contains("Gmail's API"));
}

#[test]
fn a_provider_of_which_nothing_is_known_may_have_any_scope() {
    for kind in [Oidc, Oauth2] {
        check(kind, "openid mail https://example.com/imap").unwrap();
        check(kind, "").unwrap();
    }
}

#[test]
fn a_scope_that_was_unticked_is_missed_and_an_alias_is_not() {
    let asked = list("https://mail.google.com/ openid email");
    let less = list("openid https://www.googleapis.com/auth/userinfo.email");
    let all = list("https://www.googleapis.com/auth/userinfo.email https://mail.google.com/");
    assert_eq!(missing_for_mail(Google, &asked, &all), None);
    assert_eq!(
        missing_for_mail(Google, &asked, &less),
        Some(asked[0].clone())
    );

    let asked = list("openid offline_access imap");
    assert_eq!(missing_for_mail(Oidc, &asked, &list("imap")), None);
    assert_eq!(
        missing_for_mail(Oidc, &asked, &list("openid")),
        Some(asked[2].clone())
    );
}

proptest! {
    #[test]
    fn a_list_reads_back_what_it_joins(words in proptest::collection::hash_set("[!#-\\[\\]-~]{1,20}", 0..8)) {
        let scopes: Vec<Scope> = words.iter().map(|word| Scope::parse(word).unwrap()).collect();
        prop_assert_eq!(Scope::parse_list(&Scope::join(&scopes)).unwrap(), scopes);
    }

    #[test]
    fn no_scope_has_space_quote_backslash_or_control(text in ".*") {
        if let Ok(scope) = Scope::parse(&text) {
            prop_assert!(scope.as_str().bytes().all(|b| (0x21..=0x7e).contains(&b) && b != b'"' && b != b'\\'));
        }
    }

    #[test]
    fn to_expand_twice_changes_nothing_and_loses_no_scope(
        kind in proptest::sample::select(ProviderKind::ALL),
        words in proptest::collection::vec(
            "(imap|POP3|smtp|graph|gmail-api|openid|mail-w|https://outlook[.]office[.]com/[A-Z]{1,3})", 0..6,
        ),
    ) {
        let entered = list(&words.join(" "));
        let expanded = expand_scopes(kind, &entered);
        prop_assert_eq!(expand_scopes(kind, &expanded), expanded.clone());
        for scope in entered {
            let is_word = catalogue::row(kind).scopes_of_word(scope.as_str()).is_some();
            let kept = expanded.iter().any(|one| one.0.eq_ignore_ascii_case(&scope.0));
            prop_assert!(is_word || kept);
        }
    }

    #[test]
    fn checking_never_panics_and_needs_the_imap_scope(text in "[ -~]{0,80}") {
        let scopes: Vec<Scope> = text.split(' ').filter_map(|word| Scope::parse(word).ok()).collect();
        prop_assume!(!text.to_lowercase().contains("imap"));
        prop_assume!(!text.to_lowercase().contains(".default"));
        prop_assert!(check_scopes(Microsoft, &scopes).is_err());
    }
}
