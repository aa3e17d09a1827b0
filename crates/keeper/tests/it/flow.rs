//! From the press of the button until the browser is back, at all providers: whatever goes wrong is
//! told, and the grant that was there before stays as it was.

use std::collections::HashMap;
use std::time::Duration;

use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_keeper::AuthorizationError;
use mailgrant_oauth::{CallbackError, Refusal};
use mailgrant_vault::{AccountId, AuthorizationOutcome, EventKind, GrantState};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::world::{
    CLIENT, DESK, HOUR, OTHER, OTHER_CLIENT, Peer, REDIRECT_URI, World, on_all_providers,
};

on_all_providers!(
    a_sign_in_becomes_a_grant_with_state_nonce_and_pkce_on_the_way,
    a_wrong_state_is_refused_and_does_not_use_the_true_one_up,
    a_state_serves_once,
    a_browser_that_goes_away_leaves_its_grant_behind,
    another_browser_or_none_is_refused_and_does_not_use_the_state_up,
    after_ten_minutes_the_state_is_dead_and_the_code_is_not_redeemed,
    a_declined_consent_is_told_to_the_owner,
    a_token_endpoint_that_is_down_is_nobodys_fault,
    an_answer_without_or_with_another_issuer_is_refused_before_the_code_is_redeemed,
    the_redirect_uri_keeps_its_path_and_query_and_the_code_is_redeemed_with_the_very_same,
    somebody_else_is_held_and_accepted_once_by_the_same_browser_alone,
    a_held_grant_dies_with_its_authorization,
    an_answer_without_a_refresh_token_keeps_the_one_that_is_there,
    a_first_grant_without_a_refresh_token_is_refused,
    an_identity_of_an_earlier_sign_in_is_refused_by_its_nonce,
    an_identity_for_another_application_is_refused_by_its_audience,
    an_identity_that_is_left_out_is_missed,
    a_scope_that_was_not_granted_is_missed,
    a_profile_that_changed_meanwhile_ends_the_authorization,
    a_profile_that_changed_meanwhile_ends_a_confirmation,
    a_provider_that_is_paused_meanwhile_gets_no_code,
    a_link_begins_one_authorization_and_tells_whoever_waits_how_it_ended,
);

async fn a_sign_in_becomes_a_grant_with_state_nonce_and_pkce_on_the_way(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let before = world.row(account).await;
    let (first, second) = (world.depart(account).await, world.depart(account).await);
    let (one, two) = (parameters(&first), parameters(&second));
    assert_eq!(one["code_challenge_method"], "S256");
    assert_eq!(one["response_type"], "code");
    assert_eq!(one["login_hint"], DESK);
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(one[name].len(), 43, "{name}");
        assert_ne!(one[name], two[name], "{name}");
    }
    assert_eq!(world.row(account).await, before, "nothing is stored yet");

    let back = world.peer.agree(&first, DESK).await;
    let finished = world.arrive(&back).await.unwrap();
    assert_eq!(finished.account, account);
    assert_eq!(
        finished.outcome,
        AuthorizationOutcome::Granted(Some(DESK.to_owned()))
    );
    let exchange = &world.gate.passed()[0];
    let verifier = exchange.sent("code_verifier").unwrap();
    assert!(!first.as_str().contains(verifier));

    let grant = world.grant(account).await;
    assert_eq!(grant.state, GrantState::Active);
    assert_eq!(grant.signed_in.as_deref(), Some(DESK));
    let row = world.row(account).await;
    assert_eq!(row.refresh_token.as_deref(), exchange.got("refresh_token"));
    assert_eq!(row.access_token.as_deref(), exchange.got("access_token"));
    assert_eq!(world.events(EventKind::AuthorizationGranted).await.len(), 1);
    let token = world.token(account).await.unwrap();
    assert_eq!(
        Some(token.token.expose_secret()),
        exchange.got("access_token")
    );
    assert_eq!(world.gate.renewals(), 0);
}

async fn a_wrong_state_is_refused_and_does_not_use_the_true_one_up(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let forged = with(&back, "state", Some("forged"));
    let error = refused(&world, account, &forged).await;
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(error.diagnosis().fault, Fault::Owner);
    let error = refused(&world, account, &with(&back, "state", None)).await;
    assert!(matches!(
        error,
        AuthorizationError::Callback(CallbackError::NoState)
    ));
    world.arrive(&back).await.unwrap();
}

