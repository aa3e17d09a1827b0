//! The configuration file: TOML, one table, every key known.

use std::path::Path;

use mailgrant_base::files;
use toml::de::{DeTable, DeValue};

use super::{Given, Layers, Origin, SETTINGS, SettingsError};

/// Reads a configuration file; an unknown key or a value of the wrong type is an error that names
/// file and line.
pub(crate) fn read(path: &Path) -> Result<Layers, SettingsError> {
    parse(&files::read_to_string(path)?, path)
}

fn parse(text: &str, path: &Path) -> Result<Layers, SettingsError> {
    let line_of = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
    let origin = |at: usize| Origin::File {
        path: path.to_owned(),
        line: line_of(at),
    };
    let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        origin: origin(error.span().map_or(0, |span| span.start)),
        why: error.message().to_owned(),
    })?;

    let mut layers = Layers::new();
    for (key, value) in table.get_ref() {
        let at = key.span().start;
        let name: &str = key.get_ref();
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(SettingsError::Unknown {
                origin: origin(at),
                name: name.to_owned(),
            });
        };
        let value = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            other => {
                return Err(SettingsError::Value {
                    origin: origin(at),
                    name: setting.name,
                    value: other.type_str().to_owned(),
                    expected: "a text in quotes, or a whole number".to_owned(),
                });
            }
        };
        layers.insert(
            setting.name,
            Given {
                value,
                origin: origin(at),
            },
        );
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Layers, String> {
        parse(text, Path::new("mailgrant.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn values_carry_the_line_that_they_stand_on() {
        let layers = parsed("# where\nlisten = \"127.0.0.1:1\"\npoll = 30\n").unwrap();
        assert_eq!(layers["listen"].value, "127.0.0.1:1");
        assert_eq!(layers["poll"].value, "30");
        assert_eq!(layers["poll"].origin.to_string(), "mailgrant.toml, line 3");
    }

    #[test]
    fn an_unknown_key_names_file_line_and_the_key_that_may_have_been_meant() {
        insta::assert_snapshot!(
            parsed("\nlisten_on = \"x\"").unwrap_err(),
            @"mailgrant.toml, line 2: there is no setting `listen_on`; perhaps `listen` is meant"
        );
        insta::assert_snapshot!(
            parsed("colour = 3").unwrap_err(),
            @"mailgrant.toml, line 1: there is no setting `colour`; there are: listen, public_url, redirect_uri, tls_certificate, tls_key, data_dir, store, key_file, trust, poll, logins_at_once, proxy_listen, proxy_certificate, proxy_key, keep_history, log, log_format"
        );
    }

    #[test]
    fn a_table_where_text_was_expected_is_refused() {
        insta::assert_snapshot!(
            parsed("[listen]\nport = 3").unwrap_err(),
            @"mailgrant.toml, line 1: `listen` is `table`; expected a text in quotes, or a whole number"
        );
    }

    #[test]
    fn broken_toml_names_the_line() {
        let error = parsed("listen = \"a\"\npoll = = 3").unwrap_err();
        assert!(error.starts_with("mailgrant.toml, line 2: "), "{error}");
    }
}
