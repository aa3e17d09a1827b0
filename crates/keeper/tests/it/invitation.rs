//! A mailbox's owner authorises an account with a link, at all providers.

use jiff::SignedDuration;
use mailgrant_base::Diagnose as _;
use mailgrant_keeper::AuthorizationError;
use mailgrant_vault::{AccountId, AuthorizationOutcome, EventKind, GrantState};
use secrecy::SecretString;
use url::Url;

use crate::world::{DESK, HOUR, OTHER, Peer, World, on_all_providers};

on_all_providers!(
    whoever_was_invited_authorises_and_the_link_is_dead,
    a_sign_in_that_fails_leaves_the_link_alive,
    somebody_else_than_the_invited_is_refused_and_nothing_is_held,
    whoever_was_invited_cannot_keep_back_who_they_are,
    a_link_that_is_over_or_withdrawn_opens_nothing,
    a_link_that_is_withdrawn_while_its_browser_is_away_changes_nothing,
);

async fn whoever_was_invited_authorises_and_the_link_is_dead(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let link = invite(&world, account).await;
    let back = world.peer.agree(&depart(&world, &link).await, DESK).await;
    let finished = world.arrive(&back).await.unwrap();
    assert!(matches!(finished.outcome, AuthorizationOutcome::Granted(_)));
    assert_eq!(world.grant(account).await.state, GrantState::Active);
    let again = begin(&world, &link).await.unwrap_err();
    assert!(matches!(again, AuthorizationError::DeadInvitation));
}

async fn a_sign_in_that_fails_leaves_the_link_alive(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let link = invite(&world, account).await;
    let away = depart(&world, &link).await;
    let back = world.peer.decline(&away, DESK).await;
    world.arrive(&back).await.unwrap_err();
    let back = world.peer.agree(&depart(&world, &link).await, DESK).await;
    world.arrive(&back).await.unwrap();
}

async fn somebody_else_than_the_invited_is_refused_and_nothing_is_held(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let link = invite(&world, account).await;
    let before = world.row(account).await;
    let back = world.peer.agree(&depart(&world, &link).await, OTHER).await;
    let error = world.arrive(&back).await.unwrap_err();
    assert!(matches!(error, AuthorizationError::NotTheInvited { .. }));
    let told = error.diagnosis().to_string();
    assert!(told.contains(DESK) && told.contains(OTHER), "{told}");
    assert_eq!(world.row(account).await, before);
    assert!(begin(&world, &link).await.is_ok(), "the link serves on");
}

async fn whoever_was_invited_cannot_keep_back_who_they_are(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let link = invite(&world, account).await;
    let before = world.row(account).await;
    let back = world.peer.agree(&depart(&world, &link).await, OTHER).await;
    // Where people choose what they consent to, somebody may leave out `openid`.
    world.gate.edit_next(|answer| {
        answer.insert("scope".to_owned(), "offline_access mail".into());
        answer.remove("id_token");
    });
    let error = world.arrive(&back).await.unwrap_err();
    assert!(
        matches!(error, AuthorizationError::NobodyNamed { .. }),
        "{error:?}"
    );
    let told = error.diagnosis().to_string();
    assert!(told.contains(DESK), "{told}");
    assert_eq!(world.row(account).await, before);
    assert!(begin(&world, &link).await.is_ok(), "the link serves on");
}

async fn a_link_that_is_over_or_withdrawn_opens_nothing(world: World<impl Peer>) {
    let account = world.account(DESK).await;
    let (old, withdrawn) = (invite(&world, account).await, invite(&world, account).await);
    world.advance(25 * HOUR);
    assert!(begin(&world, &old).await.is_err());
    let young = invite(&world, account).await;
    assert!(begin(&world, &young).await.is_ok());
    withdraw(&world, account).await;
    for link in [young, withdrawn, "LEAK-a-guess".into()] {
        let error = begin(&world, &link).await.unwrap_err();
        assert!(matches!(error, AuthorizationError::DeadInvitation));
    }
}

async fn a_link_that_is_withdrawn_while_its_browser_is_away_changes_nothing(
    world: World<impl Peer>,
) {
    let account = world.account(DESK).await;
    let link = invite(&world, account).await;
    let back = world.peer.agree(&depart(&world, &link).await, DESK).await;
    withdraw(&world, account).await;
    let error = world.arrive(&back).await.unwrap_err();
    assert!(matches!(error, AuthorizationError::DeadInvitation));
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
}

async fn invite(world: &World<impl Peer>, account: AccountId) -> SecretString {
    let life = SignedDuration::from_hours(24);
    let invited = world.keeper.invite(account, "tester", life).await;
    world.shown(invited).unwrap().1
}

async fn withdraw(world: &World<impl Peer>, account: AccountId) {
    let account = world.vault.account(account).await.unwrap().unwrap();
    let withdrawn = world.keeper.withdraw_invitations(&account, "tester").await;
    assert!(withdrawn.unwrap() > 0);
    let told = world.events(EventKind::InvitationsWithdrawn).await;
    assert_eq!(told, [format!("tester withdrew the invitations of {DESK}")]);
}

async fn begin(world: &World<impl Peer>, link: &SecretString) -> Result<Url, AuthorizationError> {
    let begun = world.keeper.begin_with_invitation(link, &world.browser);
    world.shown(begun.await).map(|departure| departure.url)
}

async fn depart(world: &World<impl Peer>, link: &SecretString) -> Url {
    begin(world, link).await.unwrap()
}
