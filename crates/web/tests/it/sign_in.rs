//! Signing in.

use jiff::SignedDuration;
use mailgrant_vault::EventKind;

use crate::world::{NAME, PASSWORD, World};

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    visitor.page("/sign-in").await;
    let mut answers = Vec::new();
    for (name, password) in [
        (NAME, "not hers"),
        ("eve", PASSWORD),
        ("eve\0", "hers neither"),
    ] {
        let typed = [("name", name), ("password", password)];
        let answer = visitor.post("/sign-in", &typed).await;
        answer.says(401, &["Name or password is wrong."]);
        assert!(!answer.body.contains(password), "{}", answer.body);
        assert!(visitor.session().is_none());
        let shown = format!("value=\"{name}\"");
        answers.push(answer.body.replace(&shown, "value=\"typed\""));
    }
    assert_eq!(answers[0], answers[1]);
    let events = world.events().await;
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(event.kind, EventKind::SignInRefused);
        assert!(event.text.contains("192.0.2.1"), "{}", event.text);
        assert!(!event.text.contains("eve") && !event.text.contains("anna"));
    }
}

#[tokio::test]
async fn after_failures_a_right_password_has_to_wait_too() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    visitor.page("/sign-in").await;
    let wrong = [("name", NAME), ("password", "wrong")];
    for _ in 0..4 {
        assert_eq!(visitor.post("/sign-in", &wrong).await.status, 401);
    }
    let right = [("name", NAME), ("password", PASSWORD)];
    let held = visitor.post("/sign-in", &right).await;
    held.says(429, &["Too many tries"]);
    let wait: i64 = held.header("retry-after").parse().unwrap();
    assert!(visitor.session().is_none());

    let mut elsewhere = world.visitor();
    elsewhere.peer = "198.51.100.7:1".parse().unwrap();
    elsewhere.page("/sign-in").await;
    let answer = elsewhere.post("/sign-in", &right).await;
    assert_eq!(answer.leads_to(), "/", "others are not held back");

    world.clock.advance(SignedDuration::from_secs(wait));
    assert_eq!(visitor.post("/sign-in", &right).await.leads_to(), "/");
}

#[tokio::test]
async fn one_address_has_twenty_tries_a_minute_right_or_wrong() {
    let world = World::new().await;
    let right = [("name", NAME), ("password", PASSWORD)];
    for _ in 0..20 {
        let mut visitor = world.visitor();
        visitor.page("/sign-in").await;
        assert_eq!(visitor.post("/sign-in", &right).await.leads_to(), "/");
    }
    let mut visitor = world.visitor();
    visitor.page("/sign-in").await;
    let held = visitor.post("/sign-in", &right).await;
    held.says(429, &["Too many tries"]);
    let wait: u64 = held.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    visitor.page("/sign-in").await;
}

#[tokio::test]
async fn after_the_sign_in_only_pages_of_our_own_are_gone_to() {
    let world = World::new().await;
    let typed = [("name", NAME), ("password", PASSWORD)];
    for (next, leads_to) in [
        ("/accounts/3", "/accounts/3"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/%09/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
    ] {
        let mut visitor = world.visitor();
        let asked: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let path = format!("/sign-in?next={asked}");
        let page = visitor.page(&path).await;
        let kept = crate::html::hidden(&page, "next").unwrap();
        assert_eq!(kept, leads_to, "{next}");
        let wrong = [("name", NAME), ("password", "wrong"), ("next", next)];
        let refused = visitor.post("/sign-in", &wrong).await;
        let kept = crate::html::hidden(&refused.body, "next").unwrap();
        assert_eq!(kept, leads_to, "{next}");
        let mut sent = typed.to_vec();
        sent.push(("next", next));
        assert_eq!(visitor.post("/sign-in", &sent).await.leads_to(), leads_to);
        let again = visitor.get(&path).await;
        assert_eq!(again.leads_to(), leads_to, "signed in already: {next}");
    }
}

#[tokio::test]
async fn a_query_that_nobody_understands_still_shows_the_page() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    for query in ["?next=/a&next=/b", "?next", "?%ff=%ff", "?", "?next=%ff"] {
        visitor.page(&format!("/sign-in{query}")).await;
    }
}