async fn a_state_serves_once(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.arrive(&back).await.unwrap();
    let redeemed = world.gate.passed().len();
    let error = refused(&world, account, &back).await;
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(world.gate.passed().len(), redeemed);

    // At once, one of both wins.
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let (one, two) = tokio::join!(world.arrive(&back), world.arrive(&back));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    assert_eq!(world.gate.passed().len(), redeemed + 1);
}

async fn a_browser_that_goes_away_leaves_its_grant_behind(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let mut held = world.gate.hold_next();
    {
        let arriving = std::pin::pin!(world.arrive(&back));
        tokio::select! {
            _ = arriving => panic!("the provider's answer is held"),
            () = held.arrived() => {}
        }
    }
    // Nobody waits for it any more; a stop does.
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
    held.release();
    world.keeper.settled().await;
    assert_eq!(world.grant(account).await.state, GrantState::Active);
}

async fn another_browser_or_none_is_refused_and_does_not_use_the_state_up(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let passed = world.gate.passed().len();
    for browser in [None, Some("LEAK-another-browser".into())] {
        let error = world.arrive_in(&back, browser.as_ref()).await.unwrap_err();
        assert!(matches!(error, AuthorizationError::UnknownState));
        assert_eq!(world.row(account).await, before);
    }
    assert_eq!(world.gate.passed().len(), passed);
    world.arrive(&back).await.unwrap();
}

async fn after_ten_minutes_the_state_is_dead_and_the_code_is_not_redeemed(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let passed = world.gate.passed().len();
    world.advance(Duration::from_mins(10));
    let error = refused(&world, account, &back).await;
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(world.gate.passed().len(), passed);
}

async fn a_declined_consent_is_told_to_the_owner(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.decline(&world.depart(account).await, DESK).await;
    let error = refused(&world, account, &back).await;
    assert!(
        matches!(&error, AuthorizationError::Refused(Refusal::NeedsPerson(said)) if said.error == "access_denied")
    );
    let diagnosis = error.diagnosis();
    assert_eq!(diagnosis.fault, Fault::Owner);
    assert!(diagnosis.what.contains("declined"), "{diagnosis}");
    assert_eq!(world.events(EventKind::AuthorizationFailed).await.len(), 1);
    // A state that brought an error is used too.
    let again = refused(&world, account, &back).await;
    assert!(matches!(again, AuthorizationError::UnknownState));
}

async fn a_token_endpoint_that_is_down_is_nobodys_fault(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    for down in [
        "",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n{\"access_token\":\"LEAK-",
    ] {
        let back = world.peer.agree(&world.depart(account).await, DESK).await;
        world.gate.answer_next(down);
        let error = refused(&world, account, &back).await;
        assert!(
            matches!(error, AuthorizationError::Refused(Refusal::Later { .. })),
            "{error:?}"
        );
        assert_eq!(error.diagnosis().fault, Fault::Provider);
    }
}

async fn an_answer_without_or_with_another_issuer_is_refused_before_the_code_is_redeemed(
    world: World<impl Peer>,
) {
    let account = world.authorised(DESK).await;
    let passed = world.gate.passed().len();
    let agree = async || world.peer.agree(&world.depart(account).await, DESK).await;

    let error = refused(&world, account, &with(&agree().await, "iss", None)).await;
    assert!(matches!(
        error,
        AuthorizationError::Callback(CallbackError::MissingIssuer)
    ));
    let slash = format!("{}/", world.peer.issuer());
    for issuer in ["https://login.example.com", &slash] {
        let error = refused(&world, account, &with(&agree().await, "iss", Some(issuer))).await;
        let AuthorizationError::Callback(CallbackError::WrongIssuer { expected, got }) = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!((expected, got.as_str()), (&world.peer.issuer(), issuer));
        assert!(error.diagnosis().what.contains("does not come from"));
    }
    assert_eq!(world.gate.passed().len(), passed);
}

async fn the_redirect_uri_keeps_its_path_and_query_and_the_code_is_redeemed_with_the_very_same(
    world: World<impl Peer>,
) {
    let account = world.account(DESK).await;
    let url = world.depart(account).await;
    assert_eq!(parameters(&url)["redirect_uri"], REDIRECT_URI);
    let back = world.peer.agree(&url, DESK).await;
    assert!(
        back.as_str().starts_with(&format!("{REDIRECT_URI}&")),
        "{back}"
    );
    // It was begun by a process with this redirect URI; one with another finishes it.
    let (other, _vault) = world.other_process(HOUR).await;
    let query = back.query().unwrap();
    let browser = Some(&world.browser);
    let finished = other.finish(mailgrant_keeper::Arrival { query, browser });
    finished.await.unwrap();
    let sent = world.gate.passed()[0]
        .sent("redirect_uri")
        .map(str::to_owned);
    assert_eq!(sent.as_deref(), Some(REDIRECT_URI));
}

async fn somebody_else_is_held_and_accepted_once_by_the_same_browser_alone(
    world: World<impl Peer>,
) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let back = world.peer.agree(&world.depart(account).await, OTHER).await;
    let finished = world.arrive(&back).await.unwrap();
    let AuthorizationOutcome::OtherIdentity {
        expected,
        signed_in,
    } = finished.outcome
    else {
        panic!("{finished:?}")
    };
    assert_eq!((expected.as_str(), signed_in.as_str()), (DESK, OTHER));
    assert_eq!(world.row(account).await, before, "only held");

    let elsewhere = "LEAK-another-browser".into();
    let error = world.keeper.accept_identity(finished.id, &elsewhere).await;
    let error = world.shown(error).unwrap_err();
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(world.row(account).await, before);

    let accept = || world.keeper.accept_identity(finished.id, &world.browser);
    let accepted = world.shown(accept().await).unwrap();
    assert_eq!(
        accepted.outcome,
        AuthorizationOutcome::Granted(Some(OTHER.to_owned()))
    );
    assert_eq!(world.grant(account).await.signed_in.as_deref(), Some(OTHER));
    let after = world.row(account).await;
    assert_eq!(
        after.refresh_token,
        Some(world.gate.last_given("refresh_token"))
    );
    let error = world.shown(accept().await).unwrap_err();
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(world.row(account).await, after);
}

