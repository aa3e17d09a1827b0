//! Sessions: their cookies, and how they begin and end.

use jiff::SignedDuration;

use crate::visitor::Visitor;
use crate::world::{NAME, PASSWORD, Plan, World};

async fn sign_in(visitor: &mut Visitor) -> crate::visitor::Answer {
    visitor.page("/sign-in").await;
    let typed = [("name", NAME), ("password", PASSWORD)];
    visitor.post("/sign-in", &typed).await
}

#[tokio::test]
async fn a_session_begins_with_a_secret_that_nobody_could_have_set_before() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    visitor.hold_session("chosen-by-somebody-else");
    assert_eq!(sign_in(&mut visitor).await.leads_to(), "/");
    let first = visitor.session().unwrap().to_owned();
    assert_ne!(first, "chosen-by-somebody-else");
    assert_eq!(first.len(), 43);
    let mut fixed = world.visitor();
    fixed.hold_session("chosen-by-somebody-else");
    assert_eq!(fixed.get("/").await.leads_to(), "/sign-in");

    let (csrf, mut old) = (visitor.csrf.clone(), visitor.clone());
    visitor.page("/").await;
    assert_ne!(
        visitor.csrf, csrf,
        "the form secret changes with the session"
    );
    let again = [("name", NAME), ("password", PASSWORD)];
    assert_eq!(visitor.post("/sign-in", &again).await.leads_to(), "/");
    assert_ne!(visitor.session().unwrap(), first);
    visitor.page("/").await;
    old.hold_session(&first);
    assert_eq!(
        old.get("/").await.leads_to(),
        "/sign-in",
        "the session before is over"
    );
}

#[tokio::test]
async fn a_session_ends_twelve_hours_after_the_sign_in_whatever_happens_in_it() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    sign_in(&mut visitor).await;
    for _ in 0..11 {
        world.clock.advance(SignedDuration::from_hours(1));
        visitor.page("/").await;
    }
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(visitor.get("/").await.leads_to(), "/sign-in");
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server_too() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let mut thief = visitor.clone();
    let answer = visitor.post("/sign-out", &[]).await;
    assert_eq!(answer.leads_to(), "/sign-in");
    assert!(visitor.session().is_none(), "the browser drops the cookie");
    assert_eq!(thief.get("/").await.leads_to(), "/sign-in");
}

#[tokio::test]
async fn over_http_cookies_are_out_of_reach_for_scripts_and_other_sites() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let page = visitor.get("/sign-in").await;
    let [browser] = page.set_cookies()[..] else {
        panic!("{:?}", page.set_cookies());
    };
    assert!(browser.starts_with("mailgrant-browser="), "{browser}");
    assert!(
        browser.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{browser}"
    );
    let signed_in = sign_in(&mut visitor).await;
    let [session] = signed_in.set_cookies()[..] else {
        panic!("{:?}", signed_in.set_cookies());
    };
    assert!(session.starts_with("mailgrant="), "{session}");
    assert!(
        session.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"),
        "{session}"
    );
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host_and_never_sent_in_the_clear() {
    let world = World::planned(Plan {
        public_url: "https://mailgrant.example.com".to_owned(),
        redirect_uri: "https://mailgrant.example.com/oauth/callback".to_owned(),
    })
    .await;
    let mut visitor = world.visitor();
    let page = visitor.get("/sign-in").await;
    let signed_in = sign_in(&mut visitor).await;
    for cookie in page
        .set_cookies()
        .into_iter()
        .chain(signed_in.set_cookies())
    {
        assert!(cookie.starts_with("__Host-mailgrant"), "{cookie}");
        assert!(cookie.contains("; Secure"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    visitor.page("/").await;
    let mut plain = world.visitor();
    let session = visitor.session().unwrap().to_owned();
    plain.cookies.insert("mailgrant".to_owned(), session);
    assert_eq!(
        plain.get("/").await.leads_to(),
        "/sign-in",
        "a cookie that a neighbour could have set is not read"
    );
}

#[tokio::test]
async fn a_notice_is_shown_once_and_never_in_words_from_outside() {
    let world = World::new().await;
    let account = world.add_mailbox().await;
    let mut visitor = world.administrator().await;
    let pause = format!("/accounts/{}/pause", account.id.0);
    let to = visitor.post(&pause, &[("paused", "yes")]).await;
    let to = to.leads_to().to_owned();
    assert!(visitor.page(&to).await.contains("id=\"notice\""));
    assert!(!visitor.page(&to).await.contains("id=\"notice\""));
    let evil = ("mailgrant-notice".to_owned(), "<b>owned".to_owned());
    visitor.cookies.extend([evil]);
    let page = visitor.page(&to).await;
    assert!(!page.contains("owned") && !page.contains("id=\"notice\""));
}
