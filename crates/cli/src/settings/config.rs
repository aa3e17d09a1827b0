//! The settings, read: typed, checked together, with every default in its place.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_oauth::{RedirectUri, is_safe_transport};
use mailgrant_proxy::Listener;
use mailgrant_web::{Listen, TlsFiles};
use secrecy::SecretString;
use tracing::Level;
use url::Url;

use super::{Given, Layers, SettingsError};

/// Where the sealing key comes from.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    /// The key itself, from the environment variable `MAILGRANT_SEALING_KEY`.
    Variable(SecretString),
    /// A file that must exist.
    File(PathBuf),
    /// The file in the data folder, made with the database.
    Own(PathBuf),
}

/// How Mailgrant runs here.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) listen: Listen,
    pub(crate) public_url: Url,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) data_dir: PathBuf,
    pub(crate) store: PathBuf,
    pub(crate) key: KeySource,
    pub(crate) trust: Option<PathBuf>,
    pub(crate) poll: Duration,
    pub(crate) logins_at_once: usize,
    /// Where the proxy listens.
    pub(crate) proxy: Vec<Listener>,
    /// The proxy's own certificate, or the pages'.
    pub(crate) proxy_tls: Option<TlsFiles>,
    pub(crate) keep_history: SignedDuration,
    pub(crate) log: Option<Level>,
    pub(crate) log_format: Option<LogFormat>,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Json,
    Text,
}

impl Config {
    /// Reads what was set. `variable` looks an environment variable up: for folders and the key.
    pub(crate) fn read(
        layers: &Layers,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let listen = listen(layers)?;
        let public_url = public_url(layers, &listen)?;
        let redirect_uri = redirect_uri(layers, &public_url)?;
        let data_dir = match path(layers, "data_dir") {
            Some(path) => path,
            None => own_data_dir(variable)?,
        };
        let store = store(layers, &data_dir)?;
        Ok(Self {
            redirect_uri,
            key: key(layers, variable, &data_dir),
            trust: path(layers, "trust"),
            poll: poll(layers)?,
            logins_at_once: logins_at_once(layers)?,
            proxy: proxy(layers)?,
            proxy_tls: tls(layers, "proxy_certificate", "proxy_key")?
                .or_else(|| listen.tls.clone()),
            keep_history: keep_history(layers)?,
            log: one_of(layers, "log", &LEVELS)?,
            log_format: one_of(layers, "log_format", &FORMATS)?,
            listen,
            public_url,
            data_dir,
            store,
        })
    }
}

/// Where the pages and the answers of providers come for a listener on loopback.
pub(crate) fn addresses_on_loopback(listen: &Listen) -> Result<(Url, RedirectUri), SettingsError> {
    let public_url = default_public_url(listen)?;
    let redirect_uri = redirect_uri(&Layers::new(), &public_url)?;
    Ok((public_url, redirect_uri))
}

const LEVELS: [(&str, Level); 4] = [
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
];

const FORMATS: [(&str, LogFormat); 2] = [("json", LogFormat::Json), ("text", LogFormat::Text)];

fn refuse(name: &'static str, given: &Given, expected: impl Into<String>) -> SettingsError {
    SettingsError::Value {
        origin: given.origin.clone(),
        name,
        value: given.value.clone(),
        expected: expected.into(),
    }
}

fn path(layers: &Layers, name: &'static str) -> Option<PathBuf> {
    layers.get(name).map(|given| PathBuf::from(&given.value))
}

fn listen(layers: &Layers) -> Result<Listen, SettingsError> {
    let address = match layers.get("listen") {
        None => SocketAddr::from(([127, 0, 0, 1], 8420)),
        Some(given) => given.value.parse().map_err(|_| {
            refuse(
                "listen",
                given,
                "an address and a port, such as 127.0.0.1:8420 or [::]:443",
            )
        })?,
    };
    let tls = tls(layers, "tls_certificate", "tls_key")?;
    Ok(Listen { address, tls })
}

/// A certificate and its key.
fn tls(
    layers: &Layers,
    certificate: &'static str,
    key: &'static str,
) -> Result<Option<TlsFiles>, SettingsError> {
    match (path(layers, certificate), path(layers, key)) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        _ => Err(SettingsError::Together {
            what: format!("`{certificate}` and `{key}` go together: set both or neither"),
        }),
    }
}