async fn a_held_grant_dies_with_its_authorization(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let back = world.peer.agree(&world.depart(account).await, OTHER).await;
    let held = world.arrive(&back).await.unwrap();
    world.advance(Duration::from_mins(10));
    let error = world.keeper.accept_identity(held.id, &world.browser).await;
    let error = world.shown(error).unwrap_err();
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(world.row(account).await, before);
}

async fn an_answer_without_a_refresh_token_keeps_the_one_that_is_there(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.gate.edit_next(|answer| {
        answer.remove("refresh_token");
    });
    world.arrive(&back).await.unwrap();
    let after = world.row(account).await;
    assert_eq!(after.refresh_token, before.refresh_token);
    assert_ne!(after.access_token, before.access_token);

    // But it never serves for another person.
    let before = after;
    let back = world.peer.agree(&world.depart(account).await, OTHER).await;
    world.gate.edit_next(|answer| {
        answer.remove("refresh_token");
    });
    let error = world.arrive(&back).await.unwrap_err();
    assert!(matches!(error, AuthorizationError::NoRefreshToken));
    assert_eq!(world.row(account).await, before);

    // Neither does a renewal without one wipe it.
    world.advance(HOUR);
    world.gate.edit_next(|answer| {
        answer.remove("refresh_token");
    });
    world.token(account).await.unwrap();
    let after = world.row(account).await;
    assert_eq!(after.refresh_token, before.refresh_token);
    assert_ne!(after.access_token, before.access_token);
}

async fn a_first_grant_without_a_refresh_token_is_refused(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.gate.edit_next(|answer| {
        answer.remove("refresh_token");
    });
    let error = refused(&world, account, &back).await;
    assert!(matches!(error, AuthorizationError::NoRefreshToken));
    assert!(error.diagnosis().next.contains("offline"));
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
}

async fn an_identity_of_an_earlier_sign_in_is_refused_by_its_nonce(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let earlier = world.gate.last_given("id_token");
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.gate.edit_next(|answer| {
        answer.insert("id_token".to_owned(), earlier.into());
    });
    let error = refused(&world, account, &back).await;
    assert_identity_is_not_believed(&error, "its nonce is wrong");
}

async fn an_identity_for_another_application_is_refused_by_its_audience(world: World<impl Peer>) {
    world
        .change_profile(|profile| OTHER_CLIENT.clone_into(&mut profile.client_id))
        .await;
    let account = world.authorised(DESK).await;
    let others = world.gate.last_given("id_token");
    world
        .change_profile(|profile| CLIENT.clone_into(&mut profile.client_id))
        .await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.gate.edit_next(|answer| {
        answer.insert("id_token".to_owned(), others.into());
    });
    let error = refused(&world, account, &back).await;
    assert_identity_is_not_believed(&error, "its audience is wrong");
}

