//! The form of an app password, checked.

use mailgrant_mail::Protocol;

use super::check::Problems;
use super::{AppPasswordForm, FormErrors};
use crate::{AppPasswordDraft, Network};

/// The longest label, in characters.
const LONGEST_LABEL: usize = 100;

impl AppPasswordForm {
    /// Checks every field.
    pub fn check(&self) -> Result<AppPasswordDraft, FormErrors> {
        let mut problems = Problems::default();
        let label = problems.text("label", &self.label).to_owned();
        if !(1..=LONGEST_LABEL).contains(&label.chars().count()) {
            let problem = format!("must say in 1 to {LONGEST_LABEL} characters what it is for");
            problems.add("label", problem);
        }
        let protocols = self.protocols(&mut problems);
        let networks = self.networks(&mut problems);
        problems.finish(Some(AppPasswordDraft {
            label,
            protocols,
            networks,
        }))
    }

    /// None means all.
    fn protocols(&self, problems: &mut Problems) -> Vec<Protocol> {
        let words = words(&self.protocols);
        let mut protocols = Vec::new();
        for word in &words {
            match Protocol::parse(&word.to_ascii_lowercase()) {
                Some(protocol) if protocols.contains(&protocol) => {}
                Some(protocol) => protocols.push(protocol),
                None => problems.add("protocols", "must be some of: imap, pop3, smtp"),
            }
        }
        if words.is_empty() {
            return Protocol::ALL.to_vec();
        }
        protocols
    }

    fn networks(&self, problems: &mut Problems) -> Vec<Network> {
        words(&self.networks)
            .into_iter()
            .filter_map(|word| problems.take("networks", word.parse()))
            .collect()
    }
}

/// What stands between commas and white space.
fn words(text: &str) -> Vec<&str> {
    text.split([',', ' ', '\n', '\r', '\t'])
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(label: &str, protocols: &str, networks: &str) -> AppPasswordForm {
        AppPasswordForm {
            label: label.to_owned(),
            protocols: protocols.to_owned(),
            networks: networks.to_owned(),
        }
    }

    #[test]
    fn an_empty_list_of_protocols_means_all_and_one_of_networks_everywhere() {
        let draft = form("scanner", "", " ").check().unwrap();
        assert_eq!(draft.protocols, Protocol::ALL);
        assert!(draft.networks.is_empty() && draft.allows([192, 0, 2, 1].into()));
        let draft = form("scanner", "smtp, SMTP", "192.0.2.0/24,::1")
            .check()
            .unwrap();
        assert_eq!(draft.protocols, [Protocol::Smtp]);
        assert!(draft.allows([192, 0, 2, 1].into()) && !draft.allows([192, 0, 3, 1].into()));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let errors = form("", "imap,ftp", "10/8").check().unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["label", "protocols", "networks"]);
    }
}