/// What has TLS needs a certificate; where it has none, that is said with the listener's name.
fn proxy(layers: &Layers) -> Result<Vec<Listener>, SettingsError> {
    let Some(given) = layers.get("proxy_listen") else {
        return Ok(Vec::new());
    };
    Listener::read_all(&given.value)
        .map_err(|why| refuse("proxy_listen", given, format!("listeners: {why}")))
}

fn public_url(layers: &Layers, listen: &Listen) -> Result<Url, SettingsError> {
    let Some(given) = layers.get("public_url") else {
        return default_public_url(listen);
    };
    let expected = "an address that starts with https:// (http:// only for localhost), without \
                    path, query or user name";
    let url = Url::parse(&given.value).map_err(|_| refuse("public_url", given, expected))?;
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if listen.tls.is_some() && url.scheme() == "http" {
        return Err(SettingsError::Together {
            what: format!(
                "`public_url` is {url}, but with `tls_certificate` the pages are served over \
                 https:// alone"
            ),
        });
    }
    if plain && is_safe_transport(&url) {
        Ok(url)
    } else {
        Err(refuse("public_url", given, expected))
    }
}

/// On loopback the address is known; elsewhere a sign-in would go over plain HTTP or to a name
/// that nobody told us.
fn default_public_url(listen: &Listen) -> Result<Url, SettingsError> {
    let scheme = if listen.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let text = format!("{scheme}://localhost:{}", listen.address.port());
    match Url::parse(&text) {
        Ok(url) if listen.address.ip().is_loopback() => Ok(url),
        _ => Err(SettingsError::Together {
            what: format!(
                "`listen` is {}, which other machines can reach, so `public_url` must say how \
                 browsers get there: https://… (with `tls_certificate` and `tls_key`, or behind a \
                 web server that adds TLS)",
                listen.address
            ),
        }),
    }
}

fn redirect_uri(layers: &Layers, public_url: &Url) -> Result<RedirectUri, SettingsError> {
    match layers.get("redirect_uri") {
        Some(given) => RedirectUri::parse(&given.value)
            .map_err(|why| refuse("redirect_uri", given, format!("a redirect URI: {why}"))),
        None => RedirectUri::parse(&format!("{public_url}oauth/callback"))
            .map_err(|what| SettingsError::Together { what }),
    }
}

fn own_data_dir(variable: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, SettingsError> {
    // systemd's StateDirectory= comes first: a service has no home.
    variable("STATE_DIRECTORY")
        .map(PathBuf::from)
        .or_else(|| variable("XDG_DATA_HOME").map(|folder| Path::new(&folder).join("mailgrant")))
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(IN_HOME)))
        .ok_or_else(|| SettingsError::Together {
            what: "there is no home folder to keep data in: set `data_dir`".to_owned(),
        })
}

/// Where the platform wants an application's data, below the home folder.
const IN_HOME: &str = if cfg!(target_os = "macos") {
    "Library/Application Support/mailgrant"
} else {
    ".local/share/mailgrant"
};

fn store(layers: &Layers, data_dir: &Path) -> Result<PathBuf, SettingsError> {
    match layers.get("store") {
        None => Ok(data_dir.join("mailgrant.db")),
        // The address may hold a password: it is not repeated.
        Some(given) if given.value.contains("://") => Err(SettingsError::Value {
            origin: given.origin.clone(),
            name: "store",
            value: "an address of a database server".to_owned(),
            expected: "the path of a SQLite file; serving from PostgreSQL is not there yet"
                .to_owned(),
        }),
        Some(given) => Ok(PathBuf::from(&given.value)),
    }
}

fn key(layers: &Layers, variable: &dyn Fn(&str) -> Option<String>, data_dir: &Path) -> KeySource {
    if let Some(key) = variable("MAILGRANT_SEALING_KEY") {
        return KeySource::Variable(key.into());
    }
    if let Some(path) = path(layers, "key_file") {
        return KeySource::File(path);
    }
    let credential = variable("CREDENTIALS_DIRECTORY")
        .map(|folder| Path::new(&folder).join("sealing.key"))
        .filter(|path| path.exists());
    match credential {
        Some(path) => KeySource::File(path),
        None => KeySource::Own(data_dir.join("sealing.key")),
    }
}

fn poll(layers: &Layers) -> Result<Duration, SettingsError> {
    let Some(given) = layers.get("poll") else {
        return Ok(Duration::from_mins(1));
    };
    match given.value.parse() {
        Ok(seconds @ 5..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err(refuse(
            "poll",
            given,
            "a whole number of seconds from 5 to 86400",
        )),
    }
}

fn logins_at_once(layers: &Layers) -> Result<usize, SettingsError> {
    let Some(given) = layers.get("logins_at_once") else {
        return Ok(10);
    };
    match given.value.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err(refuse(
            "logins_at_once",
            given,
            "a whole number from 1 to 1000",
        )),
    }
}

