//! A provider has rotated the refresh token, and the store cannot take the new one.

use std::time::Duration;

use mailgrant_base::{Clock as _, Diagnose as _};
use mailgrant_keeper::KeeperError;
use mailgrant_oauth::Resource;
use mailgrant_sandbox::IdentityProvider;
use mailgrant_vault::GrantState;
use secrecy::ExposeSecret as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::world::{DESK, HOUR, NEARLY_AN_HOUR, Peer as _, World};

/// Somebody who sits at the database and lets it fail at the very statement with which a renewal's
/// tokens are stored, as a full disk would.
struct Saboteur(SqliteConnection);

impl Saboteur {
    async fn arrive(world: &World<IdentityProvider>) -> Self {
        let options = SqliteConnectOptions::new().filename(world.database());
        Self(options.connect().await.unwrap())
    }

    async fn begin(&mut self) {
        let trigger = "CREATE TRIGGER sabotage BEFORE INSERT ON access_tokens
                       BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
        sqlx::query(trigger).execute(&mut self.0).await.unwrap();
    }

    async fn end(&mut self) {
        let trigger = "DROP TRIGGER sabotage";
        sqlx::query(trigger).execute(&mut self.0).await.unwrap();
    }
}

#[tokio::test]
async fn tokens_that_cannot_be_stored_are_not_handed_out_nor_lost_nor_asked_for_twice() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let old = world.row(account).await;
    let mut saboteur = Saboteur::arrive(&world).await;
    saboteur.begin().await;

    // The old token lives a little longer: it serves.
    world.advance(NEARLY_AN_HOUR);
    for _ in 0..3 {
        let token = world.token(account).await.unwrap();
        assert_eq!(
            Some(token.token.expose_secret()),
            old.access_token.as_deref()
        );
    }
    world.advance(Duration::from_secs(30));
    for _ in 0..3 {
        let error = world.token(account).await.unwrap_err();
        assert!(matches!(error, KeeperError::Vault(_)), "{error:?}");
        assert!(!error.diagnosis().what.is_empty());
    }
    assert_eq!(world.gate.renewals(), 1);
    assert_eq!(world.row(account).await, old, "nothing is stored by halves");

    saboteur.end().await;
    let token = world.token(account).await.unwrap();
    assert_eq!(
        token.token.expose_secret(),
        world.gate.last_given("access_token")
    );
    assert_eq!(world.gate.renewals(), 1);
    let stored = world.row(account).await.refresh_token;
    assert_eq!(stored, Some(world.gate.last_given("refresh_token")));
    world.advance(HOUR);
    world.token(account).await.unwrap();
    assert_eq!(world.gate.renewals(), 2);
}

#[tokio::test]
async fn what_could_not_be_stored_is_stored_by_itself_though_nobody_asks() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let mut saboteur = Saboteur::arrive(&world).await;
    saboteur.begin().await;
    world.advance(HOUR);
    world.keeper.renew_due().await.unwrap();
    world.keeper.renew_due().await.unwrap();
    assert_eq!(world.gate.renewals(), 1);
    let counted = "mailgrant_renewals_total{outcome=\"not_stored\"} 1";
    assert!(world.metrics().iter().any(|line| line == counted));

    saboteur.end().await;
    world.keeper.renew_due().await.unwrap();
    let stored = world.row(account).await;
    assert_eq!(
        stored.refresh_token,
        Some(world.gate.last_given("refresh_token"))
    );
    assert_eq!(world.gate.renewals(), 1);
}

#[tokio::test]
async fn another_process_does_not_use_the_spent_refresh_token_however_long_it_lasts() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let (other, vault) = world.other_process(HOUR).await;
    let mut saboteur = Saboteur::arrive(&world).await;
    saboteur.begin().await;
    world.advance(HOUR);
    world.token(account).await.unwrap_err();
    // Ten minutes in which the keeper tries again to store, as it does every ten seconds.
    for _ in 0..60 {
        world.advance(Duration::from_secs(10));
        world.keeper.renew_due().await.unwrap();
        let now = world.clock.now();
        let taken = vault.take_renewal(account, "another process", now, now);
        assert!(!taken.await.unwrap(), "the right to renew was free");
    }
    saboteur.end().await;
    world.keeper.renew_due().await.unwrap();
    let token = world.shown(other.access_token(account, Resource::Mail).await);
    let token = token.unwrap();
    assert_eq!(
        token.token.expose_secret(),
        world.gate.last_given("access_token")
    );
    assert_eq!(world.gate.renewals(), 1);

    // The right to renew is free again.
    let now = world.clock.now();
    let free = vault.take_renewal(account, "another process", now, now);
    assert!(free.await.unwrap());
    world.advance(HOUR);
    world.token(account).await.unwrap();
    assert_eq!(world.gate.renewals(), 2);
}

#[tokio::test]
async fn a_new_authorization_takes_the_place_of_what_could_not_be_stored() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let refused = world.token(account).await.unwrap();
    let mut saboteur = Saboteur::arrive(&world).await;
    saboteur.begin().await;
    let renewed = world
        .keeper
        .renew_refused(account, Resource::Mail, &refused)
        .await;
    world.shown(renewed).unwrap_err();
    saboteur.end().await;
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.arrive(&back).await.unwrap();
    let anew = world.row(account).await;
    world.keeper.renew_due().await.unwrap();
    assert_eq!(world.row(account).await, anew);
    assert_eq!(world.grant(account).await.state, GrantState::Active);
}

#[tokio::test]
async fn a_revocation_names_the_newest_refresh_token_even_if_it_could_not_be_stored() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let mut saboteur = Saboteur::arrive(&world).await;
    saboteur.begin().await;
    world.advance(HOUR);
    world.token(account).await.unwrap_err();
    let told = world.shown(world.keeper.revoke(account, "tester").await);
    assert!(told.unwrap());
    let newest: String = world.gate.last_given("refresh_token");
    let named = format!("token={}…", &newest[..6]);
    let requests = world.peer.requests();
    let revocation = requests.last().unwrap();
    assert!(
        revocation.starts_with("POST /revoke -> ended") && revocation.contains(&named),
        "{revocation}, not {named}"
    );
    saboteur.end().await;
    world.keeper.renew_due().await.unwrap();
    assert_eq!(world.grant(account).await.state, GrantState::Revoked);
    assert_eq!(world.row(account).await.refresh_token, None);
}
