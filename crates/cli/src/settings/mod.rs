//! What can be set, and from where: a TOML file, environment variables, flags; each wins over the
//! one before.
//!
//! [`SETTINGS`] is the one list: the file's keys, the variables (`MAILGRANT_` and the name in
//! capitals), the flags and their help are all made from it.

mod config;
mod file;
mod problem;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};

pub(crate) use config::{Config, KeySource, LogFormat, addresses_on_loopback};
pub(crate) use problem::SettingsError;

/// One thing that can be set.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name, as in the file (`data_dir`); the flag has dashes (`--data-dir`).
    pub(crate) name: &'static str,
    /// What its value looks like in the help.
    pub(crate) placeholder: &'static str,
    /// What it does.
    pub(crate) help: &'static str,
}

impl Setting {
    /// The environment variable that sets it: `MAILGRANT_DATA_DIR`.
    fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }
}

/// What the names of all our environment variables begin with.
const PREFIX: &str = "MAILGRANT_";

/// Everything that can be set.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        placeholder: "ADDRESS:PORT",
        help: "Where the pages listen [default: 127.0.0.1:8420]",
    },
    Setting {
        name: "public_url",
        placeholder: "URL",
        help: "Where browsers reach the pages [default: http://localhost and the port]",
    },
    Setting {
        name: "redirect_uri",
        placeholder: "URL",
        help: "Where identity providers send browsers back to; any path and query [default: \
               /oauth/callback below the public URL]",
    },
    Setting {
        name: "tls_certificate",
        placeholder: "FILE",
        help: "The pages' certificate chain (PEM); without one they speak plain HTTP",
    },
    Setting {
        name: "tls_key",
        placeholder: "FILE",
        help: "The certificate's key (PEM)",
    },
    Setting {
        name: "data_dir",
        placeholder: "FOLDER",
        help: "Where the database and the sealing key lie [default: the platform's data folder]",
    },
    Setting {
        name: "store",
        placeholder: "FILE",
        help: "The database [default: mailgrant.db in the data folder]",
    },
    Setting {
        name: "key_file",
        placeholder: "FILE",
        help: "The sealing key [default: sealing.key among systemd's credentials, else in the data \
               folder]; the variable MAILGRANT_SEALING_KEY can hold the key itself",
    },
    Setting {
        name: "trust",
        placeholder: "FILE",
        help: "Certificate authorities (PEM) to be trusted besides the system's",
    },
    Setting {
        name: "poll",
        placeholder: "SECONDS",
        help: "How often a mailbox whose server has no IDLE is looked at [default: 60]",
    },
    Setting {
        name: "logins_at_once",
        placeholder: "NUMBER",
        help: "How many logins may be under way at once at one mail server, and four times as many at \
               all together; the others wait for their turn [default: 10]",
    },
    Setting {
        name: "proxy_listen",
        placeholder: "LISTENERS",
        help: "Where the proxy listens, with spaces between: imap://127.0.0.1:1143 and pop3:// or \
               smtp:// on loopback, imap+starttls://ADDRESS:PORT or imaps:// elsewhere, \
               imap:///PATH for a socket [default: nowhere]",
    },
    Setting {
        name: "proxy_certificate",
        placeholder: "FILE",
        help: "The proxy's certificate chain (PEM) [default: the pages']",
    },
    Setting {
        name: "proxy_key",
        placeholder: "FILE",
        help: "The key of the proxy's certificate (PEM)",
    },
    Setting {
        name: "keep_history",
        placeholder: "DAYS",
        help: "How long sender, subject, Message-ID and answer of delivered mail are kept [default: 90]",
    },
    Setting {
        name: "log",
        placeholder: "LEVEL",
        help: "How much is logged: error, warn, info, debug [default: info for serve, warn else]",
    },
    Setting {
        name: "log_format",
        placeholder: "FORMAT",
        help: "json (one object a line) or text [default: json for serve, text else]",
    },
];

/// A value, and where it was set: for the error that names both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// What was set, by name.
pub(crate) type Layers = BTreeMap<&'static str, Given>;

/// Adds every setting to the command line as a flag for all subcommands.
pub(crate) fn add_flags(command: Command) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help(
            "The configuration file [default: mailgrant.toml in the platform's configuration \
               folder, else /etc/mailgrant/mailgrant.toml]",
        )
        .global(true)
        .help_heading("Settings");
    SETTINGS
        .iter()
        .fold(command.arg(config), |command, setting| {
            command.arg(
                Arg::new(setting.name)
                    .long(setting.name.replace('_', "-"))
                    .value_name(setting.placeholder)
                    .help(setting.help)
                    .global(true)
                    .help_heading("Settings"),
            )
        })
}

