//! The one-time link that the command line prints.

use jiff::SignedDuration;
use mailgrant_vault::AuthorizationOutcome;
use secrecy::ExposeSecret as _;

use crate::authorization::departure;
use crate::log::line_with;
use crate::world::{ADDRESS, World};

#[tokio::test]
async fn looking_at_the_link_does_not_spend_it_and_pressing_the_button_does() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let ticket = world.keeper.offer(account.id).await.unwrap();
    let secret = ticket.secret.expose_secret();
    let path = format!("/authorize/{secret}");
    // Mail filters and chat programs open links before people do.
    for _ in 0..3 {
        let mut program = world.visitor();
        program.get(&path).await.says(200, &[ADDRESS, "sandbox"]);
        let head = program
            .send("HEAD", &path, &[], axum::body::Body::empty())
            .await;
        assert_eq!(head.status, 200);
    }
    let mut visitor = world.visitor();
    visitor.page(&path).await;
    departure(&visitor.post(&path, &[]).await);

    let dead = "This link has been used already, or is older than 10 minutes.";
    visitor.post(&path, &[]).await.says(403, &[dead]);
    visitor.get(&path).await.says(403, &[dead]);
    assert_eq!(line_with(secret), None);
}

#[tokio::test]
async fn a_link_that_is_too_old_or_was_never_given_out_is_dead() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let ticket = world.keeper.offer(account.id).await.unwrap();
    let path = format!("/authorize/{}", ticket.secret.expose_secret());
    let mut visitor = world.visitor();
    visitor.page(&path).await;
    world.clock.advance(SignedDuration::from_mins(10));
    for path in [&*path, "/authorize/made-up", "/authorize/%00"] {
        let dead = visitor.get(path).await;
        dead.says(403, &["This link has been used already"]);
        assert!(!dead.body.contains(ADDRESS));
        let dead = visitor.post(path, &[]).await;
        dead.says(403, &["This link has been used already"]);
    }
}

#[tokio::test]
async fn whoever_waits_for_a_link_is_told_when_nobody_can_leave_by_it() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let ticket = world.keeper.offer(account.id).await.unwrap();
    let path = format!("/authorize/{}", ticket.secret.expose_secret());
    let mut visitor = world.visitor();
    visitor.page(&path).await;
    world.provider.stop().await.unwrap();
    let answer = visitor.post(&path, &[]).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
    let waited_for = world.vault.authorization(ticket.id).await.unwrap().unwrap();
    let outcome = waited_for.outcome.unwrap();
    assert!(
        matches!(outcome, AuthorizationOutcome::Failed(_)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_invitation_is_made_sent_used_by_its_owner_alone_and_dead() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut ada = world.administrator().await;
    let invite = format!("/accounts/{}/invite", account.id.0);
    let page = ada.page(&invite).await;
    assert!(!page.contains("/invitation/"));
    let made = ada.post(&invite, &[("days", "3")]).await;
    made.says(200, &["It is shown only now", "Links that serve now"]);
    let link = link_in(&made.body);
    assert!(!ada.page(&invite).await.contains(&link), "shown once");

    let mut owner = world.visitor();
    let shown = owner.get(&link).await;
    shown.says(200, &[ADDRESS, "who runs Mailgrant", "Sign in there as"]);
    assert!(
        !shown.body.contains("/accounts/"),
        "nothing else is in sight"
    );
    departure(&owner.post(&link, &[]).await);
    departure(&owner.post(&link, &[]).await);
    let secret = link.rsplit('/').next().unwrap();
    assert_eq!(line_with(secret), None);

    ada.page(&invite).await;
    ada.post(&format!("/accounts/{}/withdraw", account.id.0), &[])
        .await
        .says(303, &[]);
    let dead = "This invitation has been used already";
    owner.post(&link, &[]).await.says(403, &[dead]);
    let mut late = world.visitor();
    let page = late.get(&link).await;
    page.says(403, &[dead]);
    assert!(!page.body.contains(ADDRESS));
}

/// The path of the link on the page.
fn link_in(body: &str) -> String {
    let at = body.find("/invitation/").unwrap();
    let end = body[at..].find(['<', '"']).unwrap();
    body[at..at + end].to_owned()
}
