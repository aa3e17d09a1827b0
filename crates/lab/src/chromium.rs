//! Chromium without a screen, driven over `WebDriver`.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use crate::process::Background;

/// A running browser.
#[derive(Debug)]
pub struct Chromium {
    /// The window to be driven.
    pub window: Client,
    _driver: Background,
    _profile: TempDir,
}

/// On what a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// The system's choice of colours.
    pub dark: bool,
}

impl Chromium {
    /// Starts a browser with an empty profile.
    pub async fn start() -> Self {
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
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-device-scale-factor=1",
            "--window-size=1280,900",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else {
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

    /// Looks at the page on another screen.
    pub async fn look_on(&self, screen: Screen) {
        let metrics = json!({
            "width": screen.width, "height": screen.height, "deviceScaleFactor": 1,
            "mobile": screen.width < 600,
        });
        let scheme = if screen.dark { "dark" } else { "light" };
        let media = json!({
            "features": [{ "name": "prefers-color-scheme", "value": scheme }],
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)
            .await;
        self.devtools("Emulation.setEmulatedMedia", &media).await;
    }

    /// Saves the whole page as a PNG, also what lies below the window.
    pub async fn screenshot(&self, path: &Path) {
        let options = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.devtools("Page.captureScreenshot", &options).await;
        let png = BASE64_STANDARD
            .decode(shot["data"].as_str().expect("a picture"))
            .expect("a picture");
        std::fs::write(path, png).expect("the screenshot can be written");
    }

    /// What the browser has complained about since this was last asked: failed loads, refusals by
    /// the Content-Security-Policy, errors of scripts.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.vendor("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        let message = |entry: &Value| entry["message"].as_str().map(str::to_owned);
        entries.iter().filter_map(message).collect()
    }

    async fn devtools(&self, command: &str, params: &Value) -> Value {
        self.vendor(
            "goog/cdp/execute",
            json!({ "cmd": command, "params": params }),
        )
        .await
    }

    async fn vendor(&self, path: &'static str, body: Value) -> Value {
        self.window
            .issue_cmd(Vendor { path, body })
            .await
            .expect("ChromeDriver takes the command")
    }
}

/// A command that `WebDriver` itself does not have.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