/// Variables of ours that are no settings: secrets, where the file is, what a program gets that is
/// handed a message (and may call `mailgrant` itself), and where the tests' peers are.
const OTHER_VARIABLES: [&str; 8] = [
    "MAILGRANT_CONFIG",
    "MAILGRANT_SEALING_KEY",
    "MAILGRANT_CLIENT_SECRET",
    "MAILGRANT_ACCOUNT",
    "MAILGRANT_ADDRESS",
    "MAILGRANT_FOLDER",
    "MAILGRANT_KEY",
    "MAILGRANT_LAB",
];

/// A variable that looks like a setting and is none is a slip of the pen, as it is in the file.
/// `names` are those of all environment variables.
pub(crate) fn refuse_unknown(names: impl Iterator<Item = String>) -> Result<(), SettingsError> {
    for variable in names {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let is_setting = SETTINGS
            .iter()
            .any(|setting| setting.variable() == variable);
        if !is_setting && !OTHER_VARIABLES.contains(&variable.as_str()) {
            return Err(SettingsError::Unknown {
                name: name.to_lowercase(),
                origin: Origin::Variable(variable),
            });
        }
    }
    Ok(())
}

/// Puts file, environment and flags together. `variable` looks an environment variable up.
pub(crate) fn gather(
    matches: &ArgMatches,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Layers, SettingsError> {
    let chosen = matches
        .get_one::<String>("config")
        .cloned()
        .or_else(|| variable("MAILGRANT_CONFIG"))
        .map(PathBuf::from);
    let mut layers = match chosen {
        Some(path) => file::read(&path)?,
        None => match usual_files(variable).into_iter().find(|path| path.exists()) {
            Some(path) => file::read(&path)?,
            None => Layers::new(),
        },
    };
    for setting in SETTINGS {
        let name = setting.variable();
        if let Some(value) = variable(&name) {
            layers.insert(
                setting.name,
                Given {
                    value,
                    origin: Origin::Variable(name),
                },
            );
        }
        if let Some(value) = matches.get_one::<String>(setting.name) {
            let origin = Origin::Flag(setting.name.replace('_', "-"));
            layers.insert(
                setting.name,
                Given {
                    value: value.clone(),
                    origin,
                },
            );
        }
    }
    Ok(layers)
}

/// Where a configuration file is looked for when none is named.
fn usual_files(variable: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let own = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
    own.into_iter()
        .map(|folder| folder.join("mailgrant/mailgrant.toml"))
        .chain([PathBuf::from("/etc/mailgrant/mailgrant.toml")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(arguments: &[&str]) -> ArgMatches {
        let all = std::iter::once("mailgrant").chain(arguments.iter().copied());
        add_flags(Command::new("mailgrant")).get_matches_from(all)
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_that_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mailgrant.toml");
        let text = b"poll = 1\nlog = \"error\"\nstore = \"/a\"\n";
        mailgrant_base::files::create_private(&file, text).unwrap();
        let config = file.display().to_string();
        let variable = |name: &str| match name {
            "MAILGRANT_CONFIG" => Some(config.clone()),
            "MAILGRANT_LOG" => Some("warn".to_owned()),
            "MAILGRANT_STORE" => Some("/b".to_owned()),
            _ => None,
        };
        let layers = gather(&flags(&["--store", "/c"]), &variable).unwrap();
        let told = |name: &str| {
            let given = &layers[name];
            format!("{} by {}", given.value, given.origin)
        };
        assert_eq!(told("poll"), format!("1 by {config}, line 1"));
        assert_eq!(told("log"), "warn by environment variable MAILGRANT_LOG");
        assert_eq!(told("store"), "/c by --store");
    }

    #[test]
    fn every_settings_variable_is_known_and_a_slip_of_the_pen_is_not() {
        let known = SETTINGS
            .iter()
            .map(|setting| format!("MAILGRANT_{}", setting.name.to_uppercase()));
        refuse_unknown(known.chain(["PATH".to_owned()])).unwrap();
        let slip = refuse_unknown(std::iter::once("MAILGRANT_LISSTEN".to_owned()));
        assert!(slip.unwrap_err().to_string().contains("perhaps `listen`"));
    }
}
