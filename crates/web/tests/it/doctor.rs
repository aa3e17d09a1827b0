//! The doctor's page.

use crate::world::World;

#[tokio::test]
async fn the_doctor_says_what_is_wrong_whose_turn_it_is_and_what_to_do() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}/doctor", account.id.0);
    let page = visitor.page(&path).await;
    assert!(page.contains(">Examine</button>"), "{page}");
    assert!(!page.contains("id=\"verdict\""), "{page}");

    let answer = visitor.post(&path, &[]).await;
    let page = answer.says(
        200,
        &["id=\"verdict\"", "Whose turn", "What to do", "Found at"],
    );
    let (verdict, steps) = page.split_once("<ol class=\"steps\">").unwrap();
    assert!(verdict.contains("desk"), "{verdict}");
    assert!(steps.contains("failed, "), "{steps}");
    assert!(steps.contains("well, "), "{steps}");
    assert!(!page.contains("LEAK"), "{page}");
}

#[tokio::test]
async fn an_account_that_is_well_is_told_to_be_well() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    world.give_grant(&account).await;
    let mut visitor = world.administrator().await;
    let path = format!("/accounts/{}/doctor", account.id.0);
    visitor.page(&path).await;
    let answer = visitor.post(&path, &[]).await;
    let page = answer.says(200, &["id=\"verdict\""]);
    assert!(
        page.contains("All is well.") || page.contains("It works."),
        "{page}"
    );
    assert!(!page.contains("failed, "), "{page}");
    assert!(!page.contains("LEAK"), "{page}");
}
