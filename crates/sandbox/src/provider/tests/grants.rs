//! The life of codes, grants and tokens, with the time as the test wants it.

use super::*;

const PROOF: Proof<'_> = Proof {
    client: "desk",
    redirect_uri: "http://127.0.0.1/callback",
    verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
};

/// A provider that has just handed out a code, the code, and the time.
fn with_code() -> (Grants, String, Instant) {
    let mut grants = Grants::new(TokenBook::default(), Now::default());
    let now = Instant::now();
    let consent = Consent {
        client: PROOF.client.into(),
        user: "a@example.com".into(),
        scope: Scope::parse("imap smtp"),
        redirect_uri: PROOF.redirect_uri.into(),
        challenge: challenge(PROOF.verifier),
        nonce: Some("n".into()),
        offline: true,
    };
    let code = grants.code(consent, now);
    (grants, code, now)
}

#[test]
fn the_challenge_is_that_of_the_standard() {
    // RFC 7636, appendix B.
    assert_eq!(
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn a_code_lives_for_sixty_seconds() {
    let (mut grants, code, now) = with_code();
    assert!(
        grants
            .redeem(&code, PROOF, now + Duration::from_secs(59))
            .is_ok()
    );
    let (mut grants, code, now) = with_code();
    let refusal = grants
        .redeem(&code, PROOF, now + Duration::from_mins(1))
        .unwrap_err();
    assert_eq!(refusal, Refusal::invalid_grant("the code is too old"));
}

#[test]
fn a_code_serves_only_whom_it_was_made_for_and_is_spent_by_trying() {
    for wrong in [
        Proof {
            client: "other",
            ..PROOF
        },
        Proof {
            redirect_uri: "http://127.0.0.1/callback/",
            ..PROOF
        },
        Proof {
            verifier: "another-verifier",
            ..PROOF
        },
    ] {
        let (mut grants, code, now) = with_code();
        assert!(grants.redeem(&code, wrong, now).is_err(), "{wrong:?}");
        assert!(grants.redeem(&code, PROOF, now).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_code_that_comes_twice_ends_its_grant() {
    let (mut grants, code, now) = with_code();
    let Redeemed { grant, nonce, .. } = grants.redeem(&code, PROOF, now).unwrap();
    assert_eq!(nonce.as_deref(), Some("n"));
    let access = grants.access_token(grant, &Scope::parse("imap"), Duration::from_mins(1));
    let refresh = grants.refresh_token(grant);
    assert!(grants.book.look_up(&access).is_some());
    let later = now + Duration::from_secs(500);
    assert!(grants.redeem(&code, PROOF, later).is_err());
    assert!(grants.book.look_up(&access).is_none());
    assert!(grants.refresh(&refresh, "desk", None).is_err());
    assert_eq!(grants.look_up(&access), None);
    assert_eq!(grants.look_up(&refresh), None);
    assert_eq!(grants.reuse_detected(), 0);
}

#[test]
fn codes_are_forgotten_in_the_end() {
    let (mut grants, code, now) = with_code();
    let consent = grants.codes[&code].consent.clone();
    grants.code(consent, now + CODE_MEMORY);
    assert_eq!(grants.codes.len(), 1);
}

#[test]
fn the_grants_of_a_user_end_and_access_tokens_live_on() {
    let mut grants = Grants::new(TokenBook::default(), Now::default());
    let scope = Scope::parse("imap");
    let [a, b] = ["a", "b"].map(|user| grants.grant("desk", user, scope.clone()));
    let access = grants.access_token(a, &scope, Duration::from_mins(1));
    let [refresh_a, refresh_b] = [a, b].map(|grant| grants.refresh_token(grant));
    grants.end_all_of("a");
    assert!(grants.refresh(&refresh_a, "desk", None).is_err());
    assert!(grants.refresh(&refresh_b, "desk", None).is_ok());
    assert!(grants.look_up(&access).is_some());
}
