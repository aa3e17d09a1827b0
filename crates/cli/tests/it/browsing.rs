//! What a person does in a browser.

use std::time::Duration;

use mailgrant_lab::fantoccini::{Client, Locator};

pub(crate) async fn see(page: &Client, selector: &str) {
    let found = page
        .wait()
        .at_most(Duration::from_secs(20))
        .for_element(Locator::Css(selector))
        .await;
    if found.is_err() {
        let url = page.current_url().await.unwrap();
        panic!("no {selector} on {url}:\n{}", page.source().await.unwrap());
    }
}

pub(crate) async fn fill(page: &Client, selector: &str, text: &str) {
    see(page, selector).await;
    let field = page.find(Locator::Css(selector)).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

pub(crate) async fn choose(page: &Client, name: &str, value: &str) {
    let selector =
        format!("select[name={name}] option[value='{value}'], input[name={name}][value='{value}']");
    see(page, &selector).await;
    page.find(Locator::Css(&selector))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
}

pub(crate) async fn click(page: &Client, selector: &str) {
    see(page, selector).await;
    page.find(Locator::Css(selector))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
}

pub(crate) async fn set_password(page: &Client, link: &str) {
    page.goto(link).await.unwrap();
    fill(page, "#name", "ada").await;
    fill(page, "#password", "a long enough password").await;
    fill(page, "#password-again", "a long enough password").await;
    click(page, "#set-up").await;
    see(page, "#notice").await;
}
