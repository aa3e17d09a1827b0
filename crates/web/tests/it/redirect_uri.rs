//! The redirect URI: any path and query, on any host.

use crate::authorization::{consent, leave};
use crate::world::{Plan, World};

#[tokio::test]
async fn the_redirect_uri_of_another_application_is_recognised_by_path_and_query() {
    let world = World::planned(Plan {
        redirect_uri: "http://127.0.0.1:8420/erizone/index.pl?Action=AdminMailAccount".to_owned(),
        ..Plan::default()
    })
    .await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let arrival = consent(&leave(&mut visitor, &account).await).await;
    assert!(arrival.starts_with("/erizone/index.pl?Action=AdminMailAccount&"));
    for other in [
        arrival.replace("AdminMailAccount", "AdminUser"),
        arrival.replace("AdminMailAccount&", "AdminMailAccountX&"),
        arrival.replace("index.pl", "other.pl"),
    ] {
        assert_eq!(visitor.get(&other).await.status, 404, "{other}");
    }
    let answer = visitor.get(&arrival).await;
    assert_eq!(answer.leads_to(), format!("/accounts/{}", account.id.0));
}

#[tokio::test]
async fn from_another_host_the_browser_is_sent_on_to_where_its_cookies_are() {
    let world = World::planned(Plan {
        redirect_uri: "https://desk.example.com/erizone/index.pl?Action=AdminMailAccount"
            .to_owned(),
        ..Plan::default()
    })
    .await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let arrival = consent(&leave(&mut visitor, &account).await).await;
    // The other host's web server passes it on; no cookie of ours comes along.
    let mut elsewhere = world.visitor();
    elsewhere.other_host("https://desk.example.com");
    let sent_on = elsewhere.get(&arrival).await;
    let (_, query) = arrival.split_once('?').unwrap();
    let own = format!("/authorization/return?{query}");
    assert_eq!(sent_on.leads_to(), format!("http://127.0.0.1:8420{own}"));
    assert!(sent_on.set_cookies().is_empty());
    let answer = visitor.get(&own).await;
    assert_eq!(answer.leads_to(), format!("/accounts/{}", account.id.0));
}

#[tokio::test]
async fn an_answer_is_not_sent_on_in_circles() {
    let world = World::planned(Plan {
        redirect_uri: "https://desk.example.com/authorization/return".to_owned(),
        ..Plan::default()
    })
    .await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let arrival = consent(&leave(&mut visitor, &account).await).await;
    let mut stranger = world.visitor();
    stranger
        .get(&arrival)
        .await
        .says(403, &["the same browser"]);
    let answer = visitor.get(&arrival).await;
    assert_eq!(answer.leads_to(), format!("/accounts/{}", account.id.0));
}

#[tokio::test]
async fn a_path_of_our_own_pages_may_be_shared() {
    for shared in [
        "/",
        "/sign-in",
        "/providers",
        "/accounts/1",
        "/authorization/return",
    ] {
        let world = World::planned(Plan {
            redirect_uri: format!("http://127.0.0.1:8420{shared}"),
            ..Plan::default()
        })
        .await;
        let account = world.add_mailbox().await;
        let mut visitor = world.administrator().await;
        let arrival = consent(&leave(&mut visitor, &account).await).await;
        let answer = visitor.get(&arrival).await;
        let to = format!("/accounts/{}", account.id.0);
        assert_eq!(answer.leads_to(), to, "{shared}");
        if matches!(shared, "/" | "/providers" | "/accounts/1") {
            let page = visitor.page(shared).await;
            assert!(!page.contains("was not authorised"), "{shared}: {page}");
        }
    }
}
