//! One renewal at a time, here and across processes, at all providers. Refresh tokens rotate at
//! each, so that a second use of one would end the grant.

use futures_util::future::join_all;
use mailgrant_oauth::Resource;
use mailgrant_vault::GrantState;
use secrecy::ExposeSecret as _;

use crate::world::{DESK, HOUR, Peer, World, on_all_providers};

on_all_providers!(
    however_many_ask_at_once_one_request_is_made,
    two_processes_over_one_database_make_one_request,
    a_rotated_refresh_token_is_on_disk_before_its_access_token_is_handed_out,
    a_grant_outlives_many_rotations,
    a_late_answer_is_discarded_once_somebody_has_authorised_anew,
    a_token_that_a_mail_server_refuses_is_replaced_once,
);

async fn however_many_ask_at_once_one_request_is_made(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let first = world.token(account).await.unwrap();
    assert_eq!(world.gate.renewals(), 0, "the one that is there lives");
    world.advance(HOUR);
    let askers = (0..200).map(|_| world.token(account));
    for token in join_all(askers).await {
        let token = token.unwrap();
        assert_eq!(
            token.token.expose_secret(),
            world.gate.last_given("access_token")
        );
        assert!(token.grant_version > first.grant_version);
    }
    assert_eq!(world.gate.renewals(), 1);
}

async fn two_processes_over_one_database_make_one_request(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let (other, vault) = world.other_process(HOUR).await;
    for round in 1..=3 {
        world.advance(HOUR);
        let mut held = world.gate.hold_next();
        let ask = |keeper: &mailgrant_keeper::Keeper| {
            let keeper = keeper.clone();
            tokio::spawn(async move { keeper.access_token(account, Resource::Mail).await })
        };
        let asked = [ask(&world.keeper), ask(&other)];
        held.arrived().await;
        // The one that was late has time to look and to find that it is.
        for _ in 0..20 {
            vault.grant(account).await.unwrap();
        }
        held.release();
        for token in asked {
            let token = world.shown(token.await.unwrap()).unwrap();
            assert_eq!(
                token.token.expose_secret(),
                world.gate.last_given("access_token")
            );
        }
        assert_eq!(world.gate.renewals(), round);
    }
}

async fn a_rotated_refresh_token_is_on_disk_before_its_access_token_is_handed_out(
    world: World<impl Peer>,
) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await.refresh_token;
    world.advance(HOUR);
    let token = world.token(account).await.unwrap();
    // What another process sees is on disk.
    let (_other, vault) = world.other_process(HOUR).await;
    let grant = vault.grant(account).await.unwrap().unwrap();
    let stored = grant.refresh_token.unwrap().expose_secret().to_owned();
    assert_eq!(stored, world.gate.last_given("refresh_token"));
    assert_ne!(Some(stored), before);
    assert_eq!(grant.version, token.grant_version);
}

async fn a_grant_outlives_many_rotations(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    for renewals in 1..=20 {
        world.advance(HOUR);
        world.token(account).await.unwrap();
        assert_eq!(world.gate.renewals(), renewals);
    }
    assert_eq!(world.grant(account).await.state, GrantState::Active);
}

async fn a_late_answer_is_discarded_once_somebody_has_authorised_anew(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    // The provider signs identities with the time of day, so the clock stays: it is forced.
    let refused = world.token(account).await.unwrap();
    let mut held = world.gate.hold_next();
    let renewing = tokio::spawn({
        let keeper = world.keeper.clone();
        async move {
            keeper
                .renew_refused(account, Resource::Mail, &refused)
                .await
        }
    });
    held.arrived().await;
    let late = world.gate.last_given("refresh_token");
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.arrive(&back).await.unwrap();
    let anew = world.row(account).await;
    held.release();

    let token = world.shown(renewing.await.unwrap()).unwrap();
    let handed_out = Some(token.token.expose_secret().to_owned());
    assert_eq!(handed_out, anew.access_token, "the new grant's own token");
    assert_eq!(world.row(account).await, anew);
    assert_ne!(anew.refresh_token, Some(late));
    let discarded = "mailgrant_renewals_total{outcome=\"discarded\"} 1";
    assert!(world.metrics().iter().any(|line| line == discarded));
    world.advance(HOUR);
    world.token(account).await.unwrap();
}

async fn a_token_that_a_mail_server_refuses_is_replaced_once(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let refused = world.token(account).await.unwrap();
    let renew = async || {
        let renewed = world
            .keeper
            .renew_refused(account, Resource::Mail, &refused)
            .await;
        world.shown(renewed).unwrap()
    };
    let together = join_all((0..20).map(|_| renew())).await;
    let after = renew().await;
    for token in together.iter().chain([&after]) {
        assert_eq!(token.token.expose_secret(), after.token.expose_secret());
        assert!(token.grant_version > refused.grant_version);
    }
    assert_eq!(world.gate.renewals(), 1);
    assert_eq!(
        world.token(account).await.unwrap().grant_version,
        after.grant_version
    );
}
