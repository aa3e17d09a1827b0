//! What every answer carries, and how static files are kept.

use crate::visitor::Answer;
use crate::world::World;

/// Every answer is looked at: pages, redirects, errors and files.
pub(crate) fn check(path: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    let with_code = ["code=", "state=", "error="]
        .iter()
        .any(|name| path.contains(name));
    let referrer = if with_code {
        "no-referrer"
    } else {
        "same-origin"
    };
    assert_eq!(answer.header("referrer-policy"), referrer, "{path}");
    if !(path.starts_with("/static/") && answer.status == 200) {
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn errors_redirects_and_refusals_carry_the_same_headers_as_pages() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let mut administrator = world.administrator().await;
    for (path, status) in [
        ("/", 303),
        ("/nowhere", 404),
        ("/static/nothing.css", 404),
        ("/sign-in", 200),
        ("/setup/dead", 410),
        ("/oauth/callback?state=x", 502),
        ("/healthz", 200),
        ("/metrics", 200),
    ] {
        // `Visitor::send` looks at the headers of each.
        assert_eq!(visitor.get(path).await.status, status, "{path}");
    }
    for (path, status) in [
        ("/accounts/77", 404),
        ("/accounts/x", 404),
        ("/sign-out", 405),
    ] {
        assert_eq!(administrator.get(path).await.status, status, "{path}");
    }
    let refused = visitor.post_bare("/sign-in", &[], &[]).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn static_files_are_kept_for_good_under_a_name_of_their_contents() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let page = visitor.page("/sign-in").await;
    for (file, kind) in [
        ("mailgrant.css", "text/css; charset=utf-8"),
        ("mailgrant.js", "text/javascript; charset=utf-8"),
        ("mailgrant.svg", "image/svg+xml"),
    ] {
        let (_, rest) = page.split_once(&format!("/static/{file}?")).unwrap();
        let (edition, _) = rest.split_once('"').unwrap();
        assert!(edition.len() >= 8, "{edition}");
        let answer = visitor.get(&format!("/static/{file}?{edition}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), kind);
        assert!(answer.header("cache-control").contains("immutable"));
        assert!(answer.set_cookies().is_empty());
    }
    let missing = visitor.get("/static/..%2f..%2fCargo.toml").await;
    assert_eq!(missing.status, 404);
}
