//! The guides: for every kind of provider, with this installation's own values.

use mailgrant_oauth::catalogue;

use crate::html;
use crate::world::World;

#[tokio::test]
async fn every_kind_has_its_guide_with_this_installations_redirect_uri_to_copy() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    let list = visitor.page("/providers/guide").await;
    let redirect_uri = world.app.redirect_uri.to_string();
    for row in catalogue::rows() {
        let path = format!("/providers/guide/{}", row.kind);
        assert!(list.contains(&format!("href=\"{path}\"")), "{path}: {list}");
        let page = visitor.page(&path).await;
        let copied = html::tags(&page).into_iter();
        let copied: Vec<String> = copied
            .filter(|tag| tag.get("id").is_some_and(|id| id.starts_with("value-")))
            .map(|tag| tag.text)
            .collect();
        assert!(copied.contains(&redirect_uri), "{path}: {copied:?}");
        assert!(page.contains(row.documented.as_of), "{path}");
        assert!(page.contains("id=\"sources\""), "{path}");
        let of_application = visitor.page(&format!("{path}?access=application")).await;
        let differs = html_main(&of_application) != html_main(&page);
        assert_eq!(differs, row.application_grant.is_some(), "{path}");
    }
    assert_eq!(visitor.get("/providers/guide/nothing").await.status, 404);
}

/// The steps alone.
fn html_main(page: &str) -> &str {
    let (_, rest) = page.split_once("<ol class=\"guide\">").unwrap();
    rest.split_once("</ol>").unwrap().0
}

#[tokio::test]
async fn a_guide_is_a_page_to_follow_step_by_step() {
    let world = World::new().await;
    let mut visitor = world.administrator().await;
    for (name, path) in [
        ("guides", "/providers/guide"),
        ("guide_microsoft", "/providers/guide/microsoft"),
        (
            "guide_google_application",
            "/providers/guide/google?access=application",
        ),
    ] {
        insta::assert_snapshot!(name, crate::pages::plain(&visitor.page(path).await));
    }
}
