//! What npm has brought for the lab.

use std::path::PathBuf;

/// The folder of a package that `./test` lets npm install.
pub fn npm_package(name: &str) -> PathBuf {
    folder().join("node_modules").join(name)
}

/// Where `./test` has put what npm installs.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("MAILGRANT_LAB").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/lab")),
        PathBuf::from,
    )
}

/// Node as npm brought it, where the system's own is too old.
pub(crate) fn node() -> PathBuf {
    let own = folder().join("node_modules/node/bin/node");
    if own.exists() {
        own
    } else {
        PathBuf::from("node")
    }
}