async fn an_identity_that_is_left_out_is_missed(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.gate.edit_next(|answer| {
        answer.remove("id_token");
    });
    let error = refused(&world, account, &back).await;
    assert_identity_is_not_believed(&error, "no id_token");
}

async fn a_scope_that_was_not_granted_is_missed(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.gate.edit_next(|answer| {
        answer.insert("scope".to_owned(), "openid email".into());
    });
    let error = refused(&world, account, &back).await;
    assert!(matches!(&error, AuthorizationError::ScopeMissing { missing } if missing == "mail"));
    assert!(error.diagnosis().what.contains("`mail`"));
}

async fn a_profile_that_changed_meanwhile_ends_the_authorization(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let passed = world.gate.passed().len();
    world
        .change_profile(|profile| OTHER_CLIENT.clone_into(&mut profile.client_id))
        .await;
    let error = refused(&world, account, &back).await;
    assert!(matches!(error, AuthorizationError::ProfileChanged));
    assert_eq!(world.gate.passed().len(), passed);
}

async fn a_profile_that_changed_meanwhile_ends_a_confirmation(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, OTHER).await;
    let finished = world.arrive(&back).await.unwrap();
    world
        .change_profile(|profile| OTHER_CLIENT.clone_into(&mut profile.client_id))
        .await;
    let accepted = world.keeper.accept_identity(finished.id, &world.browser);
    let error = accepted.await.unwrap_err();
    assert!(matches!(error, AuthorizationError::UnknownState));
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
}

async fn a_provider_that_is_paused_meanwhile_gets_no_code(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    let passed = world.gate.passed().len();
    world
        .vault
        .pause_provider(world.provider, true)
        .await
        .unwrap();
    let error = refused(&world, account, &back).await;
    assert!(matches!(error, AuthorizationError::ProviderPaused(_)));
    assert_eq!(world.gate.passed().len(), passed);
    let error = world
        .keeper
        .begin(account, &world.browser)
        .await
        .unwrap_err();
    assert!(matches!(error, AuthorizationError::ProviderPaused(_)));
}

async fn a_link_begins_one_authorization_and_tells_whoever_waits_how_it_ended(
    world: World<impl Peer>,
) {
    let account = world.account(DESK).await;
    let outcome = async |id| {
        let authorization = world.vault.authorization(id).await.unwrap();
        authorization.unwrap().outcome
    };
    let ticket = world.shown(world.keeper.offer(account).await).unwrap();
    let open = || {
        world
            .keeper
            .begin_with_ticket(&ticket.secret, &world.browser)
    };
    let url = open().await.unwrap().url;
    let error = world.shown(open().await).unwrap_err();
    assert!(matches!(error, AuthorizationError::DeadTicket));
    assert_eq!(outcome(ticket.id).await, None);
    let back = world.peer.decline(&url, DESK).await;
    world.arrive(&back).await.unwrap_err();
    let Some(AuthorizationOutcome::Failed(why)) = outcome(ticket.id).await else {
        panic!()
    };
    assert!(why.contains("declined"), "{why}");

    let late = world.keeper.offer(account).await.unwrap();
    world.advance(Duration::from_mins(10));
    let begun = world.keeper.begin_with_ticket(&late.secret, &world.browser);
    let error = begun.await.unwrap_err();
    assert!(matches!(error, AuthorizationError::DeadTicket));
}

/// The browser comes back with this and is refused: told so in words, and the grant is untouched.
async fn refused(world: &World<impl Peer>, account: AccountId, back: &Url) -> AuthorizationError {
    let before = world.row(account).await;
    let error = world.arrive(back).await.unwrap_err();
    assert_eq!(world.row(account).await, before, "{error}");
    let diagnosis = error.diagnosis();
    assert!(diagnosis.what.ends_with('.') && diagnosis.next.ends_with('.'));
    error
}

fn assert_identity_is_not_believed(error: &AuthorizationError, why: &str) {
    let AuthorizationError::Identity(said) = error else {
        panic!("{error:?}")
    };
    assert!(said.contains(why), "{said}");
    assert!(error.diagnosis().what.contains("could not be verified"));
}

fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// The address with another value of a parameter, or without it.
fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let kept = url.query_pairs().filter(|(key, _)| key != name);
    let mut changed = url.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .extend_pairs(value.map(|value| (name, value)));
    changed
}
