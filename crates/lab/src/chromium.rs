//! Chromium without a screen, driven over `WebDriver`.

use std::path::Path;
use std::process::Command;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::process::Background;

/// A running browser.
#[derive(Debug)]
pub struct Chromium {
    /// The window to be driven.
    pub window: Client,
    _driver: Background,
    _profile: TempDir,
}

impl Chromium {
    /// Starts a browser with an empty profile and a window of this size, light or dark.
    pub async fn start(width: u32, height: u32, dark: bool) -> Self {
        let profile = TempDir::with_prefix("mailgrant-chromium-").expect("a folder can be made");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let (driver, port) = Background::start_and_read(&mut command, |line| {
            line.split("started successfully on port ")
                .nth(1)?
                .trim_end()
                .trim_end_matches('.')
                .parse::<u16>()
                .ok()
        });
        let mut args = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--force-device-scale-factor=1".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if dark {
            args.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let serde_json::Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let window = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts");
        Self {
            window,
            _driver: driver,
            _profile: profile,
        }
    }

    /// Saves what the window shows as a PNG.
    pub async fn screenshot(&self, path: &Path) {
        let png = self
            .window
            .screenshot()
            .await
            .expect("a screenshot can be taken");
        std::fs::write(path, png).expect("the screenshot can be written");
    }
}
