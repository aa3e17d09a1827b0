//! The twelve traps that providers set, each a table of what was found and what it must come to.

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_mail::{MailError, Protocol};
use mailgrant_oauth::{Access, Introspection, ProviderKind, TokenClaims};
use mailgrant_vault::{AccountId, CredentialExpiry, Grant, GrantState};

use super::*;

const EXCHANGE_SAYS: &str = "NO AUTHENTICATE failed.";
const ADA: &str = "ada@example.com";
const SUPPORT: &str = "support@example.com";

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn texts(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// A token of the mailbox's owner with which all is well.
fn claims() -> TokenClaims {
    TokenClaims {
        audience: texts("https://outlook.office.com"),
        scopes: texts("IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send"),
        expires_at: Some(now() + SignedDuration::from_hours(1)),
        user_name: Some(SUPPORT.to_owned()),
        object_id: Some("0b1d".to_owned()),
        ..TokenClaims::default()
    }
}

fn evidence(kind: ProviderKind, claims: Option<TokenClaims>) -> Evidence {
    Evidence {
        account: "support".to_owned(),
        provider: "entra".to_owned(),
        kind,
        access: Access::Delegated,
        client: "client-1".to_owned(),
        address: SUPPORT.to_owned(),
        expected: SUPPORT.to_owned(),
        signed_in: Some(SUPPORT.to_owned()),
        claims,
        now: now(),
    }
}

fn microsoft(change: impl FnOnce(&mut Evidence, &mut TokenClaims)) -> Evidence {
    let mut evidence = evidence(ProviderKind::Microsoft, None);
    let mut claims = claims();
    change(&mut evidence, &mut claims);
    evidence.claims = Some(claims);
    evidence
}

fn application(change: impl FnOnce(&mut Evidence, &mut TokenClaims)) -> Evidence {
    microsoft(|evidence, claims| {
        evidence.access = Access::Application;
        evidence.signed_in = None;
        claims.user_name = None;
        claims.scopes.clear();
        claims.audience = texts("https://outlook.office365.com");
        claims.roles = texts("IMAP.AccessAsApp");
        change(evidence, claims);
    })
}

fn no(said: &str) -> MailError {
    MailError::LoginRefused {
        server: "outlook.office365.com:993".to_owned(),
        said: said.to_owned(),
        challenge: None,
    }
}

fn login(evidence: &Evidence, protocol: Protocol, said: &str) -> Diagnosis {
    refused(evidence, protocol, SUPPORT, &no(said))
}

/// Whose turn it is, and words of the diagnosis (of what, next, place) that must be there.
#[track_caller]
fn comes_to(diagnosis: &Diagnosis, fault: Fault, words: &[&str]) {
    let shown = format!("{diagnosis}");
    assert_eq!(diagnosis.fault, fault, "{shown}");
    for word in words {
        assert!(shown.contains(word), "`{word}` is not in: {shown}");
    }
}

fn grant(state: GrantState, reason: Option<&str>) -> Grant {
    Grant {
        account: AccountId(1),
        state,
        reason: reason.map(str::to_owned),
        version: 1,
        refresh_token: None,
        scopes: Vec::new(),
        subject: None,
        signed_in: None,
        authorized_at: Some(now() - days(100)),
        renewed_at: Some(now() - days(1)),
        failures: 0,
        last_failure: None,
        retry_at: None,
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn trap_1_one_refusal_of_exchange_has_seven_causes_and_the_first_that_fits_is_told() {
    let graph = "00000003-0000-0000-c000-000000000000";
    let cases = [
        // a: the token is old, and wrong besides: what comes first is told.
        (
            microsoft(|_, it| {
                it.expires_at = Some(now() - SignedDuration::from_mins(1));
                it.audience = texts(graph);
            }),
            Protocol::Imap,
            (Fault::Operator, vec!["ended at", "clock"]),
        ),
        // b: for Graph, by number and by name; the order of scopes is explained.
        (
            microsoft(|_, it| it.audience = texts(graph)),
            Protocol::Imap,
            (
                Fault::Operator,
                vec![
                    "Microsoft Graph",
                    "first scope",
                    "https://outlook.office.com/IMAP.AccessAsUser.All",
                ],
            ),
        ),
        (
            microsoft(|_, it| it.audience = texts("https://graph.microsoft.com/")),
            Protocol::Pop3,
            (Fault::Operator, vec!["Microsoft Graph"]),
        ),
        (
            microsoft(|_, it| it.audience = texts("api://something")),
            Protocol::Imap,
            (Fault::Operator, vec!["api://something", "not for Exchange"]),
        ),
        // c: the scope of another protocol.
        (
            microsoft(|_, it| it.scopes = texts("SMTP.Send")),
            Protocol::Imap,
            (Fault::Operator, vec!["IMAP needs IMAP.AccessAsUser.All"]),
        ),
        (
            microsoft(|_, it| it.scopes = texts("IMAP.AccessAsUser.All")),
            Protocol::Smtp,
            (Fault::Operator, vec!["SMTP needs SMTP.Send"]),
        ),
        (
            application(|_, _| {}),
            Protocol::Smtp,
            (Fault::Tenant, vec!["SMTP.SendAsApp", "API permissions"]),
        ),
        // d: somebody else signed in; or the right person has no access to the shared mailbox.
        (
            microsoft(|_, it| it.user_name = Some("root@example.com".to_owned())),
            Protocol::Imap,
            (
                Fault::Owner,
                vec![
                    "root@example.com signed in",
                    "support@example.com was expected",
                ],
            ),
        ),
        (
            microsoft(|evidence, it| {
                evidence.expected = ADA.to_owned();
                it.user_name = Some(ADA.to_owned());
            }),
            Protocol::Imap,
            (
                Fault::Tenant,
                vec![
                    "ada@example.com",
                    "Add-MailboxPermission -Identity support@example.com -User ada@example.com",
                ],
            ),
        ),
        // e: the service principal.
        (
            application(|_, _| {}),
            Protocol::Imap,
            (
                Fault::Tenant,
                vec![
                    "New-ServicePrincipal -AppId client-1 -ObjectId 0b1d",
                    "Enterprise applications",
                ],
            ),
        ),
        // f: the protocol's switch.
        (
            microsoft(|_, _| {}),
            Protocol::Imap,
            (Fault::Tenant, vec!["-ImapEnabled $true"]),
        ),
        (
            microsoft(|_, _| {}),
            Protocol::Pop3,
            (Fault::Tenant, vec!["-PopEnabled $true"]),
        ),
        // g: the switch of SMTP AUTH.
        (
            microsoft(|_, _| {}),
            Protocol::Smtp,
            (
                Fault::Tenant,
                vec!["-SmtpClientAuthenticationDisabled $false"],
            ),
        ),
    ];
    for (evidence, protocol, (fault, words)) in cases {
        let said = match protocol {
            Protocol::Imap => EXCHANGE_SAYS,
            Protocol::Pop3 => "-ERR Logon failure: unknown user name or bad password.",
            Protocol::Smtp => "535 5.7.3 Authentication unsuccessful [AM0PR04CA0001]",
        };
        let diagnosis = login(&evidence, protocol, said);
        comes_to(&diagnosis, fault, &words);
        assert_eq!(diagnosis.said.as_deref(), Some(said));
        assert!(diagnosis.source.is_some() || diagnosis.fault == Fault::Owner);
    }
    // Words that tell are not explained away, and without claims nothing is made up.
    let tells = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    let diagnosis = login(&microsoft(|_, _| {}), Protocol::Smtp, tells);
    comes_to(&diagnosis, Fault::Tenant, &["Set-TransportConfig"]);
    let opaque = evidence(ProviderKind::Microsoft, None);
    comes_to(
        &login(&opaque, Protocol::Imap, EXCHANGE_SAYS),
        Fault::Operator,
        &["Check, in this order"],
    );
}

#[test]
fn trap_2_a_token_may_come_although_nothing_was_granted() {
    let nothing = application(|_, it| it.roles.clear());
    for protocol in Protocol::ALL {
        let told = of_claims(&nothing, protocol).unwrap();
        comes_to(
            &told,
            Fault::Tenant,
            &["granted nothing", "no roles", "admin consent"],
        );
    }
    // The login counts, and the next command does not: the cause is that of a refused login.
    let error = MailError::NotConnected {
        server: "outlook.office365.com:993".to_owned(),
        said: "BAD User is authenticated but not connected.".to_owned(),
    };
    let graph = microsoft(|_, it| it.scopes = texts("SMTP.Send"));
    comes_to(
        &refused(&graph, Protocol::Imap, SUPPORT, &error),
        Fault::Operator,
        &["IMAP.AccessAsUser.All"],
    );
    let other = microsoft(|_, it| it.user_name = Some("root@example.com".to_owned()));
    comes_to(
        &refused(&other, Protocol::Imap, SUPPORT, &error),
        Fault::Owner,
        &["root@example.com"],
    );
    let inactive = of_introspection(&Introspection::default()).unwrap_err();
    comes_to(&inactive, Fault::Operator, &["not active"]);
}

#[test]
fn trap_3_what_passes_by_itself_is_nobodys_turn_and_the_rest_is_somebodys() {
    let good = microsoft(|_, _| {});
    let later = MailError::Later {
        server: "imap.gmail.com:993".to_owned(),
        said: "NO [ALERT] Too many simultaneous connections. (Failure)".to_owned(),
        retry_after: None,
    };
    let google = evidence(ProviderKind::Google, None);
    let told = refused(&google, Protocol::Imap, SUPPORT, &later);
    comes_to(&told, Fault::Server, &["allows 15 at a time by IMAP"]);
    let busy = MailError::Later {
        server: "smtp.office365.com:587".to_owned(),
        said: "432 4.3.2 Concurrent connections limit exceeded.".to_owned(),
        retry_after: None,
    };
    comes_to(
        &refused(&good, Protocol::Smtp, SUPPORT, &busy),
        Fault::Server,
        &["allows 3 at a time by SMTP"],
    );
    let not_connected = MailError::NotConnected {
        server: "outlook.office365.com:993".to_owned(),
        said: "BAD User is authenticated but not connected.".to_owned(),
    };
    comes_to(
        &refused(&good, Protocol::Imap, SUPPORT, &not_connected),
        Fault::Tenant,
        &["came suddenly, wait"],
    );
}

#[test]
fn trap_4_one_refused_registration_stops_all_accounts_and_is_announced() {
    let refusal = Diagnosis::new(
        Fault::Operator,
        "The secret has expired.",
        "Make a new one.",
    );
    let told = client_refused(refusal.clone(), "entra", 40);
    comes_to(&told, Fault::Operator, &["all 40 accounts of entra"]);
    assert_eq!(client_refused(refusal.clone(), "entra", 1), refusal);
    let away = Diagnosis::new(Fault::Provider, "It is away.", "Wait.");
    assert_eq!(client_refused(away.clone(), "entra", 40), away);

    let ends = |at| CredentialExpiry {
        what: "client secret".to_owned(),
        at,
    };
    for (left, noticed) in [
        (-1, Some("ended on 2026-11-23")),
        (0, Some("ended")),
        (59, Some("in 59 days")),
        (61, None),
    ] {
        let told = of_expiry("entra", &ends(now() + days(left)), now());
        match noticed {
            Some(words) => comes_to(&told.unwrap(), Fault::Operator, &[words, "--keep-second"]),
            None => assert_eq!(told, None),
        }
    }
}

#[test]
fn trap_5_a_grant_that_nobody_uses_dies_at_a_known_day() {
    for (kind, end) in [
        (ProviderKind::Microsoft, "2026-12-24"),
        (ProviderKind::Google, "2027-03-24"),
        (ProviderKind::Yandex, "2026-12-24"),
    ] {
        let mut idle = grant(GrantState::Active, None);
        idle.renewed_at = Some(now() - days(60));
        let told = of_age(&evidence(kind, None), &idle).unwrap();
        comes_to(&told, Fault::Operator, &[end, "mailgrant serve"]);
        idle.renewed_at = Some(now() - days(30));
        assert_eq!(of_age(&evidence(kind, None), &idle), None);
    }
    let words = active_in_words(
        &evidence(ProviderKind::Microsoft, None),
        &grant(GrantState::Active, None),
    );
    assert_eq!(
        words,
        "Active, given on 2026-08-16, used last on 2026-11-23; unused it would end on 2027-02-21."
    );
}

#[test]
fn trap_6_who_authorises_again_and_again_is_told_before_the_oldest_grant_dies() {
    for (kind, given, noticed) in [
        (ProviderKind::Google, 50, false),
        (ProviderKind::Google, 51, true),
        (ProviderKind::Zoho, 10, false),
        (ProviderKind::Zoho, 11, true),
        (ProviderKind::Microsoft, 1000, false),
    ] {
        let told = of_many_tokens(kind, given);
        assert_eq!(told.is_some(), noticed, "{kind} {given}");
        if let Some(told) = told {
            comes_to(
                &told,
                Fault::Operator,
                &["ends the oldest", "Do not authorise again"],
            );
        }
    }
}

fn end(kind: ProviderKind, reason: &str, history: History) -> Diagnosis {
    let gone = grant(GrantState::NeedsAuthorization, Some(reason));
    ended(&evidence(kind, None), &gone, history)
}

#[test]
fn trap_7_where_old_tokens_end_grants_an_old_copy_of_the_database_is_suspected() {
    let history = History::default();
    for kind in ProviderKind::ALL.iter().copied() {
        let suspected = catalogue::row(kind).rotation == catalogue::Rotation::OldEnds;
        let told = end(kind, "invalid_grant", history);
        assert_eq!(
            told.what.contains("older copy of Mailgrant's database"),
            suspected,
            "{kind}"
        );
    }
}

#[test]
fn trap_8_what_a_change_of_password_ends_is_told_by_provider() {
    let google = end(
        ProviderKind::Google,
        "invalid_grant: Bad Request",
        History::default(),
    );
    comes_to(
        &google,
        Fault::Owner,
        &["password", "mailgrant account authorize support"],
    );
    let microsoft = end(ProviderKind::Microsoft, "invalid_grant", History::default());
    comes_to(&microsoft, Fault::Owner, &["90 days without use"]);
    // A number says why: nothing is added.
    let known = end(
        ProviderKind::Microsoft,
        "invalid_grant: AADSTS50173: x",
        History::default(),
    );
    assert!(!known.what.contains("without a word"), "{known}");
}

#[test]
fn trap_9_a_tenant_that_forbids_device_codes_ends_grants_that_came_by_one() {
    let reason = "invalid_grant: AADSTS530036: blocked Trace ID: t Correlation ID: c";
    let told = end(ProviderKind::Microsoft, reason, History::default());
    comes_to(
        &told,
        Fault::Tenant,
        &["by a code on another device", "sign in with a browser"],
    );
}

#[test]
fn trap_10_a_grant_that_ends_after_seven_days_is_that_of_an_app_in_testing() {
    let after = |hours: i64| History {
        consented: Some(now() - SignedDuration::from_hours(hours)),
        used: Some(now() - days(1)),
        ended: Some(now()),
    };
    let reason = "invalid_grant: Token has been expired or revoked.";
    comes_to(
        &end(ProviderKind::Google, reason, after(168)),
        Fault::Operator,
        &["Testing"],
    );
    let other = end(ProviderKind::Google, reason, after(400));
    assert_eq!(other.fault, Fault::Owner, "{other}");
}

#[test]
fn trap_11_the_tenants_administrator_sees_the_numbers_of_the_sign_in_log() {
    let reason = "invalid_grant: AADSTS530036: blocked Trace ID: 0a1b Correlation ID: 4e5f Timestamp: 2026-11-24 09:00:00Z";
    let said = end(ProviderKind::Microsoft, reason, History::default())
        .said
        .unwrap();
    for part in ["0a1b", "4e5f", "2026-11-24 09:00:00Z"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn trap_12_a_session_that_ends_with_its_token_is_no_failure() {
    let closed = |token_ended| MailError::Closed {
        server: "imap.gmail.com:993".to_owned(),
        why: "BYE Session expired, please login again.".to_owned(),
        token_ended,
    };
    assert!(is_only_an_end(&closed(true)));
    assert!(!is_only_an_end(&closed(false)) && !is_only_an_end(&no(EXCHANGE_SAYS)));
}

#[test]
fn both_names_of_a_shared_mailbox_are_shown() {
    let mut it = evidence(ProviderKind::Microsoft, None);
    assert_eq!(
        of_identity(&it).unwrap(),
        "support@example.com signed in for their own mailbox."
    );
    it.expected = ADA.to_owned();
    it.signed_in = Some("Ada@Example.com".to_owned());
    assert_eq!(
        of_identity(&it).unwrap(),
        "Ada@Example.com signed in for the shared mailbox support@example.com."
    );
    it.signed_in = Some("eve@example.com".to_owned());
    comes_to(
        &of_identity(&it).unwrap_err(),
        Fault::Owner,
        &["eve@example.com", "ada@example.com was expected"],
    );
    it.signed_in = None;
    assert!(of_identity(&it).unwrap().contains("did not say"));
}

#[test]
fn nobody_has_a_grant_before_somebody_signs_in_or_after_it_was_revoked() {
    let mut it = evidence(ProviderKind::Microsoft, None);
    let told = |it: &Evidence, state, reason| ended(it, &grant(state, reason), History::default());
    comes_to(
        &told(&it, GrantState::Pending, None),
        Fault::Owner,
        &["Nobody has authorised"],
    );
    comes_to(
        &told(&it, GrantState::Revoked, Some("revoked")),
        Fault::Operator,
        &["revoked here"],
    );
    comes_to(
        &told(
            &it,
            GrantState::Pending,
            Some("The account was given another address."),
        ),
        Fault::Owner,
        &["has ended"],
    );
    it.access = Access::Application;
    comes_to(
        &told(&it, GrantState::Pending, None),
        Fault::Operator,
        &["not been connected"],
    );
}