fn keep_history(layers: &Layers) -> Result<SignedDuration, SettingsError> {
    let Some(given) = layers.get("keep_history") else {
        return Ok(days(90));
    };
    match given.value.parse() {
        Ok(number @ 1..=3650) => Ok(days(number)),
        _ => Err(refuse(
            "keep_history",
            given,
            "a whole number of days from 1 to 3650",
        )),
    }
}

fn days(number: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(number))
}

fn one_of<T: Copy>(
    layers: &Layers,
    name: &'static str,
    values: &[(&str, T)],
) -> Result<Option<T>, SettingsError> {
    let Some(given) = layers.get(name) else {
        return Ok(None);
    };
    if let Some((_, value)) = values.iter().find(|(word, _)| *word == given.value) {
        return Ok(Some(*value));
    }
    let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
    Err(refuse(name, given, format!("one of {}", words.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Origin;

    fn read(given: &[(&'static str, &str)]) -> Result<Config, String> {
        let layers = given
            .iter()
            .map(|&(name, value)| {
                let origin = Origin::Flag(name.replace('_', "-"));
                (
                    name,
                    Given {
                        value: value.to_owned(),
                        origin,
                    },
                )
            })
            .collect();
        let variable = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
        Config::read(&layers, &variable).map_err(|error| error.to_string())
    }

    #[test]
    fn with_nothing_set_it_is_loopback_and_the_home_folder() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.address.to_string(), "127.0.0.1:8420");
        assert_eq!(config.public_url.as_str(), "http://localhost:8420/");
        assert_eq!(
            config.redirect_uri.as_str(),
            "http://localhost:8420/oauth/callback"
        );
        assert_eq!(
            config.store,
            Path::new("/home/ada/.local/share/mailgrant/mailgrant.db")
        );
        assert!(matches!(config.key, KeySource::Own(_)));
        assert_eq!(config.keep_history, SignedDuration::from_hours(90 * 24));
    }

    #[test]
    fn a_listener_for_other_machines_needs_a_public_url_over_tls() {
        let open = ("listen", "0.0.0.0:8420");
        assert!(read(&[open]).unwrap_err().contains("`public_url` must say"));
        assert!(read(&[open, ("public_url", "http://mail.example.com")]).is_err());
        assert!(read(&[open, ("public_url", "https://mail.example.com")]).is_ok());
    }

    #[test]
    fn the_proxy_has_its_own_certificate_or_that_of_the_pages() {
        let listen = ("proxy_listen", "imap://127.0.0.1:1143, smtps://0.0.0.0:465");
        let config = read(&[listen]).unwrap();
        assert_eq!(config.proxy.len(), 2);
        assert!(config.proxy_tls.is_none());
        let pages = [("tls_certificate", "/c"), ("tls_key", "/k")];
        let own = [("proxy_certificate", "/pc"), ("proxy_key", "/pk")];
        let chosen = |given: &[_]| read(given).unwrap().proxy_tls.unwrap().certificate;
        assert_eq!(chosen(&pages), Path::new("/c"));
        assert_eq!(chosen(&[pages, own].concat()), Path::new("/pc"));
        assert!(
            read(&own[..1])
                .unwrap_err()
                .contains("`proxy_certificate` and `proxy_key`")
        );
    }

    #[test]
    fn each_bad_value_says_where_it_stands_and_what_was_expected() {
        for (name, value) in [
            ("listen", "8420"),
            ("public_url", "mail.example.com"),
            ("public_url", "https://mail.example.com/path"),
            ("redirect_uri", "http://mail.example.com/cb"),
            ("poll", "0"),
            ("poll", "often"),
            ("logins_at_once", "0"),
            ("proxy_listen", "127.0.0.1:1143"),
            ("proxy_listen", "imap://0.0.0.0:143"),
            ("keep_history", "0"),
            ("keep_history", "for ever"),
            ("log", "loud"),
            ("log_format", "xml"),
            ("store", "postgres://ada:hunter2@db/mailgrant"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(
                error.starts_with(&format!("--{}: ", name.replace('_', "-"))),
                "{error}"
            );
            assert!(error.contains("expected "), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
