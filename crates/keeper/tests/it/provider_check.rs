//! A test of a provider that touches no grant, at all providers.

use mailgrant_base::Fault;
use mailgrant_oauth::ClientCredential;
use mailgrant_sandbox::ProviderFault;
use mailgrant_vault::EventKind;

use crate::world::{DESK, Peer, World, on_all_providers};

on_all_providers!(
    a_right_profile_passes_every_step_and_touches_no_grant,
    a_wrong_secret_is_found_without_marking_the_provider,
    a_first_credential_that_is_refused_is_found_although_the_second_serves,
);

async fn a_right_profile_passes_every_step_and_touches_no_grant(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let check = world.keeper.check_provider(&world.profile().await).await;
    for (step, outcome) in &check.steps {
        tracing::info!(step, ?outcome, "shown on purpose");
        assert!(outcome.is_ok(), "{step}: {outcome:?}");
    }
    assert_eq!(check.steps.len(), 3);
    assert_eq!(world.row(account).await, before);
}

async fn a_wrong_secret_is_found_without_marking_the_provider(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let mut wrong = world.profile().await;
    if let ClientCredential::Secret { secret, .. } = &mut wrong.profile.credential {
        *secret = "LEAK-wrong".into();
    }
    let check = world.keeper.check_provider(&wrong).await;
    let (step, outcome) = check.steps.last().unwrap();
    tracing::info!(step, ?outcome, "shown on purpose");
    assert_eq!(outcome.as_ref().unwrap_err().fault, Fault::Operator);
    assert_eq!(world.row(account).await, before);
    assert!(world.profile().await.trouble.is_none());
    assert!(world.events(EventKind::ProviderRefused).await.is_empty());
}

async fn a_first_credential_that_is_refused_is_found_although_the_second_serves(
    world: World<impl Peer>,
) {
    let mut both = world.profile().await;
    both.profile.second_credential = Some(both.profile.credential.clone());
    let check = world.keeper.check_provider(&both).await;
    assert!(check.steps.iter().all(|(_, outcome)| outcome.is_ok()));

    if let ClientCredential::Secret { secret, .. } = &mut both.profile.credential {
        *secret = "LEAK-not-yet-uploaded".into();
    }
    // Also where the second is known to serve and is tried first.
    for _ in 0..2 {
        let check = world.keeper.check_provider(&both).await;
        let (_, outcome) = check.steps.last().unwrap();
        let told = outcome.as_ref().unwrap_err();
        assert_eq!(told.fault, Fault::Operator);
        assert!(told.what.contains("the second (client secret) does"));
        assert!(told.next.starts_with("Do not drop the second yet."));
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_found_ends_the_test_at_its_first_step() {
    let world = World::sandbox().await;
    world.peer.fault(ProviderFault::DiscoveryDown, None);
    let check = world.keeper.check_provider(&world.profile().await).await;
    assert_eq!(check.steps.len(), 1);
    let diagnosis = check.steps[0].1.as_ref().unwrap_err();
    assert_eq!(diagnosis.fault, Fault::Provider);
}
