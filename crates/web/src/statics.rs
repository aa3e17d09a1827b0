//! Style sheet, script and icon, compiled in.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

use crate::path::Path;
use crate::problem::no_such_page;

const STYLE: &str = include_str!("../static/mailgrant.css");
const SCRIPT: &str = include_str!("../static/mailgrant.js");
const ICON: &str = include_str!("../static/mailgrant.svg");

/// A short name for these very contents.
pub(crate) fn edition() -> &'static str {
    static EDITION: LazyLock<String> = LazyLock::new(|| {
        let digest = Sha256::digest([STYLE, SCRIPT, ICON].concat());
        BASE64_URL_SAFE_NO_PAD.encode(digest).split_off(33)
    });
    &EDITION
}

/// One of the files.
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    let (kind, contents) = match file.as_str() {
        "mailgrant.css" => ("text/css; charset=utf-8", STYLE),
        "mailgrant.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "mailgrant.svg" => ("image/svg+xml", ICON),
        _ => return no_such_page().await,
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, contents).into_response()
}
